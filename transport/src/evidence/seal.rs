//! The maker's side: what it states of a device, and the key that signs it as a voucher of either form.

use std::time::SystemTime;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;
use settle_protocol::pairing::evidence::VoucherForm;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::algorithm::{Algorithm, to_jose};
use super::voucher::{Artifact, Voucher};
use super::{EvidenceError, cms, idevid, jws};
use crate::certificate::{IssueError, PrivateKey};

/// What a maker states of a device.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The device's `IDevID` certificate, DER.
    pub device: &'a [u8],
    /// Its root certificate, DER.
    pub root: &'a [u8],
    /// The name that is its alone.
    pub unique_name: &'a LocalName,
    /// When this is stated.
    pub created: SystemTime,
    /// When it ends; never, if there is none.
    pub expires: Option<SystemTime>,
}

/// A voucher cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Of the device's certificate.
    #[error(transparent)]
    Device(#[from] EvidenceError),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] IssueError),
    /// A time, a certificate or the whole has no written form.
    #[error("the voucher cannot be written down")]
    Encoding,
}

/// A maker's key for vouchers, P-256, with its certificate first in the chain.
#[derive(Clone, Copy, Debug)]
pub struct VoucherSigner<'a> {
    /// The private key.
    pub key: &'a PrivateKey,
    /// Its certificate, then the issuers of that; the maker's own is left out.
    pub chain: &'a [CertificateDer<'a>],
}

impl VoucherSigner<'_> {
    /// Signs a statement.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, form: VoucherForm, statement: &Statement<'_>) -> Result<Vec<u8>, SealError> {
        let content = statement.write()?;
        match form {
            VoucherForm::Cms => {
                let unwritable = |_| SealError::Encoding;
                let algorithm = Algorithm::Es256;
                let attributes = cms::attributes_for(&content, algorithm).map_err(unwritable)?;
                let signed = cms::to_sign(&attributes).map_err(unwritable)?;
                let signature = self.key.sign(&signed)?;
                cms::assemble(&content, algorithm, attributes, &signature, self.chain)
                    .and_then(|data| cms::write(&data))
                    .map_err(unwritable)
            }
            VoucherForm::Jws => {
                let unwritable = |_| SealError::Encoding;
                let payload = BASE64URL_NOPAD.encode(&content);
                let protected = jws::protected_for(self.chain).map_err(unwritable)?;
                let signed = jws::to_sign(&protected, &payload);
                let signature = self.key.sign(signed.as_bytes())?;
                let signature = to_jose(&signature).ok_or(SealError::Encoding)?;
                jws::write(payload, protected, &signature).map_err(unwritable)
            }
        }
    }
}

impl Statement<'_> {
    /// The voucher's JSON.
    pub(super) fn write(&self) -> Result<Vec<u8>, SealError> {
        let device = idevid::read(self.device)?;
        let voucher = Voucher {
            created_on: date(self.created)?,
            expires_on: self.expires.map(date).transpose()?,
            assertion: "verified".to_owned(),
            serial_number: device.serial_number.into(),
            idevid_issuer: BASE64.encode(&device.issuer),
            pinned_domain_cert: BASE64.encode(self.root),
            domain_cert_revocation_checks: None,
            nonce: None,
            last_renewal_date: None,
            unique_name: self.unique_name.as_str().to_owned(),
        };
        serde_json::to_vec(&Artifact { voucher }).map_err(|_| SealError::Encoding)
    }
}

/// In whole seconds.
fn date(time: SystemTime) -> Result<String, SealError> {
    let time = OffsetDateTime::from(time);
    let time = time
        .replace_nanosecond(0)
        .map_err(|_| SealError::Encoding)?;
    time.format(&Rfc3339).map_err(|_| SealError::Encoding)
}
