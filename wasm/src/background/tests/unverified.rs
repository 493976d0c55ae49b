//! Names that open without pairing: how the browser's rules follow the daemon's list, and what is told of such a page.

use super::*;
use crate::fixtures::unverified;

/// A background that knows of `cam.local`.
fn run() -> Run {
    let mut run = Run::ready(&[device("printer")]);
    run.event(Event::PortMessage {
        message: serde_json::to_value(FromDaemon::event(Said::DevicesChanged {})).unwrap(),
    });
    let listed = json!({ "devices": [device("printer")], "unverified": [unverified("cam.local")] });
    let effects = run.answer(listed);
    let rules = effects
        .iter()
        .position(|it| matches!(it, Effect::SetRules { rules } if rules.len() == 7));
    let told = effects
        .iter()
        .position(|it| matches!(it, Effect::Say { .. }));
    assert!(
        rules.unwrap() < told.unwrap_or(usize::MAX),
        "the page goes on with the rules set"
    );
    run
}

fn fail(run: &mut Run, url: &str, error: &str) -> Vec<String> {
    let effects = run.event(Event::NavigationFailed {
        tab: 5,
        url: url.to_owned(),
        error: error.to_owned(),
    });
    let mut leads = Vec::new();
    for effect in effects {
        if let Effect::Lead { url, .. } = effect {
            leads.push(url);
        }
    }
    leads
}

#[test]
#[wasm_bindgen_test]
fn where_nobody_takes_https_http_is_tried() {
    let mut run = run();
    for error in [
        "net::ERR_TUNNEL_CONNECTION_FAILED",
        "NS_ERROR_PROXY_BAD_GATEWAY",
    ] {
        let led = fail(&mut run, "https://cam.local/x?y", error);
        assert_eq!(led, ["http://cam.local/x?y"]);
    }
    let refused = "net::ERR_TUNNEL_CONNECTION_FAILED";
    assert_eq!(fail(&mut run, "https://cam.local:8443/", refused), [""; 0]);
    // What the browser thinks of the certificate is between it and the user.
    let untrusted = "net::ERR_CERT_AUTHORITY_INVALID";
    assert_eq!(fail(&mut run, "https://cam.local/", untrusted), [""; 0]);
    assert_eq!(fail(&mut run, "http://cam.local/", refused), [""; 0]);
}

#[test]
#[wasm_bindgen_test]
fn what_answers_there_says_nothing_in_the_name_of_settle() {
    let mut run = run();
    let mut refused = |url: &str| {
        let effects = run.event(Event::NavigationRefused {
            tab: 5,
            url: url.to_owned(),
            reason: "wrong_key".to_owned(),
        });
        effects.iter().any(|it| matches!(it, Effect::Lead { .. }))
    };
    assert!(!refused("http://cam.local/"));
    assert!(refused("https://printer.local/"));
}

#[test]
#[wasm_bindgen_test]
fn the_button_says_that_a_page_is_not_verified_until_a_device_has_the_name() {
    let mut run = run();
    let badge = |run: &mut Run| {
        let effects = run.event(Event::NavigationDone {
            tab: 5,
            url: "http://cam.local:8080/".to_owned(),
        });
        effects.into_iter().find_map(|effect| {
            let Effect::Badge { badge, .. } = effect else {
                return None;
            };
            Some(badge)
        })
    };
    assert_eq!(badge(&mut run), Some(Badge::Unverified));
    run.event(Event::PortMessage {
        message: serde_json::to_value(FromDaemon::event(Said::DevicesChanged {})).unwrap(),
    });
    run.answer(json!({ "devices": [device("cam")], "unverified": [unverified("cam.local")] }));
    assert_eq!(badge(&mut run), Some(Badge::Paired));
}
