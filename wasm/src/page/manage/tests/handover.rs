//! Names that are handed over to servers: asked of a referee by its administrators alone, and shown once.

use settle_protocol::rpc::handover::{HandOver, HandedOver, HandedTo};

use super::*;
use crate::fixtures::referee;

fn handed() -> HandedOver {
    let handed = serde_json::json!({
        "handover": {
            "names": ["nas.local"],
            "directory": "https://referee.local:14000/acme/directory",
            "eab_kid": "kid-of-nas",
            "eab_hmac_key": "secret-of-nas",
        },
        "root": "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    });
    serde_json::from_value(handed).unwrap()
}

/// A manager at the question what is to be handed over.
fn asking() -> Manage {
    let mut page = manager(&[referee("referee")]);
    press(&mut page, Action::Details, "referee");
    assert!(page.view().parts.contains(&Part::MayHandOver));
    press(&mut page, Action::ShowHandover, "");
    assert_eq!(page.view().screen, Screen::Handover);
    page
}

#[test]
#[wasm_bindgen_test]
fn what_the_referee_gives_is_shown_as_lines_to_paste_until_the_user_leaves() {
    let mut page = asking();
    assert_eq!(press(&mut page, Action::HandOver, ""), []);
    enter(&mut page, Field::HandedName, "example.com");
    assert!(page.view().texts.contains_key(&Slot::HandedNameProblem));
    assert_eq!(press(&mut page, Action::HandOver, ""), []);
    enter(&mut page, Field::HandedName, " nas.local ");
    let hand_over = HandOver {
        referee: "referee".to_owned(),
        name: name("nas.local"),
        to: HandedTo::Acme,
    };
    let asked = press(&mut page, Action::HandOver, "");
    assert_eq!(asked, say(FromPage::HandOver { hand_over }));
    assert_eq!(press(&mut page, Action::HandOver, ""), []);
    let handed = Box::new(handed());
    hear(&mut page, ToPage::HandedOver { handed });
    let view = page.view();
    assert!(view.parts.contains(&Part::HandedOver) && !view.parts.contains(&Part::Handing));
    let lines = &view.lists[&List::Lines];
    assert!(lines.len() == 3 && format!("{lines:?}").contains("kid-of-nas"));
    press(&mut page, Action::CloseHandover, "");
    assert!(!format!("{:?}", page.view()).contains("secret-of-nas"));
    press(&mut page, Action::ShowHandover, "");
    assert!(page.view().parts.contains(&Part::Handing));
}

#[test]
#[wasm_bindgen_test]
fn a_refusal_is_told_and_another_name_can_be_tried() {
    let mut page = asking();
    enter(&mut page, Field::HandedName, "cam.local");
    enter(&mut page, Field::HandedBy, "est");
    let asked = press(&mut page, Action::HandOver, "");
    let is_est = |effect: &Effect| format!("{effect:?}").contains("Est");
    assert!(asked.iter().all(is_est) && asked.len() == 1, "{asked:?}");
    let fault = ErrorKind::DeviceNotFound.into();
    hear(&mut page, ToPage::Failed { fault });
    let view = page.view();
    assert!(view.parts.contains(&Part::Error) && view.parts.contains(&Part::CanHandOver));
    // What comes after that is nobody's.
    let handed = Box::new(handed());
    hear(&mut page, ToPage::HandedOver { handed });
    assert!(page.view().parts.contains(&Part::Handing));
}

#[test]
#[wasm_bindgen_test]
fn only_an_administrator_of_a_referee_is_offered_it() {
    let mut guest = referee("referee");
    let DeviceAnchor::Referee(anchor) = &mut guest.anchor else {
        panic!("it is a referee");
    };
    anchor.role = "guest".to_owned();
    for known in [guest, device("printer")] {
        let id = known.id.clone();
        let mut page = manager(&[known]);
        press(&mut page, Action::Details, &id);
        assert!(!page.view().parts.contains(&Part::MayHandOver));
    }
}
