//! The list of makers.

use settle_protocol::maker::{MakerName, SerialPattern};

use super::*;
use crate::trust_store::record::{MAX_MAKERS, Maker};

pub(super) fn maker(name: &str, certificate: u8) -> Maker {
    Maker {
        name: MakerName::parse(name).unwrap(),
        certificate: vec![certificate; 8],
        serial_numbers: SerialPattern::all(),
        kinds: vec![Kind::Device],
        added_at: 1,
    }
}

#[test]
fn a_maker_is_on_the_list_once_until_it_is_taken_off() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    store.add_maker(maker("Works", 1), NOW).unwrap();
    for same in [maker("Works", 2), maker("Other", 1)] {
        let error = store.add_maker(same, NOW).unwrap_err();
        assert!(matches!(error, InsertError::MakerKnown));
    }
    let other = MakerName::parse("Other").unwrap();
    assert!(!store.remove_maker(&other, NOW).unwrap());
    let works = MakerName::parse("Works").unwrap();
    assert!(store.remove_maker(&works, NOW).unwrap());
    drop(store);
    let store = fixture.open().unwrap();
    assert!(store.contents().makers.is_empty());
    assert_eq!(store.contents().devices.len(), 1);
    let told: Vec<AuditEvent> = store
        .audit(None, 2)
        .entries
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    assert!(matches!(
        &told[..],
        [
            AuditEvent::MakerRemoved { .. },
            AuditEvent::MakerAdded { .. }
        ]
    ));
}

#[test]
fn the_list_of_makers_has_an_end() {
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    for number in 0..MAX_MAKERS {
        let number = u8::try_from(number).unwrap();
        store
            .add_maker(maker(&format!("Works {number}"), number), NOW)
            .unwrap();
    }
    let error = store.add_maker(maker("Works", 255), NOW).unwrap_err();
    assert!(matches!(error, InsertError::MakerKnown));
}
