//! Devices that are found by what they announce, with no address to go by or with an old one.

use settle_protocol::material::PairingMaterial;
use settle_tests::device::Setup;
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::House;

pub(crate) fn announcing() -> House {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let setup = Setup {
        announce: true,
        ..Setup::default()
    };
    House {
        connector: Connector::start(&home),
        device: Device::start_as(&home, upstream.address(), &setup),
        upstream,
        home,
    }
}

#[test]
fn a_device_is_paired_by_a_code_without_an_address() {
    let mut house = announcing();
    let without = PairingMaterial {
        addresses: Vec::new(),
        ..PairingMaterial::parse(house.device.code()).unwrap()
    };
    house.connector.pair(&without.to_code());
    assert_eq!(
        house.browser().get("printer.local", "/").unwrap().status,
        200
    );
}

#[test]
fn a_device_that_moved_is_found_again() {
    let mut house = announcing();
    house.connector.pair(house.device.code());
    let before = house.device.address();
    let elsewhere = Setup {
        announce: true,
        listen: "127.0.0.2:0".parse().unwrap(),
        ..Setup::default()
    };
    drop(house.device);
    house.device = Device::start_as(&house.home, house.upstream.address(), &elsewhere);
    assert_ne!(house.device.address(), before);
    assert_eq!(
        house.browser().get("printer.local", "/").unwrap().status,
        200
    );
}
