//! A connection that is lost between the user's consent and the device's last word: afterwards both
//! sides have the pairing or neither has (docs/pairing.md §5.6).

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::{Decision, DeviceState, ErrorKind, Event};
use settle_tests::{Fate, Relay};

use super::House;

/// A decision over a network that can lose things.
fn decide(house: &mut House) -> (Relay, Decision) {
    let relay = Relay::start(house.device.address());
    let by_relay = PairingMaterial {
        addresses: vec![relay.address()],
        ..PairingMaterial::parse(house.device.code()).unwrap()
    };
    let decision = house.connector.start_pairing(&by_relay.to_code()).unwrap();
    (relay, decision)
}

#[test]
fn a_device_that_recorded_us_unheard_is_paired_all_the_same() {
    let mut house = House::new();
    let (relay, decision) = decide(&mut house);
    relay.decide(Fate::LoseAnswer);
    let paired = house.connector.commit(&decision).unwrap();
    assert_eq!(relay.fate(), Fate::Arrive, "the answer was not lost");
    assert_eq!(paired.state, DeviceState::Active);
    house.device.wait_for("paired");
    assert_eq!(
        house.browser().get("printer.local", "/").unwrap().status,
        200
    );
}

#[test]
fn nothing_is_left_when_the_consent_itself_is_lost() {
    let mut house = House::new();
    let (relay, decision) = decide(&mut house);
    relay.decide(Fate::LoseRequest);
    let lost = house.connector.commit(&decision).unwrap_err();
    assert_eq!(relay.fate(), Fate::Arrive, "the consent was not lost");
    assert_eq!(lost.data.kind, ErrorKind::PairingInterrupted);
    assert!(house.connector.devices().is_empty());
    assert!(!house.device.has_said("paired"));
    house.connector.pair(house.device.code());
}

#[test]
fn a_device_that_is_gone_right_then_is_pending_until_it_is_back() {
    let mut house = House::new();
    let (relay, decision) = decide(&mut house);
    relay.decide(Fate::LoseAnswerAndAll);
    let pending = house.connector.commit(&decision).unwrap();
    assert_eq!(pending.state, DeviceState::Pending);
    relay.decide(Fate::Arrive);
    assert_eq!(
        house.browser().get("printer.local", "/").unwrap().status,
        200
    );
    while house.connector.devices()[0].state == DeviceState::Pending {
        house
            .connector
            .wait_for_event(|event| matches!(event, Event::DevicesChanged {}));
    }
}

#[test]
fn a_connection_that_somebody_spoils_is_no_refusal() {
    let mut house = House::new();
    let (relay, decision) = decide(&mut house);
    relay.decide(Fate::LoseAnswerAndSpoil);
    let pending = house.connector.commit(&decision).unwrap();
    assert_eq!(relay.fate(), Fate::SpoilRequests, "nothing was spoiled");
    assert_eq!(pending.state, DeviceState::Pending);
    assert_eq!(house.device.clients_on_disk(), 1);
    relay.decide(Fate::Arrive);
    assert_eq!(
        house.browser().get("printer.local", "/").unwrap().status,
        200
    );
}
