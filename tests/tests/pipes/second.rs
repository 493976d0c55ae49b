//! A second implementation, written from `docs/pairing.md` alone, against ours: its host pairs with our device, our
//! host with its device. With something in its transcript that the connection does not have, neither gets on.

use serde_json::Value;
use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::ErrorKind;
use settle_tests::device::Setup;
use settle_tests::second::{self, SecondDevice};
use settle_tests::upstream::PAGE;
use settle_tests::{Avahi, Connector, Device, Home, Keyring, Upstream, eventually};

use super::discovery::announcing;
use super::{House, browser_of};

/// That its host paired, and opened the page by the anchor that it got.
fn opened(told: &[Value], device: &Device) {
    let [paired, page, role] = told else {
        panic!("{told:?}");
    };
    assert_eq!(paired["event"], "paired");
    assert_eq!(paired["unique_name"], device.unique_name());
    assert_eq!(page["status"], 200);
    assert!(page["body"].as_str().unwrap().contains(PAGE), "{page}");
    assert_eq!(role["status"], 200);
    let role: Value = serde_json::from_str(role["body"].as_str().unwrap()).unwrap();
    assert_eq!(role["role"], "admin");
}

#[test]
fn its_host_pairs_with_our_device_by_the_qr_code_in_each_suite() {
    for suite in ["1", "2"] {
        let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
        let device = Device::start(&home, upstream.address());
        let told = second::host(&["--code", device.code(), "--suite", suite], "");
        opened(&told, &device);
        assert_eq!(device.clients_on_disk(), 1);
    }
}

#[test]
fn its_host_finds_our_device_by_a_typed_code_and_pairs() {
    let house = announcing();
    let avahi = Avahi::start();
    let place = format!(";{};", house.device.address().port());
    eventually("Avahi sees the device", || avahi.devices().contains(&place));
    let typed = house.device.code_in("typed");
    let told = second::host(&["--typed", "--code", &typed], &avahi.devices());
    opened(&told, &house.device);
}

#[test]
fn its_host_follows_the_links_of_our_device_from_the_key_that_the_code_names() {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let device = Device::start(&home, upstream.address());
    let other = Setup {
        state: "other".to_owned(),
        ..Setup::default()
    };
    let other = Device::start_as(&home, upstream.address(), &other);
    for _ in 0..2 {
        let mut rollover = home.command("settle-device");
        rollover.args(["rollover", "--state"]).arg(device.state());
        assert!(rollover.output().unwrap().status.success());
    }
    opened(&second::host(&["--code", device.code()], ""), &device);

    // The code of one device, at the address of the other.
    let misled = PairingMaterial {
        addresses: vec![device.address()],
        ..PairingMaterial::parse(other.code()).unwrap()
    };
    let told = second::host(&["--code", &misled.to_code()], "");
    assert_eq!(told[0]["reason"], "another root key than the code's");
}

#[test]
fn our_device_refuses_its_host_when_any_part_of_the_transcript_is_another() {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let mut device = Device::start(&home, upstream.address());
    for lie in ["exporter", "client", "device", "role"] {
        let told = second::host(&["--code", device.code(), "--lie", lie], "");
        assert_eq!(told[0]["reason"], "abort 0", "{lie}: {told:?}");
        device.wait_for("attempt_failed");
    }
    assert_eq!(device.clients_on_disk(), 0);
    opened(&second::host(&["--code", device.code()], ""), &device);
}

#[test]
fn its_host_does_not_take_our_device_for_one_that_knows_another_code() {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let device = Device::start(&home, upstream.address());
    let other = SecondDevice::start(&[]);
    let place = format!(
        "=;lo;IPv4;x;_settle._tcp;local;x.local;127.0.0.1;{};\"tags={}\"",
        device.address().port(),
        other.shown("tag")
    );
    let told = second::host(&["--typed", "--code", other.shown("typed")], &place);
    assert_eq!(told[0]["reason"], "the device does not know the code");
    assert_eq!(device.clients_on_disk(), 0);
}

#[test]
fn our_host_pairs_with_its_device_by_the_qr_code_in_each_suite() {
    for suite in ["1", "2"] {
        let home = Home::new(Keyring::Unlocked);
        let mut connector = Connector::start(&home);
        let mut device = SecondDevice::start(&["--suites", suite]);
        let paired = connector.pair(device.shown("code"));
        assert_eq!(paired.unique_name.as_str(), device.shown("unique_name"));
        device.wait_for("paired");
        let browser = browser_of(&mut connector);
        let page = browser.get("second.local", "/").unwrap();
        assert_eq!(page.body, "the second implementation's page");
    }
}

#[test]
fn our_host_finds_its_device_by_a_typed_code_and_pairs() {
    let home = Home::new(Keyring::Unlocked);
    let mut connector = Connector::start(&home);
    let device = SecondDevice::start(&[]);
    let avahi = Avahi::start();
    let text = format!("tags={}", device.shown("tag"));
    let _published = avahi.publish("second", device.port(), &text);
    eventually("Avahi announces it", || avahi.devices().contains(&text));
    let paired = connector.pair(device.shown("typed"));
    assert_eq!(paired.unique_name.as_str(), device.shown("unique_name"));
}

#[test]
fn our_host_refuses_its_device_when_any_part_of_the_transcript_is_another() {
    let mut house = House::new();
    for lie in ["exporter", "client", "device"] {
        let device = SecondDevice::start(&["--lie", lie]);
        let refused = house.connector.start_pairing(device.shown("code"));
        assert_eq!(
            refused.unwrap_err().data.kind,
            ErrorKind::ProofFailed,
            "{lie}"
        );
        assert!(house.connector.devices().is_empty());
    }
}

#[test]
fn the_published_vectors_are_what_it_makes() {
    second::check_vectors();
}
