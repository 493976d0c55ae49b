//! Policy files below a root of their own.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;
use settle_transport::certificate::{PrivateKey, bridge_authority};

use super::*;

fn certificate() -> BridgeCertificate {
    let key = PrivateKey::make().unwrap();
    let der = bridge_authority(&key, SystemTime::now()).unwrap();
    BridgeCertificate {
        pem: settle_transport::certificate::pem(&der),
        next: None,
        nickname: "bridge".to_owned(),
    }
}

fn computer() -> (tempfile::TempDir, Policies) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    fs::create_dir(root.join("etc")).unwrap();
    (folder, Policies { root })
}

fn well(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.result.is_ok())
}

fn everything(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        }
        found.insert(path.clone(), fs::read(&path).ok());
    }
    found
}

#[test]
fn an_untouched_computer_is_untouched_again() {
    let (folder, policies) = computer();
    let before = everything(folder.path());
    let certificate = certificate();
    assert!(well(&policies.install(&certificate).unwrap()));
    assert!(well(&policies.install(&certificate).unwrap()));
    let standings = policies.standings(&certificate).unwrap();
    assert_eq!(standings.len(), policies.plan(false).len());
    assert!(standings.iter().all(|standing| standing.problem.is_none()));
    assert!(well(&policies.uninstall().unwrap()));
    assert_eq!(everything(folder.path()), before);
}

#[test]
fn the_next_authority_is_beside_the_current_one_until_it_takes_its_place() {
    let (folder, policies) = computer();
    let before = everything(folder.path());
    let (current, next) = (certificate(), certificate());
    let both = BridgeCertificate {
        next: Some(next.pem.clone()),
        ..current.clone()
    };
    let is_well = |certificate: &BridgeCertificate| {
        let standings = policies.standings(certificate).unwrap();
        standings.iter().all(|standing| standing.problem.is_none())
    };
    let install = |name: &str| {
        let path = folder.path().join("etc/firefox/policies").join(name);
        fs::read_to_string(path).unwrap()
    };
    assert!(well(&policies.install(&current).unwrap()));
    assert!(is_well(&current) && !is_well(&both));
    assert!(well(&policies.install(&both).unwrap()));
    assert!(is_well(&both) && !is_well(&current));
    assert_eq!(install("settle-bridge-next.pem"), next.pem);
    let chromium = folder
        .path()
        .join("etc/chromium/policies/managed/settle.json");
    let policy: Value = serde_json::from_slice(&fs::read(chromium).unwrap()).unwrap();
    let entries = policy["CACertificatesWithConstraints"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert!(well(&policies.install(&next).unwrap()));
    assert!(is_well(&next) && !is_well(&both));
    assert!(!install("policies.json").contains("next"));
    assert!(well(&policies.uninstall().unwrap()));
    assert_eq!(everything(folder.path()), before);
}

#[test]
fn the_policy_permits_local_names_and_nothing_else() {
    let (folder, policies) = computer();
    policies.install(&certificate()).unwrap();
    let text = fs::read(
        folder
            .path()
            .join("etc/chromium/policies/managed/settle.json"),
    );
    let policy: Value = serde_json::from_slice(&text.unwrap()).unwrap();
    assert_eq!(
        policy["CACertificatesWithConstraints"][0]["constraints"]["permitted_dns_names"],
        serde_json::json!(["local", "home.arpa", "alt", "localhost"])
    );
}

#[test]
fn policies_of_others_are_added_to_and_put_back_to_the_byte() {
    let (folder, policies) = computer();
    let theirs = "{ \"policies\": {\"DisableTelemetry\":true,\n \"Certificates\":{\"Install\":[\"a.pem\"]}} }";
    let path = folder.path().join("etc/firefox/policies/policies.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, theirs).unwrap();
    let before = everything(folder.path());
    // Twice, and with a new authority in between, what was there before stays known.
    policies.install(&certificate()).unwrap();
    policies.install(&certificate()).unwrap();
    let now: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(now["policies"]["DisableTelemetry"], true);
    assert_eq!(
        now["policies"]["Certificates"]["Install"],
        serde_json::json!(["a.pem", "/etc/firefox/policies/settle-bridge.pem"])
    );
    policies.uninstall().unwrap();
    assert_eq!(everything(folder.path()), before);
}

#[test]
fn what_the_administrator_changed_meanwhile_stays() {
    let (folder, policies) = computer();
    policies.install(&certificate()).unwrap();
    let path = folder.path().join("etc/firefox/policies/policies.json");
    let mut now: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    now["policies"]["DisablePocket"] = true.into();
    fs::write(&path, now.to_string()).unwrap();
    assert!(well(&policies.uninstall().unwrap()));
    let left: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        left,
        serde_json::json!({"policies": {"DisablePocket": true}})
    );
}

#[test]
fn what_cannot_be_added_to_is_left_and_keeps_no_other_browser_from_it() {
    let (folder, policies) = computer();
    let firefox = folder.path().join("etc/firefox/policies/policies.json");
    let chrome = folder
        .path()
        .join("etc/opt/chrome/policies/managed/corp.json");
    let theirs = r#"{"CACertificatesWithConstraints": []}"#;
    for (path, text) in [(&firefox, "{ // comment"), (&chrome, theirs)] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let steps = policies.install(&certificate()).unwrap();
    let failed: Vec<&InstallError> = steps
        .iter()
        .filter_map(|step| step.result.as_ref().err())
        .collect();
    assert!(
        matches!(
            failed.as_slice(),
            [InstallError::OtherPolicy { path, .. }, InstallError::NoPolicies(_)] if *path == chrome
        ),
        "{failed:?}"
    );
    assert_eq!(steps.len() - failed.len(), 4);
    policies.uninstall().unwrap();
    assert_eq!(fs::read_to_string(&firefox).unwrap(), "{ // comment");
}

#[test]
fn an_older_authority_is_found_when_policies_are_read_back() {
    let (_folder, policies) = computer();
    policies.install(&certificate()).unwrap();
    let standings = policies.standings(&certificate()).unwrap();
    let wrong = standings.iter().filter(|found| found.problem.is_some());
    // policies.json names a file, and that is right.
    assert_eq!(wrong.count(), standings.len() - 1);
}
