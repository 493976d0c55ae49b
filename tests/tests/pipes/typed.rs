//! Codes that are typed: they say nothing of their device, which is found among many by the tag
//! that it announces.

use settle_protocol::code::typed;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::secret::PairingSecret;
use settle_tests::Device;
use settle_tests::device::Setup;

use super::House;
use super::discovery::announcing;

/// Other devices of the same name, each with a code of its own.
fn crowd(house: &House) -> Vec<Device> {
    let start = |number| {
        let setup = Setup {
            announce: true,
            state: format!("other-{number}"),
            ..Setup::default()
        };
        Device::start_as(&house.home, house.upstream.address(), &setup)
    };
    (0..4).map(start).collect()
}

fn pairs_among_many(form: &str) {
    let mut house = announcing();
    let mut others = crowd(&house);
    let code = house.device.code_in(form);
    let paired = house.connector.pair(&code);
    assert_eq!(paired.unique_name.as_str(), house.device.unique_name());
    let answer = house.browser().get("printer.local", "/").unwrap();
    assert_eq!(answer.status, 200);
    for other in &mut others {
        assert!(!other.has_said("attempt_failed") && !other.has_said("paired"));
    }
}

#[test]
fn a_typed_code_finds_its_device_among_many() {
    pairs_among_many("typed");
}

#[test]
fn a_code_in_words_finds_its_device_among_many() {
    pairs_among_many("words");
}

#[test]
fn a_code_that_no_device_shows_says_so() {
    let mut house = announcing();
    let nobodys = typed::write(&PairingSecret::new([7; 16]));
    let refused = house.connector.start_pairing(&nobodys).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::NoDeviceShows);
    assert!(!house.device.has_said("attempt_failed"));
}

#[test]
fn a_slip_of_the_fingers_is_said_to_be_one() {
    let mut house = House::new();
    let mut slip = house.device.code_in("typed");
    slip.pop();
    let refused = house.connector.start_pairing(&slip).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::CodeMistyped);
}
