//! Backups: what opens one, and what comes back out of it.

use settle_transport::envelope::EnvelopeError;

use super::*;
use crate::trust_store::record::Devices;

#[test]
fn a_backup_opens_with_its_passphrase_alone_and_every_changed_byte_closes_it() {
    let fixture = Fixture::with_printer();
    let devices = fixture.open().unwrap().contents().devices.clone();
    let passphrase = Passphrase::new("correct horse  battery staple ");
    let sealed = backup::seal(&devices, &passphrase).unwrap();
    let again = Passphrase::new("correct horse battery staple");
    assert!(backup::open(&sealed, &again).is_ok());
    let other = backup::open(&sealed, &Passphrase::new("correct horse battery stapler"));
    assert_eq!(other.unwrap_err(), EnvelopeError::Sealed);
    let short = backup::seal(&devices, &Passphrase::new("short"));
    assert_eq!(short.unwrap_err(), EnvelopeError::TooShort);
    // Each costs a derivation, so not all of them: the header, and some of what is sealed.
    for position in (0..20).chain((20..sealed.len()).step_by(60)) {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert!(backup::open(&changed, &again).is_err(), "{position}");
    }
    for end in [0, 12, 13, 40, sealed.len() - 1] {
        assert!(backup::open(&sealed[..end], &again).is_err(), "{end}");
    }
}

#[test]
fn a_backup_that_would_cost_too_much_is_not_begun() {
    let devices = Devices::default();
    let passphrase = Passphrase::new("correct horse battery staple");
    let mut sealed = backup::seal(&devices, &passphrase).unwrap();
    sealed[14..18].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(
        backup::open(&sealed, &passphrase).unwrap_err(),
        EnvelopeError::Foreign
    );
}

#[test]
fn a_restored_backup_adds_what_is_missing_and_changes_nothing_else() {
    let (old, new) = (Fixture::with_printer(), Fixture::with_printer());
    let mut store = old.open().unwrap();
    insert(&mut store, "nas", b"nas root").unwrap();
    insert(&mut store, "camera", b"camera root").unwrap();
    let passphrase = Passphrase::new("correct horse battery staple");
    let sealed = backup::seal(&store.contents().devices, &passphrase).unwrap();

    let mut store = new.open().unwrap();
    insert(&mut store, "camera", b"another camera's root").unwrap();
    let opened = backup::open(&sealed, &passphrase).unwrap();
    let decision = opened.decision(store.contents());
    assert_eq!(decision.added.len(), 1);
    assert_eq!(decision.added[0].name.as_str(), "nas.local");
    assert_eq!(decision.kept[0].as_str(), "printer.local");
    assert_eq!(decision.name_taken[0].as_str(), "camera.local");
    store.restore(&opened.consent(), NOW).unwrap();
    drop(store);
    let store = new.open().unwrap();
    assert_eq!(store.contents().devices.len(), 3);
    let told = store.audit(None, 1).entries.remove(0).event;
    assert!(matches!(told, AuditEvent::Restored { name, .. } if name.as_str() == "nas.local"));
}

#[test]
fn of_two_devices_of_one_name_in_a_backup_one_comes_back() {
    let mut both = Devices::default();
    for root in [b"one root".as_slice(), b"another root"] {
        let fixture = Fixture::new();
        let mut store = fixture.open().unwrap();
        insert(&mut store, "nas", root).unwrap();
        both.insert(first(&store).clone());
    }
    let passphrase = Passphrase::new("correct horse battery staple");
    let sealed = backup::seal(&both, &passphrase).unwrap();
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    let opened = backup::open(&sealed, &passphrase).unwrap();
    let decision = opened.decision(store.contents());
    assert_eq!((decision.added.len(), decision.name_taken.len()), (1, 1));
    store.restore(&opened.consent(), NOW).unwrap();
    assert_eq!(store.contents().devices.len(), 1);
}
