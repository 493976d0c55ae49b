//! A file or a keyring that is not as it was left: an alarm. One that fails in between: nothing is lost.

use super::*;

#[test]
fn every_flipped_byte_of_the_file_is_an_alarm() {
    let fixture = Fixture::with_printer();
    let file = fs::read(fixture.path()).unwrap();
    for position in 0..file.len() {
        let mut changed = file.clone();
        changed[position] ^= 0x10;
        fs::write(fixture.path(), changed).unwrap();
        let opened = fixture.open();
        assert!(
            matches!(
                opened,
                Err(StoreError::Tampered { .. } | StoreError::Newer(_))
            ),
            "{position}"
        );
    }
    fs::write(fixture.path(), file).unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 1);
}

#[test]
fn a_store_without_a_seal_would_take_flipped_bytes_for_what_it_trusts() {
    let fixture = Fixture::with_printer();
    let plain = minicbor::to_vec(fixture.open().unwrap().contents()).unwrap();
    let is_believed = |position: &usize| {
        let mut changed = plain.clone();
        changed[*position] ^= 0x10;
        let read = minicbor::decode::<Contents>(&changed);
        read.is_ok_and(|read| minicbor::to_vec(read).unwrap() != plain)
    };
    let believed = (0..plain.len()).filter(is_believed).count();
    assert!(believed > plain.len() / 2, "{believed} of {}", plain.len());
}

#[test]
fn an_old_copy_a_missing_file_and_a_missing_key_are_alarms() {
    let fixture = Fixture::with_printer();
    let old = fs::read(fixture.path()).unwrap();
    insert(&mut fixture.open().unwrap(), "nas", b"nas root").unwrap();
    let new = fs::read(fixture.path()).unwrap();
    fs::write(fixture.path(), &old).unwrap();
    assert!(is_tampered(&fixture.open()));
    fs::remove_file(fixture.path()).unwrap();
    assert!(is_tampered(&fixture.open()));
    fs::write(fixture.path(), &new).unwrap();
    let item = fixture.keyring.item();
    fixture.keyring.set_item(None);
    assert!(is_tampered(&fixture.open()));
    fixture.keyring.set_item(item);
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
}

#[test]
fn another_stores_file_is_an_alarm() {
    let (fixture, other) = (Fixture::with_printer(), Fixture::with_printer());
    fs::copy(other.path(), fixture.path()).unwrap();
    assert!(is_tampered(&fixture.open()));
}

#[test]
fn a_crash_between_file_and_keyring_loses_nothing() {
    let fixture = Fixture::with_printer();
    let before = fixture.keyring.item();
    insert(&mut fixture.open().unwrap(), "nas", b"nas root").unwrap();
    fixture.keyring.set_item(before);
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
    // It was taken up, so what came before is old from now on.
    insert(&mut fixture.open().unwrap(), "camera", b"camera root").unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 3);
}

#[test]
fn a_crash_at_the_very_first_write_leaves_a_usable_store() {
    let fixture = Fixture::new();
    drop(fixture.open().unwrap());
    assert!(!fixture.path().exists());
    assert!(fixture.open().unwrap().contents().devices.is_empty());
}

#[test]
fn a_keyring_that_locks_changes_nothing() {
    let fixture = Fixture::with_printer();
    let file = fs::read(fixture.path()).unwrap();
    let mut store = fixture.open().unwrap();
    fixture.keyring.lock(true);
    let refused = insert(&mut store, "nas", b"nas root");
    let locked = StoreError::Slot(SlotError::Locked);
    assert_eq!(refused.unwrap_err().to_string(), locked.to_string());
    assert_eq!(store.contents().devices.len(), 1);
    assert_eq!(fs::read(fixture.path()).unwrap(), file);
    fixture.keyring.lock(false);
    insert(&mut store, "nas", b"nas root").unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
}

#[test]
fn an_answer_of_the_keyring_that_is_lost_is_no_alarm() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    fixture.keyring.lose_answers();
    insert(&mut store, "nas", b"nas root").unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
}

#[test]
fn a_directory_that_takes_no_file_changes_nothing() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    // A directory where the new file should be: the write fails, whoever runs the test.
    fs::create_dir(fixture.path().with_extension("new")).unwrap();
    let refused = insert(&mut store, "nas", b"nas root");
    assert!(matches!(
        refused,
        Err(InsertError::Store(StoreError::File { .. }))
    ));
    assert_eq!(store.contents().devices.len(), 1);
    fs::remove_dir(fixture.path().with_extension("new")).unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 1);
}
