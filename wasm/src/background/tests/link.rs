//! The connection to the host: greeted, tried again, and told of when it is away.

use super::*;

#[test]
#[wasm_bindgen_test]
fn greets_lists_and_checks_the_bridge() {
    let mut run = Run::start();
    let effects = run.answer(json!({ "protocol": 1, "daemon": "0.1.0", "proxy": proxy() }));
    assert_eq!(calls(&effects), [&Call::ListDevices {}]);
    assert!(script(&effects).unwrap().contains("ab12.localhost:4711"));
    let effects = run.answer(json!({ "devices": [device("printer")] }));
    let url = "https://ab12.localhost:4711/health".to_owned();
    assert!(effects.contains(&Effect::CheckBridge { url }));
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, Effect::Remember { .. }))
    );
}

#[test]
#[wasm_bindgen_test]
fn tries_again_with_a_growing_delay_that_a_page_keeps_short() {
    let mut run = Run::start();
    let mut delays = Vec::new();
    for _ in 0..9 {
        let reason = Some(MISSING.to_owned());
        delays.extend(waits(&run.event(Event::PortClosed { reason })));
        assert!(matches!(
            run.event(Event::Due {}).first(),
            Some(Effect::Connect { .. })
        ));
    }
    assert_eq!(
        delays,
        [250, 500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]
    );
    run.open_page(1);
    for _ in 0..5 {
        let reason = Some(MISSING.to_owned());
        assert!(waits(&run.event(Event::PortClosed { reason })).unwrap() <= 2000);
        run.event(Event::Due {});
    }
    let fault = OwnFault::HostMissing.into();
    assert_eq!(run.background.status().link, LinkState::Down { fault });
}

#[test]
#[wasm_bindgen_test]
fn a_locked_keyring_is_told_and_greeted_again_on_the_same_port() {
    let mut run = Run::start();
    run.open_page(1);
    let effects = run.refuse(ErrorKind::KeyringLocked);
    let fault = ErrorKind::KeyringLocked.into();
    assert!(matches!(
        said_to(&effects, 1).as_slice(),
        [ToPage::Status { status }] if status.link == LinkState::Down { fault }
    ));
    let effects = run.event(Event::Due {});
    assert!(matches!(calls(&effects).as_slice(), [Call::Hello(_)]));
    assert!(
        !effects
            .iter()
            .any(|it| matches!(it, Effect::Connect { .. }))
    );
    run.become_ready(&[]);
}

#[test]
#[wasm_bindgen_test]
fn another_version_of_the_daemon_is_refused() {
    let mut run = Run::start();
    run.answer(json!({ "protocol": 2, "daemon": "9", "proxy": proxy() }));
    let fault = ErrorKind::VersionMismatch.into();
    assert_eq!(run.background.status().link, LinkState::Down { fault });
}

#[test]
#[wasm_bindgen_test]
fn messages_of_no_known_form_change_nothing() {
    let mut run = Run::ready(&[]);
    for message in [
        json!(null),
        json!({ "jsonrpc": "2.0", "id": 999, "result": {} }),
        json!([]),
    ] {
        assert_eq!(run.event(Event::PortMessage { message }), []);
    }
}

#[test]
#[wasm_bindgen_test]
fn an_untrusted_bridge_is_told_and_checked_again() {
    let mut run = Run::ready(&[]);
    run.open_page(1);
    let effects = run.event(Event::BridgeChecked { trusted: false });
    assert!(waits(&effects).is_some());
    let trouble = run.background.status().trouble();
    assert_eq!(trouble, Some(OwnFault::BridgeUntrusted.into()));
    let effects = run.event(Event::Due {});
    assert!(matches!(effects.as_slice(), [Effect::CheckBridge { .. }]));
    run.event(Event::BridgeChecked { trusted: true });
    assert_eq!(run.background.status().trouble(), None);
}

#[test]
#[wasm_bindgen_test]
fn whoever_waits_is_told_when_the_host_goes() {
    let mut run = Run::ready(&[device("nas")]);
    run.decide(1);
    run.open_page(2);
    run.say(
        2,
        FromPage::Revoke {
            device: "nas".to_owned(),
        },
    );
    let effects = run.event(Event::PortClosed { reason: None });
    let fault = OwnFault::HostLost.into();
    for page in [1, 2] {
        assert!(
            said_to(&effects, page).contains(&&ToPage::Failed { fault }),
            "{page}"
        );
    }
    // What was trusted stays known, and its names stay caught.
    assert_eq!(run.background.status().devices.len(), 1);
}

#[test]
#[wasm_bindgen_test]
fn nothing_is_asked_of_a_host_that_is_away() {
    let mut run = Run::start();
    let reason = Some(MISSING.to_owned());
    run.event(Event::PortClosed { reason });
    run.event(Event::PageOpened { page: 1, tab: None });
    let effects = run.start_pairing(1);
    let fault = OwnFault::HostMissing.into();
    assert_eq!(said_to(&effects, 1), [&ToPage::Failed { fault }]);
}

#[test]
#[wasm_bindgen_test]
fn whoever_has_just_installed_it_is_shown_what_is_missing_once() {
    let opens = |effects: &[Effect]| {
        let wanted = "chrome-extension://x/manage.html#checks";
        let is_it = |effect: &&Effect| matches!(effect, Effect::Open { url } if url == wanted);
        effects.iter().filter(is_it).count()
    };
    let away = || Event::PortClosed {
        reason: Some("Specified native messaging host not found.".to_owned()),
    };
    let mut run = Run::start();
    assert_eq!(opens(&run.event(Event::Installed {})), 0);
    assert_eq!(opens(&run.event(away())), 1);
    assert_eq!(opens(&run.event(away())), 0);
    // In the other order, too.
    let mut run = Run::start();
    run.event(away());
    assert_eq!(opens(&run.event(Event::Installed {})), 1);
    // Nothing was missing, so a host that goes later is no news for a newcomer.
    let mut run = Run::start();
    run.event(Event::Installed {});
    run.become_ready(&[]);
    run.event(Event::BridgeChecked { trusted: true });
    assert_eq!(opens(&run.event(away())), 0);
    // An update, or a start of the browser, is no installation.
    let mut run = Run::start();
    assert_eq!(opens(&run.event(away())), 0);
}
