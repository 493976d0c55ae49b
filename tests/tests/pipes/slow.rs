//! A device that takes its time is waited for: it is not taken for one that is gone, and is asked once.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use settle_tests::server::{Identity, Issuer};
use settle_tests::{Connector, Device, Home, Keyring, Rogue, eventually};

use super::{House, browser_of};

/// Longer than the silence after which a new connection is tried.
const SLOW: Duration = Duration::from_secs(4);
const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nInk.";

#[test]
fn a_slow_server_that_shows_no_sign_of_life_is_asked_once() {
    let mut house = House::paired();
    let nas = Identity::make(house.home.path(), "nas", "DNS:nas.local", Issuer::Itself);
    let (release, waiting) = mpsc::channel::<()>();
    let waiting = Arc::new(Mutex::new(waiting));
    let rogue = Rogue::start(&nas, b"http/1.1", move |line| {
        line.read_request()?;
        let waiting = waiting.lock().map_err(|_| io::ErrorKind::Other)?;
        waiting.recv().map_err(io::Error::other)?;
        line.say(PAGE)
    });
    house.import("nas.local", &nas, rogue.address());
    let before = rogue.connections();
    let browser = house.browser();
    let page = thread::spawn(move || browser.get("nas.local", "/report").unwrap());
    // The second one asks whether it is still there.
    eventually("a new connection is tried", || {
        rogue.connections() == before + 2
    });
    release.send(()).unwrap();
    assert_eq!(page.join().unwrap().body, "Ink.");
    assert_eq!(rogue.requests(), ["GET /report HTTP/1.1"]);
}

#[test]
fn a_slow_page_of_a_device_is_asked_for_once() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = listener.local_addr().unwrap();
    let asked = thread::spawn(move || {
        let mut asked = 0;
        for mut asking in listener.incoming().filter_map(Result::ok) {
            let mut request = [0; 4096];
            let count = asking.read(&mut request).unwrap();
            asked += 1;
            if request[..count].starts_with(b"GET /last ") {
                asking.write_all(PAGE).unwrap();
                return asked;
            }
            // It works on it, and says nothing meanwhile.
            thread::sleep(SLOW);
            asking.write_all(PAGE).unwrap();
        }
        asked
    });
    let home = Home::new(Keyring::Unlocked);
    let mut connector = Connector::start(&home);
    let device = Device::start(&home, upstream);
    connector.pair(device.code());
    let browser = browser_of(&mut connector);
    for path in ["/report", "/last"] {
        assert_eq!(browser.get("printer.local", path).unwrap().body, "Ink.");
    }
    assert_eq!(asked.join().unwrap(), 2);
}
