//! The command line, from installation to its end, as a person would go through it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use settle_tests::{Device, Home, Keyring, Upstream};

pub(crate) fn settle(home: &Home, arguments: &[&str]) -> Output {
    home.command("settle").args(arguments).output().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

pub(crate) fn good(home: &Home, arguments: &[&str]) -> String {
    let output = settle(home, arguments);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {text}");
    text
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn has_certificate(home: &Home) -> bool {
    let database = format!(
        "sql:{}",
        home.path().join(".local/share/pki/nssdb").display()
    );
    let listed = home
        .command_of(Path::new("certutil"))
        .args(["-L", "-d", &database])
        .output()
        .unwrap();
    text(&listed).contains("Settle bridge")
}

#[test]
fn from_installation_to_uninstallation() {
    let home = Home::new(Keyring::Unlocked);
    let manifest = home
        .path()
        .join(".config/chromium/NativeMessagingHosts/org.settle.host.json");
    assert_eq!(settle(&home, &["doctor"]).status.code(), Some(1));
    // Nobody says yes, so nothing happens.
    assert_eq!(settle(&home, &["install"]).status.code(), Some(3));
    assert!(!manifest.exists() && !has_certificate(&home));

    good(&home, &["install", "--yes"]);
    assert!(manifest.exists() && has_certificate(&home));
    // Once more changes nothing.
    good(&home, &["install", "--yes"]);
    let report = json(&good(&home, &["doctor", "--json"]));
    assert_eq!(report["well"], true, "{report}");

    let upstream = Upstream::start();
    let device = Device::start(&home, upstream.address());
    assert_eq!(
        settle(&home, &["pair", device.code()]).status.code(),
        Some(3)
    );
    assert_eq!(
        json(&good(&home, &["list", "--json"]))["devices"],
        Value::Array(vec![])
    );
    good(&home, &["pair", device.code(), "--name", "study", "--yes"]);
    let devices = json(&good(&home, &["list", "--json"]));
    assert_eq!(devices["devices"][0]["unique_name"], device.unique_name());
    assert!(good(&home, &["list"]).contains("study.local"));
    assert_eq!(settle(&home, &["revoke", "other"]).status.code(), Some(6));
    good(&home, &["revoke", "study"]);
    assert_eq!(
        json(&good(&home, &["list", "--json"]))["devices"],
        Value::Array(vec![])
    );

    good(&home, &["uninstall"]);
    assert!(!manifest.exists() && !has_certificate(&home));
}

#[test]
fn a_wrong_code_and_a_bad_name_are_said_to_be_that() {
    let home = Home::new(Keyring::Unlocked);
    let foreign = settle(&home, &["pair", "https://example.com/", "--yes"]);
    assert_eq!(foreign.status.code(), Some(1));
    assert!(text(&foreign).contains("not a Settle code"));
    let upstream = Upstream::start();
    let device = Device::start(&home, upstream.address());
    let bad = settle(&home, &["pair", device.code(), "--name", "a b", "--yes"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad).contains("--name"));
}

#[test]
fn a_code_without_end_is_not_read_to_its_end() {
    let home = Home::new(Keyring::Unlocked);
    let mut command = home.command("settle");
    command.args(["pair", "-"]).stdin(Stdio::piped());
    let mut pairing = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = pairing.stdin.take().unwrap();
    let sent = (0..64 * 1024).try_for_each(|_| input.write_all(&[b'A'; 1024]));
    assert!(sent.is_err(), "everything was taken");
    let refused = text(&pairing.wait_with_output().unwrap());
    assert!(refused.contains("not a Settle code"), "{refused}");
}

#[test]
fn a_missing_keyring_is_what_the_doctor_finds() {
    let home = Home::new(Keyring::Missing);
    let doctor = settle(&home, &["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        text(&doctor).contains("no keyring answers"),
        "{}",
        text(&doctor)
    );
}
