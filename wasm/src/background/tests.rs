//! The background as its script drives it: events in, effects out.

mod asked;
mod blocking;
mod link;
mod pairing;
mod unverified;

use serde_json::{Value, json};
use settle_protocol::origin::Origin;
use settle_protocol::rpc::{Call, ErrorKind, Event as Said, FromDaemon, PairingStep};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::fault::OwnFault;
use crate::fixtures::{decision, device, key, name, referee, unverified, vouched_by};
use crate::message::{CodeText, FromPage, LinkState, ProxyControl};

const MISSING: &str = "Specified native messaging host not found.";

fn started(known: &Value, level: &str) -> Event {
    serde_json::from_value(json!({ "started": {
        "base": "chrome-extension://x/",
        "version": "0.1.0",
        "user_agent": "Chrome/156 Linux",
        "known": known,
        "setting": { "levelOfControl": level, "value": { "mode": "direct" } },
    } }))
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
