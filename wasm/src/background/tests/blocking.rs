//! Navigations that went no further, and the pages that explain them.

use super::*;

#[test]
#[wasm_bindgen_test]
fn a_refused_navigation_is_explained_with_what_the_daemon_told() {
    let mut run = Run::ready(&[device("printer")]);
    let printer = name("printer.local");
    let refusal = Refusal::WrongKey {
        expected: key("printer"),
        seen: Some(key("twin")),
    };
    run.hear(&FromDaemon::event(Said::DeviceBlocked {
        name: printer.clone(),
        refusal: refusal.clone(),
    }));
    let url = "https://printer.local/a?b".to_owned();
    let reason = "wrong_key".to_owned();
    let effects = run.event(Event::NavigationRefused {
        tab: 5,
        url,
        reason,
    });
    let url = "chrome-extension://x/blocked.html#printer.local/a?b".to_owned();
    assert_eq!(effects, [Effect::Lead { tab: 5, url }]);
    run.open_page(1);
    let effects = run.say(1, FromPage::AskRefusal { name: printer });
    let refusal = Some(refusal);
    assert_eq!(
        said_to(&effects, 1),
        [&ToPage::Refused {
            refusal,
            failures: 0
        }]
    );
    assert!(effects.contains(&Effect::Badge {
        tab: 41,
        badge: Badge::Blocked
    }));
}

#[test]
#[wasm_bindgen_test]
fn a_refusal_whose_details_come_late_is_told_twice() {
    let mut run = Run::ready(&[device("printer")]);
    let url = "https://printer.local/".to_owned();
    let reason = "wrong_key".to_owned();
    run.event(Event::NavigationRefused {
        tab: 5,
        url,
        reason,
    });
    run.open_page(1);
    let printer = name("printer.local");
    let effects = run.say(
        1,
        FromPage::AskRefusal {
            name: printer.clone(),
        },
    );
    let expected = key("printer");
    let refusal = Some(Refusal::WrongKey {
        expected,
        seen: None,
    });
    assert_eq!(
        said_to(&effects, 1),
        [&ToPage::Refused {
            refusal,
            failures: 0
        }]
    );
    let refusal = Refusal::Unreachable {};
    let effects = run.hear(&FromDaemon::event(Said::DeviceBlocked {
        name: printer,
        refusal,
    }));
    let refusal = Some(Refusal::Unreachable {});
    assert_eq!(
        said_to(&effects, 1),
        [&ToPage::Refused {
            refusal,
            failures: 0
        }]
    );
}

#[test]
#[wasm_bindgen_test]
fn a_proxy_that_is_away_is_explained_for_paired_names_and_a_refusal_leads_to_pairing() {
    let mut run = Run::ready(&[device("printer")]);
    for (url, error, led) in [
        (
            "https://printer.local/",
            "net::ERR_PROXY_CONNECTION_FAILED",
            true,
        ),
        ("https://printer.local/", "net::ERR_ABORTED", false),
        (
            "https://nas.local/",
            "net::ERR_PROXY_CONNECTION_FAILED",
            false,
        ),
        (
            "https://nas.local/",
            "net::ERR_TUNNEL_CONNECTION_FAILED",
            true,
        ),
        (
            "https://example.com/",
            "net::ERR_PROXY_CONNECTION_FAILED",
            false,
        ),
        // Firefox.
        (
            "https://printer.local/",
            "NS_ERROR_PROXY_CONNECTION_REFUSED",
            true,
        ),
        (
            "https://printer.local/",
            "Peer’s Certificate issuer is not recognized.",
            true,
        ),
        ("https://printer.local/", "NS_BINDING_ABORTED", false),
        ("https://nas.local/", "NS_ERROR_PROXY_FORBIDDEN", true),
        (
            "https://nas.local/",
            "Peer’s Certificate issuer is not recognized.",
            false,
        ),
    ] {
        let effects = run.event(Event::NavigationFailed {
            tab: 5,
            url: url.to_owned(),
            error: error.to_owned(),
        });
        let leads = effects.iter().any(|it| matches!(it, Effect::Lead { .. }));
        assert_eq!(leads, led, "{url} {error}");
    }
}

#[test]
#[wasm_bindgen_test]
fn failures_of_a_tab_are_counted_until_a_device_answers() {
    let mut run = Run::ready(&[device("printer")]);
    let url = || "https://printer.local/".to_owned();
    let fail = |run: &mut Run| {
        run.event(Event::NavigationFailed {
            tab: 5,
            url: url(),
            error: "net::ERR_EMPTY_RESPONSE".to_owned(),
        });
        run.event(Event::PageOpened {
            page: 1,
            tab: Some(5),
        });
        let name = LocalName::parse("printer.local").unwrap();
        let message = FromPage::AskRefusal { name };
        let effects = run.event(Event::PageSaid { page: 1, message });
        match said_to(&effects, 1).first() {
            Some(ToPage::Refused { failures, .. }) => *failures,
            said => panic!("{said:?}"),
        }
    };
    assert_eq!([fail(&mut run), fail(&mut run)], [1, 2]);
    // Firefox says of its own error pages too that they are complete.
    run.event(Event::NavigationDone { tab: 5, url: url() });
    assert_eq!(fail(&mut run), 3);
    run.event(Event::NavigationAnswered { tab: 5 });
    assert_eq!(fail(&mut run), 1);
}

#[test]
#[wasm_bindgen_test]
fn another_port_of_what_a_referee_vouches_for_is_asked_about() {
    let referee = referee("referee");
    let mut run = Run::ready(&[vouched_by(&referee, "nas"), referee]);
    let mut goes_to = |url: &str| {
        let effects = run.event(Event::NavigationFailed {
            tab: 3,
            url: url.to_owned(),
            error: "net::ERR_TUNNEL_CONNECTION_FAILED".to_owned(),
        });
        effects.iter().find_map(|effect| {
            let Effect::Lead { url, .. } = effect else {
                return None;
            };
            url.rsplit('/').next().map(str::to_owned)
        })
    };
    let page = goes_to("https://nas.local:8443/").unwrap();
    assert_eq!(page, "pair.html#nas.local:8443");
    let page = goes_to("https://nas.local/").unwrap();
    assert_eq!(page, "blocked.html#nas.local");
}
