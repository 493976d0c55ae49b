//! The import page as its script drives it.

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::fixtures::{device, name};
use crate::message::LinkState;

const DIGITS: &str = "12:34:56:78:9a:bc:de:f0:12:34:56:78:9a:bc:de:f0:12:34:56:78:9a:bc:de:f0:12:34:56:78:9a:bc:de:f0";

const SHA1: &str = "12:34:56:78:9a:bc:de:f0:12:34:56:78:9a:bc:de:f0:12:34:56:78";

fn opened(fragment: &str) -> Import {
    let mut page = Import::open(fragment);
    let status = Status {
        link: LinkState::Ready,
        devices: vec![device("printer")],
        bridge: Bridge::Trusted,
        ..Status::default()
    };
    hear(&mut page, ToPage::Status { status });
    page
}

fn hear(page: &mut Import, message: ToPage) -> Vec<Effect> {
    page.update(Event::Heard { message })
}

fn press(page: &mut Import, action: Action) -> Vec<Effect> {
    let value = String::new();
    page.update(Event::Pressed { action, value })
}

fn enter(page: &mut Import, field: Field, text: &str) {
    let text = text.to_owned();
    page.update(Event::Typed { field, text });
}

fn decision(source: &str) -> ImportDecision {
    ImportDecision {
        import: 5,
        name: name("nas.local"),
        port: 443,
        name_taken: false,
        kind: ImportKind::Certificate,
        certificate: CertificateFingerprint::parse(source).unwrap(),
    }
}

/// A page that waits for the user's decision about a fingerprint for `nas.local`.
fn deciding() -> Import {
    let mut page = opened("nas.local");
    enter(&mut page, Field::ImportSource, DIGITS);
    press(&mut page, Action::ReadImport);
    let decision = decision(DIGITS);
    hear(&mut page, ToPage::DecideImport { decision });
    assert_eq!(page.view().screen, Screen::Decision);
    page
}

#[test]
#[wasm_bindgen_test]
fn what_was_typed_is_asked_of_the_daemon_with_the_port_that_the_user_was_on_the_way_to() {
    let mut page = opened("nas.local:8443");
    enter(&mut page, Field::ImportSource, DIGITS);
    enter(&mut page, Field::ImportPlace, "192.168.1.20");
    let start = StartImport {
        name: name("nas.local"),
        port: 8443,
        addresses: vec!["192.168.1.20:443".parse().unwrap()],
        source: ImportSource::Fingerprint(CertificateFingerprint::parse(DIGITS).unwrap()),
    };
    let message = FromPage::StartImport { start };
    assert_eq!(
        press(&mut page, Action::ReadImport),
        [Effect::Say { message }]
    );
}

#[test]
#[wasm_bindgen_test]
fn what_is_wrong_is_said_beside_it_and_asks_nothing() {
    let cases = [
        (Field::ImportName, "example.com", Slot::ImportNameProblem),
        (Field::ImportName, "printer.local", Slot::ImportNameProblem),
        (Field::ImportSource, "12 34", Slot::ImportSourceProblem),
        (
            Field::ImportSource,
            "what is this",
            Slot::ImportSourceProblem,
        ),
        (Field::ImportSource, SHA1, Slot::ImportSourceProblem),
        (Field::ImportPlace, "next door", Slot::ImportPlaceProblem),
    ];
    for (field, text, slot) in cases {
        let mut page = opened("nas.local");
        enter(&mut page, Field::ImportSource, DIGITS);
        assert!(page.view().parts.contains(&Part::CanImport));
        enter(&mut page, field, text);
        let view = page.view();
        assert!(view.texts.contains_key(&slot), "{text}");
        assert!(!view.parts.contains(&Part::CanImport), "{text}");
        assert_eq!(press(&mut page, Action::ReadImport), [], "{text}");
    }
}

#[test]
#[wasm_bindgen_test]
fn nothing_is_trusted_without_consent_to_what_is_shown() {
    let mut page = opened("nas.local");
    assert_eq!(press(&mut page, Action::Trust), []);
    let decision = decision(DIGITS);
    hear(&mut page, ToPage::DecideImport { decision });
    assert_eq!(page.view().screen, Screen::Import, "nobody asked for it");

    let mut page = deciding();
    assert_eq!(press(&mut page, Action::Refuse), []);
    assert_eq!(page.view().screen, Screen::Import);
    assert_eq!(press(&mut page, Action::Trust), []);

    let mut page = deciding();
    let message = FromPage::CommitImport { import: 5 };
    assert_eq!(press(&mut page, Action::Trust), [Effect::Say { message }]);
    assert_eq!(press(&mut page, Action::Trust), [], "once is enough");
}

#[test]
#[wasm_bindgen_test]
fn what_was_imported_opens_where_the_user_was_going() {
    let mut page = deciding();
    press(&mut page, Action::Trust);
    let device = Box::new(device("nas"));
    let url = "https://nas.local/".to_owned();
    assert_eq!(
        hear(&mut page, ToPage::Paired { device }),
        [Effect::Go { url }]
    );
}

#[test]
#[wasm_bindgen_test]
fn a_fault_leads_back_to_what_was_typed() {
    let mut page = deciding();
    press(&mut page, Action::Trust);
    let fault = ErrorKind::ImportGone.into();
    hear(&mut page, ToPage::Failed { fault });
    let view = page.view();
    assert_eq!(view.screen, Screen::Import);
    assert_eq!(view.fields[&Field::ImportSource], DIGITS);
    assert!(view.parts.contains(&Part::Error));
}
