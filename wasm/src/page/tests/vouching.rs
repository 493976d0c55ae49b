//! The pairing page on the way to names that a referee may vouch for.

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::fixtures::{name, referee, vouched_by};

/// A pairing page on the way to a name that a referee may vouch for, with the question under way.
fn vouching() -> Page {
    let mut page = open(Kind::Pair, "https://nas.local/a");
    let asked = hear(&mut page, status(LinkState::Ready, &[referee("referee")]));
    let message = FromPage::Vouch {
        name: name("nas.local"),
        port: 443,
    };
    assert_eq!(asked, [Effect::Say { message }]);
    assert_eq!(page.view().screen, Screen::Vouching);
    page
}

#[test]
#[wasm_bindgen_test]
fn what_a_referee_vouches_for_opens_without_a_click() {
    let mut page = vouching();
    let device = Box::new(vouched_by(&referee("referee"), "nas"));
    let url = "https://nas.local/a".to_owned();
    assert_eq!(
        hear(&mut page, ToPage::Paired { device }),
        [Effect::Go { url }]
    );
}

#[test]
#[wasm_bindgen_test]
fn where_nobody_vouches_a_code_is_asked_for_and_no_referee_again() {
    let answers = [
        ToPage::NotVouched {},
        ToPage::Failed {
            fault: OwnFault::HostLost.into(),
        },
    ];
    for answer in answers {
        let mut page = vouching();
        assert_eq!(hear(&mut page, answer), []);
        assert_eq!(page.view().screen, Screen::Ask);
        assert!(!has(&page, Part::Error));
        let more = [referee("referee"), referee("other")];
        assert_eq!(hear(&mut page, status(LinkState::Ready, &more)), []);
    }
}

#[test]
#[wasm_bindgen_test]
fn whoever_has_a_code_does_not_wait_for_referees() {
    let mut page = vouching();
    assert_eq!(press(&mut page, Action::Cancel), []);
    assert_eq!(page.view().screen, Screen::Ask);
    give(&mut page, &code_text(1));
    // The late answer is not about the pairing.
    hear(&mut page, ToPage::NotVouched {});
    assert_eq!(page.view().screen, Screen::Working);
}

#[test]
#[wasm_bindgen_test]
fn a_referee_that_is_paired_on_the_way_is_asked_about_the_address() {
    for vouches in [true, false] {
        let mut page = deciding("nas.local", &[]);
        press(&mut page, Action::Trust);
        let referee = referee("printer");
        hear(
            &mut page,
            status(LinkState::Ready, std::slice::from_ref(&referee)),
        );
        let nas = Box::new(vouched_by(&referee, "nas"));
        let paired = Box::new(referee);
        let asked = hear(&mut page, ToPage::Paired { device: paired });
        assert!(matches!(
            asked.as_slice(),
            [Effect::Say {
                message: FromPage::Vouch { .. }
            }]
        ));
        let (answer, url) = match vouches {
            true => (ToPage::Paired { device: nas }, "https://nas.local/"),
            false => (ToPage::NotVouched {}, "https://printer.local/"),
        };
        let url = url.to_owned();
        assert_eq!(hear(&mut page, answer), [Effect::Go { url }]);
    }
}

#[test]
#[wasm_bindgen_test]
fn no_referee_is_asked_where_there_is_none_or_the_name_has_a_device() {
    for devices in [vec![], vec![device("nas"), referee("referee")]] {
        let mut page = open(Kind::Pair, "nas.local");
        assert_eq!(hear(&mut page, status(LinkState::Ready, &devices)), []);
        assert_eq!(page.view().screen, Screen::Ask);
    }
}
