//! The network changes while somebody browses: the next page comes by itself, on new connections, and
//! nothing is asked of the user.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use settle_tests::lab::{Appliance, Computer, Lan};
use settle_tests::visit::Page;
use settle_tests::{Home, Keyring, Visit, eventually};

/// More than the daemon takes for a sign of life what a device said before.
const SILENCE: Duration = Duration::from_secs(6);
/// Days: longer than the certificates of devices live, and those that the proxy shows.
const HOLIDAYS: u32 = 40;
/// Seconds of one.
const DAY: u32 = 24 * 60 * 60;
/// What a page of the printer's own asks for.
const PRINT: &[u8] =
    b"POST /print HTTP/1.1\r\nHost: printer.local\r\nOrigin: https://printer.local\r\n\
                       Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nContent-Length: 4\r\n\
                       Connection: close\r\n\r\npage";
/// What it opens.
const SOCKET: &[u8] = b"GET /socket HTTP/1.1\r\nHost: printer.local\r\nOrigin: https://printer.local\r\n\
                        Sec-Fetch-Site: same-origin\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                        Sec-WebSocket-Version: 13\r\n\
                        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// A house whose browser has just seen the printer's page.
struct House {
    computer: Computer,
    printer: Appliance,
    browser: Visit,
    _lan: Lan,
}

impl House {
    fn new() -> Self {
        Self::of(Home::new(Keyring::Missing), Home::new(Keyring::Unlocked))
    }

    /// Whose clocks can be set.
    fn with_clocks() -> Self {
        let homes = [Keyring::Missing, Keyring::Unlocked].map(|keyring| {
            let mut home = Home::new(keyring);
            home.set_clock(0);
            home
        });
        let [printer, computer] = homes;
        Self::of(printer, computer)
    }

    fn of(printer: Home, computer: Home) -> Self {
        let lan = Lan::new();
        let printer = Appliance::join_with(&lan, printer, "printer");
        let mut computer = Computer::join_with(&lan, computer);
        computer.pair(printer.device.code());
        let house = Self {
            browser: computer.browser(),
            computer,
            printer,
            _lan: lan,
        };
        assert_eq!(house.open(), 200);
        house
    }

    fn page(&self) -> Page {
        let browser = &self.browser;
        let page = self.computer.host.on(|| browser.get("printer.local", "/"));
        page.unwrap()
    }

    fn open(&self) -> u16 {
        self.page().status
    }

    /// The device gets another address, and nobody hears of the end of its connections.
    fn move_printer(&mut self) {
        self.printer.host.set_plugged(false);
        self.printer.host.readdress(77);
        self.printer.restart();
        self.printer.host.set_plugged(true);
    }

    /// The next page comes; how long it takes is told to whoever looks.
    fn recovers(&self) {
        let start = Instant::now();
        assert_eq!(self.open(), 200);
        let took = start.elapsed();
        println!("the next page took {took:?}");
    }
}

#[test]
fn a_device_with_another_address_is_found_though_its_connections_are_open() {
    let mut house = House::new();
    house.move_printer();
    house.recovers();
}

#[test]
fn a_computer_with_another_address_reaches_the_device_again() {
    let mut house = House::new();
    house.computer.host.readdress(78);
    house.recovers();
}

#[test]
fn a_computer_that_loses_a_family_of_addresses_goes_on_with_the_other() {
    let house = House::new();
    house.computer.host.forget_addresses("-4");
    house.printer.host.forget_addresses("-4");
    house.recovers();
}

#[test]
fn after_a_cable_was_pulled_and_put_in_again_the_next_page_comes() {
    let house = House::new();
    house.printer.host.set_plugged(false);
    assert_eq!(house.page().header("settle-refusal"), Some("unreachable"));
    house.printer.host.set_plugged(true);
    house.recovers();
}

#[test]
fn an_interface_that_was_off_and_is_on_again_is_used() {
    let house = House::new();
    house.computer.host.set_up(false);
    house.computer.host.set_up(true);
    house.recovers();
}

#[test]
fn a_computer_that_slept_for_weeks_goes_on_with_a_device_that_has_moved_and_has_new_keys() {
    let mut house = House::with_clocks();
    house.computer.set_asleep(true);
    house.printer.home.set_clock(HOLIDAYS.into());
    house.printer.host.readdress(77);
    house.printer.restart();
    house.printer.settle(&["rollover"]);
    house.computer.home.set_clock(HOLIDAYS.into());
    house.computer.set_asleep(false);
    let slept = Duration::from_secs((HOLIDAYS * DAY).into());
    house.browser = house.browser.ahead_by(slept);
    house.recovers();
}

/// As the page of a 3D printer does, which opens its WebSocket anew before it asks for anything else.
#[test]
fn what_is_heard_on_a_websocket_keeps_no_page_waiting_on_a_connection_that_is_dead() {
    let mut house = House::new();
    house.move_printer();
    let mut socket = house.computer.host.on(|| {
        let mut socket = house.browser.open("printer.local").unwrap();
        socket.write_all(SOCKET).unwrap();
        socket
    });
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    let ticks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ticks);
    // It ends with the connection.
    std::thread::spawn(move || {
        while socket.write_all(b"tick").is_ok() && socket.read_exact(&mut [0; 4]).is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    eventually("the WebSocket talks", || ticks.load(Ordering::Relaxed) > 0);
    house.recovers();
}

/// Nobody knows whether it was carried out, so it is not sent a second time; and it is not sent once
/// where nobody has been heard for a while.
#[test]
fn what_may_not_be_sent_twice_is_not_sent_to_a_device_that_has_fallen_silent() {
    let house = House::new();
    let print = || {
        let answer = house
            .computer
            .host
            .on(|| house.browser.ask_raw("printer.local", PRINT));
        String::from_utf8(answer.unwrap()).unwrap()
    };
    let printed = || {
        let requests = house.printer.upstream.requests();
        let posts = requests.iter().filter(|seen| seen.line.starts_with("POST"));
        posts.count()
    };
    assert!(print().starts_with("HTTP/1.1 200 "));
    assert_eq!(printed(), 1);

    house.printer.host.set_plugged(false);
    // That time passes is what it is about: there is no other sign of it.
    std::thread::sleep(SILENCE);
    assert!(print().contains("settle-refusal: unreachable\r\n"));
    house.printer.host.set_plugged(true);
    house.recovers();
    // What TCP had under way has arrived before the page that came after it.
    assert_eq!(printed(), 1);
}
