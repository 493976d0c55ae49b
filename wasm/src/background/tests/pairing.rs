//! Pairings that pages ask for: each page has its own, and no other consents to it.

use super::*;

#[test]
#[wasm_bindgen_test]
fn pairs_and_sets_the_rules_before_the_good_news() {
    let mut run = Run::ready(&[]);
    run.open_page(1);
    run.start_pairing(1);
    let request = run.last_call;
    let step = PairingStep::Proving;
    let effects = run.hear(&FromDaemon::event(Said::PairingProgress { request, step }));
    assert_eq!(said_to(&effects, 1), [&ToPage::Progress { step }]);
    let effects = run.answer(json!(decision("printer")));
    assert!(matches!(
        said_to(&effects, 1).as_slice(),
        [ToPage::Decide { .. }]
    ));
    let petname = device("printer").petname;
    run.say(1, FromPage::Commit { petname });
    let effects = run.answer(json!(device("printer")));
    let position = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted).unwrap();
    let rules = position(|it| matches!(it, Effect::SetRules { .. }));
    let news = position(|it| {
        matches!(
            it,
            Effect::Say {
                message: ToPage::Paired { .. },
                ..
            }
        )
    });
    assert!(rules < news);
}

#[test]
#[wasm_bindgen_test]
fn a_page_that_is_left_ends_its_pairing() {
    let mut run = Run::ready(&[]);
    run.decide(1);
    let effects = run.event(Event::PageClosed { page: 1 });
    assert_eq!(calls(&effects), [&Call::AbortPairing { pairing: 7 }]);
}

#[test]
#[wasm_bindgen_test]
fn a_decision_that_comes_after_its_page_is_refused() {
    let mut run = Run::ready(&[]);
    run.open_page(1);
    run.start_pairing(1);
    let start = run.last_call;
    assert_eq!(run.event(Event::PageClosed { page: 1 }), []);
    let effects = run.hear(&FromDaemon::answer(Some(start), Ok(decision("printer"))));
    assert_eq!(calls(&effects), [&Call::AbortPairing { pairing: 7 }]);
}

#[test]
#[wasm_bindgen_test]
fn a_page_cannot_consent_to_what_it_was_not_asked() {
    let mut run = Run::ready(&[]);
    run.decide(1);
    run.open_page(2);
    let petname = device("printer").petname;
    let effects = run.say(2, FromPage::Commit { petname });
    let fault = ErrorKind::PairingGone.into();
    assert_eq!(said_to(&effects, 2), [&ToPage::Failed { fault }]);
    assert!(calls(&effects).is_empty());
}

#[test]
#[wasm_bindgen_test]
fn a_taken_name_leaves_the_decision_open() {
    let mut run = Run::ready(&[]);
    run.decide(1);
    let petname = device("printer").petname;
    run.say(
        1,
        FromPage::Commit {
            petname: petname.clone(),
        },
    );
    run.refuse(ErrorKind::NameTaken);
    let effects = run.say(1, FromPage::Commit { petname });
    assert!(matches!(
        calls(&effects).as_slice(),
        [Call::CommitPairing(_)]
    ));
}
