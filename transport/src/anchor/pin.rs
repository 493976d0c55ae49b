//! Judging exactly one certificate, which the user has compared out of band.
//!
//! Its names, issuer and extensions say nothing to that, and a device's own certificate usually has
//! wrong ones; so only its time and its key are looked at (docs/trust-store.md §2.3).

use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use settle_protocol::fingerprint::CertificateFingerprint;

use super::{AnchorError, authority, rules};

/// Verifies that `shown` is the expected certificate, and valid now.
pub(super) fn verify(
    expected: &CertificateFingerprint,
    shown: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<(), AnchorError> {
    let seen = CertificateFingerprint::of_der(shown);
    if !expected.matches(&seen) {
        return Err(AnchorError::WrongCertificate {
            expected: *expected,
            seen,
        });
    }
    let certificate = rules::read(shown).map_err(AnchorError::Unacceptable)?;
    if !authority::valid_at(authority::validity(&certificate), now) {
        return Err(AnchorError::Expired);
    }
    rules::key(certificate.public_key()).map_err(AnchorError::Unacceptable)
}

/// The bare key of a pinned certificate, in which nothing else is to be read.
pub(super) fn spki(shown: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let certificate = rules::read(shown).ok()?;
    Some(certificate.public_key().raw.to_vec().into())
}
