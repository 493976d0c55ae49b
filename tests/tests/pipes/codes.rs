//! Codes that are wrong in any way, and devices that are not there: each its own answer, and
//! nothing stored.

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::secret::PairingSecret;
use settle_protocol::spake2::Suite;

use super::House;

fn refused(house: &mut House, code: &str) -> ErrorKind {
    let kind = house.connector.start_pairing(code).unwrap_err().data.kind;
    assert!(house.connector.devices().is_empty(), "{kind:?}");
    kind
}

fn material(house: &House) -> PairingMaterial {
    PairingMaterial::parse(house.device.code()).unwrap()
}

#[test]
fn what_is_no_code_gets_the_reason() {
    let mut house = House::new();
    let code = house.device.code().to_owned();
    let cut = code.get(..code.len() - 7).unwrap();
    for (text, want) in [
        ("https://example.com/", ErrorKind::CodeForeign),
        (cut, ErrorKind::CodeDamaged),
        ("SETTLE:", ErrorKind::CodeDamaged),
        // {0: 2}
        ("SETTLE:UEAAE", ErrorKind::CodeTooNew),
    ] {
        assert_eq!(refused(&mut house, text), want, "{text}");
    }
}

#[test]
fn a_wrong_secret_proves_nothing() {
    let mut house = House::new();
    let wrong = PairingMaterial {
        secret: PairingSecret::new([0; 16]),
        ..material(&house)
    };
    assert_eq!(
        refused(&mut house, &wrong.to_code()),
        ErrorKind::ProofFailed
    );
    house.device.wait_for("attempt_failed");
    house.connector.pair(house.device.code());
}

#[test]
fn a_device_is_paired_in_the_other_suite_too() {
    let mut house = House::new();
    let edwards25519 = PairingMaterial {
        suites: vec![Suite::Edwards25519],
        ..material(&house)
    };
    house.connector.pair(&edwards25519.to_code());
    let answer = house.browser().get("printer.local", "/").unwrap();
    assert_eq!(answer.status, 200);
}

/// One whose time is over by the host's clock.
fn expired(house: &House) -> PairingMaterial {
    PairingMaterial {
        expires_at: Some(1_000_000_000),
        ..material(house)
    }
}

#[test]
fn a_code_that_only_the_hosts_clock_calls_expired_is_for_the_device_to_judge() {
    let mut house = House::new();
    let code = expired(&house).to_code();
    house.connector.pair(&code);
}

#[test]
fn a_code_that_the_device_does_not_take_any_more_is_called_expired() {
    let mut house = House::new();
    let forgotten = PairingMaterial {
        secret: PairingSecret::new([0; 16]),
        ..expired(&house)
    };
    let away = PairingMaterial {
        addresses: vec!["127.0.0.1:1".parse().unwrap()],
        ..expired(&house)
    };
    for code in [forgotten, away] {
        let refused = refused(&mut house, &code.to_code());
        assert_eq!(refused, ErrorKind::CodeExpired);
    }
}

#[test]
fn a_device_that_is_away_is_not_found() {
    let mut house = House::new();
    // Port 1 of the loopback answers nobody.
    let away = PairingMaterial {
        addresses: vec!["127.0.0.1:1".parse().unwrap()],
        ..material(&house)
    };
    assert_eq!(
        refused(&mut house, &away.to_code()),
        ErrorKind::DeviceNotFound
    );
}

#[test]
fn a_code_admits_once() {
    let mut house = House::paired();
    let device = house.connector.devices().remove(0);
    let used = house
        .connector
        .start_pairing(house.device.code())
        .unwrap_err();
    assert_eq!(used.data.kind, ErrorKind::ProofFailed);
    assert_eq!(house.connector.devices()[0].id, device.id);
}
