//! T1: somebody with a paired device's names and addresses, and a key of their own.

use settle_protocol::rpc::{Event, Refusal};
use settle_tests::lab::twin::{PAGE, Twin};
use settle_tests::lab::{Appliance, Browser, Computer, Lan, weak};

const SECRET: &str = "/?pin=2468";

#[test]
fn a_twin_gets_the_request_of_who_clicks_warnings_away_and_nothing_of_settles_user() {
    let lan = Lan::new();
    let printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    assert_eq!(computer.open("printer.local", "/").unwrap().status, 200);

    let twin = Twin::of(&lan, &printer);
    let at = printer.host.address();
    let page = weak::click_through(&computer.host, "printer.local", at, SECRET);
    assert_eq!(page, PAGE);
    assert_eq!(twin.requests(), [format!("GET {SECRET} HTTP/1.1")]);

    let page = computer.open("printer.local", SECRET).unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
    assert_eq!(twin.requests().len(), 1);
    computer.connector.wait_for_event(|event| {
        let Event::DeviceBlocked { refusal, .. } = event else {
            return false;
        };
        matches!(refusal, Refusal::WrongKey { .. })
    });

    // And when the device is back, so is its page.
    drop(twin);
    printer.host.set_plugged(true);
    assert_eq!(computer.open("printer.local", "/").unwrap().status, 200);
}

#[test]
fn a_person_at_chromium_pairs_by_a_picture_and_meets_no_twin() {
    let lan = Lan::new();
    let printer = Appliance::join(&lan, "printer");
    let computer = Computer::join(&lan);
    let mut browser = Browser::start(&computer);
    let page = browser.pair(&printer);
    assert!(page.is_secure_context && !page.warns, "{page:?}");
    assert!(page.text.contains("Ink: full."), "{page:?}");

    let twin = Twin::of(&lan, &printer);
    let address = format!("https://printer.local{SECRET}");
    let at = printer.host.address();
    let mut careless = Browser::careless(&computer, "printer.local", at);
    assert_eq!(careless.arrive(&address).text, PAGE);
    drop(careless);
    let stolen = twin.requests();
    assert!(stolen.contains(&format!("GET {SECRET} HTTP/1.1")));

    let blocked = browser.meet_blocked_page(&address);
    assert_eq!(blocked.reason.as_deref(), Some("wrong_key"));
    assert_eq!(twin.requests(), stolen);

    drop(twin);
    printer.host.set_plugged(true);
    let page = browser.arrive("https://printer.local/");
    assert!(page.is_secure_context && !page.warns, "{page:?}");
}
