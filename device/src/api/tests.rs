//! The API asked in memory, and what it leaves on the disk.

use data_encoding::BASE64;
use http_body_util::BodyExt;
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use settle_protocol::material::PairingMaterial;
use settle_protocol::name::Label;
use settle_protocol::pairing::client::code_id;
use settle_transport::succession::Link;
use tokio::sync::mpsc;

use super::*;
use crate::audit::{AuditEntry, AuditEvent, SignedHead, verify};
use crate::event::Event;
use crate::identity::{Identity, Rolled};
use crate::register::Contents;
use crate::state::StateDir;

struct Fixture {
    _temp: tempfile::TempDir,
    dir: Arc<StateDir>,
    api: Api,
    _events: mpsc::Receiver<Event>,
}

fn key(name: &str) -> KeyFingerprint {
    KeyFingerprint::of_spki(name.as_bytes())
}

fn asker(name: &str, role: &str) -> Asker {
    Asker {
        by: By::Client(key(name)),
        role: role.parse().unwrap(),
    }
}

fn ada() -> Asker {
    asker("ada", "admin")
}

impl Fixture {
    /// A device with the administrator Ada and the guest Bob.
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(StateDir::open(temp.path()).unwrap());
        let label = Label::parse("printer").unwrap();
        let identity = Identity::make(&dir, &label).unwrap();
        let contents = Contents::make(&dir).unwrap();
        let (sender, events) = mpsc::channel(8);
        let api = Api {
            identity: Held::new(identity),
            register: Arc::new(Register::new(Arc::clone(&dir), contents)),
            policy: Arc::new("roles = ['operator']\notherwise = 'guest'".parse().unwrap()),
            authority: None,
            notices: Notices(sender),
            port: 8443,
            listener: Some("127.0.0.1:8443".parse().unwrap()),
            since: 7,
        };
        let fixture = Self {
            _temp: temp,
            dir,
            api,
            _events: events,
        };
        for (name, role) in [("ada", Role::Admin), ("bob", Role::Guest)] {
            let now = steady_now();
            fixture.api.register.make_code(now).await.unwrap();
            let (secret, _) = fixture.api.register.code(now).unwrap();
            fixture.pair(name, role, code_id(&secret)).await.unwrap();
        }
        fixture
    }

    async fn pair(
        &self,
        name: &str,
        role: Role,
        code: [u8; 8],
    ) -> Result<(), crate::RegisterError> {
        let register = &self.api.register;
        let client = Client {
            key: key(name),
            label: name.to_owned(),
            role,
            paired_at: steady_now(),
        };
        let awaited = register.await_client(client.key);
        register.record(code, client, awaited).await
    }

    async fn ask(&self, by: Asker, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{RESERVED}{path}"))
            .header("host", "printer.local")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        self.send(by, request).await
    }

    async fn send(&self, by: Asker, request: Request<Full<Bytes>>) -> (u16, Value) {
        let answer = self.api.answer(request, by).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let told = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).unwrap(),
        };
        (status, told)
    }

    /// The word of the problem that a request ends in.
    async fn problem(&self, by: Asker, method: &str, path: &str, body: &str) -> String {
        let (status, told) = self.ask(by, method, path, body).await;
        assert_eq!(told["status"], status, "{told}");
        let word = told["type"].as_str().unwrap();
        word.strip_prefix("urn:settle:problem:").unwrap().to_owned()
    }

    fn roles(&self) -> Vec<(String, String)> {
        let stored = Contents::load(&self.dir).unwrap().unwrap();
        let register = Register::new(Arc::clone(&self.dir), stored);
        let clients = register.clients().into_iter();
        clients
            .map(|client| (client.label, client.role.to_string()))
            .collect()
    }
}

fn client(name: &str) -> String {
    format!("clients/{}", key(name))
}

#[tokio::test]
async fn everybody_may_ask_who_they_are_and_whom_they_trust() {
    let fixture = Fixture::new().await;
    let bob = asker("bob", "guest");
    let (status, role) = fixture.ask(bob.clone(), "GET", "role", "").await;
    assert_eq!((status, &role["role"]), (200, &json!("guest")));
    assert_eq!(role["client"], key("bob").to_hex());
    let (_, anchor) = fixture.ask(bob, "GET", "anchor", "").await;
    let root = BASE64.decode(anchor["root"].as_str().unwrap().as_bytes());
    assert_eq!(root.unwrap(), fixture.api.identity.get().root().to_vec());
    assert_eq!(anchor["rollover"], json!([]));
}

#[tokio::test]
async fn the_rest_is_for_administrators() {
    let fixture = Fixture::new().await;
    for (method, path) in [
        ("GET", "clients"),
        ("GET", "status"),
        ("GET", "window"),
        ("GET", "audit"),
        ("PUT", "window"),
        ("POST", "codes"),
        ("PUT", &client("bob")),
        ("DELETE", &client("ada")),
    ] {
        for role in ["guest", "operator"] {
            let problem = fixture.problem(asker("bob", role), method, path, "{}");
            assert_eq!(problem.await, "admins-only", "{method} {path}");
        }
    }
    assert_eq!(fixture.roles().len(), 2);
}

#[tokio::test]
async fn what_is_there_is_asked_by_its_method_and_nothing_else_is_there() {
    let fixture = Fixture::new().await;
    for (method, path, problem) in [
        ("GET", "", "not-found"),
        ("GET", "Role", "not-found"),
        ("GET", "role/", "not-found"),
        ("GET", "clients/", "not-found"),
        ("GET", "clients/00", "not-found"),
        ("POST", "role", "method-not-allowed"),
        ("HEAD", "clients", "method-not-allowed"),
        ("OPTIONS", "codes", "method-not-allowed"),
        ("POST", "window", "method-not-allowed"),
        ("GET", "audit?limit=x", "malformed"),
        (
            "DELETE",
            "clients/0000000000000000000000000000000000000000000000000000000000000000",
            "unknown-client",
        ),
    ] {
        let found = fixture.problem(ada(), method, path, "").await;
        assert_eq!(found, problem, "{method} {path}");
    }
}

#[tokio::test]
async fn every_administrator_is_on_the_list() {
    let fixture = Fixture::new().await;
    let (_, made) = fixture
        .ask(
            ada(),
            "POST",
            "codes",
            r#"{"lifetime":"one_time","role":"admin"}"#,
        )
        .await;
    let code = PairingMaterial::parse(made["code"].as_str().unwrap()).unwrap();
    fixture
        .pair("eve", Role::Admin, code_id(&code.secret))
        .await
        .unwrap();
    let (_, told) = fixture.ask(ada(), "GET", "clients", "").await;
    let listed = told["clients"].as_array().unwrap();
    let admins = listed.iter().filter(|client| client["role"] == "admin");
    let mut admins: Vec<_> = admins
        .map(|client| client["label"].as_str().unwrap())
        .collect();
    admins.sort_unstable();
    assert_eq!(admins, ["ada", "eve"]);
    // Whoever the device takes for an administrator is one of these.
    for name in ["ada", "bob", "eve", "mallory"] {
        let is_admin = fixture.api.register.role_of(&key(name)) == Some(Role::Admin);
        assert_eq!(is_admin, admins.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn who_stops_being_administrator_in_that_moment_changes_nothing_more() {
    let fixture = Fixture::new().await;
    // Both were taken for administrators when they came: one is a guest by now, one is nobody.
    for name in ["bob", "mallory"] {
        for (method, path, body) in [
            ("DELETE", client("ada"), "{}"),
            ("PUT", client("bob"), r#"{"role":"admin"}"#),
            (
                "POST",
                "codes".to_owned(),
                r#"{"lifetime":"one_time","role":"admin"}"#,
            ),
            ("PUT", "window".to_owned(), r#"{"open":true}"#),
        ] {
            let late = asker(name, "admin");
            let problem = fixture.problem(late, method, &path, body).await;
            assert_eq!(problem, "admins-only", "{method} {path}");
        }
    }
    let roles = fixture.roles().into_iter().map(|(_, role)| role);
    assert_eq!(roles.collect::<Vec<_>>(), ["admin", "guest"]);
}

#[tokio::test]
async fn roles_are_changed_and_clients_are_taken_off() {
    let fixture = Fixture::new().await;
    let cut = fixture.api.register.cut_of(&key("bob")).unwrap();
    let (status, told) = fixture
        .ask(ada(), "PUT", &client("bob"), r#"{"role":"operator"}"#)
        .await;
    assert_eq!((status, &told["role"]), (200, &json!("operator")));
    assert!(
        cut.is_cancelled(),
        "what it opened with another role has ended"
    );
    let unknown = r#"{"role":"owner"}"#;
    let wrong = fixture.problem(ada(), "PUT", &client("bob"), unknown).await;
    assert_eq!(wrong, "unknown-role");
    assert_eq!(fixture.roles()[1].1, "operator");
    let (status, _) = fixture.ask(ada(), "DELETE", &client("bob"), "").await;
    assert_eq!(status, 204);
    assert_eq!(fixture.roles().len(), 1);
}

#[tokio::test]
async fn the_last_administrator_stays_unless_it_is_meant() {
    let fixture = Fixture::new().await;
    for (method, body) in [("DELETE", "{}"), ("PUT", r#"{"role":"guest"}"#)] {
        let problem = fixture.problem(ada(), method, &client("ada"), body).await;
        assert_eq!(problem, "last-admin");
    }
    assert_eq!(fixture.roles()[0].1, "admin");
    let (status, _) = fixture
        .ask(ada(), "PUT", &client("bob"), r#"{"role":"admin"}"#)
        .await;
    assert_eq!(status, 200);
    let (status, _) = fixture
        .ask(ada(), "PUT", &client("ada"), r#"{"role":"guest"}"#)
        .await;
    assert_eq!(status, 200);
    let meant = r#"{"leave_without_admin":true}"#;
    let (status, _) = fixture
        .ask(asker("bob", "admin"), "DELETE", &client("bob"), meant)
        .await;
    assert_eq!(status, 204);
    assert_eq!(fixture.roles(), [("ada".to_owned(), "guest".to_owned())]);
}

#[tokio::test]
async fn a_code_gives_its_role_once_and_dies_with_who_made_it() {
    let fixture = Fixture::new().await;
    let register = &fixture.api.register;
    let make = |role: &str| format!(r#"{{"lifetime":"one_time","role":"{role}"}}"#);
    let (status, made) = fixture.ask(ada(), "POST", "codes", &make("operator")).await;
    assert_eq!((status, &made["role"]), (201, &json!("operator")));
    let material = PairingMaterial::parse(made["code"].as_str().unwrap()).unwrap();
    assert_eq!(material.addresses, ["127.0.0.1:8443".parse().unwrap()]);
    let id = code_id(&material.secret);
    assert_eq!(register.role_for(&key("eve"), id).word(), "operator");
    // Neither on the screen nor more than it says.
    assert!(register.code(steady_now()).is_none());
    let more = fixture.pair("eve", Role::Admin, id).await;
    assert!(matches!(more, Err(crate::RegisterError::RoleTaken)));
    fixture
        .pair("eve", "operator".parse().unwrap(), id)
        .await
        .unwrap();
    assert!(fixture.pair("mallory", Role::Guest, id).await.is_err());

    let (_, made) = fixture.ask(ada(), "POST", "codes", &make("admin")).await;
    let material = PairingMaterial::parse(made["code"].as_str().unwrap()).unwrap();
    register
        .set_role(key("bob"), Role::Admin, By::Owner, false)
        .await
        .unwrap();
    register.revoke(key("ada"), By::Owner, false).await.unwrap();
    let late = register.admission(code_id(&material.secret), steady_now());
    assert!(matches!(late, Err(crate::RegisterError::Spent)));

    let printed = fixture
        .problem(ada(), "POST", "codes", r#"{"lifetime":"printed"}"#)
        .await;
    assert_eq!(printed, "owner-only");
}

#[tokio::test]
async fn only_so_many_codes_are_handed_on_at_a_time() {
    let fixture = Fixture::new().await;
    let wanted = r#"{"lifetime":"one_time","role":"guest"}"#;
    for _ in 0..8 {
        assert_eq!(fixture.ask(ada(), "POST", "codes", wanted).await.0, 201);
    }
    let problem = fixture.problem(ada(), "POST", "codes", wanted).await;
    assert_eq!(problem, "many-codes");
}

#[tokio::test]
async fn a_window_is_opened_and_closed() {
    let fixture = Fixture::new().await;
    let (_, told) = fixture
        .ask(ada(), "PUT", "window", r#"{"open":true,"seconds":60}"#)
        .await;
    assert_eq!(told["open"], true);
    assert!(told["until"].as_u64().unwrap() <= steady_now() + 60);
    let (_, told) = fixture
        .ask(ada(), "PUT", "window", r#"{"open":false}"#)
        .await;
    assert_eq!(told, json!({"open": false, "until": null}));
    for body in [
        r#"{"open":true,"seconds":0}"#,
        r#"{"open":true,"seconds":86400}"#,
        "{}",
    ] {
        let problem = fixture.problem(ada(), "PUT", "window", body).await;
        assert_eq!(problem, "malformed", "{body}");
    }
}

#[tokio::test]
async fn what_changes_something_is_json_of_a_bounded_size_from_no_other_page() {
    let fixture = Fixture::new().await;
    let long = format!("{{{}}}", " ".repeat(5000));
    for (field, value, body, problem) in [
        ("content-type", "text/plain", "{}", "not-json"),
        (
            "content-type",
            "application/x-www-form-urlencoded",
            "{}",
            "not-json",
        ),
        ("content-type", "application/json", "{", "malformed"),
        (
            "content-type",
            "application/json",
            r#"{"role":"guest","also":1}"#,
            "malformed",
        ),
        (
            "content-type",
            "application/json",
            r#"{"lifetime":"one_time","role":"guest","also":1}"#,
            "malformed",
        ),
        (
            "content-type",
            "application/json; charset=utf-8",
            long.as_str(),
            "too-large",
        ),
        ("sec-fetch-site", "cross-site", "{}", "foreign-origin"),
        ("sec-fetch-site", "same-site", "{}", "foreign-origin"),
        ("origin", "https://nas.local", "{}", "foreign-origin"),
        ("origin", "null", "{}", "foreign-origin"),
    ] {
        for (method, path) in [
            ("POST", "codes".to_owned()),
            ("PUT", client("bob")),
            ("DELETE", client("bob")),
        ] {
            if body.contains("lifetime") && method != "POST" {
                continue;
            }
            let mut request = Request::builder()
                .method(method)
                .uri(format!("{RESERVED}{path}"))
                .header("host", "printer.local")
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(body.to_owned())))
                .unwrap();
            request.headers_mut().insert(field, value.parse().unwrap());
            let (_, told) = fixture.send(ada(), request).await;
            assert_eq!(
                told["type"],
                format!("urn:settle:problem:{problem}"),
                "{method} {body}"
            );
        }
    }
    assert_eq!(fixture.roles()[1].1, "guest");
}

#[tokio::test]
async fn a_referee_tells_every_client_its_authority() {
    let mut fixture = Fixture::new().await;
    let problem = fixture.problem(ada(), "GET", "authority", "").await;
    assert_eq!(problem, "not-found");
    let half = |text: &str| CertificateDer::from(text.as_bytes().to_vec());
    fixture.api.authority = Some(Arc::new(Authority {
        root: half("root"),
        links: vec![Link {
            new_with_old: half("new"),
            old_with_new: half("old"),
        }],
    }));
    let bob = asker("bob", "guest");
    let (status, told) = fixture.ask(bob, "GET", "authority", "").await;
    let link =
        json!({"new_with_old": BASE64.encode(b"new"), "old_with_new": BASE64.encode(b"old")});
    let expected = json!({"root": BASE64.encode(b"root"), "rollover": [link]});
    assert_eq!((status, told), (200, expected));
    let problem = fixture.problem(ada(), "POST", "authority", "{}").await;
    assert_eq!(problem, "method-not-allowed");
}

#[tokio::test]
async fn the_log_is_read_in_pages_and_verifies() {
    let fixture = Fixture::new().await;
    fixture
        .api
        .register
        .tally
        .denied(key("bob"), "GET", "/secret");
    for seconds in 1..=60 {
        let body = format!(r#"{{"open":true,"seconds":{seconds}}}"#);
        fixture.ask(ada(), "PUT", "window", &body).await;
    }
    let mut entries: Vec<AuditEntry> = Vec::new();
    let (mut head, mut before) = (None, String::new());
    loop {
        let (_, page) = fixture
            .ask(ada(), "GET", &format!("audit?limit=25{before}"), "")
            .await;
        let signed: SignedHead = serde_json::from_value(page["head"].clone()).unwrap();
        head.get_or_insert(signed);
        let more: Vec<AuditEntry> = serde_json::from_value(page["entries"].clone()).unwrap();
        entries.extend(more);
        match page["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    entries.reverse();
    let identity = fixture.api.identity.get();
    let root = identity.root();
    assert_eq!(verify(root, &head.unwrap(), &entries), Ok(()));
    assert_eq!(entries.len(), 63);
    assert!(matches!(entries[0].event, AuditEvent::Paired { .. }));
    assert_eq!(entries[10].by, By::Client(key("ada")));
    assert!(matches!(
        &entries[62].event,
        AuditEvent::RequestsDenied { count: 1, last, .. } if last == "GET /secret"
    ));
}

#[tokio::test]
async fn an_administrator_rolls_the_device_over_once_for_each_request() {
    let fixture = Fixture::new().await;
    let (_, before) = fixture.ask(ada(), "GET", "anchor", "").await;
    let asked = json!({"replaces": before["fingerprint"]}).to_string();
    let bob = asker("bob", "guest");
    assert_eq!(
        fixture
            .problem(bob.clone(), "POST", "rollover", &asked)
            .await,
        "admins-only"
    );
    // One who was an administrator when the connection was opened.
    let former = asker("bob", "admin");
    assert_eq!(
        fixture.problem(former, "POST", "rollover", &asked).await,
        "admins-only"
    );
    let (status, after) = fixture.ask(ada(), "POST", "rollover", &asked).await;
    assert_eq!(status, 200);
    assert_ne!(after["fingerprint"], before["fingerprint"]);
    assert_eq!(after["unique_name"], before["unique_name"]);
    // The answer was lost, and the request is sent again.
    assert_eq!(
        fixture.problem(ada(), "POST", "rollover", &asked).await,
        "other-root"
    );
    // Every client can read how the new root follows from the one that it trusts.
    let (_, told) = fixture.ask(bob, "GET", "anchor", "").await;
    assert_eq!(told, after);
    let [link] = told["rollover"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    let key_in = |half: &str| {
        let der = BASE64.decode(link[half].as_str().unwrap().as_bytes());
        json!(settle_transport::certificate::fingerprint(&der.unwrap()))
    };
    assert_eq!(key_in("old_with_new"), before["fingerprint"]);
    assert_eq!(key_in("new_with_old"), after["fingerprint"]);
    let (_, log) = fixture.ask(ada(), "GET", "audit", "").await;
    let newest = &log["entries"][0];
    assert_eq!(newest["event"], "rolled_over");
    assert_eq!(newest["by"], json!(key("ada")));
    assert_eq!(newest["was"], before["fingerprint"]);
    assert_eq!(newest["fingerprint"], after["fingerprint"]);
    assert_eq!(log["head"]["device"], after["fingerprint"]);
}

#[tokio::test]
async fn a_device_rolls_over_as_often_as_hosts_follow_and_no_more() {
    let fixture = Fixture::new().await;
    let owner = || Asker {
        by: By::Owner,
        role: Role::Admin,
    };
    let asked = || json!({"replaces": fixture.api.identity.get().fingerprint()}).to_string();
    for _ in 0..settle_transport::succession::MAX_LINKS {
        let (status, _) = fixture.ask(owner(), "POST", "rollover", &asked()).await;
        assert_eq!(status, 200);
    }
    assert_eq!(
        fixture.problem(owner(), "POST", "rollover", &asked()).await,
        "many-rollovers"
    );
}

#[tokio::test]
async fn a_rollover_that_the_log_missed_is_told_once() {
    let fixture = Fixture::new().await;
    // The power went between the two files.
    let next = fixture.api.identity.get();
    let next = next.rolled_over(By::Owner).unwrap();
    next.supersede(&fixture.dir).unwrap();
    let (was, fingerprint) = next.rollovers().first().and_then(Rolled::keys).unwrap();
    for _ in 0..2 {
        let mut contents = Contents::load(&fixture.dir).unwrap().unwrap();
        contents.tell_rollovers(&next);
        contents.store(&fixture.dir).unwrap();
        let register = Arc::new(Register::new(Arc::clone(&fixture.dir), contents));
        let (_, entries) = register.log(fingerprint).await.unwrap();
        let told = entries.iter().filter(|entry| {
            let event = AuditEvent::RolledOver { was, fingerprint };
            entry.event == event && entry.by == By::Owner
        });
        assert_eq!(told.count(), 1);
    }
}
