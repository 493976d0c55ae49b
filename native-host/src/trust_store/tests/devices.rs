//! What is kept of a device: its names, its addresses and what is allowed to it.

use settle_protocol::origin::Origin;

use super::*;

#[test]
fn what_is_stored_is_there_after_a_restart() {
    let fixture = Fixture::with_printer();
    let store = fixture.open().unwrap();
    let device = first(&store);
    let paired = paired(device);
    assert_eq!(device.petname.as_str(), "printer");
    assert_eq!(paired.root, b"printer root");
    assert_eq!(paired.client_key.expose(), [1; 16]);
    assert!(!device.is_confirmed());
    // The store and its audit log.
    assert_eq!(files(fixture.directory.path()), 2);
}

#[test]
fn a_contact_confirms_a_device_and_moves_its_address_to_the_front() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    let address = "127.0.0.9:1".parse().unwrap();
    store
        .verified(&id, Some(address), SystemTime::now())
        .unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    let device = store.contents().devices.get(&id).unwrap();
    assert!(device.is_confirmed() && device.last_verified_at.is_some());
    assert_eq!(
        device.addresses,
        [address, "127.0.0.1:8443".parse().unwrap()]
    );
}

#[test]
fn a_removed_device_is_gone_and_its_key_with_it() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    assert!(store.remove(&id, Removal::Revoked, NOW).unwrap());
    assert!(!store.remove(&id, Removal::Revoked, NOW).unwrap());
    drop(store);
    assert!(fixture.open().unwrap().contents().devices.is_empty());
}

#[test]
fn a_second_device_does_not_get_the_first_ones_name() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    for name in ["printer", "PRINTER"] {
        let refused = insert(&mut store, name, b"another root");
        assert!(matches!(refused, Err(InsertError::NameTaken(_))));
    }
    insert(&mut store, "room1", b"a third root").unwrap();
    let alike = insert(&mut store, "rooml", b"another root");
    assert!(matches!(alike, Err(InsertError::NameTaken(_))));
    assert_eq!(store.contents().devices.len(), 2);
}

#[test]
fn a_device_that_is_paired_again_replaces_its_own_record() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    insert(&mut store, "printer", b"printer root").unwrap();
    assert_eq!(store.contents().devices.len(), 1);
}

#[test]
fn a_device_gets_another_name_unless_another_has_it() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    insert(&mut store, "nas", b"nas root").unwrap();
    let taken = store.rename(&id, Label::parse("nas").unwrap(), NOW);
    assert!(matches!(taken, Err(InsertError::NameTaken(_))));
    let unknown = store.rename("0", Label::parse("x").unwrap(), NOW);
    assert!(matches!(unknown, Err(InsertError::Unknown)));
    store
        .rename(&id, Label::parse("office").unwrap(), NOW)
        .unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    let device = store.contents().devices.get(&id).unwrap();
    assert_eq!(device.names()[0].as_str(), "office.local");
}

#[test]
fn an_allowed_origin_is_kept_once_and_can_be_denied() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    let site = Origin::parse("https://cloud.example").unwrap();
    store.set_origin(&id, &site, true, NOW).unwrap();
    store.set_origin(&id, &site, true, NOW).unwrap();
    drop(store);
    let mut store = fixture.open().unwrap();
    assert_eq!(first(&store).allowed_origins, std::slice::from_ref(&site));
    store.set_origin(&id, &site, false, NOW).unwrap();
    assert!(first(&store).allowed_origins.is_empty());
}
