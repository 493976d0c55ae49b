//! What RFC 8555 asks of every request, and what every answer has.

use http::Request;
use http_body_util::Full;
use serde_json::json;

use super::client::{Client, ask, encode, get, head, post};
use super::*;
use crate::jws::MAX_OCTETS;
use crate::limits::Rate;

#[tokio::test]
async fn the_directory_and_nonces_are_as_clients_expect() {
    let house = House::new().await;
    let directory = get(&house.acme, "/acme/directory").await;
    let told = directory.json();
    for member in [
        "newNonce",
        "newAccount",
        "newOrder",
        "newAuthz",
        "revokeCert",
        "keyChange",
        "renewalInfo",
    ] {
        assert!(told[member].as_str().unwrap().starts_with(BASE), "{member}");
    }
    assert_eq!(told["meta"]["externalAccountRequired"], true);
    assert!(directory.header("link").contains("rel=\"index\""));
    let (by_head, by_get) = (
        head(&house.acme, "/acme/new-nonce").await,
        get(&house.acme, "/acme/new-nonce").await,
    );
    assert_eq!((by_head.status, by_get.status), (200, 204));
    assert_ne!(
        by_head.header("replay-nonce"),
        by_get.header("replay-nonce")
    );
    assert_eq!(by_head.header("cache-control"), "no-store");
}

#[tokio::test]
async fn nothing_but_signed_requests_is_taken_where_they_are_due() {
    let house = House::new().await;
    let client = house.client(&[]).await;
    let path = client.account.strip_prefix(BASE).unwrap();
    let heard = get(&house.acme, path).await;
    assert_eq!(
        (heard.status, heard.header("allow")),
        (405, "POST".to_owned())
    );
    let header = client.header(&house.acme, &client.account).await;
    let signed = client.sign(&header, "").to_string();
    for kind in [
        "application/json",
        "application/jose",
        "application/jose+json; charset=utf-8",
    ] {
        let request = Request::post(path).header("content-type", kind);
        let heard = ask(
            &house.acme,
            request.body(Full::from(signed.clone())).unwrap(),
        )
        .await;
        assert_eq!(heard.status, 415, "{kind}");
    }
    let large = "x".repeat(MAX_OCTETS + 1);
    assert_eq!(post(&house.acme, path, large).await.status, 413);
    for body in ["", "{}", "null", "[]"] {
        let heard = post(&house.acme, path, body.to_owned()).await;
        assert_eq!(heard.problem(), (400, "malformed".to_owned()));
        assert!(!heard.header("replay-nonce").is_empty(), "to go on with");
    }
    // Nothing of this has used up the nonce.
    assert_eq!(post(&house.acme, path, signed).await.status, 200);
    for path in [
        "/",
        "/acme",
        "/acme/",
        "/acme/directory/",
        "/acme/account/x/y",
        "/acme/order/1/2/3",
    ] {
        assert_eq!(get(&house.acme, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_nonce_is_good_once_and_has_to_be_one_of_ours() {
    let house = House::new().await;
    let client = house.client(&[]).await;
    let path = client.account.strip_prefix(BASE).unwrap();
    let mut header = client.header(&house.acme, &client.account).await;
    let signed = client.sign(&header, "").to_string();
    assert_eq!(post(&house.acme, path, signed.clone()).await.status, 200);
    let bad = (400, "badNonce".to_owned());
    let replayed = post(&house.acme, path, signed).await;
    assert_eq!(replayed.problem(), bad);
    header["nonce"] = json!(replayed.header("replay-nonce"));
    let fresh = client.sign(&header, "").to_string();
    assert_eq!(post(&house.acme, path, fresh).await.status, 200);
    header["nonce"] = json!(encode([7; 16]));
    let made_up = client.sign(&header, "").to_string();
    assert_eq!(post(&house.acme, path, made_up).await.problem(), bad);
    header.as_object_mut().unwrap().remove("nonce");
    let none = client.sign(&header, "").to_string();
    assert_eq!(post(&house.acme, path, none).await.problem(), bad);
}

#[tokio::test]
async fn a_request_is_by_the_account_and_for_the_address_that_it_says() {
    let house = House::new().await;
    let (ada, eve) = (house.client(&[]).await, house.client(&[]).await);
    let path = ada.account.strip_prefix(BASE).unwrap();
    // Eve's signature under Ada's account.
    let header = ada.header(&house.acme, &ada.account).await;
    let heard = post(&house.acme, path, eve.sign(&header, "").to_string()).await;
    assert_eq!(heard.problem(), (400, "malformed".to_owned()));
    // Ada's own, for another address.
    let header = ada
        .header(&house.acme, &format!("{BASE}/acme/new-order"))
        .await;
    let heard = post(&house.acme, path, ada.sign(&header, "").to_string()).await;
    assert_eq!(heard.problem(), (403, "unauthorized".to_owned()));
    // A key where an account is due, and an account where a key is.
    let mut header = ada.header(&house.acme, &ada.account).await;
    header.as_object_mut().unwrap().remove("kid");
    header["jwk"] = ada.jwk();
    let heard = post(&house.acme, path, ada.sign(&header, "").to_string()).await;
    assert_eq!(heard.problem(), (400, "malformed".to_owned()));
    let heard = ada.post(&house.acme, "/acme/new-account", "{}").await;
    assert_eq!(heard.problem(), (400, "malformed".to_owned()));
    // An account that there is not.
    let nobody = Client {
        account: format!("{BASE}/acme/account/nobody"),
        ..Client::new()
    };
    let heard = nobody.order(&house.acme, &["nas.local"]).await;
    assert_eq!(heard.problem(), (400, "accountDoesNotExist".to_owned()));
    // An algorithm that is not taken is told what is.
    let mut header = ada.header(&house.acme, &ada.account).await;
    header["alg"] = json!("ES512");
    let heard = post(&house.acme, path, ada.sign(&header, "").to_string()).await;
    assert_eq!(heard.problem(), (400, "badSignatureAlgorithm".to_owned()));
    assert_eq!(heard.json()["algorithms"][0], "ES256");
}

#[tokio::test]
async fn accounts_are_found_changed_and_ended() {
    let house = House::new().await;
    let mut client = house.client(&["nas.local"]).await;
    let own = client.account.clone();
    let changed = client
        .post(
            &house.acme,
            &own,
            r#"{"contact":["mailto:bob@home.local"]}"#,
        )
        .await;
    assert_eq!(changed.json()["contact"], json!(["mailto:bob@home.local"]));
    for contact in ["tel:1", "mailto:a,b@c", "mailto:a@b?subject=x", "a@b"] {
        let payload = json!({"contact": [contact]}).to_string();
        let heard = client.post(&house.acme, &own, &payload).await;
        assert_eq!(
            heard.problem(),
            (400, "unsupportedContact".to_owned()),
            "{contact}"
        );
    }
    client.account = String::new();
    let existing = r#"{"onlyReturnExisting":true}"#;
    let found = client
        .post(&house.acme, "/acme/new-account", existing)
        .await;
    assert_eq!((found.status, found.header("location")), (200, own.clone()));
    let stranger = Client::new();
    let heard = stranger
        .post(&house.acme, "/acme/new-account", existing)
        .await;
    assert_eq!(heard.problem(), (400, "accountDoesNotExist".to_owned()));
    client.account = own.clone();
    let order = client.order(&house.acme, &["nas.local"]).await;
    let ended = client
        .post(&house.acme, &own, r#"{"status":"deactivated"}"#)
        .await;
    assert_eq!(ended.json()["status"], "deactivated");
    let heard = client.get(&house.acme, &order.header("location")).await;
    assert_eq!(heard.problem(), (401, "unauthorized".to_owned()));
    client.account = String::new();
    let heard = client.post(&house.acme, "/acme/new-account", "{}").await;
    assert_eq!(heard.problem(), (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn an_external_key_has_to_be_right_and_makes_one_account() {
    let house = House::new().await;
    let external = house.store.make_external_key(now()).await.unwrap();
    let other = house.store.make_external_key(now()).await.unwrap();
    let wrong = crate::store::ExternalKey {
        id: external.id.clone(),
        secret: other.secret,
    };
    let unauthorized = (403, "unauthorized".to_owned());
    let heard = Client::new().join(&house.acme, Some(&wrong)).await;
    assert_eq!(heard.problem(), unauthorized);
    let unknown = crate::store::ExternalKey {
        id: "nobody".to_owned(),
        secret: wrong.secret,
    };
    let heard = Client::new().join(&house.acme, Some(&unknown)).await;
    assert_eq!(heard.problem(), unauthorized);
    assert_eq!(
        Client::new()
            .join(&house.acme, Some(&external))
            .await
            .status,
        201
    );
    let heard = Client::new().join(&house.acme, Some(&external)).await;
    assert_eq!(heard.problem(), unauthorized);
}

#[tokio::test]
async fn an_authorization_is_had_before_and_given_up_after() {
    let house = House::new().await;
    let client = house.client(&["nas.local"]).await;
    let wanted = |name: &str| json!({"identifier": {"type": "dns", "value": name}}).to_string();
    let heard = client
        .post(&house.acme, "/acme/new-authz", &wanted("eve.local"))
        .await;
    assert_eq!(heard.problem(), (403, "rejectedIdentifier".to_owned()));
    let made = client
        .post(&house.acme, "/acme/new-authz", &wanted("nas.local"))
        .await;
    assert_eq!(
        (made.status, &made.json()["status"]),
        (201, &json!("valid"))
    );
    let at = made.header("location");
    let order = client.order(&house.acme, &["nas.local"]).await.json();
    assert_eq!(order["authorizations"], json!([at]));
    let ended = client
        .post(&house.acme, &at, r#"{"status":"deactivated"}"#)
        .await;
    assert_eq!(ended.json()["status"], "deactivated");
    let heard = client
        .finalize(&house.acme, &order, &client::csr(&["nas.local"]).0)
        .await;
    assert_eq!(heard.problem(), (403, "orderNotReady".to_owned()));
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_back() {
    let House {
        acme,
        store,
        root: _root,
        _folder,
    } = House::new().await;
    let slow = |burst| Rate {
        burst,
        each: Duration::from_secs(3600),
    };
    let acme = acme.with_limits(Arc::new(Limits::new(slow(40), slow(40), slow(2))));
    let external = store.make_external_key(now()).await.unwrap();
    let mut client = Client::new();
    client.join(&acme, Some(&external)).await;
    for _ in 0..2 {
        assert_eq!(client.order(&acme, &["nas.local"]).await.status, 403);
    }
    let heard = client.order(&acme, &["nas.local"]).await;
    assert_eq!(heard.problem(), (429, "rateLimited".to_owned()));
    let wait: u64 = heard.header("retry-after").parse().unwrap();
    assert!((3000..=3601).contains(&wait), "{wait}");
    let mut last = 0;
    for _ in 0..40 {
        last = get(&acme, "/acme/directory").await.status;
    }
    assert_eq!(last, 429);
}
