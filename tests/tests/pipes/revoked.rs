//! Trust that ended on either side, while something is open.

use std::fs;
use std::io::{ErrorKind, Read, Write};

use settle_protocol::rpc::{Call, Empty, Event, Refusal};
use settle_tests::Device;
use settle_tests::device::Setup;

use super::House;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: printer.local\r\nSec-Fetch-Site: none\r\n\r\n";

#[test]
fn a_revocation_ends_the_connections_that_are_open() {
    let mut house = House::paired();
    let mut open = house.browser().open("printer.local").unwrap();
    open.write_all(ASK).unwrap();
    let mut buffer = [0; 4096];
    assert!(open.read(&mut buffer).unwrap() > 0);
    let device = house.connector.devices().remove(0).id;
    let Empty {} = house.connector.call(Call::RevokeDevice { device }).unwrap();
    // What was on its way may still come; then the end must, and not by the reader's patience.
    let ended = loop {
        match open.read(&mut buffer) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) => {
                break !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    };
    assert!(ended, "the connection is still open");
}

#[test]
fn a_device_that_does_not_know_us_any_more_says_so_and_stays_listed() {
    let mut house = House::new();
    let register = house.device.state().join("register");
    let before = fs::read(&register).unwrap();
    house.connector.pair(house.device.code());
    let browser = house.browser();
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let same = Setup {
        listen: house.device.address(),
        ..Setup::default()
    };
    drop(house.device);
    fs::write(&register, before).unwrap();
    house.device = Device::start_as(&house.home, house.upstream.address(), &same);
    let seen = house.upstream.requests().len();
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("not_admitted"));
    house.connector.wait_for_event(|event| {
        matches!(
            event,
            Event::DeviceBlocked {
                refusal: Refusal::NotAdmitted {},
                ..
            }
        )
    });
    assert_eq!(house.upstream.requests().len(), seen);
    // Whoever was paired is forgotten by the user alone.
    assert_eq!(house.connector.devices().len(), 1);
}
