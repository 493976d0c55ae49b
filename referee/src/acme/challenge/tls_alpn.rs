//! `tls-alpn-01` (RFC 8737): a certificate that is good for nothing but to show that its maker was asked.

use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use settle_protocol::name::LocalName;
use settle_transport::tls::provider;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Unmet;

/// RFC 8737 §4.
const PROTOCOL: &[u8] = b"acme-tls/1";

pub(super) async fn look(stream: TcpStream, name: &LocalName, proof: &str) -> Result<(), Unmet> {
    let wrong = |error: Error| Unmet::Certificate(io::Error::other(error));
    let asked = Asked {
        name: name.clone(),
        digest: Sha256::digest(proof).into(),
    };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(wrong)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(asked))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let server = ServerName::try_from(name.to_string()).map_err(|_| Unmet::Other)?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(server, stream);
    let tls = connecting.await.map_err(Unmet::Certificate)?;
    // A server that does not know the protocol may have gone on without.
    match tls.get_ref().1.alpn_protocol() {
        Some(protocol) if protocol == PROTOCOL => Ok(()),
        Some(_) | None => Err(Unmet::Other),
    }
}

/// The one certificate that is right.
#[derive(Debug)]
struct Asked {
    name: LocalName,
    digest: [u8; 32],
}

impl Asked {
    /// RFC 8737 §3: this name alone, and the digest in an extension that is critical.
    fn is(&self, der: &[u8]) -> bool {
        let Ok(([], certificate)) = X509Certificate::from_der(der) else {
            return false;
        };
        let expected = [[4, 32].as_slice(), &self.digest].concat();
        let (mut names, mut digests) = (0, 0);
        for extension in certificate.extensions() {
            if let ParsedExtension::SubjectAlternativeName(alternative) =
                extension.parsed_extension()
            {
                let [GeneralName::DNSName(name)] = alternative.general_names.as_slice() else {
                    return false;
                };
                names += usize::from(name.eq_ignore_ascii_case(self.name.as_str()));
            }
            if extension.oid == oid!(1.3.6.1.5.5.7.1.31) {
                digests += usize::from(extension.critical && extension.value == expected);
            }
        }
        (names, digests) == (1, 1)
    }
}

impl ServerCertVerifier for Asked {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.is(end_entity) {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the key alone: what reads certificates for TLS refuses the very extension that makes this one.
        let (_, read) =
            X509Certificate::from_der(cert).map_err(|_| CertificateError::BadEncoding)?;
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(read.public_key().raw),
            dss,
            &provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
