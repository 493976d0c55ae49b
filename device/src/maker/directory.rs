//! A maker's directory: two keys and two certificates as PEM (RFC 7468), written once.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use settle_protocol::maker::MakerName;
use settle_transport::certificate::{self, PrivateKey};
use zeroize::Zeroizing;

use super::{Maker, MakerError};
use crate::state::write_new;

/// What users put on their lists.
const CERTIFICATE: &str = "maker.pem";
const KEY: &str = "maker.key";
const SIGNER: &str = "voucher-signer.pem";
const SIGNER_KEY: &str = "voucher-signer.key";
/// How long vouchers may be signed by one key: ten years.
const SIGNER_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Maker {
    /// Makes a maker in a directory that is not there yet.
    ///
    /// # Errors
    /// [`MakerError`].
    pub fn make(path: &Path, name: &MakerName, now: SystemTime) -> Result<Self, MakerError> {
        let key = PrivateKey::make()?;
        let certificate = certificate::maker_authority(&key, name, now)?;
        let signer_key = PrivateKey::make()?;
        let signer =
            certificate::voucher_signer(&key, &certificate, &signer_key, SIGNER_LIFE, now)?;
        let made = DirBuilder::new().mode(0o700).create(path);
        made.map_err(|error| of_file(path, error))?;
        for (name, label, der) in [
            (KEY, "PRIVATE KEY", key.expose_pkcs8()),
            (CERTIFICATE, "CERTIFICATE", &certificate),
            (SIGNER_KEY, "PRIVATE KEY", signer_key.expose_pkcs8()),
            (SIGNER, "CERTIFICATE", &signer),
        ] {
            write_file(&path.join(name), pem(label, der).as_bytes())?;
        }
        Ok(Self {
            key,
            certificate,
            signer_key,
            signer,
        })
    }

    /// Opens what [`Maker::make`] has written.
    ///
    /// # Errors
    /// [`MakerError`].
    pub fn open(path: &Path) -> Result<Self, MakerError> {
        Ok(Self {
            key: key(&path.join(KEY))?,
            certificate: certificate(&path.join(CERTIFICATE))?,
            signer_key: key(&path.join(SIGNER_KEY))?,
            signer: certificate(&path.join(SIGNER))?,
        })
    }
}

/// Writes a file that must not be there yet; mode 0600.
///
/// # Errors
/// [`MakerError::Exists`], [`MakerError::File`].
pub fn write_file(path: &Path, content: &[u8]) -> Result<(), MakerError> {
    write_new(path, content).map_err(|error| of_file(path, error))
}

fn of_file(path: &Path, error: io::Error) -> MakerError {
    let path = path.to_path_buf();
    if error.kind() == io::ErrorKind::AlreadyExists {
        MakerError::Exists(path)
    } else {
        MakerError::File { path, error }
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, MakerError> {
    let content = fs::read(path).map_err(|error| of_file(path, error))?;
    Ok(Zeroizing::new(content))
}

fn key(path: &Path) -> Result<PrivateKey, MakerError> {
    let damaged = || MakerError::Damaged(path.to_path_buf());
    let der = PrivatePkcs8KeyDer::from_pem_slice(&read(path)?).map_err(|_| damaged())?;
    PrivateKey::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| damaged())
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, MakerError> {
    let der = CertificateDer::from_pem_slice(&read(path)?);
    der.map_err(|_| MakerError::Damaged(path.to_path_buf()))
}

/// RFC 7468 §2. The text never moves, so that it is wiped whole.
fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64.encode(der));
    let room = body.len() + body.len() / 64 + 2 * label.len() + 64;
    let mut text = Zeroizing::new(String::with_capacity(room));
    text.extend(["-----BEGIN ", label, "-----"]);
    for (at, symbol) in body.chars().enumerate() {
        if at % 64 == 0 {
            text.push('\n');
        }
        text.push(symbol);
    }
    text.extend(["\n-----END ", label, "-----\n"]);
    text
}
