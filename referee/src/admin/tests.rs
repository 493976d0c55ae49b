//! Who sees and changes what, request by request; a device and a browser are in `tests/`.

use std::time::SystemTime;

use http::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use settle_protocol::name::LocalName;
use tempfile::TempDir;

use super::*;
use crate::authority::Root;
use crate::store::{AuditEvent, AuditLine};

const OWN: &str = "https://referee.local";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

struct House {
    admin: Admin,
    ada: Asker,
    _folder: TempDir,
}

/// An answer, read.
#[derive(Debug)]
struct Read {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Read {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("referee.db");
        let root = Root::make().unwrap();
        let (issuer, _) = root.intermediate(SystemTime::now(), None).unwrap();
        let (store, issuer) = (Store::file(&file).await.unwrap(), Arc::new(issuer));
        let metrics = Arc::new(Metrics::new(store.clone(), Arc::clone(&issuer)));
        let authority = AuthorityTold::of(issuer.root(), &[], Some(&issuer)).unwrap();
        let directory = "https://referee.local:14000/acme/directory";
        Self {
            admin: Admin {
                name: LocalName::parse("referee.local").unwrap(),
                store,
                issuer,
                authority,
                directory: Directory::parse(directory).unwrap(),
                metrics,
                clients: OnceLock::new(),
            },
            ada: Asker::Admin(KeyFingerprint::of_spki(b"ada")),
            _folder: folder,
        }
    }

    async fn send(&self, asker: Asker, request: http::request::Builder, body: &str) -> Read {
        let request = request.header(HOST, "referee.local");
        let request = request.body(Full::from(body.to_owned())).unwrap();
        let (head, body) = self.admin.answer(request, asker).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Read {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, asker: Asker, path: &str) -> Read {
        self.send(asker, Request::get(path), "").await
    }

    /// As the page's own form does.
    async fn form(&self, asker: Asker, path: &str, body: &str) -> Read {
        let request = Request::post(path).header(ORIGIN, OWN);
        self.send(asker, request.header(CONTENT_TYPE, FORM), body)
            .await
    }

    /// As a program does.
    async fn call(&self, asker: Asker, method: &str, path: &str, body: &Value) -> Read {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(CONTENT_TYPE, JSON);
        self.send(asker, request, &body.to_string()).await
    }
}

const PAGES: [&str; 5] = ["/", "/names", "/accounts", "/certificates", "/log"];
const CHANGES: [(&str, &str); 4] = [
    ("/names", "names=nas.local"),
    ("/names/withdraw", "name=nas.local"),
    ("/accounts/end", "account=x"),
    ("/certificates/revoke", "serial=x&reason=0"),
];

#[tokio::test]
async fn whoever_is_no_administrator_sees_what_the_authority_is_and_changes_nothing() {
    let house = House::new().await;
    let granted = house.form(house.ada, "/names", "names=tv.local").await;
    assert_eq!(granted.status, 200);
    let fingerprint = house.admin.authority.fingerprint.to_hex();
    for path in ["/", "/authority", "/root.pem", "/api/authority"] {
        let shown = house.get(Asker::Other, path).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(!shown.body.contains("tv.local"), "{path}");
        assert!(!shown.body.contains("<form"), "{path}");
        assert!(!shown.body.contains("acme/directory"), "{path}");
        let is_told = shown.body.contains(&fingerprint);
        assert_eq!(is_told, path != "/root.pem", "{path}");
    }
    assert_eq!(house.get(Asker::Other, "/metrics").await.status, 403);
    for path in &PAGES[1..] {
        assert_eq!(house.get(Asker::Other, path).await.status, 403, "{path}");
    }
    for path in ["names", "accounts", "certificates", "audit", "nothing"] {
        let refused = house.get(Asker::Other, &format!("/api/{path}")).await;
        assert_eq!(refused.status, 403, "{path}");
        let kind = &refused.json()["type"];
        assert_eq!(kind, "urn:settle:problem:admins-only");
    }
    for (path, body) in CHANGES {
        let refused = house.form(Asker::Other, path, body).await;
        assert_eq!(refused.status, 403, "{path}");
    }
    let names = json!({"names": ["nas.local"]});
    for (method, path) in [
        ("POST", "/api/names"),
        ("DELETE", "/api/names/tv.local"),
        ("DELETE", "/api/accounts/x"),
        ("DELETE", "/api/certificates/x"),
    ] {
        let refused = house.call(Asker::Other, method, path, &names).await;
        assert_eq!(refused.status, 403, "{path}");
    }
    let left = house.get(house.ada, "/api/names").await.json();
    assert_eq!(left["names"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_is_changed_for_a_page_of_another_origin_or_by_a_link() {
    let house = House::new().await;
    for (path, body) in CHANGES {
        let post = || Request::post(path).header(CONTENT_TYPE, FORM);
        for foreign in [
            post().header(ORIGIN, "https://nas.local"),
            post().header(ORIGIN, "null"),
            post().header(ORIGIN, "http://referee.local"),
            post()
                .header(ORIGIN, OWN)
                .header("sec-fetch-site", "same-site"),
            post()
                .header(ORIGIN, OWN)
                .header("sec-fetch-site", "cross-site"),
            // Any page could have sent it.
            post(),
        ] {
            let refused = house.send(house.ada, foreign, body).await;
            assert_eq!(refused.status, 403, "{path}");
        }
        let linked = house.get(house.ada, &format!("{path}?{body}")).await;
        assert!(matches!(linked.status, 200 | 405), "{path}");
        let plain = Request::post(path).header(ORIGIN, OWN);
        let plain = plain.header(CONTENT_TYPE, "text/plain");
        assert_eq!(house.send(house.ada, plain, body).await.status, 415);
    }
    let foreign = Request::post("/api/names").header(CONTENT_TYPE, JSON);
    let foreign = foreign.header(ORIGIN, "https://nas.local");
    let refused = house.send(house.ada, foreign, r#"{"names":["nas.local"]}"#);
    assert_eq!(
        refused.await.json()["type"],
        "urn:settle:problem:foreign-origin"
    );
    assert!(house.admin.store.audit(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_changed_on_the_page_is_in_the_log_as_that_clients() {
    let house = House::new().await;
    let granted = house.form(house.ada, "/names", "names=nas.local+tv.local&est=");
    let granted = granted.await;
    assert_eq!(granted.status, 200);
    let [kid, _] = ["--eab-kid ", "--eab-hmac-key "].map(|option| {
        let (_, rest) = granted.body.split_once(option).unwrap();
        rest.split([' ', '\n']).next().unwrap().to_owned()
    });
    assert!(granted.body.contains("-d nas.local -d tv.local"));
    let taken = house.form(house.ada, "/names/withdraw", "name=TV.local");
    let taken = taken.await;
    assert_eq!(
        (taken.status, &taken.headers[LOCATION]),
        (303, &"/names".parse().unwrap())
    );
    let log = house.get(house.ada, "/api/audit").await.json();
    let Asker::Admin(ada) = house.ada else {
        panic!("she is");
    };
    let told = log["lines"].as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|line| ["event", "subject", "by"].map(|member| line[member].as_str().unwrap()))
        .collect();
    // Of one second, in no order.
    for line in [
        ["withdrawn", "tv.local"],
        ["granted", "tv.local"],
        ["granted", "nas.local"],
    ] {
        let [event, subject] = line;
        assert!(told.contains(&[event, subject, &ada.to_hex()]), "{told:?}");
    }
    assert_eq!(told.len(), 3);
    let page = house.get(house.ada, "/log").await;
    assert!(page.body.contains("by you"));
    let names = house.get(house.ada, "/api/names").await.json();
    assert_eq!(names["names"][0]["holder"], format!("external key {kid}"));
}

#[tokio::test]
async fn what_is_wrong_is_said_where_it_was_typed_and_changes_nothing() {
    let house = House::new().await;
    for (body, status) in [
        ("", 400),
        ("names=", 400),
        ("names=bank.example", 400),
        ("names=*.local", 400),
        ("names=nas.local&key=short", 400),
        ("names=nas.local&account=nobody", 404),
        ("names=nas.local&address=10.0.0.1", 400),
        ("names=nas.local&challenge=dns-01", 400),
        ("names=nas.local&est=yes&challenge=http-01", 400),
        ("names=nas.local&names=tv.local", 400),
        ("names=nas.local&surprise=1", 400),
    ] {
        let refused = house.form(house.ada, "/names", body).await;
        assert_eq!(refused.status, status, "{body}");
        assert!(refused.body.contains("role=\"alert\""), "{body}");
        assert!(refused.body.contains("<form"), "{body}");
        let is_kept = refused.body.contains("value=\"nas.local\"");
        assert_eq!(is_kept, body.starts_with("names=nas.local"), "{body}");
    }
    for (path, body, status) in [
        ("/names/withdraw", "name=nas.local", 404),
        ("/names/withdraw", "name=nas.local&name=tv.local", 400),
        ("/accounts/end", "account=nobody", 404),
        ("/certificates/revoke", "serial=00&reason=0", 404),
        ("/certificates/revoke", "serial=00&reason=11", 400),
        ("/certificates/revoke", "serial=00", 400),
    ] {
        let refused = house.form(house.ada, path, body).await;
        assert_eq!(refused.status, status, "{path} {body}");
    }
    let long = format!("names={}", "a".repeat(10_000));
    let large = house.form(house.ada, "/names", &long).await;
    assert_eq!(large.status, 413);
    assert!(house.admin.store.audit(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_api_does_what_the_page_does() {
    let house = House::new().await;
    let wanted = json!({"names": ["cam.local"], "est": true});
    let made = house.call(house.ada, "POST", "/api/names", &wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    let told = made.json();
    assert_eq!(told["est"], "https://referee.local:14000/.well-known/est");
    assert!(told["est_secret"].is_string() && told.get("eab_kid").is_none());
    for (method, path, body, status) in [
        ("DELETE", "/api/names/cam.local", json!({}), 204),
        ("DELETE", "/api/names/cam.local", json!({}), 404),
        ("DELETE", "/api/names/bank.example", json!({}), 400),
        ("DELETE", "/api/names/cam.local", json!({"x": 1}), 400),
        ("DELETE", "/api/certificates/00", json!({"reason": 1}), 404),
        ("DELETE", "/api/accounts/x", json!({}), 404),
        ("POST", "/api/names", json!({"names": []}), 400),
        (
            "POST",
            "/api/names",
            json!({"names": ["a.local"], "x": 1}),
            400,
        ),
        ("PUT", "/api/names", json!({}), 405),
        ("GET", "/api/nothing", json!({}), 404),
        ("POST", "/api/authority", json!({}), 405),
    ] {
        let answer = house.call(house.ada, method, path, &body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}");
    }
    let silent = Request::delete("/api/names/cam.local");
    let refused = house.send(house.ada, silent, "{}").await;
    assert_eq!(refused.json()["type"], "urn:settle:problem:not-json");
}

#[tokio::test]
async fn what_servers_call_themselves_is_text_on_every_page() {
    let house = House::new().await;
    let evil = "<img src=x onerror=alert(1)>\"'";
    let line = AuditLine {
        at: 1,
        event: AuditEvent::Refused,
        account: evil.to_owned(),
        by: By::Server,
        subject: evil.to_owned(),
        detail: evil.to_owned(),
    };
    house.admin.store.note(&line).await.unwrap();
    let page = house.get(house.ada, "/log").await;
    assert!(page.body.contains("&lt;img src=x"), "{}", page.body);
    assert!(!page.body.contains("<img"));
    for path in PAGES {
        let page = house.get(house.ada, path).await;
        let policy = page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        for forbidden in ["<script", "<style ", " style=", "<img", "http:"] {
            assert!(!page.body.contains(forbidden), "{path} {forbidden}");
        }
    }
}

#[tokio::test]
async fn the_counters_tell_what_there_was_and_nobodys_name() {
    let house = House::new().await;
    drop(house.form(house.ada, "/names", "names=nas.local").await);
    house.admin.metrics.count("new-order", StatusCode::CREATED);
    house
        .admin
        .metrics
        .count("new-order", StatusCode::TOO_MANY_REQUESTS);
    let told = house.get(house.ada, "/metrics").await;
    assert_eq!(told.headers[CONTENT_TYPE], crate::metrics::TYPE);
    for line in [
        "settle_referee_names 1",
        "settle_referee_certificates_issued_total 0",
        "settle_referee_orders{state=\"ready\"} 0",
        "settle_referee_accounts{state=\"valid\"} 0",
        "settle_referee_requests_total{kind=\"new-order\",status=\"201\"} 1",
        "settle_referee_rate_limited_total 1",
    ] {
        assert!(told.body.lines().any(|told| told == line), "{}", told.body);
    }
    let left = "settle_referee_intermediate_days_left ";
    let left = told.body.lines().find_map(|told| told.strip_prefix(left));
    assert!(matches!(left, Some("89" | "90")), "{left:?}");
    let version = env!("CARGO_PKG_VERSION");
    let info = format!("settle_referee_info{{version=\"{version}\",database=\"sqlite\"}} 1");
    assert!(told.body.contains(&info), "{}", told.body);
    assert!(!told.body.contains("nas.local"));
    // Each is told what it is, before it is told (the format's own rule).
    for line in told.body.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let place = |text: &str| told.body.find(text).unwrap();
        assert!(place(&format!("# HELP {name} ")) < place(&format!("# TYPE {name} ")));
        assert!(place(&format!("# TYPE {name} ")) < place(line));
    }
}
