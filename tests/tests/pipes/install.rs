//! Installing and uninstalling, with what a home may hold: what is done, what is said, and that
//! nothing is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use settle_tests::{Home, Keyring};

use crate::commands::{good, json, settle, text};

const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/org.settle.host.json";
const BRAVE: &str = ".config/BraveSoftware/Brave-Browser/NativeMessagingHosts";
const NSSDB: &str = ".local/share/pki/nssdb";
const PROFILE: &str = ".mozilla/firefox/p.default";

/// Every file and directory, with the files' content; not what the keyring, the bus and the
/// databases that were there before write by themselves.
fn everything(home: &Home) -> Files {
    let mut found = BTreeMap::new();
    walk(home.path(), &mut found);
    for other in ["logs", "run", ".local/share/keyrings", ".cache", PROFILE] {
        found.retain(|path, _| !path.starts_with(home.path().join(other)));
    }
    found
}

type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

fn without_log(mut files: Files) -> Files {
    files.retain(|path, _| !path.ends_with("daemon.log"));
    files
}

fn walk(folder: &Path, found: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            walk(&path, found);
        }
        found.insert(path.clone(), fs::read(&path).ok());
    }
}

pub(crate) fn certutil(home: &Home, database: &str, arguments: &[&str]) -> Output {
    let database = format!("sql:{}", home.path().join(database).display());
    let mut command = home.command_of(Path::new("certutil"));
    command.args(arguments).args(["-f", "/dev/null"]);
    command.args(["-d", &database]).output().unwrap()
}

/// A Firefox profile that has been used.
pub(crate) fn make_profile(home: &Home) {
    fs::create_dir_all(home.path().join(PROFILE)).unwrap();
    fs::write(
        home.path().join(".mozilla/firefox/profiles.ini"),
        "[Profile0]\nName=default\nIsRelative=1\nPath=p.default\n",
    )
    .unwrap();
    let arguments = ["-N", "--empty-password"];
    let database = format!("sql:{}", home.path().join(PROFILE).display());
    let mut command = home.command_of(Path::new("certutil"));
    let made = command.args(arguments).args(["-d", &database]).output();
    assert!(made.unwrap().status.success());
}

fn write(home: &Home, path: &str, content: &str) -> PathBuf {
    let path = home.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn nothing_is_left_when_everything_is_taken_back() {
    let home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    write(&home, ".config/vivaldi/Local State", "{}");
    let before = everything(&home);
    let certificates = text(&certutil(&home, PROFILE, &["-L"]));

    good(&home, &["install", "--yes"]);
    let vivaldi = ".config/vivaldi/NativeMessagingHosts/org.settle.host.json";
    assert!(home.path().join(vivaldi).exists());
    assert!(text(&certutil(&home, PROFILE, &["-L"])).contains("Settle bridge"));
    let installed = without_log(everything(&home));
    // Once more changes nothing, to the byte.
    good(&home, &["install", "--yes"]);
    assert!(without_log(everything(&home)) == installed);

    assert_eq!(
        settle(&home, &["uninstall", "--everything"]).status.code(),
        Some(3)
    );
    assert!(without_log(everything(&home)) == installed);
    let said = good(&home, &["uninstall", "--everything", "--yes"]);
    assert!(said.contains("Nothing of Settle is left"), "{said}");
    assert_eq!(everything(&home), before);
    assert_eq!(text(&certutil(&home, PROFILE, &["-L"])), certificates);
    assert!(!home.path().join("run/settle").exists());
    // A key without its file would be an alarm now.
    assert!(good(&home, &["list"]).contains("No device"));
}

#[test]
fn uninstalling_what_is_not_installed_makes_nothing() {
    let home = Home::new(Keyring::Missing);
    let before = everything(&home);
    assert!(good(&home, &["uninstall"]).contains("uninstalled"));
    assert_eq!(everything(&home), before);
}

#[test]
fn uninstalling_keeps_what_is_trusted_and_the_next_authority_is_another() {
    let home = Home::new(Keyring::Unlocked);
    good(&home, &["install", "--yes"]);
    let first = text(&certutil(
        &home,
        NSSDB,
        &["-L", "-a", "-n", "Settle bridge (this computer only)"],
    ));
    good(&home, &["uninstall"]);
    assert!(home.path().join(".local/share/settle/trust-store").exists());
    assert!(!home.path().join(".local/share/pki").exists());
    assert!(!home.path().join(".config/chromium").exists());
    good(&home, &["install", "--yes"]);
    let second = text(&certutil(
        &home,
        NSSDB,
        &["-L", "-a", "-n", "Settle bridge (this computer only)"],
    ));
    assert!(second.contains("BEGIN CERTIFICATE") && first != second);
    good(&home, &["doctor"]);
}

#[test]
fn one_browser_that_fails_keeps_no_other_from_being_installed() {
    let home = Home::new(Keyring::Unlocked);
    let in_the_way = write(&home, BRAVE, "a file");
    let foreign = r#"{"name":"com.example.other"}"#;
    let chromium = write(&home, CHROMIUM, foreign);
    let output = settle(&home, &["install", "--yes"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("a file is where a directory has to be"),
        "{said}"
    );
    assert!(said.contains("is not Settle's: move it away"), "{said}");
    let firefox = ".mozilla/native-messaging-hosts/org.settle.host.json";
    assert!(home.path().join(firefox).exists());
    assert!(text(&certutil(&home, NSSDB, &["-L"])).contains("Settle bridge"));
    // What is in the way is mended, and the same again does the rest.
    fs::remove_file(&in_the_way).unwrap();
    fs::remove_file(&chromium).unwrap();
    good(&home, &["install", "--yes"]);
    good(&home, &["doctor"]);
    fs::write(&chromium, foreign).unwrap();
    good(&home, &["uninstall"]);
    assert_eq!(fs::read_to_string(&chromium).unwrap(), foreign);
}

#[test]
fn confined_browsers_are_spoken_of_honestly() {
    let home = Home::new(Keyring::Unlocked);
    for folder in ["snap/firefox/common", ".var/app/org.chromium.Chromium"] {
        fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    let said = text(&settle(&home, &["install"]));
    assert!(said.contains("Firefox (Snap): works where"), "{said}");
    assert!(said.contains("Chromium (Flatpak): cannot"), "{said}");
}

#[test]
fn without_a_keyring_uninstalling_does_what_it_can_and_says_what_remains() {
    let mut home = Home::new(Keyring::Unlocked);
    good(&home, &["install", "--yes"]);
    home.end_daemon();
    home.end_keyring();
    let output = settle(&home, &["uninstall"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the bridge authority's key"), "{said}");
    assert!(said.contains("no keyring answers"), "{said}");
    assert!(!home.path().join(CHROMIUM).exists());
    assert!(!home.path().join(NSSDB).exists());
    let output = settle(&home, &["uninstall", "--everything", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    // The file stays with its key: apart they would be an alarm later.
    assert!(home.path().join(".local/share/settle/trust-store").exists());
    home.unlock_keyring();
    good(&home, &["uninstall", "--everything", "--yes"]);
    assert!(!home.path().join(".local/share/settle").exists());
}

#[test]
fn an_installation_that_stopped_in_the_middle_is_taken_back_whole() {
    let mut home = Home::new(Keyring::Unlocked);
    let before = everything(&home);
    home.end_keyring();
    // The manifests are written; the certificate needs the keyring.
    let output = settle(&home, &["install", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(home.path().join(CHROMIUM).exists());
    home.unlock_keyring();
    good(&home, &["uninstall", "--everything", "--yes"]);
    assert_eq!(everything(&home), before);
}

#[test]
fn policies_for_all_users_are_put_there_checked_and_taken_back() {
    let home = Home::new(Keyring::Unlocked);
    let policies = write(
        &home,
        "root/etc/firefox/policies/policies.json",
        "{\"policies\": { \"DisableTelemetry\": true }}",
    );
    let before = everything(&home);
    let root = home.path().join("root");
    let rooted = |arguments: &[&str]| {
        let mut command = home.command("settle");
        command.env("SETTLE_ROOT", &root).args(arguments);
        let output = command.output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = rooted(&["install", "--system"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("ALL users"), "{said}");

    good(&home, &["install", "--yes"]);
    let pem = text(&certutil(
        &home,
        NSSDB,
        &["-L", "-a", "-n", "Settle bridge (this computer only)"],
    ));
    let pem = write(&home, "bridge.pem", &pem.replace("\r\n", "\n"));
    let pem = pem.to_str().unwrap();
    let (code, said) = rooted(&["install", "--system", "--yes", "--certificate", pem]);
    assert_eq!(code, Some(0), "{said}");
    let managed = root.join("etc/chromium/policies/managed/settle.json");
    let policy = json(&fs::read_to_string(managed).unwrap());
    assert!(policy["CACertificatesWithConstraints"][0]["certificate"].is_string());
    let merged = json(&fs::read_to_string(&policies).unwrap());
    assert_eq!(merged["policies"]["DisableTelemetry"], true);
    let (_, said) = rooted(&["doctor"]);
    assert!(said.contains("good   policies for all users"), "{said}");

    let (code, said) = rooted(&["uninstall"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("settle uninstall --system"), "{said}");
    assert_eq!(rooted(&["uninstall", "--system"]).0, Some(0));
    assert_eq!(rooted(&["uninstall", "--everything", "--yes"]).0, Some(0));
    fs::remove_file(pem).unwrap();
    assert_eq!(everything(&home), before);
}
