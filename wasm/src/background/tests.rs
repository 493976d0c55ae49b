//! The background as its script drives it: events in, effects out.

mod unverified;

use serde_json::{Value, json};
use settle_protocol::origin::Origin;
use settle_protocol::rpc::{ErrorKind, Event as Said, FromDaemon, PairingStep};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::fault::OwnFault;
use crate::fixtures::{decision, device, key, name, referee, unverified, vouched_by};
use crate::message::{CodeText, LinkState, ProxyControl};

const MISSING: &str = "Specified native messaging host not found.";

fn started(known: &Value, level: &str) -> Event {
    serde_json::from_value(json!({
        "kind": "started",
        "base": "chrome-extension://x/",
        "version": "0.1.0",
        "user_agent": "Chrome/156 Linux",
        "known": known,
        "setting": { "levelOfControl": level, "value": { "mode": "direct" } },
    }))
    .unwrap()
}

fn proxy() -> Proxy {
    Proxy {
        host: "ab12.localhost".to_owned(),
        port: 4711,
    }
}

/// The background, and the number of the last call it made.
struct Run {
    background: Background,
    last_call: u64,
}

impl Run {
    fn start() -> Self {
        let mut run = Self {
            background: Background::default(),
            last_call: 0,
        };
        run.event(started(&Value::Null, "controllable_by_this_extension"));
        run
    }

    /// With the daemon there and `devices` paired.
    fn ready(devices: &[Device]) -> Self {
        let mut run = Self::start();
        run.become_ready(devices);
        run
    }

    fn become_ready(&mut self, devices: &[Device]) {
        self.answer(json!({ "protocol": 1, "daemon": "0.1.0", "proxy": proxy() }));
        self.answer(json!({ "devices": devices }));
        assert_eq!(self.background.status().link, LinkState::Ready);
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.background.update(event);
        for effect in &effects {
            if let Effect::Post { message } = effect {
                self.last_call = message.id;
            }
        }
        effects
    }

    fn hear(&mut self, message: &FromDaemon) -> Vec<Effect> {
        let message = serde_json::to_value(message).unwrap();
        self.event(Event::PortMessage { message })
    }

    /// The daemon's good answer to the last call.
    fn answer(&mut self, result: Value) -> Vec<Effect> {
        self.hear(&FromDaemon::answer(Some(self.last_call), Ok(result)))
    }

    fn refuse(&mut self, kind: ErrorKind) -> Vec<Effect> {
        let answer = FromDaemon::answer::<()>(Some(self.last_call), Err(kind.into()));
        self.hear(&answer)
    }

    fn open_page(&mut self, page: PageId) -> Vec<Effect> {
        let tab = Some(40 + i32::try_from(page).unwrap());
        self.event(Event::PageOpened { page, tab })
    }

    fn say(&mut self, page: PageId, message: FromPage) -> Vec<Effect> {
        self.event(Event::PageSaid { page, message })
    }

    fn start_pairing(&mut self, page: PageId) -> Vec<Effect> {
        let code = CodeText("SETTLE:AAAA".to_owned());
        self.say(page, FromPage::Start { code })
    }

    fn decide(&mut self, page: PageId) {
        self.open_page(page);
        self.start_pairing(page);
        self.answer(json!(decision("printer")));
    }
}

fn said_to(effects: &[Effect], to: PageId) -> Vec<&ToPage> {
    let mut said = Vec::new();
    for effect in effects {
        if let Effect::Say { page, message } = effect
            && *page == to
        {
            said.push(message);
        }
    }
    said
}

fn calls(effects: &[Effect]) -> Vec<&Call> {
    let mut calls = Vec::new();
    for effect in effects {
        if let Effect::Post { message } = effect {
            calls.push(&message.call);
        }
    }
    calls
}

fn script(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| {
        let Effect::SetProxy { script, .. } = effect else {
            return None;
        };
        Some(script.as_str())
    })
}

fn waits(effects: &[Effect]) -> Option<u32> {
    effects.iter().find_map(|effect| {
        let Effect::Wait { milliseconds } = effect else {
            return None;
        };
        Some(*milliseconds)
    })
}

#[test]
#[wasm_bindgen_test]
fn local_names_are_caught_before_anything_is_known() {
    let mut background = Background::default();
    let effects = background.update(started(&Value::Null, "controllable_by_this_extension"));
    assert!(script(&effects).unwrap().contains("HTTPS 127.0.0.1:9"));
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, Effect::SetRules { rules } if rules.len() == 2))
    );
    assert!(matches!(
        effects.as_slice(),
        [
            ..,
            Effect::Connect {
                host: "org.settle.host"
            },
            Effect::Post { .. }
        ]
    ));
}

#[test]
#[wasm_bindgen_test]
fn a_restarted_worker_is_right_before_the_daemon_answers() {
    let known = Known {
        proxy: Some(proxy()),
        devices: vec![device("printer")],
        unverified: vec![unverified("cam.local")],
        other_sites: OtherSites::Lost,
    };
    let mut background = Background::default();
    let known = serde_json::to_value(known).unwrap();
    let effects = background.update(started(&known, "controlled_by_this_extension"));
    assert!(script(&effects).unwrap().contains("ab12.localhost:4711"));
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, Effect::SetRules { rules } if rules.len() == 7))
    );
    assert_eq!(background.status().proxy, ProxyControl::Replaced);
}

#[test]
#[wasm_bindgen_test]
fn what_an_older_version_remembered_is_dropped_if_unreadable() {
    let mut background = Background::default();
    let known = json!({ "devices": [{ "id": 3 }] });
    background.update(started(&known, "controllable_by_this_extension"));
    assert!(background.status().devices.is_empty());
}

#[test]
#[wasm_bindgen_test]
fn an_administrators_proxy_is_not_touched_and_told() {
    let mut background = Background::default();
    let effects = background.update(started(&Value::Null, "not_controllable"));
    assert_eq!(script(&effects), None);
    assert_eq!(background.status().proxy, ProxyControl::Policy);
}

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
fn a_revoked_device_opens_no_more() {
    let mut run = Run::ready(&[device("printer")]);
    run.open_page(1);
    run.say(
        1,
        FromPage::Revoke {
            device: "printer".to_owned(),
        },
    );
    let effects = run.answer(json!({}));
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, Effect::SetRules { rules } if rules.len() == 2))
    );
    assert_eq!(said_to(&effects, 1).last(), Some(&&ToPage::Revoked {}));
}

#[test]
#[wasm_bindgen_test]
fn a_change_elsewhere_is_listed() {
    let mut run = Run::ready(&[]);
    let effects = run.hear(&FromDaemon::event(Said::DevicesChanged {}));
    assert_eq!(calls(&effects), [&Call::ListDevices {}]);
    run.answer(json!({ "devices": [device("printer")] }));
    assert_eq!(run.background.status().devices.len(), 1);
}

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
fn the_code_is_in_no_debug_text_of_events_and_effects() {
    let mut run = Run::ready(&[]);
    run.open_page(1);
    let code = CodeText("SETTLE:AAAA".to_owned());
    let message = FromPage::Start { code };
    let event = Event::PageSaid { page: 1, message };
    assert!(!format!("{event:?}").contains("AAAA"));
    assert!(!format!("{:?}", run.event(event)).contains("AAAA"));
    assert!(!format!("{:?}", run.background).contains("AAAA"));
}

#[test]
#[wasm_bindgen_test]
fn what_a_referee_vouches_for_is_in_the_rules_before_its_page_hears_of_it() {
    let referee = referee("referee");
    let nas = vouched_by(&referee, "nas");
    let ask = FromPage::Vouch {
        name: nas.unique_name.clone(),
        port: 443,
    };
    let mut run = Run::ready(std::slice::from_ref(&referee));
    run.open_page(1);
    let asked = run.say(1, ask.clone());
    assert!(matches!(
        calls(&asked).as_slice(),
        [Call::VouchName { port: 443, .. }]
    ));
    let effects = run.answer(serde_json::to_value(&nas).unwrap());
    let rules = effects
        .iter()
        .position(|it| matches!(it, Effect::SetRules { .. }));
    assert!(rules.is_some());
    assert!(matches!(
        said_to(&effects[rules.unwrap()..], 1).last(),
        Some(ToPage::Paired { .. })
    ));

    let mut run = Run::ready(&[referee]);
    run.open_page(1);
    run.say(1, ask);
    let effects = run.refuse(ErrorKind::NotVouched);
    assert_eq!(said_to(&effects, 1), [&ToPage::NotVouched {}]);
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

fn asked(run: &mut Run, tab: TabId, site: &str, url: &str) -> Vec<Effect> {
    let (site, url) = (site.to_owned(), url.to_owned());
    run.event(Event::SiteAsked { tab, url, site })
}

#[test]
#[wasm_bindgen_test]
fn sites_that_ask_for_devices_are_counted_by_tab_until_it_shows_another_page() {
    let mut printer = device("printer");
    printer.allowed_origins = vec![Origin::parse("https://friend.example").unwrap()];
    let mut run = Run::ready(&[printer, device("nas")]);
    let (site, url) = ("https://news.example/today", "https://printer.local/x");
    assert_eq!(
        asked(&mut run, 3, site, url),
        [Effect::Count { tab: 3, count: 1 }]
    );
    assert_eq!(asked(&mut run, 3, site, url), [], "once each");
    for (site, url) in [
        ("https://friend.example/", url),
        (site, "https://unknown.local/"),
        ("about:blank", url),
    ] {
        assert_eq!(asked(&mut run, 3, site, url), [], "{site} {url}");
    }
    let nas = asked(&mut run, 3, site, "https://nas.local:8443/x");
    assert_eq!(nas, [Effect::Count { tab: 3, count: 2 }]);
    let told = |run: &mut Run| {
        let message = FromPage::AskSites {
            tab: 3,
            site: None,
            rules: Vec::new(),
        };
        let effects = run.event(Event::PageSaid { page: 1, message });
        match effects.as_slice() {
            [
                Effect::Say {
                    message: ToPage::SitesAsked { asked },
                    ..
                },
            ] => asked.len(),
            other => panic!("{other:?}"),
        }
    };
    run.open_page(1);
    assert_eq!(told(&mut run), 2);
    run.event(Event::TabLeft { tab: 3 });
    assert_eq!(told(&mut run), 0);
}

#[test]
#[wasm_bindgen_test]
fn a_rule_that_kept_something_back_tells_which_device_was_asked_for() {
    let mut run = Run::ready(&[device("printer"), device("nas")]);
    run.open_page(1);
    let mut ask = |site: Option<&str>, rules: &[u32]| {
        let message = FromPage::AskSites {
            tab: 3,
            site: site.map(str::to_owned),
            rules: rules.to_vec(),
        };
        let effects = run.event(Event::PageSaid { page: 1, message });
        match effects.as_slice() {
            [
                Effect::Say {
                    message: ToPage::SitesAsked { asked },
                    ..
                },
            ] => asked.clone(),
            other => panic!("{other:?}"),
        }
    };
    let site = Some("https://news.example/today");
    let all = ask(site, &[2, routes::kept_out("nas")]);
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].name.as_str(), all[0].origin.as_str()),
        ("nas.local", "https://news.example")
    );
    assert_eq!(ask(None, &[routes::kept_out("nas")]), []);
    assert_eq!(ask(site, &[2]), []);
}
