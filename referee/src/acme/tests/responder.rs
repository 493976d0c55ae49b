//! `tls-alpn-01` with a server that answers as RFC 8737 says, and with others that only look like one.

use std::sync::Arc;

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::ServerConfig;
use settle_transport::certificate::PrivateKey;
use settle_transport::tls::{Always, provider};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::client::csr;
use super::*;
use crate::store::ChallengeKind;

/// What a server shows.
#[derive(Clone, Copy, Debug)]
struct Shown {
    names: &'static [&'static str],
    /// Of the proof, or of something else.
    is_proof: bool,
    is_critical: bool,
    /// How often the digest is in the certificate.
    digests: usize,
    protocol: Option<&'static [u8]>,
}

const RIGHT: Shown = Shown {
    names: &["nas.local"],
    is_proof: true,
    is_critical: true,
    digests: 1,
    protocol: Some(b"acme-tls/1"),
};

/// Answers one handshake.
async fn answer_once(socket: &TcpListener, shown: Shown, proof: &str) {
    let said = if shown.is_proof { proof } else { "something" };
    let digest = Sha256::digest(said);
    let names = shown.names.iter().map(|name| (*name).to_owned());
    let mut params = CertificateParams::new(names.collect::<Vec<_>>()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = (0..shown.digests)
        .map(|_| {
            let mut digest = CustomExtension::new_acme_identifier(&digest);
            digest.set_criticality(shown.is_critical);
            digest
        })
        .collect();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    // Of a certificate with what TLS does not know, no other way makes a server.
    let key = PrivateKey::from_pkcs8(&key.serialize_der()).unwrap();
    let identity = key.certified(vec![certificate]).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(identity))));
    let protocols = shown.protocol.into_iter().map(<[u8]>::to_vec);
    config.alpn_protocols = protocols.collect();
    let (stream, _) = socket.accept().await.unwrap();
    // Whoever looks may break off.
    drop(TlsAcceptor::from(Arc::new(config)).accept(stream).await);
}

/// What comes of a challenge that a server of this kind answers, and of its order.
async fn outcome(shown: Shown) -> (String, String) {
    let house = House::new().await;
    let client = house.client(&["nas.local"]).await;
    let external = house.store.grants().await.unwrap().remove(0).holder;
    let asked = Grant {
        challenge: Some(ChallengeKind::TlsAlpn01),
        address: Some(HERE),
        ..grant("nas.local", external)
    };
    house.store.grant(&asked, By::Owner, now()).await.unwrap();
    let socket = TcpListener::bind((HERE, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let acme = serve(&house.store, &house.root).with_validator(Validator::at(port, port));
    let order = client.order(&acme, &["nas.local"]).await;
    let authorization = order.json()["authorizations"][0].clone();
    let told = client
        .get(&acme, authorization.as_str().unwrap())
        .await
        .json();
    let [challenge] = told["challenges"].as_array().unwrap().as_slice() else {
        panic!("one challenge: {told}");
    };
    assert_eq!(challenge["type"], "tls-alpn-01");
    let key: crate::jws::Jwk = serde_json::from_value(client.jwk()).unwrap();
    let token = challenge["token"].as_str().unwrap();
    let proof = format!("{token}.{}", key.thumbprint());
    let looking = client.post(&acme, challenge["url"].as_str().unwrap(), "{}");
    let (heard, ()) = tokio::join!(looking, answer_once(&socket, shown, &proof));
    let order = client.get(&acme, &order.header("location")).await.json();
    let finalized = client.finalize(&acme, &order, &csr(&["nas.local"]).0).await;
    let came = heard.json()["status"].as_str().unwrap().to_owned();
    assert_eq!(finalized.status == 200, came == "valid", "{finalized:?}");
    (came, order["status"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_server_that_shows_the_proof_in_its_handshake_gets_its_certificate() {
    assert_eq!(
        outcome(RIGHT).await,
        ("valid".to_owned(), "ready".to_owned())
    );
}

/// What a test changes of what is right.
type Change = fn(&mut Shown);

const LOOKALIKES: [(&str, Change); 9] = [
    ("another digest", |shown| shown.is_proof = false),
    ("that may be left aside", |shown| shown.is_critical = false),
    ("none", |shown| shown.digests = 0),
    ("two", |shown| shown.digests = 2),
    ("another name", |shown| shown.names = &["tv.local"]),
    ("two names", |shown| {
        shown.names = &["nas.local", "tv.local"];
    }),
    ("no name", |shown| shown.names = &[]),
    ("another protocol", |shown| shown.protocol = Some(b"h2")),
    ("no protocol", |shown| shown.protocol = None),
];

#[tokio::test]
async fn whatever_only_looks_like_the_proof_is_none() {
    for (what, change) in LOOKALIKES {
        let mut shown = RIGHT;
        change(&mut shown);
        let invalid = ("invalid".to_owned(), "invalid".to_owned());
        assert_eq!(outcome(shown).await, invalid, "{what}");
    }
}
