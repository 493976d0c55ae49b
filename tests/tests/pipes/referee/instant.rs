//! A client that is a library of others, in Rust, and that renews when the referee says that it is time (RFC 9773).

use std::time::SystemTime;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use instant_acme::{CertificateIdentifier, Error};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use settle_tests::instant::{Client, Way};
use tokio::runtime::Runtime;

use super::*;

/// A client that was given what `authorize` prints.
async fn join(referee: &Referee<'_>, name: &str) -> Client {
    let directory = referee.directory();
    let granted = referee.ask(&["authorize", name, "--directory", directory]);
    let way = Way::new(directory, Path::new(granted["root"].as_str().unwrap()));
    let secret = granted["eab_hmac_key"].as_str().unwrap();
    let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap();
    let id = granted["eab_kid"].as_str().unwrap();
    Client::join(&way, Some((id, &secret))).await.unwrap()
}

fn request(name: &str) -> (Vec<u8>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    (params.serialize_request(&key).unwrap().der().to_vec(), key)
}

/// Files for a server.
fn files(home: &Home, file: &str, chain: &str, key: &KeyPair) -> (Identity, std::path::PathBuf) {
    let path = |end: &str| home.path().join(format!("{file}.{end}"));
    let blocks: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .map(|der| {
            let body = BASE64.encode(&der.unwrap());
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        })
        .collect();
    let identity = Identity {
        certificate: path("pem"),
        key: path("key"),
    };
    std::fs::write(&identity.certificate, &blocks[0]).unwrap();
    std::fs::write(&identity.key, key.serialize_pem()).unwrap();
    std::fs::write(path("chain"), blocks[1..].concat()).unwrap();
    (identity, path("chain"))
}

#[test]
fn a_client_of_others_gets_uses_and_renews_a_certificate_when_it_is_told_to() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let runtime = Runtime::new().unwrap();
    let client = runtime.block_on(join(&referee, "nas.local"));
    let obtain = |name, csr: &[u8], replaces| runtime.block_on(client.obtain(name, csr, replaces));
    let (csr, key) = request("nas.local");
    let chain = obtain("nas.local", &csr, None).unwrap();

    house.pair(referee.code());
    let (identity, below) = files(&home, "first", &chain, &key);
    let server = serve("nas.local", &identity, &below);
    let (code, said) = house.settle(&["vouch", "nas.local"]);
    assert_eq!(code, 0, "{said}");
    let browser = house.browser();
    assert_eq!(browser.get("nas.local", "/").unwrap().status, 200);
    drop(server);

    // Not yet, by what the referee says; then it is revoked, and it is time at once.
    let leaf = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    let id = CertificateIdentifier::try_from(&leaf).unwrap().into_owned();
    let told = || {
        let told = runtime.block_on(client.account().renewal_info(&id));
        let (told, again) = told.unwrap();
        assert!(again.as_secs() > 3600);
        SystemTime::from(told.suggested_window.start)
    };
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let begins = told();
    assert!(begins > SystemTime::now() + 4 * day && begins < SystemTime::now() + 5 * day);
    let serial = referee.ask(&["certificates"])["certificates"][0]["serial"].clone();
    drop(referee.say(&["revoke", serial.as_str().unwrap()]));
    assert!(told() < SystemTime::now());

    let (csr, key) = request("nas.local");
    let renewed = obtain("nas.local", &csr, Some(id.clone()));
    let (identity, below) = files(&home, "second", &renewed.unwrap(), &key);
    let _server = serve("nas.local", &identity, &below);
    assert_eq!(browser.get("nas.local", "/").unwrap().status, 200);
    // Nothing is replaced twice, and nothing is had that was not granted.
    let refused = |error: anyhow::Error| {
        let error = error.downcast::<Error>().unwrap();
        let Error::Api(problem) = error else {
            panic!("{error}");
        };
        problem.r#type.unwrap()
    };
    let again = obtain("nas.local", &csr, Some(id)).unwrap_err();
    assert_eq!(refused(again), "urn:ietf:params:acme:error:alreadyReplaced");
    let (csr, _) = request("tv.local");
    let other = obtain("tv.local", &csr, None).unwrap_err();
    assert_eq!(
        refused(other),
        "urn:ietf:params:acme:error:rejectedIdentifier"
    );
}
