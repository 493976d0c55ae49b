//! Makes browsers find the host and accept the verifying proxy; `removal.rs` takes both back.
//!
//! Only the user's own files are touched here, each written whole, and every one of them is
//! remembered first. What one browser refuses keeps no other from being installed. Policies for
//! all users of a computer are in `policies.rs`.

pub mod authorities;
pub mod browsers;
pub mod confined;
pub mod files;
pub mod ledger;
pub mod manifest;
pub mod nss;
pub mod policies;
pub mod profiles;
pub mod removal;

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use settle_keyring::SlotError;
use settle_protocol::rpc::{BridgeCertificate, Call};

use self::authorities::Authorities;
use self::browsers::Place;
use self::confined::Confined;
pub use self::ledger::Installed;
use self::nss::{NssError, Store};
use crate::client::{CallError, Client};
use crate::core::BRIDGE_NICKNAME;
use crate::paths::Paths;
use settle_transport::certificate::pem;

/// Why something was not installed or not removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Of the daemon.
    #[error(transparent)]
    Daemon(#[from] CallError),
    /// Of a browser's certificate store.
    #[error(transparent)]
    Nss(#[from] NssError),
    /// Of the keyring.
    #[error("{0}: unlock or start it, and run this again")]
    Keyring(#[from] SlotError),
    /// Of a file.
    #[error("cannot use {path}: {error}{advice}", path = .path.display(), advice = advice(.error))]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something else has the name.
    #[error(
        "{path} is there already and is not Settle's: move it away and run this again",
        path = .0.display()
    )]
    Foreign(PathBuf),
    /// Another policy file says the same thing differently, and a browser takes only one.
    #[error(
        "{path} sets {policy} already, of which a browser takes only one: add Settle's certificate \
         there, or remove it",
        path = .path.display()
    )]
    OtherPolicy {
        /// Which.
        path: PathBuf,
        /// What it sets.
        policy: &'static str,
    },
    /// A policy file that cannot be added to.
    #[error(
        "{path} is no policy file that can be added to: repair it, or move it away",
        path = .0.display()
    )]
    NoPolicies(PathBuf),
}

/// What to do about a failure of the file system, where that is not plain.
fn advice(error: &io::Error) -> &'static str {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an enumeration of others, which grows; the rest speaks for itself"
    )]
    match error.kind() {
        io::ErrorKind::PermissionDenied => ": make it yours, or run this as its owner",
        io::ErrorKind::ReadOnlyFilesystem => ": it can only be read, so nothing can be installed",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ": a file is where a directory has to be; move it away"
        }
        io::ErrorKind::IsADirectory => ": a directory is where a file has to be; move it away",
        io::ErrorKind::StorageFull => ": make room on the disk",
        _ => "",
    }
}

/// One thing that was done, or why not.
#[derive(Debug)]
pub struct Step {
    /// What it is, for people.
    pub what: String,
    /// How it went.
    pub result: Result<(), InstallError>,
}

impl Step {
    fn new(what: impl Into<String>, result: Result<(), InstallError>) -> Self {
        Self {
            what: what.into(),
            result,
        }
    }
}

/// What an installation would touch, to be shown before it does.
#[derive(Debug)]
pub struct Plan {
    /// Manifests to write.
    pub manifests: Vec<Place>,
    /// Certificate stores to add the bridge authority to.
    pub stores: Vec<Store>,
    /// Confined browsers, of which there is something to say.
    pub confined: Vec<&'static Confined>,
}

impl Plan {
    /// Looks for browsers; `user_data_dirs` are Chromium's user data directories outside the
    /// standard places.
    #[must_use]
    pub fn make(paths: &Paths, user_data_dirs: &[PathBuf]) -> Self {
        let mut manifests = browsers::places(paths);
        manifests.extend(
            user_data_dirs
                .iter()
                // A relative one is of no use to whoever reads the ledger later, elsewhere.
                .map(|directory| {
                    std::path::absolute(directory).unwrap_or_else(|_| directory.clone())
                })
                .map(|directory| Place::in_user_data(&directory)),
        );
        Self {
            manifests,
            stores: nss::stores(paths),
            confined: confined::found(paths),
        }
    }

    /// Carries it out, as far as each browser lets it.
    ///
    /// # Errors
    /// [`InstallError`] when what is done cannot be remembered; then no more is done.
    pub fn install(&self, paths: &Paths, program: &Path) -> Result<Vec<Step>, InstallError> {
        paths.create().map_err(file(&paths.data))?;
        let _alone = Installed::lock(paths)?;
        let mut installed = Installed::load(paths)?;
        let mut steps = Vec::new();
        for place in &self.manifests {
            installed.manifests.insert(place.path.clone());
            installed.save(paths)?;
            let result = write_manifest(place, program, &mut installed, paths);
            steps.push(Step::new(place.to_string(), result));
        }
        let wanted = bridge_certificate(paths).and_then(|said| Ok(Authorities::of(&said)?));
        match wanted {
            Ok(wanted) => {
                for store in &self.stores {
                    let result = authorities::put(&store.database, &wanted, &mut installed, paths);
                    steps.push(Step::new(store.to_string(), result));
                }
            }
            Err(error) => steps.push(Step::new("certificate", Err(error))),
        }
        Ok(steps)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<12} {}", "manifest", self.path.display())?;
        write!(f, "  ({})", self.browser)
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<12} {}", "certificate", self.database.display())?;
        write!(f, "  ({})", self.browsers)
    }
}

/// The authority's certificate, from the daemon, which is started and makes one if need be.
///
/// # Errors
/// [`InstallError::Daemon`].
pub fn bridge_certificate(paths: &Paths) -> Result<BridgeCertificate, InstallError> {
    Ok(Client::connect(paths)?.call(Call::BridgeCertificate {})?)
}

/// Puts the certificate where root can be told to take it from.
///
/// # Errors
/// [`InstallError`].
pub fn hand_over(certificate: &BridgeCertificate, paths: &Paths) -> Result<PathBuf, InstallError> {
    let path = paths.data.join("bridge.pem");
    let mut installed = Installed::load(paths)?;
    installed.handed_over.insert(path.clone());
    installed.save(paths)?;
    let next = certificate.next.as_deref().unwrap_or_default();
    let text = format!("{}{next}", certificate.pem);
    files::write_whole(&path, text.as_bytes(), files::PUBLIC).map_err(file(&path))?;
    Ok(path)
}

/// Reads what was handed over: the authority's certificate, and behind it that of the next one.
///
/// # Errors
/// [`NssError::NoCertificate`].
pub fn from_hand(text: &str) -> Result<BridgeCertificate, NssError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let read = read.map_err(|_| NssError::NoCertificate)?;
    let mut pems = read.iter().map(|certificate| pem(certificate));
    Ok(BridgeCertificate {
        pem: pems.next().ok_or(NssError::NoCertificate)?,
        next: pems.next(),
        nickname: BRIDGE_NICKNAME.to_owned(),
    })
}

fn write_manifest(
    place: &Place,
    program: &Path,
    installed: &mut Installed,
    paths: &Paths,
) -> Result<(), InstallError> {
    if let Some(directory) = place.path.parent() {
        installed.make(directory, paths)?;
    }
    manifest::write(place, program)
}

fn file(path: &Path) -> impl Fn(io::Error) -> InstallError + use<> {
    let path = path.to_owned();
    move |error| InstallError::File {
        path: path.clone(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_is_read_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().as_os_str().to_owned();
        let paths = Paths::from_environment(|name| (name == "HOME").then(|| home.clone())).unwrap();
        let mut said = BridgeCertificate {
            pem: pem(b"first"),
            next: None,
            nickname: BRIDGE_NICKNAME.to_owned(),
        };
        for next in [None, Some(pem(b"second"))] {
            said.next = next;
            let path = hand_over(&said, &paths).unwrap();
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(from_hand(&text).unwrap(), said);
        }
        assert!(matches!(from_hand(""), Err(NssError::NoCertificate)));
    }
}
