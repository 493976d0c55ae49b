//! The anchor as TLS asks for it.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use settle_protocol::name::LocalName;

use super::{Anchor, pin};
use crate::tls;

/// Accepts exactly the certificates that [`Anchor::verify`] accepts for one name at one port. The
/// name that TLS sends to the server has no part in it.
#[derive(Debug)]
pub struct AnchorVerifier {
    anchor: Anchor,
    name: LocalName,
    port: u16,
}

impl AnchorVerifier {
    /// Verifies against one anchor, for one name at one port.
    #[must_use]
    pub const fn new(anchor: Anchor, name: LocalName, port: u16) -> Self {
        Self { anchor, name, port }
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
        let (name, port) = (&self.name, self.port);
        self.anchor
            .verify(end_entity, intermediates, name, port, now)?;
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
        if !self.anchor.pins(certificate) {
            return tls::verify_tls13(message, certificate, signature);
        }
        // The library would read the extensions, which a pinned certificate need not get right.
        let key = pin::spki(certificate).ok_or(CertificateError::BadEncoding)?;
        tls::verify_tls13_key(message, &key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::schemes()
    }
}
