//! TLS configurations: TLS 1.3 alone, hybrid post-quantum key exchange preferred, and for each
//! purpose the verifier that belongs to it. What accepts anybody is in [`crate::danger`].

use std::sync::{Arc, LazyLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::{ResolvesClientCert, WantsClientCert};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, DistinguishedName,
    NamedGroup, ServerConfig, SignatureScheme, WantsVerifier,
};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;

use crate::anchor::{Anchor, AnchorVerifier};
use crate::certificate;
use settle_protocol::name::LocalName;

/// The name of HTTP/2 in ALPN (RFC 9113 §3.1).
pub const HTTP_2: &[u8] = b"h2";
/// The name of HTTP/1.1 in ALPN (RFC 7301 §6).
pub const HTTP_1: &[u8] = b"http/1.1";

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

/// The same for connections that never leave this computer, where nobody records anything for later:
/// the classical key exchange first, which costs a third.
static LOCAL_PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = aws_lc_rs::default_provider();
    provider
        .kx_groups
        .sort_by_key(|group| group.name() != NamedGroup::X25519);
    Arc::new(provider)
});

/// The cryptography that every configuration uses; X25519MLKEM768 is its first key exchange.
#[must_use]
pub fn provider() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// Whose keys a device lets in, asked anew at every handshake.
pub trait AccessList: std::fmt::Debug + Send + Sync {
    /// Whether this key, which the peer has proved to hold, belongs to a paired client.
    fn admits(&self, client: &KeyFingerprint) -> bool;
}

/// A host's connection to one device: verified by its own anchor, for its unique name and port, with
/// the client identity made for it. One configuration a device; nothing is resumed, so nothing
/// outlives a revocation.
///
/// # Errors
/// When TLS 1.3 is not to be had from the provider.
pub fn device_client(
    anchor: Anchor,
    name: LocalName,
    port: u16,
    identity: CertifiedKey,
) -> Result<ClientConfig, rustls::Error> {
    let config = anchored(anchor, name, port)?
        .with_client_cert_resolver(Arc::new(Always(Arc::new(identity))));
    Ok(browsing(config))
}

/// A host's connection to a server that knows nothing of Settle: judged by what the user imported,
/// and told nothing of who connects.
///
/// # Errors
/// When TLS 1.3 is not to be had from the provider.
pub fn imported_client(
    anchor: Anchor,
    name: LocalName,
    port: u16,
) -> Result<ClientConfig, rustls::Error> {
    let config = anchored(anchor, name, port)?.with_no_client_auth();
    Ok(browsing(config))
}

/// A device's listener: visitors without a certificate may come in (they see how to pair), a
/// certificate that is shown must be a paired client's.
///
/// # Errors
/// When TLS 1.3 is not to be had from the provider.
pub fn device_server(
    identity: Arc<dyn ResolvesServerCert>,
    clients: Arc<dyn AccessList>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = server_builder()?
        .with_client_cert_verifier(Arc::new(PairedClients(clients)))
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(config)
}

/// A listener for servers that ask a referee for certificates. Strangers come in: they sign each request, or have a secret,
/// or show the certificate that is to be renewed. Whether that is one of the referee's is its store's to say.
///
/// # Errors
/// When TLS 1.3 is not to be had from the provider.
pub fn referee_server(
    identity: Arc<dyn ResolvesServerCert>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = server_builder()?
        .with_client_cert_verifier(Arc::new(Shown))
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(config)
}

/// A listener for browsers on this computer, whose certificate depends on the name asked for.
///
/// # Errors
/// When TLS 1.3 is not to be had from the provider.
pub fn local_server(
    certificates: Arc<dyn ResolvesServerCert>,
    alpn: &[&[u8]],
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&LOCAL_PROVIDER))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    // A browser resumes with one; the second would only be made.
    config.send_tls13_tickets = 1;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

pub(crate) fn client_builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error>
{
    ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&rustls::version::TLS13])
}

fn anchored(
    anchor: Anchor,
    name: LocalName,
    port: u16,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let verifier = AnchorVerifier::new(anchor, name, port);
    Ok(client_builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

fn browsing(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config
}

pub(crate) fn server_builder() -> Result<ConfigBuilder<ServerConfig, WantsVerifier>, rustls::Error>
{
    ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&rustls::version::TLS13])
}

pub(crate) fn verify_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    rustls::crypto::verify_tls13_signature(
        message,
        certificate,
        signature,
        &PROVIDER.signature_verification_algorithms,
    )
}

/// As [`verify_tls13`], for a key whose certificate is not to be read.
pub(crate) fn verify_tls13_key(
    message: &[u8],
    key: &SubjectPublicKeyInfoDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    rustls::crypto::verify_tls13_signature_with_raw_key(
        message,
        key,
        signature,
        &PROVIDER.signature_verification_algorithms,
    )
}

pub(crate) fn schemes() -> Vec<SignatureScheme> {
    PROVIDER
        .signature_verification_algorithms
        .supported_schemes()
}

/// TLS 1.2 is never configured, so a peer that gets here does not keep to the protocol.
pub(crate) fn only_tls13() -> rustls::Error {
    rustls::Error::General("TLS 1.2 is not spoken here".to_owned())
}

/// One identity, whatever is asked for.
#[derive(Debug)]
pub struct Always(pub Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(
        &self,
        _root_hints: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Lets in the keys on the device's list and nobody else's.
#[derive(Debug)]
struct PairedClients(Arc<dyn AccessList>);

impl ClientCertVerifier for PairedClients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        // Anybody can show a certificate that they have seen. It is judged with the signature, which
        // has to follow (RFC 8446 §4.4.3).
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let proved = verify_tls13(message, certificate, signature)?;
        let key = certificate::fingerprint(certificate).ok_or(CertificateError::BadEncoding)?;
        if self.0.admits(&key) {
            Ok(proved)
        } else {
            // Sent as the alert access_denied, and no other error is (docs/pairing.md §5.6).
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}

/// Has whoever shows a certificate prove that they have its key, and judges nothing else.
#[derive(Debug)]
struct Shown;

impl ClientCertVerifier for Shown {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}
