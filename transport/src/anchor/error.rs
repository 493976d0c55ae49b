//! Why a certificate is refused: what the user can act on, and the rule that it breaks.

use std::sync::Arc;

use rustls::{CertificateError, OtherError};
use settle_protocol::fingerprint::{CertificateFingerprint, KeyFingerprint};
use settle_protocol::name::LocalName;

use crate::succession::BrokenLink;

/// Why a certificate is not the trusted one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnchorError {
    /// The anchor was asked about what it was never trusted for.
    #[error("the trust does not cover {name} at port {port}")]
    OutOfScope {
        /// The name that was asked about.
        name: LocalName,
        /// The port that was asked about.
        port: u16,
    },
    /// The anchor itself breaks a rule.
    #[error("the trust anchor is unusable: {0}")]
    UnusableAnchor(BrokenRule),
    /// The chain does not lead to the anchor.
    #[error("the peer showed a key that its trust anchor does not vouch for")]
    WrongKey {
        /// The key of the anchor.
        expected: KeyFingerprint,
        /// The key that the shown chain ends in, where it could be read.
        seen: Option<KeyFingerprint>,
    },
    /// The chain says that another root has taken the anchor's place, and the anchor's key, or what
    /// followed it, does not say so.
    #[error(
        "the peer showed a successor of its trust anchor that this does not vouch for: {broken}"
    )]
    Rollover {
        /// The key of the anchor.
        expected: KeyFingerprint,
        /// The key of the root that was shown, where it could be read.
        seen: Option<KeyFingerprint>,
        /// What is wrong with the links.
        broken: Box<BrokenLink>,
    },
    /// Another certificate than the one that is trusted.
    #[error("the peer showed another certificate than the one that is trusted")]
    WrongCertificate {
        /// The trusted certificate.
        expected: CertificateFingerprint,
        /// The one that was shown.
        seen: CertificateFingerprint,
    },
    /// The anchor or a certificate is outside its validity: renew it, or set the clock.
    #[error("a certificate has expired or is not valid yet")]
    Expired,
    /// The certificate is vouched for, but breaks a rule.
    #[error("the peer's certificate breaks a rule: {0}")]
    Unacceptable(BrokenRule),
}

/// A rule for certificates; `docs/trust-store.md` §2 has where each comes from.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BrokenRule {
    /// One of those that webpki checks, on the way to the anchor.
    #[error("{0}")]
    Path(webpki::Error),
    /// Not DER, or something behind it.
    #[error("it cannot be read as a certificate")]
    Unreadable,
    /// Not X.509 version 3, or with fields that nobody uses since.
    #[error("it is not of version 3")]
    Version,
    /// Zero, negative or over 20 octets.
    #[error("its serial number is not positive or too long")]
    Serial,
    /// Issuer, or the subject of an authority, without any attribute.
    #[error("its issuer or subject has no name")]
    Nameless,
    /// The same extension twice.
    #[error("it has an extension twice")]
    DuplicateExtension,
    /// An extension whose content is not what its identifier says.
    #[error("it has an extension that cannot be read")]
    UnreadableExtension,
    /// A critical extension that is not processed.
    #[error("it has a critical extension that is not understood here")]
    CriticalExtension,
    /// Policy constraints, which bind whoever reads them.
    #[error("it demands certificate policies, which are not understood here")]
    Policies,
    /// An authority whose basic constraints do not say so.
    #[error("it is no certificate authority")]
    NoAuthority,
    /// An authority whose key usage leaves out certificates.
    #[error("it may not sign certificates")]
    MayNotSign,
    /// More authorities below one than it admits.
    #[error("there are more authorities below it than it admits")]
    PathTooLong,
    /// Name constraints of a kind, or in a form, that is not understood.
    #[error("its name constraints are not understood here")]
    NameConstraints,
    /// Name constraints, or a path length, in what is no authority.
    #[error("it is no authority and speaks as one")]
    NotAnAuthoritys,
    /// A key usage without signatures, or with the signing of certificates.
    #[error("its key usage does not fit a TLS server")]
    KeyUsage,
    /// Without the extended key usage of a TLS server.
    #[error("it is not meant for a TLS server")]
    Purpose,
    /// A key that is too short or of a kind that is not taken.
    #[error("its key is too weak or of an unknown kind")]
    Key,
    /// A subject alternative name that is none.
    #[error("it has a malformed subject alternative name")]
    MalformedName,
    /// Neither subject nor critical alternative names.
    #[error("it has no subject, and its alternative names are not critical")]
    UncriticalNames,
    /// Other names than the one asked for.
    #[error("it is not for this name")]
    OtherName,
}

impl AnchorError {
    /// Finds the error inside what a TLS connection attempt returned.
    #[must_use]
    pub fn of_io(error: &std::io::Error) -> Option<&Self> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error
        else {
            return None;
        };
        inner.downcast_ref()
    }
}

impl From<AnchorError> for rustls::Error {
    fn from(error: AnchorError) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
    }
}
