//! T3, T4 and T5: somebody in the middle of a pairing who passes on, alters, and repeats what is said.
//! The lock that is attacked beside Settle proves its code without the connection, without what
//! was agreed on, and by a challenge that is always the same.

use std::net::SocketAddr;

use settle_protocol::rpc::ErrorKind;
use settle_tests::forger;
use settle_tests::lab::impostor::{Impostor, Tamper, faithfully};
use settle_tests::lab::weak::{self, Lock};
use settle_tests::lab::{Appliance, Computer, Host, Lan};
use settle_tests::multicast::{A, AnnouncedHost};
use settle_tests::tap::Side;

const CODE: &str = "correct horse";

/// A victim and its device, each of which hears the attacker alone.
struct Between {
    attacker: Host,
    impostor: Impostor,
    _announced: Option<AnnouncedHost>,
}

impl Between {
    fn stand(attacker: Host, device: SocketAddr, unique: &str, tamper: Tamper) -> Self {
        let at = (attacker.address(), 443).into();
        let shown = forger::impersonate(unique);
        Self {
            impostor: attacker.on(|| Impostor::start(at, device, &shown, tamper)),
            attacker,
            _announced: None,
        }
    }

    fn address(&self) -> SocketAddr {
        (self.attacker.address(), 443).into()
    }
}

/// A lock and a user who opens it, with somebody between them; how the lock was opened.
fn open_the_lock(tamper: Tamper) -> (Lan, Between, Lock) {
    let lan = Lan::new();
    let (door, user, attacker) = (lan.host(), lan.host(), lan.host());
    let at = (door.address(), 443).into();
    let lock = door.on(|| Lock::start(at, CODE, &forger::impersonate("lock.local")));
    let between = Between::stand(attacker, lock.address(), "lock.local", tamper);
    let target = between.address();
    assert!(user.on(|| weak::open(target, CODE)).unwrap());
    (lan, between, lock)
}

/// A pairing by a typed code, which names no key, with somebody between; they heard something, and
/// nothing came of it.
fn pair_with_settle(tamper: Tamper) -> (Lan, Between, Appliance) {
    let lan = Lan::new();
    let mut printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    let unique = printer.device.unique_name().to_owned();
    let attacker = lan.host();
    let mut between = Between::stand(attacker, printer.address(), &unique, tamper);
    // Each of both hears the attacker alone, who says what the device says.
    printer.host.move_to_segments(0b01);
    computer.host.move_to_segments(0b10);
    between.attacker.move_to_segments(0b11);
    let mut said = lan.wait_for_announcement(&[&unique, "tags="]);
    let own = between.attacker.address();
    said.retain(|record| record.kind != settle_tests::multicast::AAAA);
    for record in said.iter_mut().filter(|record| record.kind == A) {
        record.data = own.octets().to_vec();
    }
    between._announced = Some(between.attacker.on(|| AnnouncedHost::saying(said)));

    let code = printer.device.code_in("typed");
    let refused = computer.connector.start_pairing(&code).unwrap_err();
    assert!(
        !between.impostor.heard().is_empty(),
        "nobody was in the middle: {refused:?}"
    );
    assert_eq!(refused.data.kind, ErrorKind::ProofFailed);
    assert!(computer.connector.devices().is_empty());
    assert!(!printer.device.has_said("paired"));
    assert_eq!(printer.device.clients_on_disk(), 0);
    (lan, between, printer)
}

#[test]
fn a_middle_that_passes_everything_on_has_the_lock_and_not_the_device() {
    let (_lan, between, lock) = open_the_lock(faithfully);
    assert_eq!(lock.opened(), ["strong"]);
    // It is the attacker's connection that is open now, and it has read all.
    let heard = between.impostor.heard();
    assert!(heard.iter().any(|(_, said)| said.starts_with(b"proof ")));
    drop(pair_with_settle(faithfully));
}

/// Takes the better way out of what a client offers.
fn downgrade(side: Side, said: &mut Vec<u8>) {
    if side != Side::Host {
        return;
    }
    if said.starts_with(b"can ") {
        *said = b"can weak\n".to_vec();
    }
    // CBOR: an array of the suites 1 and 2 becomes one of 2 and 2.
    if let Some(at) = said.windows(3).position(|three| three == [0x82, 1, 2]) {
        said[at + 1] = 2;
    }
}

#[test]
fn a_downgrade_of_what_is_offered_is_taken_by_the_lock_and_not_confirmed_by_settle() {
    let (_lan, _between, lock) = open_the_lock(downgrade);
    assert_eq!(lock.opened(), ["weak"]);
    drop(pair_with_settle(downgrade));
}

#[test]
fn what_was_heard_opens_the_lock_again_and_pairs_nobody_with_a_device() {
    let (_lan, between, lock) = open_the_lock(faithfully);
    let lines: Vec<String> = heard_of_host(&between)
        .iter()
        .map(|said| String::from_utf8_lossy(said).trim().to_owned())
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let at = lock.address();
    assert!(
        between
            .attacker
            .on(|| weak::say_to_lock(at, &lines))
            .unwrap()
    );
    assert_eq!(lock.opened().len(), 2);

    let (_lan, between, mut printer) = pair_with_settle(faithfully);
    let at = printer.address();
    let frames = heard_of_host(&between);
    let answers = between
        .attacker
        .on(|| weak::replay(at, b"settle-pair/1", &frames));
    // It answers the first, as it would answer anybody, and takes no proof.
    assert!(!answers.unwrap().is_empty());
    assert_eq!(printer.device.clients_on_disk(), 0);
    assert!(!printer.device.has_said("paired"));
}

fn heard_of_host(between: &Between) -> Vec<Vec<u8>> {
    let heard = between.impostor.heard();
    let host = heard.into_iter().filter(|(side, _)| *side == Side::Host);
    host.map(|(_, said)| said).collect()
}
