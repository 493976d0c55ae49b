//! T1: somebody with a paired device's names and addresses, and a key of their own.

use settle_protocol::rpc::{Event, Refusal};
use settle_tests::Rogue;
use settle_tests::forger;
use settle_tests::lab::{Appliance, Computer, Lan, weak};
use settle_tests::multicast::AnnouncedHost;

const SECRET: &str = "/?pin=2468";

#[test]
fn a_twin_gets_the_request_of_who_clicks_warnings_away_and_nothing_of_settles_user() {
    let lan = Lan::new();
    let printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    assert_eq!(computer.open("printer.local", "/").unwrap().status, 200);
    let unique = printer.device.unique_name().to_owned();
    let said = lan.wait_for_announcement(&[&unique]);
    let address = printer.address();

    // The device is cut off, and the twin is in its place with all that it has ever said.
    printer.host.set_plugged(false);
    let twin = lan.host();
    twin.claim(printer.host.address());
    let shown = forger::impersonate(&unique);
    let rogue = twin.on(|| {
        let key = shown.key.clone_key();
        Rogue::showing(
            address,
            shown.chain,
            key,
            b"http/1.1",
            weak::answer_everything,
        )
    });
    let _announced = twin.on(|| AnnouncedHost::saying(said));

    let page = weak::click_through(
        &computer.host,
        "printer.local",
        printer.host.address(),
        SECRET,
    );
    assert_eq!(page, "Your password?");
    assert_eq!(rogue.requests(), [format!("GET {SECRET} HTTP/1.1")]);

    let page = computer.open("printer.local", SECRET).unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
    assert_eq!(rogue.requests().len(), 1);
    computer.connector.wait_for_event(|event| {
        let Event::DeviceBlocked { refusal, .. } = event else {
            return false;
        };
        matches!(refusal, Refusal::WrongKey { .. })
    });

    // And when the device is back, so is its page.
    drop(rogue);
    twin.set_plugged(false);
    printer.host.set_plugged(true);
    assert_eq!(computer.open("printer.local", "/").unwrap().status, 200);
}
