//! A device takes a new root, and hosts follow it or do not: with real binaries, whoever was away, whatever is
//! full, and whoever would like to be the successor.

mod kills;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use serde_json::Value;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::rpc::audit::{Audit, AuditEvent, ReadAudit};
use settle_protocol::rpc::{Call, Device as Listed, ErrorKind, Event, Refusal};
use settle_tests::device::{Setup, own_address};
use settle_tests::disk::Disk;
use settle_tests::forger::forge;
use settle_tests::rogue::Rogue;
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::commands::{good, json};
use super::{House, browser_of};

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: printer.local\r\nSec-Fetch-Site: none\r\n\r\n";

/// Rolls a device over by its owner's command; what is its root afterwards.
fn roll(home: &Home, state: &Path) -> Value {
    let mut command = home.command("settle-device");
    command.args(["rollover", "--json", "--state"]).arg(state);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn key_of(anchor: &Value) -> KeyFingerprint {
    KeyFingerprint::from_hex(anchor["fingerprint"].as_str().unwrap()).unwrap()
}

/// The root key that the one device is trusted by.
fn trusted(connector: &mut Connector) -> KeyFingerprint {
    let device = connector.devices().remove(0);
    device.anchor.paired().unwrap().fingerprint
}

fn wait_for_device(connector: &mut Connector, wanted: impl Fn(&Listed) -> bool) -> Listed {
    loop {
        let device = connector.devices().remove(0);
        if wanted(&device) {
            return device;
        }
        connector.wait_for_event(|event| matches!(event, Event::DevicesChanged {}));
    }
}

fn wait_until_trusted(connector: &mut Connector, key: KeyFingerprint) -> Listed {
    wait_for_device(connector, |device| {
        device.anchor.paired().unwrap().fingerprint == key
    })
}

/// The rollovers that the host's log tells of, the newest first.
fn told(connector: &mut Connector) -> Vec<(KeyFingerprint, KeyFingerprint)> {
    let all = ReadAudit {
        before: None,
        limit: 500,
    };
    let audit: Audit = connector.call(Call::ReadAudit(all)).unwrap();
    assert_eq!(audit.damage, None);
    let events = audit.entries.into_iter().map(|entry| entry.event);
    let rollovers = events.filter_map(|event| {
        let AuditEvent::RolledOver {
            was, fingerprint, ..
        } = event
        else {
            return None;
        };
        Some((was, fingerprint))
    });
    rollovers.collect()
}

/// Puts a device's state as it was.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

impl House {
    /// A paired device at an address that it can be started at again.
    fn at_home() -> (Self, Setup) {
        let (home, upstream) = (Home::new(Keyring::Unlocked), Upstream::start());
        let mut connector = Connector::start(&home);
        let setup = Setup {
            listen: own_address(),
            ..Setup::default()
        };
        let device = Device::start_as(&home, upstream.address(), &setup);
        connector.pair(device.code());
        let setup = Setup {
            listen: device.address(),
            ..setup
        };
        let house = Self {
            connector,
            device,
            upstream,
            home,
        };
        (house, setup)
    }
}

#[test]
fn a_rollover_is_followed_by_the_next_request_and_what_is_open_stays_open() {
    let mut house = House::paired();
    let before = house.connector.devices().remove(0);
    let first = trusted(&mut house.connector);
    let mut open = house.browser().open("printer.local").unwrap();
    let (mut buffer, mut heard) = ([0; 4096], Vec::new());
    for answers in 1..=2 {
        open.write_all(ASK).unwrap();
        while String::from_utf8_lossy(&heard)
            .matches("HTTP/1.1 200")
            .count()
            < answers
        {
            let length = open.read(&mut buffer).unwrap();
            assert_ne!(
                length,
                0,
                "it was closed: {:?}",
                String::from_utf8_lossy(&heard)
            );
            heard.extend(&buffer[..length]);
        }
        if answers == 1 {
            roll(&house.home, house.device.state());
        }
    }
    let next = wait_for_device(&mut house.connector, |device| {
        device.anchor.paired().unwrap().fingerprint != first
    });
    let paired = next.anchor.paired().unwrap();
    assert_eq!(paired.former, [first]);
    assert_eq!(told(&mut house.connector), [(first, paired.fingerprint)]);
    // It is the same device: the same origin, by the same name, for the same client.
    assert_eq!((next.id, next.names), (before.id, before.names));
    assert_eq!(next.unique_name.as_str(), house.device.unique_name());
    let page = house.browser().get("printer.local", "/").unwrap();
    assert_eq!(page.status, 200);
    let shown = good(&house.home, &["show", "printer.local"]);
    assert!(shown.contains(&first.to_string()), "{shown}");
}

#[test]
fn a_host_that_was_away_for_three_rollovers_follows_them_all_and_no_former_key_leads_it_back() {
    let (mut house, setup) = House::at_home();
    let first = trusted(&mut house.connector);
    let state = house.device.state().to_path_buf();
    let stolen = |number: usize| house.home.path().join(format!("stolen-{number}"));
    drop(house.device);
    let mut keys = vec![first];
    for number in 0..3 {
        // What a thief has who came by then.
        copy(&state, &stolen(number));
        keys.push(key_of(&roll(&house.home, &state)));
    }
    house.home.end_daemon();
    house.connector = Connector::start(&house.home);
    house.device = Device::start_as(&house.home, house.upstream.address(), &setup);
    let browser = house.browser();
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let device = wait_until_trusted(&mut house.connector, keys[3]);
    assert_eq!(device.anchor.paired().unwrap().former, keys[..3]);
    assert_eq!(told(&mut house.connector), [(keys[0], keys[3])]);

    drop(house.device);
    let upstream = Upstream::start();
    for number in 0..3 {
        for forks in [false, true] {
            let state = format!("stolen-{number}");
            if forks {
                roll(&house.home, &house.home.path().join(&state));
            }
            let setup = Setup {
                state,
                ..setup.clone()
            };
            let thief = Device::start_as(&house.home, upstream.address(), &setup);
            let page = browser.get("printer.local", "/").unwrap();
            assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
            drop(thief);
        }
    }
    assert!(upstream.requests().is_empty());
    assert_eq!(trusted(&mut house.connector), keys[3]);
}

#[test]
fn a_rollover_that_the_trusted_key_has_not_signed_is_refused_and_shown() {
    let (mut house, setup) = House::at_home();
    let first = trusted(&mut house.connector);
    let identity = fs::read_to_string(house.device.state().join("identity")).unwrap();
    let identity: Value = serde_json::from_str(identity.split_once('\n').unwrap().1).unwrap();
    let root = BASE64.decode(identity["root"].as_str().unwrap().as_bytes());
    let forged = forge(
        &CertificateDer::from(root.unwrap()),
        house.device.unique_name(),
    );
    let browser = house.browser();
    drop(house.device);
    let rogue = Rogue::showing(setup.listen, forged.chain, forged.key, b"h2", |line| {
        line.wait()
    });
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("rollover_refused"));
    assert!(page.body.contains(&first.to_hex()), "{}", page.body);
    let blocked = |event: &Event| matches!(event, Event::DeviceBlocked { .. });
    let event = house.connector.wait_for_event(blocked);
    let Event::DeviceBlocked {
        refusal:
            Refusal::RolloverRefused {
                expected,
                seen,
                flaw,
            },
        ..
    } = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(expected, first);
    assert!(seen.is_some_and(|seen| seen != first));
    // Nothing else is wrong with it.
    assert!(flaw.contains("not signed by the key before it"), "{flaw}");
    assert!(rogue.requests().is_empty());
    assert_eq!(trusted(&mut house.connector), first);
    let log = json(&good(&house.home, &["audit", "--json"]));
    let newest = &log["entries"][0];
    assert_eq!(newest["event"], "refused");
    assert_eq!(newest["refusal"]["reason"], "rollover_refused");
}

#[test]
fn a_new_root_that_finds_no_room_leaves_the_old_one_valid_and_says_so() {
    let home = Home::new(Keyring::Unlocked);
    let data = home.path().join(".local/share/settle");
    fs::create_dir_all(&data).unwrap();
    let disk = Disk::over(&data);
    let upstream = Upstream::start();
    let mut house = House {
        connector: Connector::start(&home),
        device: Device::start(&home, upstream.address()),
        upstream,
        home,
    };
    house.connector.pair(house.device.code());
    let first = trusted(&mut house.connector);
    disk.fill();
    let next = key_of(&roll(&house.home, house.device.state()));
    let browser = house.browser();
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let device = wait_for_device(&mut house.connector, |device| {
        device.unstored_rollover.is_some()
    });
    assert_eq!(device.unstored_rollover, Some(ErrorKind::StoreUnusable));
    assert_eq!(device.anchor.paired().unwrap().fingerprint, first);
    let shown = good(&house.home, &["show", "printer.local"]);
    assert!(shown.contains("not stored yet"), "{shown}");
    // It is the right device all the same, now and after a restart.
    house.home.end_daemon();
    house.connector = Connector::start(&house.home);
    let browser = house.browser();
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    assert_eq!(trusted(&mut house.connector), first);
    wait_for_device(&mut house.connector, |device| {
        device.unstored_rollover.is_some()
    });
    disk.make_room();
    // Said again at most once a second, which the daemon counts from its last word.
    let device = loop {
        assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
        let device = house.connector.devices().remove(0);
        if device.unstored_rollover.is_none() {
            break device;
        }
    };
    assert_eq!(device.anchor.paired().unwrap().fingerprint, next);
    house.connector.close();
    house.home.end_daemon();
}

#[test]
fn a_backup_from_before_a_rollover_follows_by_the_same_links() {
    let mut house = House::paired();
    let first = trusted(&mut house.connector);
    let file = house.home.path().join("settle.backup");
    let file = file.to_str().unwrap();
    let exported = json(&good(&house.home, &["export", "--draw", "--json", file]));
    let passphrase = exported["passphrase"].as_str().unwrap();
    for _ in 0..2 {
        roll(&house.home, house.device.state());
    }
    assert_eq!(
        house.browser().get("printer.local", "/").unwrap().status,
        200
    );
    let followed = wait_for_device(&mut house.connector, |device| {
        device.anchor.paired().unwrap().fingerprint != first
    });

    // Here it is the device that is there already, by whichever root.
    let (code, said) = super::managing::typing(
        &house.home,
        &["restore", "--yes", file],
        &format!("{passphrase}\n"),
    );
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("trusted already"), "{said}");
    assert_eq!(house.connector.devices(), std::slice::from_ref(&followed));

    let other = Home::new(Keyring::Unlocked);
    let mut connector = Connector::start(&other);
    let arguments = ["restore", "--yes", file];
    let (code, said) = super::managing::typing(&other, &arguments, &format!("{passphrase}\n"));
    assert_eq!(code, 0, "{said}");
    assert_eq!(trusted(&mut connector), first);
    let browser = browser_of(&mut connector);
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let key = followed.anchor.paired().unwrap().fingerprint;
    wait_until_trusted(&mut connector, key);
}

#[test]
fn a_portable_device_is_followed_as_well() {
    let (home, upstream) = (Home::new(Keyring::Unlocked), Upstream::start());
    let setup = Setup {
        portable: true,
        ..Setup::default()
    };
    let mut house = House {
        connector: Connector::start(&home),
        device: Device::start_as(&home, upstream.address(), &setup),
        upstream,
        home,
    };
    house.connector.pair(house.device.code());
    for _ in 0..2 {
        let key = key_of(&roll(&house.home, house.device.state()));
        let page = house.browser().get("printer.local", "/").unwrap();
        assert_eq!(page.status, 200);
        wait_until_trusted(&mut house.connector, key);
    }
}

#[test]
fn a_code_from_before_a_rollover_still_pairs_and_the_name_stays() {
    let mut house = House::new();
    let before = house.device.code().to_owned();
    for _ in 0..2 {
        roll(&house.home, house.device.state());
    }
    let device = house.connector.pair(&before);
    assert_eq!(device.unique_name.as_str(), house.device.unique_name());
    assert_eq!(device.anchor.paired().unwrap().former.len(), 2);
    let page = house.browser().get("printer.local", "/").unwrap();
    assert_eq!(page.status, 200);
}
