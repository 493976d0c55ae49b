//! What a person does with trusted devices on the command line, while a browser is at work.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;
use settle_tests::process::eventually;
use settle_tests::{Connector, Home, Keyring};

use super::{House, browser_of};

fn settle(home: &Home, arguments: &[&str]) -> (i32, String) {
    let output = home.command("settle").args(arguments).output().unwrap();
    told(&output)
}

fn told(output: &Output) -> (i32, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (output.status.code().unwrap(), text)
}

fn good(home: &Home, arguments: &[&str]) -> String {
    let (code, text) = settle(home, arguments);
    assert_eq!(code, 0, "{arguments:?}: {text}");
    text
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&good(home, arguments)).unwrap()
}

const FROM_A_CLOUD: &str = "Sec-Fetch-Site: cross-site\r\nOrigin: https://cloud.example\r\n";

#[test]
fn a_device_is_shown_renamed_and_revoked_by_any_of_its_names() {
    let mut house = House::paired();
    let browser = house.browser();
    let home = &house.home;
    let shown = good(home, &["show", "printer"]);
    assert!(shown.contains(house.device.unique_name()), "{shown}");
    let shown = json(home, &["show", "printer.local", "--json"]);
    assert_eq!(shown["state"], "active");

    good(home, &["rename", "printer", "office"]);
    assert_eq!(browser.get("office.local", "/").unwrap().status, 200);
    assert!(browser.get("printer.local", "/").is_err());
    let (code, said) = settle(home, &["rename", "printer", "x"]);
    assert_eq!(code, 6, "{said}");

    let unique_name = house.device.unique_name().to_owned();
    let revoked = json(home, &["revoke", &unique_name, "--json"]);
    assert_eq!(revoked["petname"], "office");
    assert!(browser.get("office.local", "/").is_err());
}

#[test]
fn an_origin_is_let_in_only_while_it_is_allowed() {
    let mut house = House::paired();
    let browser = house.browser();
    let status = || {
        let page = browser.get_with("printer.local", "/", FROM_A_CLOUD);
        page.unwrap().status
    };
    assert_eq!(status(), 403);
    let cloud = "https://cloud.example";
    good(&house.home, &["allow", "printer", cloud]);
    assert_eq!(status(), 200);
    let shown = json(&house.home, &["show", "printer", "--json"]);
    assert_eq!(shown["allowed_origins"][0], cloud);
    good(&house.home, &["deny", "printer", cloud]);
    assert_eq!(status(), 403);
    let (code, said) = settle(&house.home, &["allow", "printer", "cloud.example"]);
    assert_eq!(code, 1);
    assert!(said.contains("https://cloud.example"), "{said}");
}

#[test]
fn the_audit_log_tells_of_trust_and_of_refusals_and_whether_it_is_whole() {
    let mut house = House::paired();
    let browser = house.browser();
    browser
        .get_with("printer.local", "/", FROM_A_CLOUD)
        .unwrap();
    good(&house.home, &["rename", "printer", "office"]);
    good(&house.home, &["revoke", "office"]);
    let events = |home: &Home| -> Vec<String> {
        let audit = json(home, &["audit", "--json"]);
        let entries = audit["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["event"].as_str().unwrap().to_owned())
            .collect()
    };
    eventually("the refusal is in the log", || {
        events(&house.home).contains(&"refused".to_owned())
    });
    let told = events(&house.home);
    for event in ["bridge_made", "paired", "recorded", "renamed", "revoked"] {
        assert!(told.iter().any(|told| told == event), "{event}: {told:?}");
    }
    let text = good(&house.home, &["audit"]);
    assert!(text.contains("a page of https://cloud.example asked for it"));
    assert!(good(&house.home, &["audit", "--verify"]).contains("none was changed"));

    let log = house.home.path().join(".local/share/settle/audit.log");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replace("cloud.example", "cloud.invalid")).unwrap();
    let (code, said) = settle(&house.home, &["audit", "--verify"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("damaged"), "{said}");
}

#[test]
fn a_code_can_be_read_from_the_standard_input() {
    let house = House::new();
    let input = format!("{}\nyes\n", house.device.code());
    let (code, said) = typing(&house.home, &["pair", "-"], &input);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("https://printer.local/"), "{said}");
}

#[test]
fn exit_codes_tell_what_is_missing() {
    let missing = Home::new(Keyring::Missing);
    assert_eq!(settle(&missing, &["list"]).0, 4);
    let home = Home::new(Keyring::Unlocked);
    assert_eq!(settle(&home, &["show", "printer"]).0, 6);
    assert_eq!(settle(&home, &["show"]).0, 2);
    good(&home, &["list"]);
    home.end_daemon();
    std::fs::write(home.path().join(".local/share/settle/trust-store"), "x").unwrap();
    assert_eq!(settle(&home, &["list"]).0, 5);
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let home = Home::new(Keyring::Missing);
    let pages = home.path().join("man");
    good(&home, &["man", pages.to_str().unwrap()]);
    for command in ["pair", "revoke", "audit"] {
        let page = pages.join(format!("settle-{command}.1"));
        assert!(page.is_file(), "{command}");
        for shell in ["bash", "fish", "zsh"] {
            assert!(good(&home, &["completions", shell]).contains(command));
        }
    }
}

const PASSPHRASE: &str = "correct horse battery staple\n";

/// Runs a command that reads `input`.
pub(crate) fn typing(home: &Home, arguments: &[&str], input: &str) -> (i32, String) {
    let mut command = home.command("settle");
    let mut running = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = running.stdin.take().unwrap();
    // A program that has ended by then did not ask.
    drop(pipe.write_all(input.as_bytes()));
    drop(pipe);
    told(&running.wait_with_output().unwrap())
}

#[test]
fn a_second_computer_opens_what_the_first_one_trusts() {
    let house = House::paired();
    let file = house.home.path().join("settle.backup");
    let file = file.to_str().unwrap();
    let (code, said) = typing(&house.home, &["export", file], PASSPHRASE);
    assert_eq!(code, 0, "{said}");
    let mode = std::fs::metadata(file).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
    // What is there is not written over.
    let (code, said) = typing(&house.home, &["export", file], PASSPHRASE);
    assert_eq!(code, 1, "{said}");

    let other = Home::new(Keyring::Unlocked);
    let (code, said) = typing(&other, &["restore", file], "another passphrase\nyes\n");
    assert_eq!(code, 1);
    assert!(said.contains("does not open this backup"), "{said}");
    let (code, said) = typing(&other, &["restore", file], PASSPHRASE);
    assert_eq!(code, 3, "nobody said yes: {said}");
    let (code, said) = typing(&other, &["restore", file], &format!("{PASSPHRASE}yes\n"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(house.device.unique_name()), "{said}");
    let mut connector = Connector::start(&other);
    let page = browser_of(&mut connector).get("printer.local", "/");
    assert_eq!(page.unwrap().status, 200);
    let (code, said) = typing(&other, &["restore", file], PASSPHRASE);
    assert_eq!(code, 0);
    assert!(said.contains("trusted already"), "{said}");
}

#[test]
fn a_passphrase_that_was_drawn_opens_the_file_however_it_is_spaced() {
    let house = House::paired();
    let file = house.home.path().join("settle.backup");
    let file = file.to_str().unwrap();
    let exported = json(&house.home, &["export", "--draw", "--json", file]);
    let drawn = exported["passphrase"].as_str().unwrap();
    assert_eq!(drawn.split(' ').count(), 14);
    let other = Home::new(Keyring::Unlocked);
    let typed = format!("  {}\n", drawn.replace(' ', "   "));
    let (code, said) = typing(&other, &["restore", "--yes", file], &typed);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_file_that_is_no_backup_is_said_to_be_none() {
    let home = Home::new(Keyring::Unlocked);
    let file = home.path().join("settle.backup");
    for text in [
        "",
        "settle-backup",
        "anything at all, as long as a backup or longer than one, so",
    ] {
        std::fs::write(&file, text).unwrap();
        let (code, said) = typing(&home, &["restore", file.to_str().unwrap()], PASSPHRASE);
        assert_eq!(code, 1);
        assert!(said.contains("not a whole backup"), "{said}");
    }
    let (code, said) = typing(&home, &["restore", "/nonexistent"], PASSPHRASE);
    assert_eq!(code, 1);
    assert!(said.contains("/nonexistent"), "{said}");
    let short = home.path().join("short");
    let short = short.to_str().unwrap();
    let (code, said) = typing(&home, &["export", short], "short\n");
    assert_eq!(code, 1);
    assert!(said.contains("too short"), "{said}");
    assert!(!std::path::Path::new(short).exists());
}

#[test]
fn a_passphrase_takes_the_place_of_a_keyring_only_where_it_was_chosen() {
    let home = Home::new(Keyring::Missing);
    assert_eq!(settle(&home, &["list"]).0, 4);
    let (code, said) = typing(&home, &["protect", "passphrase"], PASSPHRASE);
    assert_eq!(code, 0, "{said}");
    good(&home, &["list"]);
    home.end_daemon();
    let (code, said) = settle(&home, &["list"]);
    assert_eq!(code, 4);
    assert!(said.contains("settle unlock"), "{said}");
    let (code, said) = typing(&home, &["unlock"], "another passphrase\n");
    assert_eq!(code, 1);
    assert!(said.contains("not the passphrase"), "{said}");
    assert_eq!(typing(&home, &["unlock"], PASSPHRASE).0, 0);
    good(&home, &["list"]);
}

#[test]
fn the_key_moves_between_keyring_and_passphrase_and_back_and_nothing_is_lost() {
    let house = House::paired();
    let key = house
        .home
        .path()
        .join(".local/share/settle/trust-store.key");
    let names = || json(&house.home, &["list", "--json"])["devices"][0]["petname"].clone();
    for passphrase in [PASSPHRASE, "another passphrase\n"] {
        let (code, said) = typing(&house.home, &["protect", "passphrase"], passphrase);
        assert_eq!(code, 0, "{said}");
        house.home.end_daemon();
        assert_eq!(settle(&house.home, &["list"]).0, 4);
        assert_eq!(typing(&house.home, &["unlock"], passphrase).0, 0);
        assert_eq!(names(), "printer");
    }
    good(&house.home, &["protect", "keyring"]);
    assert!(!key.exists());
    house.home.end_daemon();
    assert_eq!(names(), "printer");
    assert!(good(&house.home, &["audit", "--verify"]).contains("none was changed"));
}
