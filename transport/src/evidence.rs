//! A maker's (manufacturer's) evidence: the device's `IDevID` certificate (IEEE 802.1AR), a voucher
//! (RFC 8366) that binds its serial number to its root key and unique name, and the proof that the
//! certificate's key is here. `docs/maker.md` has the profile; every rule of it has a test.
//!
//! It says who made a device that has been proved by its code. It proves no device, and nothing here
//! asks the network: whether a maker has taken a certificate back is not known.

mod algorithm;
mod chain;
mod cms;
mod error;
mod idevid;
mod jws;
mod seal;
#[cfg(test)]
mod tests;
mod voucher;

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::maker::SerialNumber;
use settle_protocol::name::LocalName;
use settle_protocol::pairing::evidence::{MAX_VOUCHER, Presented, VoucherForm};

use self::algorithm::verify_by;
pub(crate) use self::chain::DOCUMENT_SIGNING;
pub use self::chain::MakerAnchor;
pub use self::error::{CmsError, EvidenceError, JwsError, Part, VoucherError};
pub use self::idevid::serial_number;
pub use self::seal::{SealError, Statement, VoucherSigner};

/// What was proved by the code, and has to be what the maker speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Proved<'a> {
    /// The device's root certificate, DER.
    pub root: &'a [u8],
    /// The fingerprints of its former root keys: a maker's statement may be older than a rollover.
    pub former: &'a [KeyFingerprint],
    /// The name that is its alone.
    pub unique_name: &'a LocalName,
}

/// What a signature was over, and the certificates that came with it; not trusted yet.
#[derive(Debug)]
struct Signed {
    content: Vec<u8>,
    signer: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
}

/// Verifies that `presented` is a statement by `maker` on the device that was `proved`.
///
/// # Errors
/// [`EvidenceError`]; [`EvidenceError::OtherMaker`] when it is to be of another maker.
pub fn verify(
    maker: &MakerAnchor,
    presented: &Presented,
    proved: Proved<'_>,
    now: UnixTime,
) -> Result<SerialNumber, EvidenceError> {
    let chain: Vec<CertificateDer<'_>> = presented
        .evidence
        .chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.as_slice()))
        .collect();
    let (leaf, others) = chain.split_first().ok_or(EvidenceError::OtherMaker)?;
    if !maker.is_named_by(&chain) {
        return Err(EvidenceError::OtherMaker);
    }
    maker.verify_device(leaf, others, now)?;
    let device = idevid::read(leaf)?;
    if !verify_by(leaf, &presented.signed, &presented.evidence.signature) {
        return Err(EvidenceError::NotPossessed);
    }
    let signed = open(presented.evidence.form, &presented.evidence.voucher)?;
    maker.verify_signer(&signed.signer, &signed.others, now)?;
    voucher::check(&signed.content, &device, proved, now)?;
    Ok(device.serial_number)
}

/// Opens a voucher of either form. Who signed it is for the caller to judge.
fn open(form: VoucherForm, voucher: &[u8]) -> Result<Signed, EvidenceError> {
    if voucher.len() > MAX_VOUCHER {
        return Err(VoucherError::TooLong(voucher.len()).into());
    }
    match form {
        VoucherForm::Cms => Ok(cms::open(voucher)?),
        VoucherForm::Jws => Ok(jws::open(voucher)?),
    }
}
