//! The popup: what is paired, and who asked for it.

use super::*;

#[test]
#[wasm_bindgen_test]
fn the_popup_lists_opens_and_forgets_in_two_steps() {
    let mut page = open(Kind::Popup, "");
    hear(&mut page, status(LinkState::Ready, &[]));
    assert!(has(&page, Part::Nothing));
    hear(
        &mut page,
        status(LinkState::Ready, &[device("nas"), device("printer")]),
    );
    assert_eq!(page.view().lists[&List::Devices].len(), 2);
    let url = "https://printer.local/".to_owned();
    let effects = press_in(&mut page, Action::Open, "printer");
    assert_eq!(effects, [Effect::Open { url }]);
    assert_eq!(press_in(&mut page, Action::ForgetConfirm, "nas"), []);
    press_in(&mut page, Action::Forget, "nas");
    assert_eq!(press_in(&mut page, Action::ForgetConfirm, "printer"), []);
    press_in(&mut page, Action::Forget, "nas");
    let message = FromPage::Revoke {
        device: "nas".to_owned(),
    };
    let effects = press_in(&mut page, Action::ForgetConfirm, "nas");
    assert_eq!(effects, [Effect::Say { message }]);
}

#[test]
#[wasm_bindgen_test]
fn the_popup_tells_who_asked_in_its_tab_and_lets_them_in() {
    let origin = Origin::parse("https://news.example").unwrap();
    let mut page = open(Kind::Popup, "");
    let tab = Event::Tab {
        tab: 3,
        url: Some("https://news.example/a".to_owned()),
        rules: vec![9],
    };
    // The background is asked when it is there.
    assert_eq!(page.update(tab), []);
    let effects = page.update(Event::Heard {
        message: status(LinkState::Ready, &[device("printer")]),
    });
    let message = FromPage::AskSites {
        tab: 3,
        site: Some("https://news.example/a".to_owned()),
        rules: vec![9],
    };
    assert_eq!(effects, [Effect::Say { message }]);
    let asked = |device: &str| SiteAsked {
        device: device.to_owned(),
        name: name("printer.local"),
        origin: origin.clone(),
    };
    let all = vec![asked("printer"), asked("forgotten")];
    hear(&mut page, ToPage::SitesAsked { asked: all });
    let view = page.view();
    let [row] = view.lists[&List::Asked].as_slice() else {
        panic!("the device that is trusted");
    };
    let effects = press_in(&mut page, Action::PassSite, &row.value);
    let message = FromPage::Pass {
        device: "printer".to_owned(),
        origin: origin.clone(),
    };
    assert_eq!(effects, [Effect::Say { message }]);
    assert!(!page.view().texts.contains_key(&Slot::AskedDone), "not yet");
    let mut passed = device("printer");
    passed.passing_origins = vec![origin];
    hear(&mut page, status(LinkState::Ready, &[passed]));
    assert!(page.view().texts.contains_key(&Slot::AskedDone));
    assert!(page.view().lists[&List::Asked].is_empty());
    assert_eq!(press_in(&mut page, Action::AllowSite, "nobody"), []);
}
