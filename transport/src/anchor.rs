//! Verification of a device against its own anchor: one root, one name, every rule.
//!
//! Stricter than `rustls-webpki` alone where that crate leaves an anchor's own fields unchecked
//! (validity, path length, usage, critical extensions). Nothing here falls back to another anchor.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::LocalName;
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{certificate, tls};

/// Extended key usage id-kp-serverAuth, 1.3.6.1.5.5.7.3.1 (RFC 5280 §4.2.1.12), as DER content.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// Why a certificate is not the trusted device's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnchorError {
    /// The anchor itself cannot be used: no authority, unusable extension, not parseable.
    #[error("the device's trust anchor is unusable: {0}")]
    UnusableAnchor(&'static str),
    /// The chain does not lead to the anchor.
    #[error("the device showed a key that its trust anchor does not vouch for")]
    WrongKey {
        /// The key of the anchor.
        expected: KeyFingerprint,
        /// The key that the shown chain ends in, where it could be read.
        seen: Option<KeyFingerprint>,
    },
    /// The anchor or the leaf is outside its validity: renew it, or set the clock.
    #[error("the device's certificate has expired or is not valid yet")]
    Expired,
    /// The certificate is vouched for, but breaks a rule.
    #[error("the device's certificate breaks a rule: {0}")]
    Unacceptable(webpki::Error),
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

/// A device's root certificate, checked to be one.
#[derive(Clone, Debug)]
pub struct Anchor {
    anchor: TrustAnchor<'static>,
    fingerprint: KeyFingerprint,
    /// Seconds since the Unix epoch, first and last.
    validity: (i64, i64),
}

impl Anchor {
    /// Reads a root certificate.
    ///
    /// # Errors
    /// [`AnchorError::UnusableAnchor`] for anything but a certificate authority whose critical
    /// extensions are all understood here.
    pub fn from_der(root: &CertificateDer<'_>) -> Result<Self, AnchorError> {
        let unusable = AnchorError::UnusableAnchor;
        let (rest, parsed) =
            X509Certificate::from_der(root).map_err(|_| unusable("no certificate"))?;
        if !rest.is_empty() {
            return Err(unusable("bytes behind the certificate"));
        }
        check_authority(&parsed)?;
        let anchor =
            webpki::anchor_from_trusted_cert(root).map_err(|_| unusable("not understood"))?;
        let validity = parsed.validity();
        Ok(Self {
            anchor: anchor.to_owned(),
            fingerprint: KeyFingerprint::of_spki(parsed.public_key().raw),
            validity: (
                validity.not_before.timestamp(),
                validity.not_after.timestamp(),
            ),
        })
    }

    /// The fingerprint of the root key.
    #[must_use]
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// Verifies that `leaf` is a server certificate issued by this anchor for `name`, now.
    ///
    /// No intermediate is taken: a device's root has path length 0 (docs/pairing.md §6).
    ///
    /// # Errors
    /// [`AnchorError`].
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        shown: &[CertificateDer<'_>],
        name: &LocalName,
        now: UnixTime,
    ) -> Result<(), AnchorError> {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if seconds < self.validity.0 || seconds > self.validity.1 {
            return Err(AnchorError::Expired);
        }
        let judge = |error| self.judge(error, leaf, shown);
        let end_entity = EndEntityCert::try_from(leaf).map_err(judge)?;
        end_entity
            .verify_for_usage(
                tls::provider().signature_verification_algorithms.all,
                std::slice::from_ref(&self.anchor),
                &[],
                now,
                KeyUsage::required(SERVER_AUTH),
                None,
                None,
            )
            .map_err(judge)?;
        let name = ServerName::try_from(name.as_str())
            .map_err(|_| AnchorError::UnusableAnchor("its name is no DNS name"))?;
        // RFC 9525 §6.3: subject alternative names only; webpki never looks at the common name.
        end_entity
            .verify_is_valid_for_subject_name(&name)
            .map_err(judge)
    }

    fn judge(
        &self,
        error: webpki::Error,
        leaf: &CertificateDer<'_>,
        shown: &[CertificateDer<'_>],
    ) -> AnchorError {
        let time = matches!(
            error,
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
        );
        let key = matches!(
            error,
            webpki::Error::UnknownIssuer
                | webpki::Error::InvalidSignatureForPublicKey
                | webpki::Error::BadDer
        );
        if time {
            AnchorError::Expired
        } else if key {
            let last = shown.last().unwrap_or(leaf);
            AnchorError::WrongKey {
                expected: self.fingerprint,
                seen: certificate::fingerprint(last),
            }
        } else {
            AnchorError::Unacceptable(error)
        }
    }
}

/// RFC 5280 §6.1.4 (k), (n), (o), applied to the anchor too.
fn check_authority(certificate: &X509Certificate<'_>) -> Result<(), AnchorError> {
    use x509_parser::extensions::ParsedExtension;
    let unusable = AnchorError::UnusableAnchor;
    let constraints = certificate
        .basic_constraints()
        .map_err(|_| unusable("basic constraints twice"))?;
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(unusable("it is no certificate authority"));
    }
    let usage = certificate
        .key_usage()
        .map_err(|_| unusable("key usage twice"))?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(unusable("it may not sign certificates"));
    }
    let unknown = certificate.extensions().iter().any(|extension| {
        extension.critical
            && !matches!(
                extension.parsed_extension(),
                ParsedExtension::BasicConstraints(_)
                    | ParsedExtension::KeyUsage(_)
                    | ParsedExtension::NameConstraints(_)
            )
    });
    if unknown {
        Err(unusable("an unknown critical extension"))
    } else {
        Ok(())
    }
}

/// Accepts exactly the certificates that [`Anchor::verify`] accepts for one name.
#[derive(Debug)]
pub struct AnchorVerifier {
    anchor: Anchor,
    name: LocalName,
}

impl AnchorVerifier {
    /// Verifies against one anchor, for one name.
    #[must_use]
    pub const fn new(anchor: Anchor, name: LocalName) -> Self {
        Self { anchor, name }
    }
}

impl ServerCertVerifier for AnchorVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.anchor
            .verify(end_entity, intermediates, &self.name, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(tls::only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        tls::verify_tls13(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::schemes()
    }
}
