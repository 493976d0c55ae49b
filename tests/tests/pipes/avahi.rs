//! Devices and hosts beside Avahi, which most computers with Linux have: it sees what devices announce,
//! and hosts find what it announces.

use settle_tests::device::Setup;
use settle_tests::{Avahi, Connector, Device, Home, Keyring, Upstream, eventually};

use super::browser_of;

fn setup(label: &str) -> Setup {
    Setup {
        name: label.to_owned(),
        ..Setup::default()
    }
}

#[test]
fn avahi_sees_a_device_under_its_names_and_resolves_them() {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let announced = Setup {
        announce: true,
        ..setup("lantern")
    };
    let device = Device::start_as(&home, upstream.address(), &announced);
    let avahi = Avahi::start();
    let unique = device.unique_name();
    let place = format!(";{unique};127.0.0.1;{};", device.address().port());
    eventually("Avahi sees it", || avahi.devices().contains(&place));
    eventually("Avahi knows its address", || {
        avahi.resolve("lantern.local") == "lantern.local\t127.0.0.1\n"
    });
}

#[test]
fn avahi_sees_of_a_portable_device_a_mask_and_no_name() {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let portable = Setup {
        portable: true,
        ..setup("wayfarer")
    };
    let device = Device::start_as(&home, upstream.address(), &portable);
    let avahi = Avahi::start();
    let place = format!(";127.0.0.1;{};\"m=", device.address().port());
    eventually("Avahi sees a mask", || avahi.devices().contains(&place));
    assert!(!avahi.devices().contains("wayfarer"));
}

#[test]
fn a_device_that_avahi_announces_is_found_by_its_host() {
    let (home, upstream) = (Home::new(Keyring::Unlocked), Upstream::start());
    let mut connector = Connector::start(&home);
    let away = Setup {
        listen: "127.0.0.2:0".parse().unwrap(),
        ..setup("beacon")
    };
    let device = Device::start_as(&home, upstream.address(), &away);
    connector.pair(device.code());
    drop(device);
    // It comes back elsewhere, and says nothing of that itself.
    let device = Device::start_as(&home, upstream.address(), &setup("beacon"));
    let avahi = Avahi::start();
    let text = format!("name={}", device.unique_name());
    let _published = avahi.publish("beacon", device.address().port(), &text);
    eventually("Avahi announces it", || avahi.devices().contains(&text));
    let page = browser_of(&mut connector).get("beacon.local", "/").unwrap();
    assert_eq!(page.status, 200);
}
