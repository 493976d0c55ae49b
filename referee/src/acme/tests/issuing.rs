//! Who gets a certificate, for which names, and what ends it.

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::client::{Client, csr, encode, get};
use super::*;
use crate::acme::renewal::renewal_id;
use crate::store::{By, ChallengeKind};
use settle_tests::postgres::Postgres;

fn first(chain: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()
}

#[tokio::test]
async fn the_administrators_word_suffices_and_the_log_tells_all() {
    let house = House::new().await;
    let client = house.client(&["nas.local", "files.home.arpa"]).await;
    let order = client
        .order(&house.acme, &["nas.local", "files.home.arpa"])
        .await;
    assert_eq!(order.status, 201);
    let told = order.json();
    assert_eq!(told["status"], "ready");
    for authorization in told["authorizations"].as_array().unwrap() {
        let heard = client
            .get(&house.acme, authorization.as_str().unwrap())
            .await;
        assert_eq!(
            (heard.status, &heard.json()["status"]),
            (200, &json!("valid"))
        );
    }
    let (request, _) = csr(&["nas.local", "files.home.arpa"]);
    let heard = client.finalize(&house.acme, &told, &request).await;
    assert_eq!(heard.json()["status"], "valid", "{heard:?}");
    let chain = client
        .get(&house.acme, heard.json()["certificate"].as_str().unwrap())
        .await;
    let chain = String::from_utf8(chain.body).unwrap();
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    assert_eq!(certificates.len(), 2, "with the intermediate");
    let leaf = first(&chain);
    let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
    assert_eq!(leaf.subject().iter().count(), 0);
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert!(names.critical && names.value.general_names.len() == 2);
    // Twice is once.
    let again = client.finalize(&house.acme, &told, &request).await;
    assert_eq!(again.problem(), (403, "orderNotReady".to_owned()));
    let granted = AuditEvent::Granted;
    let mut lines = house.told().await;
    lines.sort_by_key(|event| event.as_str());
    assert_eq!(
        lines,
        [
            AuditEvent::AccountMade,
            granted,
            granted,
            AuditEvent::Issued
        ]
    );
}

#[tokio::test]
async fn names_that_are_not_granted_are_refused_each_with_its_reason() {
    let house = House::new().await;
    let client = house.client(&["nas.local"]).await;
    let _other = house.client(&["printer.local"]).await;
    for name in [
        "printer.local",
        "*.nas.local",
        "bank.example",
        "local",
        "nas.local.example",
        "192.0.2.1",
        "xn--ns-zia.local",
        "",
    ] {
        let heard = client.order(&house.acme, &["nas.local", name]).await;
        assert_eq!(
            heard.problem(),
            (403, "rejectedIdentifier".to_owned()),
            "{name}"
        );
        let subs = heard.json()["subproblems"].clone();
        assert_eq!(subs.as_array().unwrap().len(), 1, "{name}");
        assert_eq!(subs[0]["identifier"]["value"], name);
    }
    let address = json!({"identifiers": [{"type": "ip", "value": "192.0.2.1"}]}).to_string();
    let heard = client.post(&house.acme, "/acme/new-order", &address).await;
    let sub = heard.json()["subproblems"][0]["type"].clone();
    assert_eq!(sub, "urn:ietf:params:acme:error:unsupportedIdentifier");
    let refused = house.told().await.into_iter();
    assert_eq!(
        refused
            .filter(|event| *event == AuditEvent::Refused)
            .count(),
        9
    );
    assert!(house.store.certificates(now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn from_a_request_nothing_is_taken_but_the_key() {
    let house = House::new().await;
    let client = house.client(&["nas.local"]).await;
    let order = client.order(&house.acme, &["nas.local"]).await.json();
    // Other names than the order's, more, fewer; a broken signature; no request at all.
    let mut broken = csr(&["nas.local"]).0;
    *broken.last_mut().unwrap() ^= 1;
    for request in [
        csr(&["printer.local"]).0,
        csr(&["nas.local", "printer.local"]).0,
        csr(&["nas.local", "bank.example"]).0,
        csr(&[]).0,
        broken,
        b"request".to_vec(),
    ] {
        let heard = client.finalize(&house.acme, &order, &request).await;
        assert_eq!(heard.problem(), (400, "badCSR".to_owned()));
    }
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["nas.local".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let authority = rcgen::CustomExtension::from_oid_content(
        &[2, 5, 29, 19],
        vec![0x30, 0x03, 0x01, 0x01, 0xff],
    );
    params.custom_extensions = vec![authority];
    let request = params.serialize_request(&key).unwrap();
    let heard = client.finalize(&house.acme, &order, request.der()).await;
    assert_eq!(heard.status, 200);
    let chain = client
        .get(&house.acme, heard.json()["certificate"].as_str().unwrap())
        .await;
    let leaf = first(std::str::from_utf8(&chain.body).unwrap());
    let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
    assert!(!leaf.is_ca());
    assert!(!leaf.key_usage().unwrap().unwrap().value.key_cert_sign());
}

#[tokio::test]
async fn nobody_reads_or_touches_what_is_another_accounts() {
    let house = House::new().await;
    let (ada, eve) = (
        house.client(&["nas.local"]).await,
        house.client(&["eve.local"]).await,
    );
    let order = ada.order(&house.acme, &["nas.local"]).await;
    let (at, order) = (order.header("location"), order.json());
    let forbidden =
        |heard: client::Heard| assert_eq!(heard.problem(), (403, "unauthorized".to_owned()));
    forbidden(eve.get(&house.acme, &at).await);
    forbidden(
        eve.get(&house.acme, order["authorizations"][0].as_str().unwrap())
            .await,
    );
    forbidden(
        eve.finalize(&house.acme, &order, &csr(&["nas.local"]).0)
            .await,
    );
    forbidden(eve.get(&house.acme, &ada.account).await);
    forbidden(
        eve.get(&house.acme, &format!("{}/orders", ada.account))
            .await,
    );
    let heard = ada
        .finalize(&house.acme, &order, &csr(&["nas.local"]).0)
        .await
        .json();
    forbidden(
        eve.get(&house.acme, heard["certificate"].as_str().unwrap())
            .await,
    );
    let listed = ada
        .get(&house.acme, &format!("{}/orders", ada.account))
        .await
        .json();
    assert_eq!(listed["orders"], json!([at]));
}

#[tokio::test]
async fn a_name_that_was_withdrawn_is_issued_to_nobody() {
    let house = House::new().await;
    let client = house.client(&["nas.local"]).await;
    let order = client.order(&house.acme, &["nas.local"]).await.json();
    let name = LocalName::parse("nas.local").unwrap();
    assert!(house.store.withdraw(&name, By::Owner, now()).await.unwrap());
    let heard = client
        .finalize(&house.acme, &order, &csr(&["nas.local"]).0)
        .await;
    assert_eq!(heard.status, 403);
    let heard = client.order(&house.acme, &["nas.local"]).await;
    assert_eq!(heard.problem().1, "rejectedIdentifier");
}

#[tokio::test]
async fn a_key_or_an_account_that_was_named_needs_no_external_key() {
    let house = House::new().await;
    let mut client = Client::new();
    let heard = client.join(&house.acme, None).await;
    assert_eq!(heard.problem(), (403, "externalAccountRequired".to_owned()));
    let key: crate::jws::Jwk = serde_json::from_value(client.jwk()).unwrap();
    let by_key = grant("nas.local", Holder::Key(key.thumbprint()));
    house.store.grant(&by_key, By::Owner, now()).await.unwrap();
    assert_eq!(client.join(&house.acme, None).await.status, 201);
    let id = client.account.rsplit('/').next().unwrap().to_owned();
    let by_account = grant("files.local", Holder::Account(id));
    house
        .store
        .grant(&by_account, By::Owner, now())
        .await
        .unwrap();
    let names = ["nas.local", "files.local"];
    client.obtain(&house.acme, &names, &csr(&names).0).await;
    // With its next key it may have the one and not the other: the first was granted to the key.
    let next = Client::new();
    rekey(&house, &client, &next).await;
    let next = Client {
        account: client.account.clone(),
        ..next
    };
    assert_eq!(next.order(&house.acme, &["files.local"]).await.status, 201);
    assert_eq!(next.order(&house.acme, &["nas.local"]).await.status, 403);
    assert_eq!(
        client.order(&house.acme, &["files.local"]).await.status,
        400
    );
}

async fn rekey(house: &House, client: &Client, next: &Client) {
    let url = format!("{BASE}/acme/key-change");
    let change = json!({"account": client.account, "oldKey": client.jwk()}).to_string();
    let header = json!({"alg": "ES256", "url": url, "jwk": next.jwk()});
    let inner = next.sign(&header, &change).to_string();
    let heard = client.post(&house.acme, "/acme/key-change", &inner).await;
    assert_eq!(heard.status, 200, "{heard:?}");
}

#[tokio::test]
async fn a_key_change_needs_both_keys_and_a_key_that_is_free() {
    let house = House::new().await;
    let (ada, eve) = (house.client(&[]).await, house.client(&[]).await);
    let url = format!("{BASE}/acme/key-change");
    let change = |account: &str, old: Value, by: &Client, named: &Client| {
        let change = json!({"account": account, "oldKey": old}).to_string();
        let header = json!({"alg": "ES256", "url": url, "jwk": named.jwk()});
        by.sign(&header, &change).to_string()
    };
    let new = Client::new();
    for inner in [
        change(&ada.account, ada.jwk(), &eve, &new),
        change(&eve.account, ada.jwk(), &new, &new),
        change(&ada.account, eve.jwk(), &new, &new),
    ] {
        let heard = ada.post(&house.acme, "/acme/key-change", &inner).await;
        assert_eq!(heard.problem(), (400, "malformed".to_owned()));
    }
    let taken = change(&ada.account, ada.jwk(), &eve, &eve);
    let heard = ada.post(&house.acme, "/acme/key-change", &taken).await;
    assert_eq!(
        (heard.status, heard.header("location")),
        (409, eve.account.clone())
    );
}

#[tokio::test]
async fn a_certificate_is_revoked_by_its_account_or_its_key_and_by_nobody_else() {
    let house = House::new().await;
    let (ada, eve) = (
        house.client(&["nas.local"]).await,
        house.client(&["eve.local"]).await,
    );
    for by_key in [false, true] {
        let (request, key) = csr(&["nas.local"]);
        let chain = ada.obtain(&house.acme, &["nas.local"], &request).await;
        let leaf = first(&chain);
        let revoke =
            |reason: u64| json!({"certificate": encode(&leaf), "reason": reason}).to_string();
        for stranger in [&eve, &Client::new()] {
            let heard = stranger
                .post(&house.acme, "/acme/revoke-cert", &revoke(0))
                .await;
            assert_eq!(heard.problem(), (403, "unauthorized".to_owned()));
        }
        let owner = if by_key { &Client::of(&key) } else { &ada };
        for reason in [2, 6, 7, 8, 10, 256] {
            let heard = owner
                .post(&house.acme, "/acme/revoke-cert", &revoke(reason))
                .await;
            assert_eq!(
                heard.problem(),
                (400, "badRevocationReason".to_owned()),
                "{reason}"
            );
        }
        let mut other = leaf.to_vec();
        *other.last_mut().unwrap() ^= 1;
        let other = json!({"certificate": encode(other)}).to_string();
        let heard = owner.post(&house.acme, "/acme/revoke-cert", &other).await;
        assert_eq!(heard.status, 403, "not the one that was issued");
        let heard = owner
            .post(&house.acme, "/acme/revoke-cert", &revoke(4))
            .await;
        assert_eq!(heard.status, 200, "{heard:?}");
        let heard = owner
            .post(&house.acme, "/acme/revoke-cert", &revoke(4))
            .await;
        assert_eq!(heard.problem(), (400, "alreadyRevoked".to_owned()));
        // A revoked one is to be renewed at once.
        let id = renewal_id(&chain).unwrap();
        let window = get(&house.acme, &format!("/acme/renewal-info/{id}"))
            .await
            .json();
        let end = window["suggestedWindow"]["end"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(end <= date(now()), "{end}");
    }
    let id = house.acme.issuer.id().to_hex();
    let list = get(&house.acme, &format!("/crl/{id}.crl")).await;
    assert_eq!(list.header("content-type"), "application/pkix-crl");
    let (_, list) = CertificateRevocationList::from_der(&list.body).unwrap();
    assert_eq!(list.iter_revoked_certificates().count(), 2);
    let (_, issuer) = X509Certificate::from_der(house.acme.issuer.certificate()).unwrap();
    assert_eq!(list.issuer(), issuer.subject());
    assert_eq!(get(&house.acme, "/crl/00.crl").await.status, 404);
}

#[tokio::test]
async fn renewal_is_suggested_in_time_and_says_what_it_replaces_once() {
    let house = House::new().await;
    let (ada, eve) = (
        house.client(&["nas.local"]).await,
        house.client(&["eve.local"]).await,
    );
    let chain = ada
        .obtain(&house.acme, &["nas.local"], &csr(&["nas.local"]).0)
        .await;
    let id = renewal_id(&chain).unwrap();
    let path = format!("/acme/renewal-info/{id}");
    let heard = get(&house.acme, &path).await;
    assert_eq!(heard.header("retry-after"), "21600");
    let start = heard.json()["suggestedWindow"]["start"]
        .as_str()
        .unwrap()
        .to_owned();
    let day = 24 * 60 * 60;
    assert!(
        date(now() + 4 * day) < start && start < date(now() + 5 * day),
        "{start}"
    );
    assert_eq!(
        get(&house.acme, "/acme/renewal-info/AAAA.AAAA")
            .await
            .status,
        404
    );
    let (_, serial) = id.split_once('.').unwrap();
    let wrong = format!("/acme/renewal-info/AAAA.{serial}");
    assert_eq!(get(&house.acme, &wrong).await.status, 404);
    let order = |name: &str| {
        let names = json!([{"type": "dns", "value": name}]);
        json!({"identifiers": names, "replaces": id}).to_string()
    };
    let path = "/acme/new-order";
    let heard = eve.post(&house.acme, path, &order("eve.local")).await;
    assert_eq!(heard.status, 400);
    let mine = order("nas.local");
    let made = ada.post(&house.acme, path, &mine).await;
    assert_eq!((made.status, &made.json()["replaces"]), (201, &json!(id)));
    let done = ada
        .finalize(&house.acme, &made.json(), &csr(&["nas.local"]).0)
        .await;
    assert_eq!((done.status, &done.json()["replaces"]), (200, &json!(id)));
    let heard = ada.post(&house.acme, path, &mine).await;
    assert_eq!(heard.problem(), (409, "alreadyReplaced".to_owned()));
    // After the drill everything is to be renewed.
    let after = serve(&house.store, &house.root.next().unwrap());
    let window = get(&after, &format!("/acme/renewal-info/{id}"))
        .await
        .json();
    assert!(window["suggestedWindow"]["end"].as_str().unwrap() <= date(now()).as_str());
}

#[tokio::test]
async fn a_challenge_is_asked_in_addition_where_the_administrator_says_so() {
    let house = House::new().await;
    let client = house.client(&["nas.local"]).await;
    let external = house.store.grants().await.unwrap().remove(0).holder;
    let asked = Grant {
        challenge: Some(ChallengeKind::Http01),
        address: Some(HERE),
        ..grant("nas.local", external)
    };
    house.store.grant(&asked, By::Owner, now()).await.unwrap();
    let socket = tokio::net::TcpListener::bind((HERE, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let acme = serve(&house.store, &house.root).with_validator(Validator::at(port, port));
    for is_right in [false, true] {
        let order = client.order(&acme, &["nas.local"]).await;
        assert_eq!(order.json()["status"], "pending");
        let early = client
            .finalize(&acme, &order.json(), &csr(&["nas.local"]).0)
            .await;
        assert_eq!(early.problem(), (403, "orderNotReady".to_owned()));
        let authorization = order.json()["authorizations"][0]
            .as_str()
            .unwrap()
            .to_owned();
        let challenge = client.get(&acme, &authorization).await.json()["challenges"][0].clone();
        assert_eq!(challenge["type"], "http-01");
        let token = challenge["token"].as_str().unwrap();
        let key: crate::jws::Jwk = serde_json::from_value(client.jwk()).unwrap();
        let proof = match is_right {
            true => format!("{token}.{}", key.thumbprint()),
            false => format!("{token}.somebody"),
        };
        let answering = answer_once(&socket, token, &proof);
        let looking = client.post(&acme, challenge["url"].as_str().unwrap(), "{}");
        let (heard, ()) = tokio::join!(looking, answering);
        let expected = if is_right { "valid" } else { "invalid" };
        assert_eq!(heard.json()["status"], expected, "{heard:?}");
        let order = client.get(&acme, &order.header("location")).await.json();
        let expected = if is_right { "ready" } else { "invalid" };
        assert_eq!(order["status"], expected);
        if is_right {
            let heard = client.finalize(&acme, &order, &csr(&["nas.local"]).0).await;
            assert_eq!(heard.status, 200);
        }
    }
}

/// A server that shows one proof, once.
async fn answer_once(socket: &tokio::net::TcpListener, token: &str, proof: &str) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut stream, _) = socket.accept().await.unwrap();
    let mut request = vec![0; 1024];
    let length = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8(request[..length].to_vec()).unwrap();
    let wanted = format!("GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nhost: nas.local");
    assert!(request.starts_with(&wanted), "{request}");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{proof}\n",
        proof.len() + 1
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn two_referees_on_one_database_are_one_to_their_clients() {
    let postgres = Postgres::start();
    let [one, other] = [
        Store::open(postgres.address()).await.unwrap(),
        Store::open(postgres.address()).await.unwrap(),
    ];
    let root = Root::make().unwrap();
    let acmes = [serve(&one, &root), serve(&other, &root)];
    let external = one.make_external_key(now()).await.unwrap();
    let holder = Holder::ExternalKey(external.id.clone());
    one.grant(&grant("nas.local", holder), By::Owner, now())
        .await
        .unwrap();
    let mut client = Client::new();
    client.join(&acmes[0], Some(&external)).await;
    for round in 0..4 {
        let order = client.order(&acmes[round % 2], &["nas.local"]).await.json();
        let requests = [csr(&["nas.local"]).0, csr(&["nas.local"]).0];
        let (first, second) = tokio::join!(
            client.finalize(&acmes[0], &order, &requests[0]),
            client.finalize(&acmes[1], &order, &requests[1])
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "one of them, never both");
        assert_eq!(one.certificates(now()).await.unwrap().len(), round + 1);
    }
    // A nonce of the one is good at the other, and then at neither.
    let header = client.header(&acmes[0], &client.account).await;
    let path = client.account.strip_prefix(BASE).unwrap();
    let signed = client.sign(&header, "").to_string();
    assert_eq!(
        client::post(&acmes[1], path, signed.clone()).await.status,
        200
    );
    let replayed = client::post(&acmes[0], path, signed).await;
    assert_eq!(replayed.problem(), (400, "badNonce".to_owned()));
}
