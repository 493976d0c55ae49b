//! Somebody in the device's place: the same name at the same address, with another key.

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::{ErrorKind, Event, Refusal};
use settle_tests::device::Setup;
use settle_tests::{Device, Upstream};

use super::House;

#[test]
fn a_twin_of_a_paired_device_gets_no_request() {
    let mut house = House::paired();
    let browser = house.browser();
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let anchor = house.connector.devices().remove(0).anchor;
    let trusted = anchor.paired().unwrap().fingerprint;
    let address = house.device.address();
    let upstream = Upstream::start();
    let setup = Setup {
        state: "twin".to_owned(),
        listen: address,
        ..Setup::default()
    };
    drop(house.device);
    let twin = Device::start_as(&house.home, upstream.address(), &setup);
    assert_eq!(twin.address(), address);
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
    assert!(page.body.contains(&trusted.to_hex()));
    assert!(upstream.requests().is_empty());
    let event = house
        .connector
        .wait_for_event(|event| matches!(event, Event::DeviceBlocked { .. }));
    let Event::DeviceBlocked {
        refusal: Refusal::WrongKey { expected, seen },
        ..
    } = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(expected, trusted);
    assert!(seen.is_some_and(|seen| seen != trusted));
}

#[test]
fn a_device_with_another_key_than_the_codes_is_not_even_asked() {
    let mut house = House::new();
    let setup = Setup {
        state: "twin".to_owned(),
        ..Setup::default()
    };
    let mut twin = Device::start_as(&house.home, house.upstream.address(), &setup);
    let lured = PairingMaterial {
        addresses: vec![twin.address()],
        ..PairingMaterial::parse(house.device.code()).unwrap()
    };
    let refused = house.connector.start_pairing(&lured.to_code()).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::OtherDevice);
    assert!(house.connector.devices().is_empty());
    assert!(!twin.has_said("attempt_failed"));
}
