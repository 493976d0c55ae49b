//! Opening a name without pairing: asked for, remembered, and taken back.

use super::*;
use crate::fixtures::unverified;

const CAMERA: &str = "http://cam.local:8080/live";

fn told(listed: &[&str], devices: &[Device]) -> ToPage {
    ToPage::Status {
        status: Status {
            link: LinkState::Ready,
            devices: devices.to_vec(),
            unverified: listed.iter().map(|it| unverified(it)).collect(),
            ..Status::default()
        },
    }
}

fn add() -> Effect {
    let message = FromPage::AddUnverified {
        name: name("cam.local"),
    };
    Effect::Say { message }
}

/// A pairing page on which the user has pressed the quiet button.
fn asked() -> Page {
    let mut page = open(Kind::Pair, CAMERA);
    assert!(!has(&page, Part::MayOpenUnverified));
    hear(&mut page, told(&[], &[]));
    assert!(has(&page, Part::MayOpenUnverified));
    assert_eq!(press(&mut page, Action::OpenUnverified), []);
    assert_eq!(press(&mut page, Action::AskUnverified), []);
    assert_eq!(page.view().screen, Screen::Unverified);
    page
}

#[test]
#[wasm_bindgen_test]
fn it_opens_as_it_was_asked_for_once_the_rules_let_it() {
    let mut page = asked();
    assert_eq!(press(&mut page, Action::OpenUnverified), [add()]);
    assert!(!has(&page, Part::CanOpenUnverified));
    assert_eq!(press(&mut page, Action::OpenUnverified), []);
    assert_eq!(hear(&mut page, told(&["other.local"], &[])), []);
    let url = CAMERA.to_owned();
    assert_eq!(
        hear(&mut page, told(&["cam.local"], &[])),
        [Effect::Go { url }]
    );
}

#[test]
#[wasm_bindgen_test]
fn the_user_may_turn_back_and_a_list_alone_opens_nothing() {
    let mut page = asked();
    assert_eq!(hear(&mut page, told(&["cam.local"], &[])), []);
    press(&mut page, Action::Cancel);
    assert_eq!(page.view().screen, Screen::Ask);
    assert_eq!(hear(&mut page, told(&["cam.local"], &[])), []);
}

#[test]
#[wasm_bindgen_test]
fn what_a_device_has_is_not_offered_and_a_refusal_is_told() {
    let mut page = open(Kind::Pair, "printer.local");
    hear(&mut page, told(&[], &[device("printer")]));
    assert!(!has(&page, Part::MayOpenUnverified));
    assert_eq!(press(&mut page, Action::AskUnverified), []);
    assert_eq!(page.view().screen, Screen::Ask);

    let mut page = asked();
    press(&mut page, Action::OpenUnverified);
    let fault = ErrorKind::NameTaken.into();
    hear(&mut page, ToPage::Failed { fault });
    assert_eq!(page.view().screen, Screen::Ask);
    assert!(has(&page, Part::Error));
}

#[test]
#[wasm_bindgen_test]
fn the_popup_says_so_of_the_page_that_the_user_looks_at() {
    let mut page = open(Kind::Popup, "");
    hear(&mut page, told(&["cam.local", "nas.local"], &[]));
    assert!(!has(&page, Part::SomeUnverified));
    page.update(Event::Tab {
        tab: 5,
        url: Some(CAMERA.to_owned()),
        rules: Vec::new(),
    });
    assert!(has(&page, Part::SomeUnverified));
    assert_eq!(page.view().lists[&List::Unverified].len(), 1);
    assert_eq!(
        press_in(&mut page, Action::RemoveUnverified, "nas.local"),
        []
    );
    let message = FromPage::RemoveUnverified {
        name: name("cam.local"),
    };
    let removed = press_in(&mut page, Action::RemoveUnverified, "cam.local");
    assert_eq!(removed, [Effect::Say { message }]);
}

#[test]
#[wasm_bindgen_test]
fn the_manager_lists_them_and_takes_a_step_back() {
    let mut page = open(Kind::Manage, "");
    hear(&mut page, told(&["cam.local"], &[]));
    assert!(has(&page, Part::SomeUnverified));
    let message = FromPage::RemoveUnverified {
        name: name("cam.local"),
    };
    let removed = press_in(&mut page, Action::RemoveUnverified, "cam.local");
    assert_eq!(removed, [Effect::Say { message }]);
    hear(&mut page, told(&[], &[]));
    assert!(!has(&page, Part::SomeUnverified) && has(&page, Part::CanUndo));
    assert_eq!(press(&mut page, Action::Undo), [add()]);
}
