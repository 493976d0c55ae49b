//! The maker's (manufacturer's) side, for factories that have none of their own and for tests: an
//! authority in a directory, certificates for devices, and vouchers. `docs/maker.md` has the profile.
//!
//! Both keys lie in that directory. A factory that makes many devices keeps them in hardware.

mod directory;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use settle_protocol::maker::SerialNumber;
use settle_protocol::name::Label;
use settle_protocol::pairing::evidence::MAX_VOUCHER;
pub use settle_protocol::pairing::evidence::VoucherForm;
use settle_transport::certificate::{self, IssueError, PrivateKey};
use settle_transport::evidence::{SealError, Statement, VoucherSigner};

pub use self::directory::write_file;
use crate::device::DeviceError;
use crate::evidence::Provenance;
use crate::stored::load;

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum MakerError {
    /// A maker, or something else, is there already.
    #[error("{0} is there already: nothing is ever overwritten, give another")]
    Exists(PathBuf),
    /// The system refuses.
    #[error("cannot use {path}: {error}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file of the maker's is no key or certificate.
    #[error("{0} is not what `maker ca` has written")]
    Damaged(PathBuf),
    /// Of the device's state.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A certificate cannot be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// A voucher cannot be signed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A device has one serial number for all its life.
    #[error("the device has a maker's certificate already, and keeps it")]
    HasOne,
    /// There is no certificate whose serial number a voucher could be for.
    #[error("the device has no maker's certificate: run `maker device` first")]
    HasNone,
    /// No host would read it.
    #[error("the voucher has {0} octets, and hosts read {MAX_VOUCHER}")]
    TooLong(usize),
}

/// A maker's keys and their certificates.
#[derive(Debug)]
pub struct Maker {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
    signer_key: PrivateKey,
    signer: CertificateDer<'static>,
}

impl Maker {
    /// Issues a device its certificate, and puts it with its new key into the device's state, which is
    /// made if it is not there.
    ///
    /// # Errors
    /// [`MakerError`]; what the device had is left as it was.
    pub fn issue(
        &self,
        state: &Path,
        label: &Label,
        serial_number: &SerialNumber,
        now: SystemTime,
    ) -> Result<(), MakerError> {
        let (dir, _, _) = load(state, label)?;
        if Provenance::load(&dir).map_err(DeviceError::from)?.is_some() {
            return Err(MakerError::HasOne);
        }
        let key = PrivateKey::make()?;
        let issued = certificate::idevid(&self.key, &self.certificate, &key, serial_number, now)?;
        let provenance = Provenance {
            key,
            chain: vec![issued],
            voucher: None,
        };
        Ok(provenance.store(&dir).map_err(DeviceError::from)?)
    }

    /// States which root key and which name a device has, and puts that voucher into the device's
    /// state in the place of an earlier one. Without a life it has no end.
    ///
    /// # Errors
    /// [`MakerError`]; an earlier voucher then still stands.
    pub fn vouch(
        &self,
        state: &Path,
        label: &Label,
        form: VoucherForm,
        life: Option<Duration>,
        now: SystemTime,
    ) -> Result<Vec<u8>, MakerError> {
        let (dir, identity, _) = load(state, label)?;
        let provenance = Provenance::load(&dir).map_err(DeviceError::from)?;
        let mut provenance = provenance.ok_or(MakerError::HasNone)?;
        let device = provenance.chain.first().ok_or(MakerError::HasNone)?;
        let statement = Statement {
            device,
            root: identity.root(),
            unique_name: &identity.unique_name(),
            created: now,
            expires: life.map(|life| now + life),
        };
        let signer = VoucherSigner {
            key: &self.signer_key,
            chain: std::slice::from_ref(&self.signer),
        };
        let voucher = signer.seal(form, &statement)?;
        if voucher.len() > MAX_VOUCHER {
            return Err(MakerError::TooLong(voucher.len()));
        }
        provenance.voucher = Some((form, voucher.clone()));
        provenance.store(&dir).map_err(DeviceError::from)?;
        Ok(voucher)
    }
}

#[cfg(test)]
mod tests;
