//! The way it should go: pair, browse, refuse, revoke, restart.

use serde_json::Value;
use settle_protocol::name::Label;
use settle_protocol::rpc::{
    Call, CommitPairing, DeviceState, Empty, ErrorKind, Event, PairingStep, Refusal,
};
use settle_tests::device::Setup;
use settle_tests::upstream::PAGE;
use settle_tests::{Connector, Device};

use super::House;

#[test]
fn a_code_leads_to_the_devices_page() {
    let mut house = House::new();
    let decision = house.connector.start_pairing(house.device.code()).unwrap();
    assert_eq!(decision.label.as_str(), "printer");
    assert_eq!(decision.role, "admin");
    assert!(!decision.name_taken);
    for step in [
        PairingStep::Looking,
        PairingStep::Connecting,
        PairingStep::Proving,
    ] {
        house.connector.wait_for_event(
            |event| matches!(event, Event::PairingProgress { step: now, .. } if *now == step),
        );
    }
    let paired = house.connector.commit(&decision).unwrap();
    assert_eq!(paired.state, DeviceState::Active);
    assert_eq!(paired.unique_name.as_str(), house.device.unique_name());
    house.device.wait_for("paired");
    let unique_name = house.device.unique_name().to_owned();
    let browser = house.browser();
    for name in ["printer.local", unique_name.as_str()] {
        let page = browser.get(name, "/").unwrap();
        assert_eq!((page.status, page.body.as_str()), (200, PAGE), "{name}");
    }
}

#[test]
fn nothing_remains_of_a_pairing_that_the_user_refuses() {
    let mut house = House::new();
    let decision = house.connector.start_pairing(house.device.code()).unwrap();
    let pairing = decision.pairing;
    let Empty {} = house
        .connector
        .call(Call::AbortPairing { pairing })
        .unwrap();
    assert!(house.connector.devices().is_empty());
    let gone = house.connector.commit(&decision).unwrap_err();
    assert_eq!(gone.data.kind, ErrorKind::PairingGone);
    // Whoever has the code and no longer refuses gets in: the device has nobody on its list.
    house.connector.pair(house.device.code());
    assert_eq!(house.device.wait_for("paired")["role"], "admin");
}

#[test]
fn a_page_that_is_left_refuses_for_the_user() {
    let mut house = House::new();
    let decision = house.connector.start_pairing(house.device.code()).unwrap();
    let next = Connector::start(&house.home);
    std::mem::replace(&mut house.connector, next).close();
    let gone = house.connector.commit(&decision).unwrap_err();
    assert_eq!(gone.data.kind, ErrorKind::PairingGone);
    assert!(house.connector.devices().is_empty());
}

#[test]
fn a_second_device_of_the_same_name_is_opened_under_another() {
    let mut house = House::paired();
    let _second = study_printer(&mut house);
    let browser = house.browser();
    assert_eq!(browser.get("study-printer.local", "/").unwrap().status, 200);
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
}

/// A second `printer`, paired under a name of its own.
fn study_printer(house: &mut House) -> Device {
    let setup = Setup {
        state: "second".to_owned(),
        ..Setup::default()
    };
    let second = Device::start_as(&house.home, house.upstream.address(), &setup);
    let decision = house.connector.start_pairing(second.code()).unwrap();
    assert!(decision.name_taken);
    let taken = house.connector.commit(&decision).unwrap_err();
    assert_eq!(taken.data.kind, ErrorKind::NameTaken);
    let commit = CommitPairing {
        pairing: decision.pairing,
        petname: Label::parse("study-printer").unwrap(),
    };
    let _: settle_protocol::rpc::Device =
        house.connector.call(Call::CommitPairing(commit)).unwrap();
    second
}

#[test]
fn a_host_shows_each_device_a_key_of_its_own() {
    let mut house = House::paired();
    let _second = study_printer(&mut house);
    let browser = house.browser();
    let [first, second] = ["printer.local", "study-printer.local"].map(|name| {
        let answer = browser.get(name, "/.well-known/settle/role").unwrap();
        let role: Value = serde_json::from_str(&answer.body).unwrap();
        role["client"].as_str().unwrap().to_owned()
    });
    assert_ne!(first, second);
}

#[test]
fn a_revoked_device_is_out_of_reach_at_once() {
    let mut house = House::paired();
    let browser = house.browser();
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let device = house.connector.devices().remove(0).id;
    let Empty {} = house.connector.call(Call::RevokeDevice { device }).unwrap();
    house
        .connector
        .wait_for_event(|event| matches!(event, Event::DevicesChanged {}));
    assert!(house.connector.devices().is_empty());
    assert_eq!(browser.connect("printer.local:443").unwrap().0, 403);
}

#[test]
fn trust_and_the_address_of_the_proxy_outlast_the_daemon() {
    let mut house = House::paired();
    let browser = house.browser();
    house.home.end_daemon();
    house.connector = Connector::start(&house.home);
    assert_eq!(house.connector.devices().len(), 1);
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
}

#[test]
fn a_device_that_is_away_is_said_to_be() {
    let mut house = House::paired();
    let browser = house.browser();
    let elsewhere = Setup {
        state: "another".to_owned(),
        ..Setup::default()
    };
    house.device = Device::start_as(&house.home, house.upstream.address(), &elsewhere);
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.status, 504);
    assert_eq!(page.header("settle-refusal"), Some("unreachable"));
    house.connector.wait_for_event(|event| {
        matches!(
            event,
            Event::DeviceBlocked {
                refusal: Refusal::Unreachable {},
                ..
            }
        )
    });
}

#[test]
fn another_sites_request_does_not_reach_the_device() {
    let mut house = House::paired();
    let browser = house.browser();
    let before = house.upstream.requests().len();
    for headers in [
        "Origin: https://example.com\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
    ] {
        let page = browser.get_with("printer.local", "/", headers).unwrap();
        assert_eq!(page.status, 403);
        assert_eq!(page.header("settle-refusal"), Some("cross_site"));
    }
    assert_eq!(house.upstream.requests().len(), before);
}

#[test]
fn the_proxy_leads_to_paired_names_and_nowhere_else() {
    let mut house = House::paired();
    let browser = house.browser();
    for authority in [
        "example.com:443",
        "127.0.0.1:443",
        "nas.local:443",
        "printer.local:22",
        "a.printer.local:443",
        "printer.local.example.com:443",
    ] {
        assert_eq!(browser.connect(authority).unwrap().0, 403, "{authority}");
    }
    assert!(browser.open_proxy("guess.localhost").is_err());
    assert_eq!(browser.get_from_proxy("/health").unwrap().status, 200);
}
