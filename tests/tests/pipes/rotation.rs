//! The bridge authority gives way to the next one: years pass for the real binaries and for NSS, and
//! browsers' stores have at every time what they need.

use std::fs;
use std::path::Path;

use settle_protocol::rpc::audit::{Audit, ReadAudit};
use settle_protocol::rpc::{BridgeCertificate, Call, Empty};
use settle_tests::{Connector, Home, Keyring, eventually};

use crate::commands::{good, json, settle, text};
use crate::install::{certutil, make_profile};

const NSSDB: &str = ".local/share/pki/nssdb";
const PROFILE: &str = ".mozilla/firefox/p.default";
const NICKNAME: &str = "Settle bridge (this computer only)";

/// Ends the daemon; programs that are started from now on believe that it is another day.
fn travel(home: &mut Home, days: i64) {
    let stopped: Empty = Connector::start(home).call(Call::StopDaemon {}).unwrap();
    assert_eq!(stopped, Empty {});
    home.travel(days);
}

/// The authority that signs, and the next one.
fn authorities(home: &Home) -> (String, Option<String>) {
    let mut connector = Connector::start(home);
    let said: BridgeCertificate = connector.call(Call::BridgeCertificate {}).unwrap();
    (said.pem, said.next)
}

/// Waits until both stores have these authorities and no other.
#[track_caller]
fn stores_have(home: &Home, wanted: &[&str]) {
    for store in [NSSDB, PROFILE] {
        eventually("the store has exactly what is wanted", || {
            has(home, store, wanted)
        });
    }
}

fn has(home: &Home, store: &str, wanted: &[&str]) -> bool {
    let listed = text(&certutil(home, store, &["-L", "-a", "-n", NICKNAME]));
    let listed = listed.replace("\r\n", "\n");
    let count = listed.matches("BEGIN CERTIFICATE").count();
    count == wanted.len() && wanted.iter().all(|pem| listed.contains(pem.trim()))
}

/// The proxy shows a certificate by the authority that signs, and NSS accepts it by each store.
#[track_caller]
fn all_is_well(home: &Home) {
    assert!(good(home, &["doctor"]).contains("All is well"));
}

fn events(home: &Home) -> Vec<String> {
    let mut connector = Connector::start(home);
    let asked = ReadAudit {
        before: None,
        limit: 100,
    };
    let audit: Audit = connector.call(Call::ReadAudit(asked)).unwrap();
    assert_eq!(audit.damage, None);
    let entries = serde_json::to_value(audit.entries).unwrap();
    let entries = entries.as_array().unwrap().iter().rev();
    let events = entries.map(|entry| entry["event"].as_str().unwrap().to_owned());
    events.filter(|event| event.starts_with("bridge")).collect()
}

#[test]
fn the_next_authority_is_in_every_store_long_before_it_signs() {
    let mut home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    good(&home, &["install", "--yes"]);
    let (first, none) = authorities(&home);
    assert_eq!(none, None);
    stores_have(&home, &[&first]);

    travel(&mut home, 645);
    let (current, next) = authorities(&home);
    let next = next.unwrap();
    assert_eq!(current, first);
    stores_have(&home, &[&first, &next]);
    all_is_well(&home);

    travel(&mut home, 699);
    assert_eq!(authorities(&home), (first, Some(next.clone())));
    all_is_well(&home);

    travel(&mut home, 701);
    assert_eq!(authorities(&home), (next.clone(), None));
    stores_have(&home, &[&next]);
    all_is_well(&home);
    assert_eq!(
        events(&home),
        ["bridge_made", "bridge_prepared", "bridge_replaced"]
    );

    // And the same again, for the next ones.
    travel(&mut home, 645 + 645);
    let (current, third) = authorities(&home);
    assert_eq!(current, next);
    stores_have(&home, &[&next, &third.unwrap()]);
    good(&home, &["uninstall", "--everything", "--yes"]);
    stores_have(&home, &[]);
    // It was made by the installation, and nobody else has put anything in since.
    assert!(!home.path().join(NSSDB).exists());
}

#[test]
fn a_store_that_cannot_be_written_keeps_the_old_authority_signing_to_its_end() {
    let mut home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    good(&home, &["install", "--yes"]);
    let (first, _) = authorities(&home);
    let store = home.path().join(PROFILE).join("cert9.db");
    let content = fs::read(&store).unwrap();
    fs::write(&store, "no database").unwrap();

    travel(&mut home, 645);
    let (_, next) = authorities(&home);
    let next = next.unwrap();
    let both = [first.as_str(), &next];
    eventually("the other store has both", || has(&home, NSSDB, &both));
    let log = home.path().join(".local/state/settle/daemon.log");
    let warned = || {
        fs::read_to_string(&log)
            .unwrap()
            .contains("run settle install")
    };
    eventually("the log says so", warned);

    travel(&mut home, 729);
    // The store is whole again, and has what it had.
    fs::write(&store, &content).unwrap();
    assert!(has(&home, PROFILE, &[&first]));
    assert_eq!(authorities(&home), (first.clone(), Some(next.clone())));
    stores_have(&home, &both);
    all_is_well(&home);

    travel(&mut home, 731);
    assert_eq!(authorities(&home), (next.clone(), None));
    stores_have(&home, &[&next]);
    all_is_well(&home);
}

#[test]
fn the_doctor_names_a_store_that_lacks_the_next_authority() {
    let mut home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    good(&home, &["install", "--yes"]);
    travel(&mut home, 645);
    let (first, next) = authorities(&home);
    stores_have(&home, &[&first, &next.unwrap()]);
    // Somebody has put back what the store was before.
    certutil(&home, PROFILE, &["-D", "-n", NICKNAME]);
    certutil(&home, PROFILE, &["-D", "-n", NICKNAME]);
    let pem = home.path().join("first.pem");
    fs::write(&pem, &first).unwrap();
    let pem = pem.to_str().unwrap();
    certutil(
        &home,
        PROFILE,
        &["-A", "-n", NICKNAME, "-t", "C,,", "-i", pem],
    );
    let report = json(&text(&settle(&home, &["doctor", "--json"])));
    let wrong = report["checks"].as_array().unwrap().iter();
    let wrong: Vec<&str> = wrong
        .filter_map(|check| check["problem"].as_str())
        .collect();
    assert!(
        wrong.len() == 1 && wrong[0].contains("will sign next"),
        "{report}"
    );
    assert_eq!(report["next"], "run: settle install");
    good(&home, &["install", "--yes"]);
    all_is_well(&home);
}

/// The certificate that the proxy shows under its own name, as a foreign client sees it.
fn shown_by_the_proxy(home: &Home) -> String {
    let proxy = Connector::start(home).hello().unwrap().proxy;
    let mut client = home.command_of(Path::new("openssl"));
    client.args(["s_client", "-servername", &proxy.host, "-connect"]);
    let said = text(
        &client
            .arg(format!("127.0.0.1:{}", proxy.port))
            .output()
            .unwrap(),
    );
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let (_, rest) = said.split_once(begin).unwrap();
    let (shown, _) = rest.split_once(end).unwrap();
    format!("{begin}{shown}{end}\n")
}

/// Whether NSS accepts a server's certificate by a store.
fn accepts(home: &Home, store: &str, server: &str) -> bool {
    let file = home.path().join("server.pem");
    fs::write(&file, server).unwrap();
    let store = format!("sql:{}", home.path().join(store).display());
    let mut judge = home.command_of(Path::new("vfychain"));
    let judge = judge.args(["-d", &store, "-u", "1", "-a"]).arg(file);
    judge.output().unwrap().status.success()
}

#[test]
fn an_authority_whose_key_is_in_other_hands_is_replaced_at_once_and_so_is_the_next() {
    let mut home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    good(&home, &["install", "--yes"]);
    travel(&mut home, 645);
    let (first, next) = authorities(&home);
    let next = next.unwrap();
    stores_have(&home, &[&first, &next]);
    let shown = shown_by_the_proxy(&home);
    for store in [NSSDB, PROFILE] {
        assert!(accepts(&home, store, &shown), "{store}");
    }

    assert!(good(&home, &["renew"]).contains("Restart your"));

    let (third, none) = authorities(&home);
    assert!(third != first && third != next && none.is_none());
    stores_have(&home, &[&third]);
    for store in [NSSDB, PROFILE] {
        assert!(!accepts(&home, store, &shown), "{store}");
    }
    all_is_well(&home);
    assert_eq!(
        events(&home),
        ["bridge_made", "bridge_prepared", "bridge_replaced"]
    );
}

#[test]
fn a_store_in_which_an_authority_cannot_be_replaced_is_named() {
    let home = Home::new(Keyring::Unlocked);
    make_profile(&home);
    good(&home, &["install", "--yes"]);
    let store = home.path().join(PROFILE).join("cert9.db");
    let content = fs::read(&store).unwrap();
    fs::write(&store, "no database").unwrap();
    let renewed = settle(&home, &["renew"]);
    let said = text(&renewed);
    assert_eq!(renewed.status.code(), Some(1));
    assert!(said.contains("FAILED") && said.contains(PROFILE), "{said}");
    let (second, _) = authorities(&home);
    assert!(has(&home, NSSDB, &[&second]));
    fs::write(&store, &content).unwrap();
    good(&home, &["install", "--yes"]);
    stores_have(&home, &[&second]);
}
