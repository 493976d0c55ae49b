//! Full disks: said to be that, nothing lost, and all is well again when there is room.

use std::path::PathBuf;

use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::rpc::{Call, Empty};
use settle_tests::connector::ORIGIN;
use settle_tests::disk::Disk;
use settle_tests::{Connector, Home, Keyring};

use super::commands::{good, json, settle, text};

const CLOUD: &str = "https://cloud.example";

fn refused(home: &Home, arguments: &[&str], code: i32, words: &str) {
    let output = settle(home, arguments);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(words), "{arguments:?}: {said}");
}

fn import(home: &Home) {
    let fingerprint = "ab".repeat(32);
    let arguments = [
        "import",
        "--name",
        "nas.local",
        "--fingerprint",
        &fingerprint,
        "--yes",
    ];
    good(home, &arguments);
}

fn allowed(home: &Home) -> usize {
    let shown = json(&good(home, &["show", "nas.local", "--json"]));
    shown["allowed_origins"].as_array().unwrap().len()
}

/// The data's disk fills up and gets room again, while a site's permission is taken back.
fn fill_and_make_room(home: &Home, disk: &Disk) {
    import(home);
    good(home, &["allow", "nas.local", CLOUD]);
    let daemon = home.daemon_id();
    disk.fill();
    for change in ["deny nas.local https://cloud.example", "revoke nas.local"] {
        let arguments: Vec<&str> = change.split(' ').collect();
        refused(home, &arguments, 5, "check the disk");
    }
    assert_eq!(allowed(home), 1);
    assert!(good(home, &["audit", "--verify"]).contains("whole"));
    assert_eq!(home.daemon_id(), daemon);
    disk.make_room();
    good(home, &["deny", "nas.local", CLOUD]);
    assert_eq!(allowed(home), 0);
    assert_eq!(home.daemon_id(), daemon);
    let told = json(&good(home, &["audit", "--json"]));
    assert_eq!(told["entries"][0]["event"], "origin_denied");
    assert!(good(home, &["audit", "--verify"]).contains("whole"));
}

/// Settle's own folder: the keyring has its files beside it.
fn data(home: &Home) -> PathBuf {
    let data = home.path().join(".local/share/settle");
    std::fs::create_dir_all(&data).unwrap();
    data
}

#[test]
fn a_full_disk_changes_nothing_and_works_again_when_there_is_room() {
    let home = Home::new(Keyring::Unlocked);
    let disk = Disk::over(&data(&home));
    fill_and_make_room(&home, &disk);
    // A start needs no room.
    disk.fill();
    home.end_daemon();
    assert_eq!(allowed(&home), 0);
    home.end_daemon();
}

#[test]
fn a_full_disk_changes_nothing_where_the_key_is_on_it_as_well() {
    let home = Home::new(Keyring::Missing);
    let disk = Disk::over(&data(&home));
    let mut connector = Connector::spawn(&home, ORIGIN);
    let passphrase = Some(Passphrase::new("correct horse battery staple"));
    let Empty {} = connector.call(Call::ProtectStore { passphrase }).unwrap();
    fill_and_make_room(&home, &disk);
    home.end_daemon();
    let mut connector = Connector::spawn(&home, ORIGIN);
    let passphrase = Passphrase::new("correct horse battery staple");
    let Empty {} = connector.call(Call::UnlockStore { passphrase }).unwrap();
    assert_eq!(allowed(&home), 0);
    home.end_daemon();
}

#[test]
fn a_first_start_on_a_full_disk_is_made_up_for() {
    let home = Home::new(Keyring::Unlocked);
    let disk = Disk::over(&data(&home));
    disk.fill();
    for _ in 0..2 {
        refused(&home, &["list"], 5, "check the disk");
    }
    let said = text(&settle(&home, &["doctor"]));
    assert!(said.contains("check the disk"), "{said}");
    disk.make_room();
    import(&home);
    let told = json(&good(&home, &["audit", "--json"]));
    let entries = told["entries"].as_array().unwrap();
    assert!(
        entries.iter().all(|entry| entry["event"] != "log_damaged"),
        "{told}"
    );
    home.end_daemon();
}

#[test]
fn a_log_and_a_backup_on_a_full_disk_cost_nothing_but_themselves() {
    let home = Home::new(Keyring::Unlocked);
    let state = home.path().join(".local/state");
    let disk = Disk::over(&state);
    import(&home);
    disk.fill();
    good(&home, &["allow", "nas.local", CLOUD]);
    home.end_daemon();
    assert_eq!(allowed(&home), 1);
    let backup = state.join("backup");
    let arguments = ["export", "--draw", backup.to_str().unwrap()];
    refused(&home, &arguments, 1, "No space left");
    let left = std::fs::read_dir(&state).unwrap().count();
    assert_eq!(left, 2, "the daemon's folder and what fills the disk");
    disk.make_room();
    good(&home, &arguments);
    good(&home, &["deny", "nas.local", CLOUD]);
    let log = std::fs::read_to_string(state.join("settle/daemon.log")).unwrap();
    assert!(
        log.ends_with('\n') && log.contains("a session begins"),
        "{log}"
    );
    home.end_daemon();
}
