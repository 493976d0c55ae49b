//! What is negotiated: the hybrid post-quantum key exchange between our own two ends, and a classical
//! one with a peer that knows no other.
#![cfg(test)]

use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, NamedGroup, ServerConfig, ServerConnection};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::scope::ExactScope;
use settle_tests::foreign::client_with;
use settle_transport::anchor::Anchor;
use settle_transport::certificate::{self, PrivateKey};
use settle_transport::{danger, tls};

struct DeviceSide {
    root: CertificateDer<'static>,
    name: LocalName,
    identity: Arc<CertifiedKey>,
}

fn device() -> DeviceSide {
    let (root_key, key) = (PrivateKey::make().unwrap(), PrivateKey::make().unwrap());
    let name = Label::parse("printer")
        .unwrap()
        .unique(&root_key.fingerprint());
    let names = [name.clone()];
    let now = SystemTime::now();
    let root = certificate::device_root(&root_key, &names).unwrap();
    let leaf = certificate::device_leaf(&root_key, &root, &key, &names, now).unwrap();
    let identity = Arc::new(key.certified(vec![leaf, root.clone()]).unwrap());
    DeviceSide {
        root,
        name,
        identity,
    }
}

fn client() -> CertifiedKey {
    let key = PrivateKey::make().unwrap();
    let certificate = certificate::client(&key).unwrap();
    key.certified(vec![certificate]).unwrap()
}

/// Both ends in memory, up to the end of the handshake; what they agreed on.
fn negotiate(client: ClientConfig, server: ServerConfig) -> NamedGroup {
    let name = ServerName::try_from("settle.invalid").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    let agreed = [
        client.negotiated_key_exchange_group(),
        server.negotiated_key_exchange_group(),
    ];
    let [ours, theirs] = agreed.map(|group| group.unwrap().name());
    assert_eq!(ours, theirs);
    ours
}

#[derive(Debug)]
struct AllIn;

impl tls::AccessList for AllIn {
    fn admits(&self, _: &KeyFingerprint) -> bool {
        true
    }
}

#[test]
fn our_own_ends_agree_on_the_hybrid_when_pairing_and_afterwards() {
    let device = device();
    let pairing = negotiate(
        danger::pairing_client(client()).unwrap(),
        danger::pairing_server(Arc::clone(&device.identity)).unwrap(),
    );
    assert_eq!(pairing, NamedGroup::X25519MLKEM768);
    let scope = ExactScope::new([device.name.clone()], [443]);
    let anchor = Anchor::device(&device.root, scope).unwrap();
    let always = Arc::new(tls::Always(Arc::clone(&device.identity)));
    let browsing = negotiate(
        tls::device_client(anchor, device.name, 443, client()).unwrap(),
        tls::device_server(always, Arc::new(AllIn)).unwrap(),
    );
    assert_eq!(browsing, NamedGroup::X25519MLKEM768);
}

#[test]
fn a_peer_that_knows_only_classical_groups_is_served() {
    for (group, name) in [
        (aws_lc_rs::kx_group::X25519, NamedGroup::X25519),
        (aws_lc_rs::kx_group::SECP256R1, NamedGroup::secp256r1),
    ] {
        let server = danger::pairing_server(device().identity).unwrap();
        assert_eq!(negotiate(client_with(group, client()), server), name);
    }
}
