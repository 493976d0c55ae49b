//! A maker's authority from the user's list, and the two kinds of certificates that lead to it: those of
//! devices, and those that sign vouchers. Neither can do the other's work.

use std::cell::RefCell;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use settle_protocol::fingerprint::CertificateFingerprint;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::prelude::X509Certificate;

use super::algorithm::{ACCEPTED, Algorithm};
use super::{EvidenceError, Part};
use crate::anchor::authority::{Validity, path_length, valid_at, validity};
use crate::anchor::{BrokenRule, rules};

/// `id-kp-documentSigning` (RFC 9336): what marks a signer of vouchers. Without a mark every device of
/// the maker could sign vouchers for every other.
pub(crate) const DOCUMENT_SIGNING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 36];
/// The contents of its DER.
const DOCUMENT_SIGNING_DER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 36];

/// The certificate of a maker's authority, checked to be usable as one.
#[derive(Clone, Debug)]
pub struct MakerAnchor {
    anchor: TrustAnchor<'static>,
    subject: Vec<u8>,
    certificate: CertificateFingerprint,
    validity: Validity,
    path_length: Option<u32>,
}

impl MakerAnchor {
    /// Reads it. As with every anchor its bytes are trusted, not its own signature.
    ///
    /// # Errors
    /// [`BrokenRule`].
    pub fn from_der(der: &CertificateDer<'_>) -> Result<Self, BrokenRule> {
        let parsed = rules::read(der)?;
        rules::authority(&parsed)?;
        if Algorithm::of_key(parsed.public_key()).is_none() {
            return Err(BrokenRule::Key);
        }
        let anchor = webpki::anchor_from_trusted_cert(der).map_err(BrokenRule::Path)?;
        Ok(Self {
            anchor: anchor.to_owned(),
            subject: parsed.subject().as_raw().to_vec(),
            certificate: CertificateFingerprint::of_der(der),
            validity: validity(&parsed),
            path_length: path_length(&parsed),
        })
    }

    /// The fingerprint of the certificate.
    #[must_use]
    pub const fn certificate(&self) -> CertificateFingerprint {
        self.certificate
    }

    /// Whether a chain says that this authority is at its end. Anybody can say so.
    pub(super) fn is_named_by(&self, chain: &[CertificateDer<'_>]) -> bool {
        let last = chain.last().map(|last| rules::read(last));
        matches!(last, Some(Ok(last)) if last.issuer().as_raw() == self.subject)
    }

    /// Verifies the path of a device's certificate. What extended key usage there is admits TLS
    /// clients, as RFC 8995 §2.3 has it.
    pub(super) fn verify_device(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), EvidenceError> {
        let verified = self.verify(leaf, others, KeyUsage::client_auth(), now);
        verified.map_err(|broken| explain(Part::Device, broken))
    }

    /// Verifies the path of a certificate that signed a voucher, and that it was issued for that.
    pub(super) fn verify_signer(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), EvidenceError> {
        let usage = KeyUsage::required_if_present(DOCUMENT_SIGNING_DER);
        self.verify(leaf, others, usage, now)
            .and_then(|()| signs_vouchers(&rules::read(leaf)?))
            .map_err(|broken| explain(Part::Signer, broken))
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
    ) -> Result<(), Broken> {
        if !valid_at(self.validity, now) {
            return Err(Broken::MakerOutOfTime);
        }
        let entity = EndEntityCert::try_from(leaf).map_err(BrokenRule::Path)?;
        let broken = RefCell::new(None);
        // Webpki's own errors are what this may return, so ours wait beside it.
        let judge = |path: &VerifiedPath<'_>| {
            self.judge(path).map_err(|rule| {
                broken.replace(Some(rule));
                webpki::Error::UnknownIssuer
            })
        };
        let anchors = std::slice::from_ref(&self.anchor);
        let found =
            entity.verify_for_usage(ACCEPTED, anchors, others, now, usage, None, Some(&judge));
        if let Err(error) = found {
            return Err(broken.take().unwrap_or(BrokenRule::Path(error)).into());
        }
        rules::end_entity(&rules::read(leaf)?)?;
        Ok(())
    }

    /// What webpki leaves out for the authorities on a path whose signatures are good.
    fn judge(&self, path: &VerifiedPath<'_>) -> Result<(), BrokenRule> {
        let mut below = 0_u32;
        for certificate in path.intermediate_certificates() {
            let der = certificate.der();
            let parsed = rules::read(&der)?;
            rules::serial(&parsed)?;
            rules::authority(&parsed)?;
            below += 1;
        }
        if self.path_length.is_some_and(|admitted| below > admitted) {
            return Err(BrokenRule::PathTooLong);
        }
        Ok(())
    }
}

/// What is wrong with a path.
enum Broken {
    MakerOutOfTime,
    NotASigner,
    Rule(BrokenRule),
}

impl From<BrokenRule> for Broken {
    fn from(rule: BrokenRule) -> Self {
        Self::Rule(rule)
    }
}

/// A device's certificate may lack extended key usages altogether, so for a signer one is demanded.
fn signs_vouchers(certificate: &X509Certificate<'_>) -> Result<(), Broken> {
    let usage = certificate.extended_key_usage();
    let usage = usage.map_err(|_| BrokenRule::UnreadableExtension)?;
    let marked = usage.is_some_and(|usage| {
        let mut others = usage.value.other.iter();
        others.any(|oid| oid.as_bytes() == DOCUMENT_SIGNING_DER)
    });
    if marked {
        Ok(())
    } else {
        Err(Broken::NotASigner)
    }
}

fn explain(part: Part, broken: Broken) -> EvidenceError {
    use webpki::Error;
    match broken {
        Broken::MakerOutOfTime => EvidenceError::OutOfTime(Part::Maker),
        Broken::NotASigner => EvidenceError::NotASigner,
        Broken::Rule(BrokenRule::Path(
            Error::CertExpired { .. } | Error::CertNotValidYet { .. },
        )) => EvidenceError::OutOfTime(part),
        Broken::Rule(rule) => EvidenceError::Certificate { part, rule },
    }
}
