//! A second computer is let in by a code that the first one asked of the device, and nobody by one that a guest asks.

use settle_protocol::rpc::ErrorKind;
use settle_tests::{Device, Home, Keyring, Upstream};

use crate::commands::{good, json, settle, text};

/// The code of an invitation, as the command line gives it.
fn invited(home: &Home, role: &str) -> String {
    let told = json(&good(
        home,
        &["invite", "printer", "--role", role, "--json"],
    ));
    assert!(told["expires_at"].as_u64().is_some(), "{told}");
    told["code"].as_str().unwrap().to_owned()
}

fn role_on_device(home: &Home) -> String {
    let listed = json(&good(home, &["list", "--json"]));
    listed["devices"][0]["role"].as_str().unwrap().to_owned()
}

#[test]
fn an_administrator_lets_another_computer_in_and_a_guest_does_not() {
    let upstream = Upstream::start();
    let first = Home::new(Keyring::Unlocked);
    let device = Device::start(&first, upstream.address());
    good(&first, &["pair", device.code(), "--yes"]);

    let (second, third) = (Home::new(Keyring::Unlocked), Home::new(Keyring::Unlocked));
    good(&second, &["pair", &invited(&first, "admin"), "--yes"]);
    assert_eq!(role_on_device(&second), "admin");
    // Now that one may, too; and what it asks for lets a guest in.
    let code = invited(&second, "guest");
    good(&third, &["pair", &code, "--yes"]);
    assert_eq!(role_on_device(&third), "guest");
    assert_eq!(device.clients_on_disk(), 3);

    let refused = settle(&third, &["invite", "printer"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains(&ErrorKind::AdminsOnly.to_string()));
    // A code is for one computer.
    let fourth = Home::new(Keyring::Unlocked);
    let used = settle(&fourth, &["pair", &code, "--yes"]);
    assert_ne!(used.status.code(), Some(0));
    assert_eq!(device.clients_on_disk(), 3);
}

#[test]
fn a_device_with_many_codes_and_one_that_is_away_are_told_apart() {
    let upstream = Upstream::start();
    let home = Home::new(Keyring::Unlocked);
    let device = Device::start(&home, upstream.address());
    good(&home, &["pair", device.code(), "--yes"]);
    for _ in 0..8 {
        invited(&home, "guest");
    }
    let ninth = settle(&home, &["invite", "printer"]);
    assert!(text(&ninth).contains(&ErrorKind::ManyCodes.to_string()));

    drop(device);
    let away = settle(&home, &["invite", "printer"]);
    assert!(text(&away).contains(&ErrorKind::DeviceNotFound.to_string()));
}
