//! What a guest gets of a device with a policy: some of the interface, and of the API its own role.

use serde_json::{Value, json};
use settle_tests::census::memory;
use settle_tests::curl::Http;
use settle_tests::device::Setup;
use settle_tests::upstream::PAGE;
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::{API, Other, ask, browser_of, command};

const POLICY: &str = "
otherwise = 'admin'

[[rule]]
path = '/'
methods = ['GET']
role = 'guest'
";

/// A device with a policy, an administrator and a guest.
struct Guarded {
    guest: Other,
    admin: Connector,
    device: Device,
    upstream: Upstream,
    home: Home,
}

impl Guarded {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        let upstream = Upstream::start();
        let setup = Setup {
            policy: Some(POLICY.to_owned()),
            ..Setup::default()
        };
        let device = Device::start_as(&home, upstream.address(), &setup);
        let mut admin = Connector::start(&home);
        admin.pair(device.code());
        let made = command(&home, &device, &["code", "--role", "guest"]);
        Self {
            guest: Other::paired_with(made["code"].as_str().unwrap()),
            admin,
            device,
            upstream,
            home,
        }
    }
}

#[test]
fn a_guest_learns_its_role_and_no_more() {
    let mut house = Guarded::new();
    let curl = house.guest.curl();
    for http in Http::ALL {
        let own = ask(&curl, http, "GET", "/role", None).json();
        assert_eq!(own["role"], "guest");
        for (method, path) in [
            ("GET", "/clients"),
            ("GET", "/audit"),
            ("GET", "/status"),
            ("PUT", "/window"),
            ("POST", "/codes"),
        ] {
            let answer = ask(&curl, http, method, path, Some(&json!({})));
            assert_eq!(answer.problem(), "urn:settle:problem:admins-only");
        }
        let head = curl.text(http, &["--head", &format!("{API}/role")]);
        assert!(head.contains(" 405"), "{head}");
    }
}

#[test]
fn what_a_policy_denies_never_reaches_the_interface_and_is_counted() {
    let mut house = Guarded::new();
    let curl = house.guest.curl();
    for http in Http::ALL {
        let page = curl.text(http, &["https://printer.local/jobs"]);
        assert_eq!(page, PAGE);
        let before = house.upstream.requests().len();
        for arguments in [
            ["--request", "POST", "https://printer.local/jobs"],
            ["--request", "DELETE", "https://printer.local/jobs"],
            [
                "--path-as-is",
                "--include",
                "https://printer.local/a/%2e%2e/b",
            ],
            ["--path-as-is", "--include", "https://printer.local//jobs"],
        ] {
            let page = curl.text(http, &arguments);
            assert!(page.contains("Not allowed"), "{arguments:?}: {page}");
        }
        let head = ["--head", "--path-as-is", "https://printer.local/a/%2e/"];
        let head = curl.text(http, &head);
        assert!(head.contains(" 403"), "{head}");
        assert_eq!(house.upstream.requests().len(), before);
    }
    let log = command(&house.home, &house.device, &["audit"]);
    let told = log["entries"].as_array().unwrap().iter();
    let denied = told.filter(|entry| entry["event"] == "requests_denied");
    let denied: Vec<&Value> = denied.collect();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["count"], 10);
    let page = browser_of(&mut house.admin).get("printer.local", "/%2e/");
    assert_eq!(page.unwrap().status, 200);
}

#[test]
fn an_upload_that_is_denied_is_told_so_before_its_end() {
    let mut house = Guarded::new();
    let large = house.home.path().join("large");
    std::fs::write(&large, vec![b'x'; 5_000_000]).unwrap();
    let body = format!("@{}", large.display());
    // HTTP/1.1 has no way to hear an answer while it sends.
    let upload = ["--data-binary", &body, "https://printer.local/jobs"];
    let page = house.guest.curl().text(Http::Two, &upload);
    assert!(page.contains("Not allowed"), "{page}");
}

#[test]
fn a_device_with_a_long_log_keeps_little_for_itself() {
    let mut house = Guarded::new();
    for _ in 0..60 {
        command(
            &house.home,
            &house.device,
            &["sticker", "--name", "printer"],
        );
    }
    command(&house.home, &house.device, &["audit"]);
    let curl = house.guest.curl();
    for _ in 0..20 {
        assert_eq!(curl.text(Http::Two, &["https://printer.local/"]), PAGE);
    }
    let own = memory(house.device.process_id(), "RssAnon");
    assert!(own < 8 * 1024, "{own} KiB");
}
