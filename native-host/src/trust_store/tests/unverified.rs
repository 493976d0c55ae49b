//! Names that open without pairing: never one that a device has, whichever came first.

use settle_protocol::name::LocalName;

use super::*;

fn name(text: &str) -> LocalName {
    LocalName::parse(text).unwrap()
}

fn listed(store: &TrustStore) -> Vec<String> {
    let all = store.contents().unverified.iter();
    all.map(|unverified| unverified.name.to_string()).collect()
}

fn told(store: &TrustStore) -> Vec<AuditEvent> {
    let audit = store.audit(None, 100);
    audit.entries.into_iter().map(|entry| entry.event).collect()
}

#[test]
fn what_is_added_outlives_a_restart_and_is_told_of() {
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    store.add_unverified(name("cam.local"), NOW).unwrap();
    store.add_unverified(name("cam.local"), NOW).unwrap();
    drop(store);
    let mut store = fixture.open().unwrap();
    assert_eq!(listed(&store), ["cam.local"]);
    assert!(store.remove_unverified(&name("cam.local"), NOW).unwrap());
    assert!(!store.remove_unverified(&name("cam.local"), NOW).unwrap());
    assert_eq!(listed(&store), [""; 0]);
    let name = name("cam.local");
    let lines = [
        AuditEvent::UnverifiedRemoved { name: name.clone() },
        AuditEvent::UnverifiedAdded { name },
    ];
    assert_eq!(told(&store)[..2], lines);
}

#[test]
fn a_name_that_a_device_has_opens_verified_or_not_at_all() {
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    let device = store
        .insert(consented("printer", b"root"), ours("printer"), NOW)
        .unwrap();
    for taken in ["printer.local", device.unique_name.as_str()] {
        let error = store.add_unverified(name(taken), NOW).unwrap_err();
        assert!(matches!(error, InsertError::NameTaken(_)), "{error}");
    }
    store
        .insert(consented("room", b"other"), ours("room"), NOW)
        .unwrap();
    let error = store.add_unverified(name("roorn.local"), NOW).unwrap_err();
    assert!(matches!(error, InsertError::NameTaken(_)), "{error}");
    assert_eq!(listed(&store), [""; 0]);
}

#[test]
fn a_device_takes_its_name_off_the_list_by_the_write_that_stores_it() {
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    for each in ["cam.local", "nas.local", "roorn.local"] {
        store.add_unverified(name(each), NOW).unwrap();
    }
    let cam = store
        .insert(consented("cam", b"cam"), ours("cam"), NOW)
        .unwrap();
    assert_eq!(listed(&store), ["nas.local", "roorn.local"]);
    store
        .rename(&cam.id, Label::parse("nas").unwrap(), NOW)
        .unwrap();
    assert_eq!(listed(&store), ["roorn.local"]);
    store
        .insert(consented("room", b"room"), ours("room"), NOW)
        .unwrap();
    assert_eq!(listed(&store), [""; 0]);
    let gone = |event: &&AuditEvent| matches!(event, AuditEvent::UnverifiedRemoved { .. });
    assert_eq!(told(&store).iter().filter(gone).count(), 3);
    // Revoking brings nothing back.
    store.remove(&cam.id, Removal::Revoked, NOW).unwrap();
    assert_eq!(listed(&store), [""; 0]);
}

#[test]
fn the_oldest_gives_way() {
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    for number in 0..=record::MAX_UNVERIFIED {
        let each = name(&format!("cam-{number}.local"));
        store.add_unverified(each, NOW).unwrap();
    }
    let listed = listed(&store);
    assert_eq!(listed.len(), record::MAX_UNVERIFIED);
    assert_eq!(listed[0], "cam-1.local");
}
