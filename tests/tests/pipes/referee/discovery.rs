//! What a referee says of itself to the network, to clients that compare keys, and to whoever looks for a portal.

use std::process::Output;

use settle_tests::{Avahi, EstDevice, eventually};
use sha2::{Digest as _, Sha256};

use super::*;

const PAGE: &str = "https://referee.local:8443/";

fn port(referee: &Referee<'_>) -> String {
    let (_, port) = referee.directory().rsplit_once(':').unwrap();
    port.split('/').next().unwrap().to_owned()
}

#[test]
fn avahi_finds_its_directory_and_it_is_there() {
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start_with(&home, "referee", &["--name", "umpire"]);
    let avahi = Avahi::start();
    let place = format!(";umpire.local;127.0.0.1;{};", port(&referee));
    let services = || avahi.services("_acme-server._tcp");
    eventually("Avahi sees it", || services().contains(&place));
    let told = services();
    let told = told.lines().find(|line| line.contains(&place)).unwrap();
    assert!(
        told.contains("\"path=/acme/directory\"") && told.contains("\"i=dns\""),
        "{told}"
    );
    let at = format!("https://umpire.local:{}/acme/directory", port(&referee));
    assert_eq!(referee.directory(), at);
    // As a device it is announced as ever.
    eventually("Avahi sees the device", || {
        avahi.devices().contains(";umpire.local;")
    });
    drop(referee);
    eventually("it has taken that back", || !services().contains(&place));
}

#[test]
fn clients_that_compare_keys_are_told_the_one_that_a_name_has_as_long_as_it_is_good() {
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let device = EstDevice::new(&home, &referee, "nas.local");
    let asked = |name: &str| -> Output {
        device.run(&format!(
            "curl --silent --fail --cacert root.pem ${{EST%est}}referee/sha256/{name}"
        ))
    };
    let own = || {
        let read = device.run(
            "openssl x509 -in nas.local.pem -noout -pubkey | openssl pkey -pubin -outform DER",
        );
        assert!(read.status.success());
        Sha256::digest(&read.stdout).to_vec()
    };
    assert!(!asked("nas.local").status.success(), "it has none yet");
    assert!(device.enroll().status.success());
    assert_eq!(asked("nas.local").stdout, own());
    let first = own();
    let renewed = "-subj / -addext subjectAltName=DNS:nas.local";
    let renewed = device.with_request(settle_tests::est::Time::Next, renewed);
    assert!(renewed.status.success());
    assert_ne!(own(), first);
    assert_eq!(asked("nas.local").stdout, own());
    for other in ["tv.local", "bank.example", "", "nas.local/", "*.local"] {
        assert!(!asked(other).status.success(), "{other}");
    }
    drop(referee.say(&["revoke", &device.serial()]));
    assert!(!asked("nas.local").status.success(), "it is revoked");
    drop(referee.say(&["withdraw", "nas.local"]));
    assert!(!asked("nas.local").status.success());
}

#[test]
fn a_network_may_point_to_its_page_and_holds_nobody() {
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start_with(&home, "referee", &["--no-announce", "--portal", PAGE]);
    let device = EstDevice::new(&home, &referee, "nas.local");
    let asked = device.run(
        "curl --silent --cacert root.pem --write-out ' %{content_type}' ${EST%.well-known/est}captive-portal/api",
    );
    let said = String::from_utf8(asked.stdout).unwrap();
    let (body, kind) = said.rsplit_once(' ').unwrap();
    assert_eq!(kind, "application/captive+json");
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        told,
        serde_json::json!({"captive": false, "venue-info-url": PAGE})
    );
    drop(referee);
    // Only where that was asked for.
    let referee = Referee::start(&home, "other");
    let device = EstDevice::new(&home, &referee, "tv.local");
    let asked = device.run(
        "curl --silent --cacert root.pem --write-out '%{http_code}' --output /dev/null \
         ${EST%.well-known/est}captive-portal/api",
    );
    assert_eq!(asked.stdout, b"404");
}
