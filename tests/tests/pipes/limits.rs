//! Programs of this computer that hold connections, or say too much on them: browsers are served all the
//! same, and whoever takes too long is cut off.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use settle_tests::Visit;
use settle_tests::census::{descriptors, memory};
use settle_tests::frames::{END_HEADERS, End, PREFACE, fields, frame, kind, request, wait_for_end};
use settle_tests::process::eventually;

use super::House;

/// What the daemon may have more in memory than before, in KiB.
const BOUND: u64 = 32 * 1024;
/// Longer than the proxy waits for anything.
const LONG: Duration = Duration::from_secs(90);

const GET: [(&str, &[u8]); 4] = [
    (":method", b"GET"),
    (":scheme", b"https"),
    (":authority", b"printer.local"),
    (":path", b"/"),
];

fn ask(browser: &Visit, fields: &str) -> String {
    let head =
        format!("GET / HTTP/1.1\r\nHost: printer.local\r\n{fields}Connection: close\r\n\r\n");
    let said = browser.ask_raw("printer.local", head.as_bytes()).unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

fn opens(browser: &Visit) {
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
}

#[test]
fn a_head_that_is_too_large_is_answered_so() {
    let mut house = House::paired();
    let browser = house.browser();
    let large = format!("X: {}\r\n", "x".repeat(70_000));
    for fields in [large.as_str(), &"X: x\r\n".repeat(150)] {
        let said = ask(&browser, fields);
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let mut stream = browser
        .open_as("printer.local", "printer.local", b"h2")
        .unwrap();
    let large = fields(&[("x", &[b'x'; 15_000])]);
    let mut frames = [PREFACE, &frame(kind::HEADERS, 1, 1, &fields(&GET))].concat();
    for piece in 0..5 {
        let flags = if piece == 4 { END_HEADERS } else { 0 };
        frames.extend(frame(kind::CONTINUATION, flags, 1, &large));
    }
    stream.write_all(&frames).unwrap();
    let end = wait_for_end(&mut stream, 1);
    // 431 has no number in HPACK's table.
    assert_eq!(end, End::Answer(0));
    assert!(house.upstream.requests().is_empty());
    let fits = format!("X: {}\r\n", "x".repeat(30_000));
    assert!(ask(&browser, &fits).starts_with("HTTP/1.1 200 "));
}

#[test]
fn who_does_not_know_the_secret_name_takes_no_place_of_a_browser() {
    let mut house = House::paired();
    let browser = house.browser();
    opens(&browser);
    let daemon = house.home.daemon_id().unwrap();
    let before = (descriptors(daemon), memory(daemon, "VmRSS"));
    let connect = || TcpStream::connect(("127.0.0.1", browser.proxy().port)).unwrap();
    let mut held: Vec<TcpStream> = (0..600).map(|_| connect()).collect();
    for (index, stream) in held.iter_mut().enumerate() {
        if index % 2 == 0 {
            // The start of a ClientHello that never goes on; those that gave way are gone.
            drop(stream.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252]));
        }
    }
    let start = Instant::now();
    (0..10).for_each(|_| opens(&browser));
    assert!(start.elapsed() < Duration::from_secs(9), "it had to wait");
    eventually("most gave way", || descriptors(daemon) < before.0 + 280);
    assert!(memory(daemon, "VmHWM") < before.1 + BOUND);
    for name in ["localhost", "wrong.localhost", "printer.local"] {
        assert!(browser.open_proxy(name).is_err(), "{name}");
    }
    drop(held);
    eventually("all are gone", || descriptors(daemon) <= before.0);
}

#[test]
fn a_browser_more_than_there_are_places_for_gets_the_next_that_is_free() {
    let mut house = House::paired();
    let browser = house.browser();
    let host = browser.proxy().host.clone();
    let mut held: Vec<_> = (0..512)
        .map(|_| browser.open_proxy(&host).unwrap())
        .collect();
    let waiting = thread::spawn(move || browser.get("printer.local", "/").unwrap().status);
    drop(held.pop());
    assert_eq!(waiting.join().unwrap(), 200);
}

/// Reads until the other end ends it.
fn is_cut(stream: &mut impl Read) -> bool {
    let start = Instant::now();
    loop {
        match stream.read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return true,
        }
        if start.elapsed() > LONG {
            return false;
        }
    }
}

#[test]
fn whoever_says_too_little_is_cut_off_and_a_slow_body_is_not() {
    let mut house = House::paired();
    let browser = house.browser();
    let mut slow = browser
        .open_as("printer.local", "printer.local", b"http/1.1")
        .unwrap();
    let head = "POST / HTTP/1.1\r\nHost: printer.local\r\nOrigin: https://printer.local\r\n";
    write!(
        slow,
        "{head}Connection: close\r\nContent-Length: 2\r\n\r\na"
    )
    .unwrap();
    let host = &browser.proxy().host;
    let mut outer = TcpStream::connect(("127.0.0.1", browser.proxy().port)).unwrap();
    outer.write_all(&[22, 3, 1]).unwrap();
    let mut head = browser.open_proxy(host).unwrap();
    head.write_all(b"CONNECT printer.local").unwrap();
    let (_, mut inner) = browser.connect("printer.local:443").unwrap();
    inner.write_all(&[22, 3, 1]).unwrap();
    let open = |protocol| {
        browser
            .open_as("printer.local", "printer.local", protocol)
            .unwrap()
    };
    let (mut silent, mut half) = (open(b"http/1.1"), open(b"http/1.1"));
    half.write_all(b"GET / HT").unwrap();
    let (mut frames, mut settings) = (open(b"h2"), open(b"h2"));
    settings.write_all(PREFACE).unwrap();
    thread::scope(|scope| {
        for (what, cut) in [
            ("outer TLS", scope.spawn(move || is_cut(&mut outer))),
            ("outer head", scope.spawn(move || is_cut(&mut head))),
            ("inner TLS", scope.spawn(move || is_cut(&mut inner))),
            ("nothing", scope.spawn(move || is_cut(&mut silent))),
            ("half a head", scope.spawn(move || is_cut(&mut half))),
            ("no preface", scope.spawn(move || is_cut(&mut frames))),
            ("no request", scope.spawn(move || is_cut(&mut settings))),
        ] {
            assert!(cut.join().unwrap(), "{what}");
        }
    });
    slow.write_all(b"b").unwrap();
    let mut said = String::new();
    drop(slow.read_to_string(&mut said));
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert_eq!(house.upstream.requests()[0].body, b"ab");
}

#[test]
fn requests_that_are_taken_back_at_once_harm_nobody_else() {
    let mut house = House::paired();
    let browser = house.browser();
    opens(&browser);
    let daemon = house.home.daemon_id().unwrap();
    let before = memory(daemon, "VmRSS");
    for flood in 0..3 {
        let mut stream = browser
            .open_as("printer.local", "printer.local", b"h2")
            .unwrap();
        stream.write_all(PREFACE).unwrap();
        for round in 0..5_000_u32 {
            let id = round * 2 + 1;
            let frames = match flood {
                0 => [
                    request(id, &GET),
                    frame(kind::RESET, 0, id, &8_u32.to_be_bytes()),
                ]
                .concat(),
                1 if round == 0 => frame(kind::HEADERS, 0, 1, &fields(&GET)),
                1 => frame(kind::CONTINUATION, 0, 1, &fields(&[("x", &[b'x'; 1000])])),
                _ => frame(6, 0, 0, &[0; 8]),
            };
            // The proxy ends such a connection sooner or later.
            if stream.write_all(&frames).is_err() {
                break;
            }
            if round % 500 == 0 {
                opens(&browser);
            }
        }
        opens(&browser);
    }
    let most = memory(daemon, "VmHWM");
    assert!(most < before + BOUND, "{before} KiB, {most} KiB");
}
