//! The referee's page through the verifying proxy, as its administrator and as a guest; what is granted there is what a
//! server's client then gets.

use serde_json::{Value, json};
use settle_tests::acme::Client;
use settle_tests::curl::Http;
use settle_tests::{AcmeClient, Curl};

use super::*;
use crate::curl_of;

const PAGE: &str = "https://referee.local";

/// What a request is answered with: the status, and the body.
fn ask(curl: &Curl, origin: &str, path: &str, data: &[&str]) -> (u16, String) {
    let (url, origin) = (format!("{PAGE}{path}"), format!("Origin: {origin}"));
    let mut arguments = vec!["--header", &origin, "--write-out", "\n%{http_code}"];
    for field in data {
        arguments.extend(["--data-urlencode", field]);
    }
    arguments.push(&url);
    let text = curl.text(Http::Two, &arguments);
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn read(curl: &Curl, path: &str) -> Value {
    let (status, body) = ask(curl, PAGE, path, &[]);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// What stands behind an option of a command that the page shows.
fn option(page: &str, option: &str) -> String {
    let (_, rest) = page.split_once(&format!("{option} ")).unwrap();
    rest.split([' ', '\n']).next().unwrap().to_owned()
}

/// Each line of the log: what, about what, and by whom.
fn log(curl: &Curl) -> Vec<[String; 3]> {
    let log = read(curl, "/api/audit");
    let lines = log["lines"].as_array().unwrap().iter();
    lines
        .map(|line| ["event", "subject", "by"].map(|it| line[it].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn what_is_granted_on_the_page_is_what_a_server_gets_and_the_log_names_the_client() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    house.pair(referee.code());
    let curl = curl_of(&house.home, &mut house.connector);
    let own = read(&curl, "/.well-known/settle/role")["client"].clone();
    let own = own.as_str().unwrap();

    let (status, granted) = ask(&curl, PAGE, "/names", &["names=nas.local"]);
    assert_eq!(status, 200, "{granted}");
    let given = json!({
        "directory": option(&granted, "--server"),
        "eab_kid": option(&granted, "--eab-kid"),
        "eab_hmac_key": option(&granted, "--eab-hmac-key"),
        "root": home.path().join("root.pem"),
    });
    let (_, root) = ask(&curl, PAGE, "/root.pem", &[]);
    std::fs::write(home.path().join("root.pem"), root).unwrap();
    let acme = AcmeClient::given(Client::Certbot, &home, &referee, "nas.local", given);
    let obtained = acme.obtain("nas.local");
    assert!(obtained.status.success(), "{obtained:?}");
    let (identity, chain) = acme.identity();
    let _server = serve("nas.local", &identity, &chain);
    assert_eq!(house.settle(&["vouch", "nas.local"]).0, 0);

    let (_, listed) = ask(&curl, PAGE, "/certificates", &[]);
    assert!(listed.contains("nas.local"), "{listed}");
    let certificates = read(&curl, "/api/certificates");
    let serial = certificates["certificates"][0]["serial"].as_str().unwrap();
    let field = format!("serial={serial}");
    let (status, _) = ask(&curl, PAGE, "/certificates/revoke", &[&field, "reason=5"]);
    assert_eq!(status, 303);
    let account = read(&curl, "/api/accounts")["accounts"][0].clone();
    let field = format!("account={}", account["account"].as_str().unwrap());
    assert_eq!(ask(&curl, PAGE, "/accounts/end", &[&field]).0, 303);
    assert_eq!(
        ask(&curl, PAGE, "/names/withdraw", &["name=nas.local"]).0,
        303
    );
    assert!(!acme.renew().status.success());

    let told = log(&curl);
    for (event, subject, by) in [
        ("granted", "nas.local", own),
        ("account_made", account["key"].as_str().unwrap(), ""),
        ("issued", serial, ""),
        ("revoked", serial, own),
        ("account_ended", account["key"].as_str().unwrap(), own),
        ("withdrawn", "nas.local", own),
    ] {
        let line = [event, subject, by].map(str::to_owned);
        assert!(told.contains(&line), "{line:?} in {told:?}");
    }
    // The command tells the same, and of itself as the owner.
    drop(referee.ask(&["authorize", "tv.local"]));
    let newest = log(&curl).swap_remove(0);
    assert_eq!(newest, ["granted", "tv.local", "owner"].map(str::to_owned));
}

#[test]
fn a_guest_sees_the_authority_and_nobody_elses_page_changes_anything() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let paired = house.pair(referee.code());
    let authority = paired["authority"].as_str().unwrap();
    let admin = curl_of(&house.home, &mut house.connector);
    let (code, said) = house.settle(&["invite", "referee.local", "--json"]);
    assert_eq!(code, 0, "{said}");
    let invitation: Value = serde_json::from_str(&said).unwrap();
    let mut other = House::new();
    other.pair(invitation["code"].as_str().unwrap());
    let guest = curl_of(&other.home, &mut other.connector);

    let (status, page) = ask(&guest, PAGE, "/", &[]);
    assert_eq!(status, 200);
    assert!(
        page.contains(authority) && !page.contains("<form"),
        "{page}"
    );
    for path in ["/names", "/accounts", "/certificates", "/log", "/api/names"] {
        assert_eq!(ask(&guest, PAGE, path, &[]).0, 403, "{path}");
    }
    let wanted = ["names=nas.local"];
    assert_eq!(ask(&guest, PAGE, "/names", &wanted).0, 403);
    for origin in ["https://nas.local", "https://evil.example", "null"] {
        assert_eq!(ask(&admin, origin, "/names", &wanted).0, 403, "{origin}");
    }
    assert_eq!(read(&admin, "/api/names"), json!({"names": []}));
    assert_eq!(
        log(&admin),
        [[""; 3]; 0].map(|line| line.map(str::to_owned))
    );
}

#[test]
fn counters_are_told_to_administrators_and_to_this_machine_and_to_nobody_else() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    house.pair(referee.code());
    let admin = curl_of(&house.home, &mut house.connector);
    let acme = AcmeClient::new(Client::Lego, &home, &referee, "nas.local");
    assert!(acme.obtain("nas.local").status.success());
    assert!(!acme.obtain("tv.local").status.success());

    let (status, told) = ask(&admin, PAGE, "/metrics", &[]);
    assert_eq!(status, 200, "{told}");
    let here = |host: &str| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--write-out", "\n%{http_code}", "--header"]);
        let output = curl
            .arg(format!("Host: {host}"))
            .arg(referee.metrics())
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    for text in [told, here("127.0.0.1:9100")] {
        for line in [
            "settle_referee_certificates_issued_total 1",
            "settle_referee_refused_total 1",
            "settle_referee_accounts{state=\"valid\"} 1",
            "settle_referee_names 1",
            "settle_referee_requests_total{kind=\"finalize\",status=\"200\"} 1",
            "settle_referee_requests_total{kind=\"new-order\",status=\"403\"} 1",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in {text}");
        }
    }
    // A site that has its name lead to this machine.
    assert_eq!(here("evil.example"), "\n421");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.7:9100"] {
        let mut other = home.command("settle-referee");
        other.args(["serve", "--no-announce", "--listen", "127.0.0.1:0"]);
        other.args(["--acme", "127.0.0.1:0", "--metrics", address]);
        let other = other.arg("--state").arg(home.path().join("referee"));
        let refused = other.output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && said.contains("not encrypted"),
            "{said}"
        );
    }
}
