//! The doctor: each link of the chain is broken, and it says which and the one next step.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use settle_tests::{Home, Keyring};

use crate::commands::{good, json, settle, text};
use crate::install::{certutil, make_profile};

const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/org.settle.host.json";
const NSSDB: &str = ".local/share/pki/nssdb";
const NICKNAME: &str = "Settle bridge (this computer only)";

pub(crate) fn installed() -> Home {
    let home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    good(&home, &["install", "--yes"]);
    let report = good(&home, &["doctor"]);
    assert!(report.contains("All is well"), "{report}");
    home
}

/// What is said of what is broken, and the next step, of which there is one.
#[track_caller]
pub(crate) fn finds(home: &Home, problem: &str, next: &str) -> String {
    let output = settle(home, &["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let wrong = said.lines().find(|line| line.starts_with("WRONG"));
    assert!(wrong.is_some_and(|line| line.contains(problem)), "{said}");
    let steps: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("Next:"))
        .collect();
    assert!(steps.len() == 1 && steps[0].contains(next), "{said}");
    said
}

fn manifest(home: &Home) -> PathBuf {
    home.path().join(CHROMIUM)
}

fn change_manifest(home: &Home, change: impl FnOnce(&mut Value)) {
    let mut content = json(&fs::read_to_string(manifest(home)).unwrap());
    change(&mut content);
    fs::write(manifest(home), content.to_string()).unwrap();
}

#[test]
fn a_manifest_that_leads_nowhere_is_found_by_following_it() {
    let home = installed();
    change_manifest(&home, |manifest| {
        manifest["path"] = "/opt/gone/settle".into();
    });
    finds(
        &home,
        "names /opt/gone/settle, which is not there",
        "settle install",
    );
    change_manifest(&home, |manifest| {
        manifest["path"] = "/bin/true".into();
    });
    finds(&home, "/bin/true gives no answer", "settle install");
    change_manifest(&home, |manifest| {
        manifest["path"] = "/etc/hostname".into();
    });
    finds(&home, "cannot start /etc/hostname", "settle install");
    good(&home, &["install", "--yes"]);
    change_manifest(&home, |manifest| {
        manifest["allowed_origins"] = Value::Array(vec!["chrome-extension://other/".into()]);
    });
    finds(&home, "lets other extensions in", "settle install");
    fs::remove_file(manifest(&home)).unwrap();
    finds(&home, "is missing", "settle install");
    good(&home, &["install", "--yes"]);
    good(&home, &["doctor"]);
}

#[test]
fn a_certificate_is_judged_by_the_browsers_own_store() {
    let home = installed();
    let pem = text(&certutil(&home, NSSDB, &["-L", "-a", "-n", NICKNAME]));
    certutil(&home, NSSDB, &["-M", "-n", NICKNAME, "-t", ",,"]);
    finds(&home, "not trusted", "settle install");
    certutil(&home, NSSDB, &["-D", "-n", NICKNAME]);
    finds(&home, "the certificate is not in", "settle install");
    good(&home, &["install", "--yes"]);
    good(&home, &["doctor"]);

    // The authority of before, put back under the same name.
    good(&home, &["uninstall"]);
    good(&home, &["install", "--yes"]);
    let old = home.path().join("old.pem");
    fs::write(&old, pem).unwrap();
    certutil(&home, NSSDB, &["-D", "-n", NICKNAME]);
    let old = old.to_str().unwrap();
    let added = certutil(
        &home,
        NSSDB,
        &["-A", "-n", NICKNAME, "-t", "C,,", "-i", old],
    );
    assert!(added.status.success());
    finds(&home, "an older authority", "settle install");
    good(&home, &["install", "--yes"]);
    good(&home, &["doctor"]);
}

#[test]
fn a_profile_that_came_later_is_found() {
    let home = Home::new(Keyring::Unlocked);
    good(&home, &["install", "--yes"]);
    good(&home, &["doctor"]);
    make_profile(&home);
    finds(&home, "p.default", "settle install");
    good(&home, &["install", "--yes"]);
    good(&home, &["doctor"]);
}

#[test]
fn a_browser_that_has_run_since_before_is_to_be_restarted() {
    let home = installed();
    let ledger = home.path().join(".local/share/settle/installed.json");
    let mut content = json(&fs::read_to_string(&ledger).unwrap());
    let database = home.path().join(NSSDB);
    let held = content["held"][database.to_str().unwrap()].as_object_mut();
    for since in held.unwrap().values_mut() {
        *since = (since.as_u64().unwrap() + 3600).into();
    }
    fs::write(&ledger, content.to_string()).unwrap();
    let lock = home.path().join(".config/chromium/SingletonLock");
    std::os::unix::fs::symlink(format!("host-{}", std::process::id()), lock).unwrap();
    finds(&home, "running since before", "restart Chromium");
}

#[test]
fn what_is_behind_a_broken_link_is_not_checked() {
    let home = installed();
    home.end_daemon();
    home.lock_keyring();
    let said = finds(&home, "the keyring is locked", "unlock the keyring");
    assert!(said.contains("good   Chromium starts the host"), "{said}");
    assert!(
        said.contains("?      verifying proxy: not checked"),
        "{said}"
    );
    let report = settle(&home, &["doctor", "--json"]);
    let report = json(&text(&report));
    assert_eq!(report["well"], false);
    let states = report["checks"].as_array().unwrap().iter();
    let unchecked = states.filter(|check| check["state"] == "unchecked");
    assert_eq!(unchecked.count(), 3, "{report}");
}

#[test]
fn the_ways_in_which_the_daemon_is_not_there_are_told_apart() {
    let mut home = installed();
    home.end_daemon();
    home.end_keyring();
    finds(&home, "no keyring answers", "start a keyring");
    home.unlock_keyring();
    home.end_daemon();
    let store = home.path().join(".local/share/settle/trust-store");
    let content = fs::read(&store).unwrap();
    fs::write(&store, b"something else").unwrap();
    finds(&home, "changed or put back", "uninstall --everything");
    fs::write(&store, content).unwrap();
    good(&home, &["doctor"]);
    home.end_daemon();
    let runtime = home.path().join("run/settle");
    fs::remove_dir_all(&runtime).unwrap();
    fs::write(&runtime, b"").unwrap();
    let said = text(&settle(&home, &["doctor"]));
    assert!(said.contains("WRONG  daemon"), "{said}");
    fs::remove_file(&runtime).unwrap();
    good(&home, &["doctor"]);
}

#[test]
fn a_store_behind_a_passphrase_is_to_be_unlocked_and_can_be_destroyed() {
    let home = Home::new(Keyring::Missing);
    let protect = |arguments: &[&str]| {
        let mut command = home.command("settle");
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let typed = "correct horse battery\ncorrect horse battery\n";
        input.write_all(typed.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    protect(&["protect", "passphrase"]);
    good(&home, &["install", "--yes"]);
    home.end_daemon();
    finds(&home, "sealed with a passphrase", "settle unlock");
    protect(&["unlock"]);
    good(&home, &["doctor"]);
    good(&home, &["uninstall", "--everything", "--yes"]);
    assert!(!home.path().join(".local/share/settle").exists());
    // There is no keyring to be asked, and nothing that it could hold.
    good(&home, &["uninstall", "--everything", "--yes"]);
}
