//! T6 and T7: codes that are guessed, and codes that are used again. The lock beside Settle counts
//! nothing and forgets nothing.

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::secret::PairingSecret;
use settle_tests::forger;
use settle_tests::lab::weak::{self, Lock};
use settle_tests::lab::{Appliance, Computer, Lan};

#[test]
fn a_short_code_is_found_by_trying_and_a_devices_code_is_not() {
    let lan = Lan::new();
    let (door, attacker) = (lan.host(), lan.host());
    let at = (door.address(), 443).into();
    let lock = door.on(|| Lock::start(at, "42", &forger::impersonate("lock.local")));
    let found = attacker.on(|| (0..100).find(|guess| weak::open(at, &guess.to_string()).unwrap()));
    assert_eq!(found, Some(42));
    assert_eq!(lock.opened().len(), 1);

    // Here each guess takes longer than the one before; what ten of them do is in the device's own tests.
    let mut printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    let right = printer.device.code().to_owned();
    for guess in 0..5 {
        let wrong = PairingMaterial {
            secret: PairingSecret::new([guess; 16]),
            ..PairingMaterial::parse(&right).unwrap()
        };
        let refused = computer.connector.start_pairing(&wrong.to_code());
        assert_eq!(refused.unwrap_err().data.kind, ErrorKind::ProofFailed);
        printer.device.wait_for("attempt_failed");
    }
    assert!(computer.connector.devices().is_empty());
    assert_eq!(printer.device.clients_on_disk(), 0);
    computer.pair(&right);
}

#[test]
fn a_used_code_opens_the_lock_again_and_admits_nobody_to_a_device() {
    let lan = Lan::new();
    let (door, other) = (lan.host(), lan.host());
    let at = (door.address(), 443).into();
    let lock = door.on(|| Lock::start(at, "42", &forger::impersonate("lock.local")));
    for host in [&door, &other] {
        assert!(host.on(|| weak::open(at, "42")).unwrap());
    }
    assert_eq!(lock.opened().len(), 2);

    let printer = Appliance::join(&lan, "printer");
    let (mut owner, mut finder) = (Computer::join(&lan), Computer::join(&lan));
    owner.pair(printer.device.code());
    let refused = finder
        .connector
        .start_pairing(printer.device.code())
        .unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::ProofFailed);
    assert_eq!(printer.device.clients_on_disk(), 1);
}
