//! T15: a device that is reset and has another owner. A lock whose code is printed on it opens for who has
//! ever read it; of a device nothing of before is worth anything.

use settle_tests::forger;
use settle_tests::lab::weak::{self, Lock};
use settle_tests::lab::{Appliance, Computer, Lan};

#[test]
fn a_former_owner_still_opens_the_lock_and_gets_nothing_of_a_device_that_was_reset() {
    let lan = Lan::new();
    let (door, former) = (lan.host(), lan.host());
    let at = (door.address(), 443).into();
    let lock = door.on(|| Lock::start(at, "1234", &forger::impersonate("lock.local")));
    assert!(former.on(|| weak::open(at, "1234")).unwrap());
    // A reset forgets who has opened it, and the code is still the one that is printed on it.
    drop(lock);
    assert!(former.on(|| weak::open(at, "1234")).unwrap());

    let mut printer = Appliance::join(&lan, "printer");
    let (mut seller, mut buyer) = (Computer::join(&lan), Computer::join(&lan));
    let old_code = printer.device.code().to_owned();
    seller.pair(&old_code);
    assert_eq!(seller.open("printer.local", "/").unwrap().status, 200);
    let asked = printer.upstream.requests().len();
    printer.reset();
    let page = seller.open("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
    assert!(seller.connector.start_pairing(&old_code).is_err());
    buyer.pair(printer.device.code());
    assert_eq!(printer.upstream.requests().len(), asked);
    assert_eq!(buyer.open("printer.local", "/").unwrap().status, 200);
}
