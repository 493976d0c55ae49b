//! T19: vouchers that say too much, to one who believes them all and to Settle.

use settle_protocol::rpc::maker::MakerProblem;
use settle_tests::lab::weak::believer;
use settle_tests::{Connector, Home, Keyring, Upstream};

use super::{Works, evidence, forge, problem, said, start, valid};
use crate::commands::{settle, text};

const MAKER: &str = "Example Works";

/// That who believes every voucher takes a device for one of that serial number, and that Settle warns of it and
/// trusts nobody, though it was told to trust without asking.
fn believed_and_warned_of(home: &Home, state: &str, serial_number: &str, want: MakerProblem) {
    let believed = believer::believe(&[MAKER], &evidence(home, state)).unwrap();
    assert_eq!(believed, (MAKER.to_owned(), serial_number.to_owned()));

    assert_eq!(problem(home, state), want);
    let upstream = Upstream::start();
    let device = start(home, &upstream, state);
    let stopped = settle(home, &["pair", device.code(), "--yes"]);
    assert_eq!(stopped.status.code(), Some(3));
    assert!(text(&stopped).contains("WARNING"), "{}", text(&stopped));
    assert!(Connector::start(home).devices().is_empty());
    assert_eq!(device.clients_on_disk(), 0);
}

#[test]
fn who_believes_every_voucher_takes_a_counterfeit_for_the_makers_and_settle_warns_of_it() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, MAKER);
    works.list("*");
    std::fs::rename(works.directory(), works.path("kept")).unwrap();
    Works::new(&home, MAKER).make("device", "SN-1");
    believed_and_warned_of(&home, "device", "SN-1", MakerProblem::Broken);
}

#[test]
fn who_believes_every_voucher_takes_one_that_has_expired_and_settle_warns_of_it() {
    let mut home = Home::new(Keyring::Unlocked);
    home.travel(-10);
    Works::new(&home, MAKER).make_as("device", "SN-1", &["--days", "3"]);
    home.travel(0);
    let (home, name) = (&home, MAKER);
    Works { home, name }.list("*");
    believed_and_warned_of(home, "device", "SN-1", MakerProblem::Expired);
}

#[test]
fn who_believes_every_voucher_takes_another_devices_and_settle_warns_of_it() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, MAKER);
    works.list("*");
    for (state, serial_number) in [("real", "SN-1"), ("thief", "SN-2")] {
        works.make(state, serial_number);
    }
    let mut stolen = evidence(&home, "thief");
    stolen["voucher"] = evidence(&home, "real")["voucher"].clone();
    forge(&home, "thief", &stolen);
    believed_and_warned_of(&home, "thief", "SN-1", MakerProblem::OtherDevice);
    assert_eq!(said(&home, "real"), valid(MAKER, "SN-1"));
}

#[test]
fn who_believes_every_voucher_takes_one_out_of_the_makers_scope_and_settle_warns_of_it() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, MAKER);
    works.list("XN-*");
    works.make_as("device", "SN-1", &["--form", "jws", "--days", "30"]);
    believed_and_warned_of(&home, "device", "SN-1", MakerProblem::OutOfScope);
}
