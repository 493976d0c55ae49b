//! A portable device and its host: it opens by its name as every device does, and the network hears
//! nothing that is the same twice.

use std::net::TcpListener;

use settle_protocol::material::PairingMaterial;
use settle_tests::device::Setup;
use settle_tests::{Connector, Device, Home, Keyring, Upstream, Wire};

use super::House;

fn portable() -> Setup {
    Setup {
        portable: true,
        ..Setup::default()
    }
}

fn house(setup: &Setup) -> House {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    House {
        connector: Connector::start(&home),
        device: Device::start_as(&home, upstream.address(), setup),
        upstream,
        home,
    }
}

impl House {
    fn opens(&mut self) {
        let page = self.browser().get("printer.local", "/").unwrap();
        assert_eq!(page.status, 200);
    }

    fn restart_as(self, setup: &Setup) -> Self {
        let Self {
            device,
            home,
            upstream,
            connector,
        } = self;
        drop(device);
        Self {
            device: Device::start_as(&home, upstream.address(), setup),
            connector,
            upstream,
            home,
        }
    }
}

/// Pairs and opens a device, and says what was heard meanwhile: its label, its unique name. Other devices
/// of the tests have other labels.
fn names_heard(label: &str, setup: Setup) -> [bool; 2] {
    let mut house = house(&Setup {
        name: label.to_owned(),
        ..setup
    });
    let name = format!("{label}.local");
    let port = house.device.address().port();
    let wire = Wire::listen(&format!("udp port 5353 or tcp port {port}"));
    house.connector.pair(house.device.code());
    assert_eq!(house.browser().get(&name, "/").unwrap().status, 200);
    // Once more by a new connection, which the daemon has to look for.
    house.home.end_daemon();
    house.connector = Connector::start(&house.home);
    assert_eq!(house.browser().get(&name, "/").unwrap().status, 200);
    assert!(wire.has_heard("_settle"), "the network is heard");
    let unique_name = house.device.unique_name();
    let own = unique_name.trim_end_matches(".local").rsplit('-').next();
    [wire.has_heard(label), wire.has_heard(own.unwrap())]
}

#[test]
fn a_portable_device_opens_by_its_name_which_the_network_never_hears() {
    assert_eq!(names_heard("wanderer", portable()), [false, false]);
}

#[test]
fn of_any_other_device_the_network_hears_the_names() {
    let setup = Setup {
        announce: true,
        ..Setup::default()
    };
    assert_eq!(names_heard("homebody", setup), [true, true]);
}

#[test]
fn a_portable_device_is_paired_by_a_code_without_an_address() {
    let mut house = house(&portable());
    let without = PairingMaterial {
        addresses: Vec::new(),
        ..PairingMaterial::parse(house.device.code()).unwrap()
    };
    house.connector.pair(&without.to_code());
    house.opens();
}

#[test]
fn a_portable_device_is_paired_by_its_words() {
    let mut house = house(&portable());
    house.connector.pair(&house.device.code_in("words"));
    house.opens();
}

#[test]
fn a_portable_device_on_another_network_is_found_and_nobody_asks_where_it_was() {
    let mut house = house(&portable());
    house.connector.pair(house.device.code());
    house.opens();
    let before = house.device.address();
    let mut house = house.restart_as(&Setup {
        listen: "127.0.0.2:0".parse().unwrap(),
        ..portable()
    });
    // Whoever is there now must not be asked by a host that was started anew.
    let other = TcpListener::bind(before).unwrap();
    other.set_nonblocking(true).unwrap();
    house.home.end_daemon();
    house.connector = Connector::start(&house.home);
    house.opens();
    assert!(other.accept().is_err(), "nobody comes");
}

#[test]
fn a_device_becomes_portable_and_stays_at_home_again_and_its_host_follows() {
    let at_home = Setup {
        announce: true,
        ..Setup::default()
    };
    let mut house = house(&at_home);
    house.connector.pair(house.device.code());
    house.opens();
    for setup in [portable(), at_home] {
        house = house.restart_as(&setup);
        house.opens();
    }
}
