//! Stores of every version that there was, which are read and written anew.

use super::makers::maker;
use super::*;

#[test]
fn a_store_of_version_1_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("../fixtures/v1.store")).unwrap();
    let item = include_bytes!("../fixtures/v1.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    let names = |store: &TrustStore| {
        let devices = store.contents().devices.iter();
        let mut names: Vec<String> = devices.map(|device| device.petname.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&store), ["nas", "printer"]);
    let devices = &store.contents().devices;
    let printer = devices.iter().find(|device| device.is_confirmed()).unwrap();
    assert_eq!(paired(printer).root, b"printer root");
    assert_eq!(paired(printer).discovery_key.expose(), [9; 32]);
    assert_eq!(printer.addresses.len(), 2);
    assert_eq!(store.contents().proxy.as_ref().unwrap().port, 4711);
    assert_eq!(
        store.contents().bridge.as_ref().unwrap().certificate,
        [7; 16]
    );
    insert(&mut store, "camera", b"camera root").unwrap();
    drop(store);
    assert_eq!(
        names(&fixture.open().unwrap()),
        ["camera", "nas", "printer"]
    );
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

#[test]
fn a_store_of_version_2_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("../fixtures/v2.store")).unwrap();
    let item = include_bytes!("../fixtures/v2.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).root, b"printer root");
    assert!(store.contents().makers.is_empty());
    store.add_maker(maker("Works", 1), NOW).unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    assert_eq!(store.contents().makers.len(), 1);
    assert_eq!(store.contents().devices.len(), 1);
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

#[test]
fn a_store_of_version_3_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("../fixtures/v3.store")).unwrap();
    let item = include_bytes!("../fixtures/v3.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).root, b"printer root");
    assert_eq!(paired(first(&store)).former, []);
    assert_eq!(store.contents().makers.len(), 1);
    let id = first(&store).id.clone();
    let petname = Label::parse("study").unwrap();
    store.rename(&id, petname, NOW).unwrap();
    drop(store);
    assert_eq!(first(&fixture.open().unwrap()).petname.as_str(), "study");
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

#[test]
fn a_store_of_version_4_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("../fixtures/v4.store")).unwrap();
    let item = include_bytes!("../fixtures/v4.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).root, b"printer root");
    assert!(paired(first(&store)).authority.is_none());
    assert_eq!(first(&store).allowed_origins.len(), 1);
    insert(&mut store, "camera", b"camera root").unwrap();
    drop(store);
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}
