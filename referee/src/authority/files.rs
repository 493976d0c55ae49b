//! Where a referee keeps its authority: the certificate of the root with its links, which are no secret; the root's
//! sealed key, which may be taken elsewhere; and the intermediate with its key, which only its user can read.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use settle_device::replace_file;
use settle_protocol::rpc::backup::Passphrase;
use settle_transport::certificate::{PrivateKey, Revoked, has_signed};
use settle_transport::succession::Link;
use x509_parser::prelude::{CertificateRevocationList, FromDer};
use zeroize::Zeroizing;

use super::issuer::Issuer;
use super::root::{Root, RootError};

const AUTHORITY: &str = "authority.json";
const SEALED_KEY: &str = "root-key.sealed";
const INTERMEDIATE: &str = "intermediate.json";
const ROOT_LIST: &str = "root.crl";

/// Why the files cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refuses.
    #[error("cannot use {path}: {error}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Not what was written there.
    #[error("{path} is damaged: restore it from a backup", path = .0.display())]
    Damaged(PathBuf),
    /// There is an authority already.
    #[error("{path} has an authority already: give another --state", path = .0.display())]
    Exists(PathBuf),
    /// There is no authority, or no intermediate.
    #[error("{path} is not there: run 'settle-referee init' first", path = .0.display())]
    Missing(PathBuf),
    /// Of the root.
    #[error(transparent)]
    Root(#[from] RootError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAuthority {
    root: String,
    /// The oldest first.
    links: Vec<StoredLink>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLink {
    new_with_old: String,
    old_with_new: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredIntermediate {
    key: Zeroizing<String>,
    certificate: String,
}

/// The files of one referee, below its state directory.
#[derive(Clone, Debug)]
pub struct Files {
    directory: PathBuf,
    /// Of the root's sealed key.
    sealed_key: PathBuf,
}

impl Files {
    /// Those of a directory; the root's sealed key may be somewhere else, such as on a disk that is put away.
    #[must_use]
    pub fn new(directory: &Path, sealed_key: Option<PathBuf>) -> Self {
        Self {
            sealed_key: sealed_key.unwrap_or_else(|| directory.join(SEALED_KEY)),
            directory: directory.to_path_buf(),
        }
    }

    /// Checks that there is no authority yet.
    ///
    /// # Errors
    /// [`FileError::Exists`].
    pub fn check_free(&self) -> Result<(), FileError> {
        if self.directory.join(AUTHORITY).exists() || self.sealed_key.exists() {
            return Err(FileError::Exists(self.directory.clone()));
        }
        Ok(())
    }

    /// Makes an authority where there is none.
    ///
    /// # Errors
    /// [`FileError`]; [`FileError::Exists`] leaves everything as it is.
    pub fn init(&self, passphrase: &Passphrase) -> Result<Root, FileError> {
        self.check_free()?;
        let directory = |error| FileError::Io {
            path: self.directory.clone(),
            error,
        };
        let mut made = DirBuilder::new();
        made.recursive(true).mode(0o700);
        made.create(&self.directory).map_err(directory)?;
        let root = Root::make()?;
        self.write_root(&root, passphrase)?;
        Ok(root)
    }

    /// Puts a root in the place of the one before, whose key is gone then.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write_root(&self, root: &Root, passphrase: &Passphrase) -> Result<(), FileError> {
        let links = root.links().iter().map(|link| StoredLink {
            new_with_old: BASE64.encode(&link.new_with_old),
            old_with_new: BASE64.encode(&link.old_with_new),
        });
        let stored = StoredAuthority {
            root: BASE64.encode(root.certificate()),
            links: links.collect(),
        };
        // Both keys are there until the certificate says which of them counts.
        let next = self.sealed_key.with_extension("next");
        write(&next, &root.seal(passphrase)?)?;
        self.write(AUTHORITY, &stored)?;
        fs::rename(&next, &self.sealed_key).map_err(|error| FileError::Io { path: next, error })
    }

    /// The root's certificate and the links to it.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn authority(&self) -> Result<(CertificateDer<'static>, Vec<Link>), FileError> {
        let (path, stored) = self.read::<StoredAuthority>(AUTHORITY)?;
        let links = stored.links.iter().map(|link| {
            Some(Link {
                new_with_old: der(&link.new_with_old)?,
                old_with_new: der(&link.old_with_new)?,
            })
        });
        let links: Option<Vec<Link>> = links.collect();
        let root = der(&stored.root).zip(links);
        root.ok_or(FileError::Damaged(path))
    }

    /// The root with its key open.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn root(&self, passphrase: &Passphrase) -> Result<Root, FileError> {
        let (certificate, links) = self.authority()?;
        let open = |path: &Path| {
            let sealed = read(path)?;
            let opened = Root::open(&sealed, passphrase, certificate.clone(), links.clone());
            opened.map_err(FileError::from)
        };
        // A rollover that was cut off after its certificate was written.
        let next = self.sealed_key.with_extension("next");
        match open(&next) {
            Ok(root) => {
                let io = |error| FileError::Io {
                    path: next.clone(),
                    error,
                };
                fs::rename(&next, &self.sealed_key).map_err(io)?;
                Ok(root)
            }
            Err(_) => open(&self.sealed_key),
        }
    }

    /// The intermediates that the root at work has revoked; none where it has made no list yet.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn revoked(&self) -> Result<Vec<Revoked>, FileError> {
        let Some(list) = self.root_list()? else {
            return Ok(Vec::new());
        };
        let damaged = || FileError::Damaged(self.directory.join(ROOT_LIST));
        let (_, list) = CertificateRevocationList::from_der(&list).map_err(|_| damaged())?;
        let revoked = list.iter_revoked_certificates().map(|revoked| {
            Some(Revoked {
                serial: revoked.raw_serial().try_into().ok()?,
                at: revoked.revocation_date.timestamp().try_into().ok()?,
                reason: revoked.reason_code().map(|(_, reason)| reason.0),
            })
        });
        revoked.collect::<Option<_>>().ok_or_else(damaged)
    }

    /// The root's list of revoked intermediates, DER, if that is by the root that is trusted.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn root_list(&self) -> Result<Option<Vec<u8>>, FileError> {
        let (root, _) = self.authority()?;
        match read(&self.directory.join(ROOT_LIST)) {
            Ok(list) => Ok(is_list_of(&root, &list).then_some(list)),
            Err(FileError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps the root's list.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write_root_list(&self, list: &[u8]) -> Result<(), FileError> {
        write(&self.directory.join(ROOT_LIST), list)
    }

    /// Keeps an intermediate, in the place of the one before.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write_intermediate(&self, issuer: &Issuer, key: &PrivateKey) -> Result<(), FileError> {
        let stored = StoredIntermediate {
            key: Zeroizing::new(BASE64.encode(key.expose_pkcs8())),
            certificate: BASE64.encode(issuer.certificate()),
        };
        self.write(INTERMEDIATE, &stored)
    }

    /// The intermediate at work, which has to be by the root that is trusted.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn issuer(&self) -> Result<Issuer, FileError> {
        let (root, _) = self.authority()?;
        let (path, stored) = self.read::<StoredIntermediate>(INTERMEDIATE)?;
        let pkcs8 = BASE64.decode(stored.key.as_bytes()).map(Zeroizing::new);
        let key = pkcs8.ok().and_then(|key| PrivateKey::from_pkcs8(&key).ok());
        let parts = key.zip(der(&stored.certificate));
        let (key, certificate) = parts.ok_or(FileError::Damaged(path))?;
        Ok(Issuer::new(key, certificate, root).map_err(RootError::from)?)
    }

    fn write(&self, name: &str, content: &impl Serialize) -> Result<(), FileError> {
        let path = self.directory.join(name);
        let text = serde_json::to_vec_pretty(content).map(Zeroizing::new);
        let text = text.map_err(|error| FileError::Io {
            path: path.clone(),
            error: error.into(),
        })?;
        write(&path, &text)
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<(PathBuf, T), FileError> {
        let path = self.directory.join(name);
        let text = Zeroizing::new(read(&path)?);
        match serde_json::from_slice(&text) {
            Ok(content) => Ok((path, content)),
            Err(_) => Err(FileError::Damaged(path)),
        }
    }
}

/// A rollover leaves the list of the former root behind.
fn is_list_of(root: &CertificateDer<'_>, list: &[u8]) -> bool {
    CertificateRevocationList::from_der(list).is_ok_and(|(rest, read)| {
        let signed = read.tbs_cert_list.as_ref();
        rest.is_empty() && has_signed(root, signed, &read.signature_value.data)
    })
}

fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let io = |error| FileError::Io {
        path: path.to_path_buf(),
        error,
    };
    replace_file(path, content).map_err(io)
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|error| {
        let path = path.to_path_buf();
        if error.kind() == io::ErrorKind::NotFound {
            return FileError::Missing(path);
        }
        FileError::Io { path, error }
    })
}

fn der(text: &str) -> Option<CertificateDer<'static>> {
    Some(BASE64.decode(text.as_bytes()).ok()?.into())
}
