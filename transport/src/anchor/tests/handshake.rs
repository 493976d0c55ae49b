//! The verifier inside of TLS: who shows a certificate has to hold its key.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, ServerConnection};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::LocalName;

use super::maker::{NAME, PORT, scope, self_signed, unknown_extension};
use crate::anchor::{Anchor, AnchorError};
use crate::tls;

fn connect(
    anchor: Anchor,
    shown: CertificateDer<'static>,
    key: &KeyPair,
) -> Result<(), rustls::Error> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let key = any_supported_type(&key).unwrap();
    let identity = Arc::new(tls::Always(Arc::new(CertifiedKey::new(vec![shown], key))));
    let server = tls::local_server(identity, &[b"http/1.1"]).unwrap();
    let name = LocalName::parse(NAME).unwrap();
    let client = tls::imported_client(anchor, name, PORT).unwrap();
    let to = ServerName::try_from(NAME).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), to).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

fn pinned(certificate: &CertificateDer<'_>) -> Anchor {
    Anchor::certificate(CertificateFingerprint::of_der(certificate), scope())
}

#[test]
fn a_pinned_certificate_with_odd_extensions_opens_a_connection() {
    let odd = |params: &mut CertificateParams| {
        params.custom_extensions = vec![unknown_extension(true)];
    };
    let (certificate, key) = self_signed(odd);
    connect(pinned(&certificate), certificate, &key).unwrap();
}

#[test]
fn a_pinned_certificate_without_its_key_opens_none() {
    let (certificate, _) = self_signed(|_| {});
    let other = KeyPair::generate().unwrap();
    let error = connect(pinned(&certificate), certificate, &other).unwrap_err();
    assert!(
        matches!(error, rustls::Error::InvalidCertificate(_)),
        "{error:?}"
    );
}

#[test]
fn the_reason_of_a_refusal_is_found_in_the_error() {
    let (ours, _) = self_signed(|_| {});
    let (theirs, key) = self_signed(|_| {});
    let error = std::io::Error::other(connect(pinned(&ours), theirs, &key).unwrap_err());
    let found = AnchorError::of_io(&error);
    assert!(matches!(found, Some(AnchorError::WrongCertificate { .. })));
}
