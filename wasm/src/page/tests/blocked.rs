//! The page that explains a blocked navigation: what was expected, what was seen, and no way past it.

use super::*;

#[test]
#[wasm_bindgen_test]
fn a_wrong_key_is_shown_beside_the_trusted_one_with_no_way_past_it() {
    let (mut page, effects) = Page::open(Kind::Blocked, "printer.local/a");
    let name = name("printer.local");
    let message = FromPage::AskRefusal { name };
    assert_eq!(effects, [Effect::Say { message }]);
    hear(&mut page, status(LinkState::Ready, &[device("printer")]));
    assert_eq!(mark(&page, Mark::Reason), None);
    let expected = key("printer");
    let refusal = Some(Refusal::WrongKey {
        expected,
        seen: Some(key("twin")),
    });
    hear(
        &mut page,
        ToPage::Refused {
            refusal,
            failures: 0,
        },
    );
    let view = page.view();
    assert_eq!(
        view.texts[&Slot::Expected],
        Text::fingerprint(expected.as_bytes())
    );
    assert_ne!(view.texts[&Slot::Seen], view.texts[&Slot::Expected]);
    let url = "https://printer.local/a".to_owned();
    assert_eq!(press(&mut page, Action::Retry), [Effect::Go { url }]);
    assert_eq!(press(&mut page, Action::Open), []);
}

#[test]
#[wasm_bindgen_test]
fn pairing_anew_takes_two_steps_and_a_new_ceremony() {
    let mut page = open(Kind::Blocked, "printer.local/a");
    hear(&mut page, status(LinkState::Ready, &[device("printer")]));
    let refusal = Some(Refusal::NotAdmitted {});
    hear(
        &mut page,
        ToPage::Refused {
            refusal,
            failures: 0,
        },
    );
    assert_eq!(press(&mut page, Action::ForgetConfirm), []);
    press(&mut page, Action::Forget);
    assert!(has(&page, Part::Forgetting));
    let message = FromPage::Revoke {
        device: "printer".to_owned(),
    };
    assert_eq!(
        press(&mut page, Action::ForgetConfirm),
        [Effect::Say { message }]
    );
    let url = "pair.html#printer.local/a".to_owned();
    assert_eq!(hear(&mut page, ToPage::Revoked {}), [Effect::Go { url }]);
}

#[test]
#[wasm_bindgen_test]
fn every_refusal_has_its_own_explanation() {
    let refusals = [
        Some(Refusal::Unreachable {}),
        Some(Refusal::Expired {}),
        Some(Refusal::NotAdmitted {}),
        Some(Refusal::CrossSite { origin: None }),
        None,
    ];
    let mut seen = std::collections::BTreeSet::new();
    for refusal in refusals {
        let mut page = open(Kind::Blocked, "printer.local");
        hear(&mut page, status(LinkState::Ready, &[device("printer")]));
        hear(
            &mut page,
            ToPage::Refused {
                refusal,
                failures: 0,
            },
        );
        let texts = page.view().texts;
        assert!(seen.insert(serde_json::to_string(&texts[&Slot::BlockedText]).unwrap()));
    }
}

#[test]
#[wasm_bindgen_test]
fn a_name_that_was_forgotten_meanwhile_leads_to_pairing() {
    let mut page = open(Kind::Blocked, "printer.local/a");
    hear(&mut page, status(LinkState::Ready, &[device("printer")]));
    let refusal = Some(Refusal::Unreachable {});
    assert_eq!(
        hear(
            &mut page,
            ToPage::Refused {
                refusal,
                failures: 0
            }
        ),
        []
    );
    let url = "pair.html#printer.local/a".to_owned();
    let effects = hear(&mut page, status(LinkState::Ready, &[device("nas")]));
    assert_eq!(effects, [Effect::Go { url }]);
}

#[test]
#[wasm_bindgen_test]
fn a_host_that_is_away_is_the_reason_where_no_other_is_known() {
    let mut page = open(Kind::Blocked, "printer.local");
    let fault = OwnFault::HostLost.into();
    hear(
        &mut page,
        status(LinkState::Down { fault }, &[device("printer")]),
    );
    hear(
        &mut page,
        ToPage::Refused {
            refusal: None,
            failures: 0,
        },
    );
    assert_eq!(mark(&page, Mark::Reason), Some("host_away"));
    assert!(!has(&page, Part::CanForget));
}

#[test]
#[wasm_bindgen_test]
fn what_was_only_blocked_by_an_absent_host_opens_by_itself() {
    let fault = OwnFault::HostLost.into();
    let away = || status(LinkState::Down { fault }, &[device("printer")]);
    let back = || status(LinkState::Ready, &[device("printer")]);
    let told = |refusal, failures| ToPage::Refused { refusal, failures };
    let url = "https://printer.local/a".to_owned();
    let opens = || vec![Effect::Go { url: url.clone() }];
    for (refusal, want) in [(None, opens()), (Some(Refusal::Unreachable {}), Vec::new())] {
        let mut page = open(Kind::Blocked, "printer.local/a");
        hear(&mut page, told(refusal, 2));
        assert_eq!(hear(&mut page, away()), []);
        assert_eq!(hear(&mut page, back()), want);
    }
    // Back already when the page opens: that explains one failure, and not two.
    for (failures, want) in [(0, Vec::new()), (1, opens()), (2, Vec::new())] {
        let mut page = open(Kind::Blocked, "printer.local/a");
        hear(&mut page, back());
        assert_eq!(hear(&mut page, told(None, failures)), want);
    }
}
