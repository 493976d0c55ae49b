//! The pages as their script drives them: events in, effects and views out.

mod blocked;
mod overview;
mod unverified;
mod vouching;

use settle_protocol::maker::{MakerName, SerialNumber};
use settle_protocol::origin::Origin;
use settle_protocol::rpc::maker::{MakerProblem, MakerStatement};
use settle_protocol::rpc::{Decision, Device, ErrorKind, PairingStep, Refusal};
use settle_protocol::secret::PairingSecret;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::code::tests::code_text;
use crate::fault::OwnFault;
use crate::fixtures::{decision, device, key, name};
use crate::message::{Bridge, SiteAsked};
use crate::view::List;

fn open(kind: Kind, fragment: &str) -> Page {
    Page::open(kind, fragment).0
}

fn hear(page: &mut Page, message: ToPage) -> Vec<Effect> {
    page.update(Event::Heard { message })
}

fn status(link: LinkState, devices: &[Device]) -> ToPage {
    ToPage::Status {
        status: Status {
            link,
            devices: devices.to_vec(),
            bridge: Bridge::Trusted,
            ..Status::default()
        },
    }
}

fn press(page: &mut Page, action: Action) -> Vec<Effect> {
    press_in(page, action, "")
}

fn press_in(page: &mut Page, action: Action, value: &str) -> Vec<Effect> {
    let value = value.to_owned();
    page.update(Event::Pressed { action, value })
}

fn give(page: &mut Page, text: &str) -> Vec<Effect> {
    let text = CodeText(text.to_owned());
    page.update(Event::Text { text, now: 1 })
}

fn mark(page: &Page, mark: Mark) -> Option<&'static str> {
    page.view().marks.get(&mark).copied()
}

fn has(page: &Page, part: Part) -> bool {
    page.view().parts.contains(&part)
}

/// A pairing page that waits for the user's decision about `printer`.
fn deciding(fragment: &str, devices: &[Device]) -> Page {
    let mut page = open(Kind::Pair, fragment);
    hear(&mut page, status(LinkState::Ready, devices));
    give(&mut page, &code_text(1));
    hear(
        &mut page,
        ToPage::Decide {
            decision: decision("printer"),
        },
    );
    assert_eq!(page.view().screen, Screen::Decision);
    page
}

#[test]
#[wasm_bindgen_test]
fn a_slip_stays_to_be_mended_and_nothing_else_does() {
    let mut page = open(Kind::Pair, "");
    hear(&mut page, status(LinkState::Ready, &[]));
    let typed = settle_protocol::code::forms_to_read(&PairingSecret::new([3; 16])).0;
    let slip = typed.get(..20).unwrap();
    page.update(Event::CodeTyped {
        text: CodeText(slip.to_owned()),
    });
    assert_eq!(mark(&page, Mark::Typed), Some("partial"));
    give(&mut page, slip);
    assert_eq!(mark(&page, Mark::Error), Some("code_mistyped"));
    assert_eq!(mark(&page, Mark::Typed), Some("partial"));
    for text in ["https://example.com/", &typed] {
        give(&mut page, text);
        assert_eq!(mark(&page, Mark::Typed), None, "{text}");
    }
}

#[test]
#[wasm_bindgen_test]
fn asks_for_the_code_of_the_name_that_was_asked_for() {
    let text = |fragment: &str| {
        let view = open(Kind::Pair, fragment).view();
        serde_json::to_value(&view.texts[&Slot::AskTitle])
            .unwrap()
            .to_string()
    };
    assert!(text("http://printer.local/a").contains("printer.local"));
    assert!(text("printer.local").contains("printer.local"));
    for fragment in ["", "https://evil.example/", "javascript:alert(1)"] {
        assert!(text(fragment).contains("ask_title_any"), "{fragment}");
    }
}

/// What the camera sees.
fn see(page: &mut Page, codes: &[&str]) -> Vec<Effect> {
    let codes = codes.iter().map(|code| CodeText((*code).to_owned()));
    page.update(Event::Seen {
        codes: codes.collect(),
        now: 1,
    })
}

#[test]
#[wasm_bindgen_test]
fn the_camera_is_on_exactly_while_it_looks_for_a_code() {
    let mut page = open(Kind::Pair, "");
    hear(&mut page, status(LinkState::Ready, &[]));
    let code = code_text(1);
    assert_eq!(see(&mut page, &[&code]), [], "nobody asked the camera");
    assert_eq!(press(&mut page, Action::Scan), [Effect::StartCamera {}]);
    assert_eq!(page.view().screen, Screen::Scan);
    assert_eq!(see(&mut page, &[]), []);
    assert_eq!(see(&mut page, &["https://example.com/"]), []);
    assert_eq!(mark(&page, Mark::Error), Some("code_foreign"));
    assert_eq!(see(&mut page, &[]), []);
    assert_eq!(mark(&page, Mark::Error), None);

    let effects = see(&mut page, &["https://example.com/", &code]);
    let code = CodeText(code);
    let message = FromPage::Start { code: code.clone() };
    assert_eq!(effects, [Effect::StopCamera {}, Effect::Say { message }]);
    assert_eq!(page.view().screen, Screen::Working);
    assert_eq!(see(&mut page, &[&code.0]), [], "found once");
}

#[test]
#[wasm_bindgen_test]
fn a_camera_that_cannot_be_used_is_told_with_the_other_ways_beside_it() {
    let mut page = open(Kind::Pair, "");
    press(&mut page, Action::Scan);
    let fault = OwnFault::CameraForbidden;
    let effects = page.update(Event::NoCamera { fault });
    assert_eq!(effects, [Effect::StopCamera {}]);
    assert_eq!(page.view().screen, Screen::Ask);
    assert_eq!(mark(&page, Mark::Error), Some("camera_forbidden"));

    press(&mut page, Action::Scan);
    assert_eq!(mark(&page, Mark::Error), None);
    assert_eq!(press(&mut page, Action::StopScan), [Effect::StopCamera {}]);
    assert_eq!(page.update(Event::NoCamera { fault }), [], "it is off");
    assert_eq!(mark(&page, Mark::Error), None);
}

#[test]
#[wasm_bindgen_test]
fn a_picture_or_a_text_ends_the_search_with_the_camera() {
    for event in [
        Event::Reading {},
        Event::Text {
            text: CodeText(code_text(1)),
            now: 1,
        },
    ] {
        let mut page = open(Kind::Pair, "");
        hear(&mut page, status(LinkState::Ready, &[]));
        press(&mut page, Action::Scan);
        assert_eq!(page.update(event).first(), Some(&Effect::StopCamera {}));
    }
}

#[test]
#[wasm_bindgen_test]
fn nothing_happens_without_the_user() {
    let (mut page, effects) = Page::open(Kind::Pair, "https://printer.local/");
    assert_eq!(effects, []);
    assert_eq!(
        hear(&mut page, status(LinkState::Ready, &[device("printer")])),
        []
    );
}

#[test]
#[wasm_bindgen_test]
fn a_wrong_code_is_told_while_the_host_is_missing_and_another_can_follow() {
    let mut page = open(Kind::Pair, "printer.local");
    let fault = OwnFault::HostMissing.into();
    hear(&mut page, status(LinkState::Down { fault }, &[]));
    assert_eq!(give(&mut page, "WIFI:S:guest;;"), []);
    assert_eq!(mark(&page, Mark::Error), Some("code_foreign"));
    assert_eq!(mark(&page, Mark::Trouble), Some("host_missing"));
    assert_eq!(page.view().screen, Screen::Ask);
}

#[test]
#[wasm_bindgen_test]
fn a_good_code_waits_for_the_host_and_goes_on_by_itself() {
    let mut page = open(Kind::Pair, "printer.local");
    let fault = OwnFault::HostMissing.into();
    hear(&mut page, status(LinkState::Down { fault }, &[]));
    assert_eq!(give(&mut page, &code_text(1)), []);
    let effects = hear(&mut page, status(LinkState::Ready, &[]));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Say {
            message: FromPage::Start { .. }
        }]
    ));
    assert_eq!(mark(&page, Mark::Progress), Some("looking"));
}

#[test]
#[wasm_bindgen_test]
fn reads_a_picture_and_tells_the_steps() {
    let mut page = open(Kind::Pair, "printer.local");
    hear(&mut page, status(LinkState::Ready, &[]));
    page.update(Event::Reading {});
    assert!(page.view().texts.contains_key(&Slot::Reading));
    page.update(Event::NoPicture {});
    assert_eq!(mark(&page, Mark::Error), Some("picture_unreadable"));
    let codes = vec![CodeText(code_text(1))];
    page.update(Event::Picture { codes, now: 1 });
    for (step, word) in [
        (PairingStep::Connecting, "connecting"),
        (PairingStep::Proving, "proving"),
    ] {
        hear(&mut page, ToPage::Progress { step });
        assert_eq!(mark(&page, Mark::Progress), Some(word));
    }
}

#[test]
#[wasm_bindgen_test]
fn the_same_code_can_be_tried_again_only_where_that_can_help() {
    for (kind, can) in [
        (ErrorKind::DeviceNotFound, true),
        (ErrorKind::PairingInterrupted, true),
        (ErrorKind::ProofFailed, false),
        (ErrorKind::CodeExpired, false),
    ] {
        let mut page = open(Kind::Pair, "printer.local");
        hear(&mut page, status(LinkState::Ready, &[]));
        give(&mut page, &code_text(1));
        hear(&mut page, ToPage::Failed { fault: kind.into() });
        assert_eq!(mark(&page, Mark::Error), Some(kind.word()));
        assert_eq!(has(&page, Part::CanRetry), can, "{kind:?}");
        assert_eq!(press(&mut page, Action::Retry).len(), usize::from(can));
    }
}

#[test]
#[wasm_bindgen_test]
fn consent_opens_the_page_that_was_asked_for() {
    let mut page = deciding("http://printer.local/jobs?a", &[]);
    let effects = press(&mut page, Action::Trust);
    let petname = device("printer").petname;
    let message = FromPage::Commit { petname };
    assert_eq!(effects, [Effect::Say { message }]);
    assert_eq!(press(&mut page, Action::Trust), []);
    let effects = hear(
        &mut page,
        ToPage::Paired {
            device: Box::new(device("printer")),
        },
    );
    let url = "https://printer.local/jobs?a".to_owned();
    assert_eq!(effects, [Effect::Go { url }]);
}

#[test]
#[wasm_bindgen_test]
fn a_device_of_another_name_opens_at_its_own_first_page() {
    let mut page = deciding("http://nas.local/secret", &[]);
    press(&mut page, Action::Trust);
    let effects = hear(
        &mut page,
        ToPage::Paired {
            device: Box::new(device("printer")),
        },
    );
    let url = "https://printer.local/".to_owned();
    assert_eq!(effects, [Effect::Go { url }]);
}

#[test]
#[wasm_bindgen_test]
fn refusal_and_cancelling_end_the_pairing() {
    let mut page = deciding("printer.local", &[]);
    let message = FromPage::Cancel {};
    let cancel = [Effect::Say { message }];
    assert_eq!(press(&mut page, Action::Refuse), cancel);
    assert_eq!(mark(&page, Mark::Outcome), Some("refused"));
    press(&mut page, Action::Again);
    assert_eq!(page.view().screen, Screen::Ask);
    give(&mut page, &code_text(1));
    assert_eq!(press(&mut page, Action::Cancel), cancel);
    // A decision that was on its way is refused too.
    let effects = hear(
        &mut page,
        ToPage::Decide {
            decision: decision("printer"),
        },
    );
    assert_eq!(effects, cancel);
    assert_eq!(page.view().screen, Screen::Ask);
}

#[test]
#[wasm_bindgen_test]
fn a_makers_statement_is_a_line_or_a_warning_and_takes_no_step_away() {
    let decide = |maker: Option<MakerStatement>| {
        let mut page = open(Kind::Pair, "");
        hear(&mut page, status(LinkState::Ready, &[]));
        give(&mut page, &code_text(1));
        let decision = Decision {
            maker,
            ..decision("printer")
        };
        hear(&mut page, ToPage::Decide { decision });
        assert_eq!(page.view().screen, Screen::Decision);
        assert!(has(&page, Part::CanTrust) && has(&page, Part::CanRefuse));
        page
    };
    let texts = |page: &Page| {
        let texts = page.view().texts;
        [Slot::MadeBy, Slot::MakerWarning, Slot::MakerReason].map(|slot| texts.contains_key(&slot))
    };
    let maker = MakerName::parse("Works").unwrap();
    let none = decide(None);
    assert_eq!(texts(&none), [false; 3]);
    assert!(!has(&none, Part::Made) && !has(&none, Part::NotMade));

    let valid = decide(Some(MakerStatement::Valid {
        maker: maker.clone(),
        serial_number: SerialNumber::parse("SN-1").unwrap(),
    }));
    assert_eq!(texts(&valid), [true, false, false]);
    assert!(has(&valid, Part::Made) && !has(&valid, Part::NotMade));

    for problem in [
        MakerProblem::Expired,
        MakerProblem::NotPossessed,
        MakerProblem::OtherDevice,
        MakerProblem::OutOfScope,
        MakerProblem::Broken,
    ] {
        let invalid = decide(Some(MakerStatement::Invalid {
            maker: maker.clone(),
            problem,
            detail: String::new(),
        }));
        assert_eq!(texts(&invalid), [false, true, true]);
        assert!(!has(&invalid, Part::Made) && has(&invalid, Part::NotMade));
        let reason = Text::of_key(format!("maker_{}", problem.word()));
        assert_eq!(invalid.view().texts.get(&Slot::MakerReason), Some(&reason));
    }
}

#[test]
#[wasm_bindgen_test]
fn a_bad_or_taken_name_cannot_be_consented_to() {
    let mut nas = device("nas");
    nas.names.push(device("printer").petname.dot_local());
    let mut page = deciding("printer.local", &[nas]);
    for (typed, usable) in [
        ("printer", false),
        ("", false),
        ("two words", false),
        ("\u{202e}x", false),
        (" Printer-2 ", true),
    ] {
        let text = typed.to_owned();
        page.update(Event::Typed {
            field: Field::Petname,
            text,
        });
        assert_eq!(has(&page, Part::CanTrust), usable, "{typed:?}");
        assert_eq!(
            page.view().texts.contains_key(&Slot::PetnameProblem),
            !usable
        );
        if !usable {
            assert_eq!(press(&mut page, Action::Trust), []);
        }
    }
}

#[test]
#[wasm_bindgen_test]
fn a_name_that_the_daemon_refuses_can_be_changed() {
    let mut page = deciding("printer.local", &[]);
    press(&mut page, Action::Trust);
    let fault = ErrorKind::NameTaken.into();
    hear(&mut page, ToPage::Failed { fault });
    assert!(!has(&page, Part::CanTrust));
    let text = "other".to_owned();
    page.update(Event::Typed {
        field: Field::Petname,
        text,
    });
    assert_eq!(press(&mut page, Action::Trust).len(), 1);
}

#[test]
#[wasm_bindgen_test]
fn a_device_that_is_paired_again_keeps_its_name() {
    let page = deciding("printer.local", &[device("printer")]);
    assert!(has(&page, Part::CanTrust));
}

#[test]
#[wasm_bindgen_test]
fn a_page_that_lost_the_background_says_so() {
    let mut page = deciding("printer.local", &[]);
    page.update(Event::Lost {});
    assert_eq!(mark(&page, Mark::Error), Some("host_lost"));
    assert_eq!(mark(&page, Mark::Link), None);
}

#[test]
#[wasm_bindgen_test]
fn an_untrusted_bridge_holds_the_page_that_would_open() {
    let mut page = deciding("printer.local", &[]);
    press(&mut page, Action::Trust);
    let bridge = Bridge::Untrusted;
    let link = LinkState::Ready;
    let status = Status {
        link,
        bridge,
        ..Status::default()
    };
    hear(&mut page, ToPage::Status { status });
    assert_eq!(
        hear(
            &mut page,
            ToPage::Paired {
                device: Box::new(device("printer"))
            }
        ),
        []
    );
    assert_eq!(mark(&page, Mark::Trouble), Some("bridge_untrusted"));
    assert_eq!(press(&mut page, Action::Open).len(), 1);
}

#[test]
#[wasm_bindgen_test]
fn a_decision_shows_the_key_in_every_form_that_the_device_shows() {
    let page = deciding("", &[]);
    let texts = page.view().texts;
    let key = key("printer");
    assert_eq!(texts[&Slot::Fingerprint], Text::fingerprint(key.as_bytes()));
    assert_eq!(
        texts[&Slot::FingerprintWords],
        Text::literal(&key.to_words())
    );
    assert_eq!(
        texts[&Slot::FingerprintPicture],
        Text::literal(&key.to_picture())
    );
}
