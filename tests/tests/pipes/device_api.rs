//! A device's own API as a browser's way leads to it, and the owner's commands beside it: what is
//! described is what is answered, and what was changed is in the log, whatever breaks off.

mod guests;
mod kills;
mod log;

use serde_json::{Value, json};
use settle_tests::curl::Http;
use settle_tests::openapi::Contract;
use settle_tests::{Connector, Curl, Device, Home, Keyring};

use super::{House, browser_of};

const API: &str = "https://printer.local/.well-known/settle";

/// Another computer in the house.
struct Other {
    connector: Connector,
    home: Home,
}

impl Other {
    fn paired_with(code: &str) -> Self {
        let home = Home::new(Keyring::Unlocked);
        let mut connector = Connector::start(&home);
        connector.pair(code);
        Self { connector, home }
    }

    fn curl(&mut self) -> Curl {
        super::curl_of(&self.home, &mut self.connector)
    }
}

/// What a question was answered with.
#[derive(Debug)]
struct Answer {
    status: u16,
    kind: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn problem(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

/// Asks as a page of the device does.
fn ask(curl: &Curl, http: Http, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let url = format!("{API}{path}");
    let body = body.map(Value::to_string);
    let mut arguments = vec![
        "--request",
        method,
        "--header",
        "Origin: https://printer.local",
        "--write-out",
        "\n%{http_code} %{content_type}",
    ];
    if let Some(body) = &body {
        arguments.extend(["--header", "Content-Type: application/json"]);
        arguments.extend(["--data-binary", body]);
    }
    arguments.push(&url);
    let text = curl.text(http, &arguments);
    let (body, end) = text.rsplit_once('\n').unwrap();
    let (status, kind) = end.split_once(' ').unwrap();
    Answer {
        status: status.parse().unwrap(),
        kind: kind.to_owned(),
        body: body.to_owned(),
    }
}

/// What the device's own command says as JSON.
fn command(home: &Home, device: &Device, arguments: &[&str]) -> Value {
    let mut command = home.command("settle-device");
    command.args(arguments).arg("--json");
    let output = command.arg("--state").arg(device.state()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_is_described_is_what_a_device_answers() {
    let mut house = House::paired();
    let curl = house.curl();
    for http in Http::ALL {
        let mut contract = Contract::of_the_device();
        let mut judged = |method: &str, path: &str, body: Option<Value>| {
            let answer = ask(&curl, http, method, path, body.as_ref());
            let Answer { status, kind, body } = &answer;
            contract.judge(method, path, *status, kind, body);
            answer
        };
        let own = judged("GET", "/role", None).json();
        assert_eq!(own["role"], "admin");
        assert_eq!(judged("GET", "/anchor", None).status, 200);
        assert_eq!(judged("GET", "/status", None).json()["running"], true);

        let code = json!({"lifetime": "one_time", "role": "guest"});
        let made = judged("POST", "/codes", Some(code));
        assert_eq!(made.status, 201);
        let mut other = Other::paired_with(made.json()["code"].as_str().unwrap());
        let theirs = ask(&other.curl(), http, "GET", "/role", None).json();
        assert_eq!(theirs["role"], "guest");
        let key = theirs["client"].as_str().unwrap().to_owned();

        let listed = judged("GET", "/clients", None).json();
        assert_eq!(listed["clients"].as_array().unwrap().len(), 2);
        let client = format!("/clients/{key}");
        let role = |role: &str| Some(json!({"role": role}));
        assert_eq!(
            judged("PUT", &client, role("admin")).json()["role"],
            "admin"
        );
        assert_eq!(
            judged("PUT", &client, role("guest")).json()["role"],
            "guest"
        );
        assert_eq!(judged("PUT", &client, role("owner")).status, 422);
        let last = format!("/clients/{}", own["client"].as_str().unwrap());
        assert_eq!(judged("DELETE", &last, Some(json!({}))).status, 409);
        assert_eq!(judged("DELETE", &client, Some(json!({}))).status, 204);
        assert_eq!(judged("DELETE", &client, Some(json!({}))).status, 404);

        let before = judged("GET", "/anchor", None).json();
        let next = Some(json!({"replaces": before["fingerprint"]}));
        let after = judged("POST", "/rollover", next.clone()).json();
        assert_eq!(after["unique_name"], before["unique_name"]);
        assert_ne!(after["fingerprint"], before["fingerprint"]);
        assert_eq!(judged("POST", "/rollover", next).status, 409);
        assert_eq!(judged("GET", "/anchor", None).json(), after);

        assert_eq!(judged("GET", "/window", None).json()["open"], false);
        let open = judged("PUT", "/window", Some(json!({"open": true}))).json();
        assert_eq!(open["open"], true);
        judged("PUT", "/window", Some(json!({"open": false})));
        assert_eq!(judged("PUT", "/window", None).status, 415);
        let log = judged("GET", "/audit?limit=200", None).json();
        assert!(log["entries"].as_array().unwrap().len() > 8);
        assert_eq!(judged("GET", "/audit?limit=0", None).status, 400);
        // A referee's, which is asked for it elsewhere.
        assert_eq!(contract.unseen(), ["get /authority"]);
    }
    // Nothing of it came to the interface behind the device.
    let seen = house.upstream.requests();
    assert!(!seen.iter().any(|seen| seen.line.contains("settle")));
}

#[test]
fn a_client_that_the_owner_removes_is_refused_from_the_next_request_on() {
    let house = House::paired();
    let made = command(&house.home, &house.device, &["code"]);
    let mut other = Other::paired_with(made["code"].as_str().unwrap());
    let browser = browser_of(&mut other.connector);
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let curl = other.curl();
    let key = ask(&curl, Http::Two, "GET", "/role", None).json()["client"].clone();
    let seen = house.upstream.requests().len();
    command(
        &house.home,
        &house.device,
        &["revoke", key.as_str().unwrap()],
    );
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("not_admitted"));
    assert_eq!(house.upstream.requests().len(), seen);
    let clients = command(&house.home, &house.device, &["clients"]);
    assert_eq!(clients["clients"].as_array().unwrap().len(), 1);
}
