//! A keyring that is missing or locked: said in so many words, nothing stored, and taken up again
//! by itself when it is there.

use settle_protocol::rpc::ErrorKind;
use settle_tests::connector::ORIGIN;
use settle_tests::{Connector, Home, Keyring};

#[test]
fn without_a_keyring_the_hello_says_so_until_there_is_one() {
    let mut home = Home::new(Keyring::Missing);
    let mut connector = Connector::spawn(&home, ORIGIN);
    let missing = connector.hello().unwrap_err();
    assert_eq!(missing.data.kind, ErrorKind::KeyringMissing);
    assert!(!home.path().join(".local/share/settle/trust-store").exists());
    home.unlock_keyring();
    connector.hello().unwrap();
    assert!(connector.devices().is_empty());
}

#[test]
fn a_locked_keyring_is_told_from_a_missing_one() {
    let mut home = Home::new(Keyring::Locked);
    let mut connector = Connector::spawn(&home, ORIGIN);
    let locked = connector.hello().unwrap_err();
    assert_eq!(locked.data.kind, ErrorKind::KeyringLocked);
    assert!(!home.path().join(".local/share/settle/trust-store").exists());
    home.unlock_keyring();
    connector.hello().unwrap();
}

#[test]
fn a_keyring_that_goes_while_the_daemon_runs_loses_nothing() {
    let mut house = super::House::new();
    house.home.end_keyring();
    let decision = house.connector.start_pairing(house.device.code()).unwrap();
    let refused = house.connector.commit(&decision).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::KeyringMissing);
    assert!(house.connector.devices().is_empty());
    house.home.unlock_keyring();
    house.connector.pair(house.device.code());
    house.home.end_daemon();
    house.connector = Connector::start(&house.home);
    assert_eq!(house.connector.devices().len(), 1);
}
