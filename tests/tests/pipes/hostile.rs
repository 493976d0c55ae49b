//! A device that is trusted and has been taken over: what it says is bounded, what it breaks off is never
//! taken for whole, and nothing is sent to it twice that could be carried out twice.

mod floods;

use std::io::{self, Write as _};

use settle_tests::curl::Http;
use settle_tests::frames::{PREFACE, request};
use settle_tests::rogue::Line;
use settle_tests::server::{Identity, Issuer};
use settle_tests::{Curl, Rogue};

use super::House;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A house with such a device beside the good one.
fn house(
    protocol: &[u8],
    behave: impl Fn(&mut Line) -> io::Result<()> + Send + Sync + 'static,
) -> (House, Rogue) {
    let house = House::paired();
    let nas = Identity::make(house.home.path(), "nas", "DNS:nas.local", Issuer::Itself);
    let rogue = Rogue::start(&nas, protocol, behave);
    house.import("nas.local", &nas, rogue.address());
    (house, rogue)
}

/// What a browser gets: whether all of it came, the status, and what was said.
fn get(curl: &Curl, http: Http, path: &str) -> (bool, String, String) {
    let url = format!("https://nas.local{path}");
    let output = curl.run(http, &["--include", "--write-out", "\n%{http_code}", &url]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (said, status) = said.rsplit_once('\n').unwrap_or_default();
    (output.status.success(), status.to_owned(), said.to_owned())
}

#[test]
fn an_answer_that_breaks_off_is_never_taken_for_whole() {
    let long = format!("X: {}\r\n", "x".repeat(600_000));
    let many = "X: x\r\n".repeat(200);
    let length = "Content-Length: 100\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let broken: Vec<String> = [
        format!("{OK}{length}\r\nhalf"),
        format!("{OK}{length}\r\n"),
        format!("{OK}{chunked}\r\n"),
        format!("{OK}{chunked}\r\n4\r\nhalf\r\n"),
        format!("{OK}{chunked}\r\n8\r\nhalf"),
        format!("{OK}{chunked}\r\n4\r\nhalf\r\n0\r\n"),
        format!("{OK}{chunked}\r\n4\r\nhalf\r\ng\r\n\r\n"),
        format!("{OK}{chunked}\r\nfffffffffffffffff\r\nhalf"),
        format!("{OK}\r\nhalf"),
        format!("{OK}Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf"),
        format!("{OK}Content-Length: -4\r\n\r\nhalf"),
        format!("{OK}Content-Le"),
        format!("{OK}{long}Content-Length: 0\r\n\r\n"),
        format!("{OK}{many}Content-Length: 0\r\n\r\n"),
        format!("{OK}X: a\u{0}b\r\nContent-Length: 0\r\n\r\n"),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"
            .to_owned(),
        "HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        String::new(),
    ]
    .into();
    let count = broken.len();
    let (mut house, _rogue) = house(b"http/1.1", move |line| {
        let asked = line.read_request()?;
        let number = asked
            .split(['/', ' '])
            .find_map(|word| word.parse::<usize>().ok());
        match number.and_then(|number| broken.get(number)) {
            Some(answer) => line.say(answer.as_bytes()),
            None => {
                line.say(format!("{OK}\r\nwhole").as_bytes())?;
                line.part()
            }
        }
    });
    let curl = house.curl();
    for http in Http::ALL {
        for number in 0..count {
            let (whole, status, said) = get(&curl, http, &format!("/{number}"));
            assert!(!whole || status == "502", "{http:?} {number}: {said:.500}");
        }
        let (whole, status, said) = get(&curl, http, "/whole");
        assert!(
            whole && status == "200" && said.ends_with("whole"),
            "{http:?}: {said}"
        );
    }
}

#[test]
fn of_two_lengths_of_an_answer_the_chunks_count() {
    let (mut house, _rogue) = house(b"http/1.1", |line| {
        loop {
            line.read_request()?;
            let lengths = "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n";
            line.say(format!("{OK}{lengths}\r\n5\r\nwhole\r\n0\r\n\r\n").as_bytes())?;
        }
    });
    let curl = house.curl();
    for http in Http::ALL {
        let (whole, _, said) = get(&curl, http, "/");
        assert!(whole && said.ends_with("whole"), "{http:?}: {said}");
        assert!(
            !said.to_ascii_lowercase().contains("content-length"),
            "{said}"
        );
    }
}

#[test]
fn a_device_neither_speaks_for_settle_nor_leads_past_it() {
    let (mut house, _rogue) = house(b"http/1.1", |line| {
        loop {
            line.read_request()?;
            let forged = "Settle-Refusal: expired\r\nSettle-Anything: 1\r\nAlt-Svc: h3=\":443\"\r\n\
                      Proxy-Authenticate: Basic\r\nConnection: X-Private\r\nX-Private: 1\r\n";
            line.say(format!("{OK}{forged}Content-Length: 5\r\n\r\nwhole").as_bytes())?;
        }
    });
    let curl = house.curl();
    for http in Http::ALL {
        let (whole, _, said) = get(&curl, http, "/");
        let said = said.to_ascii_lowercase();
        assert!(whole && said.ends_with("whole"), "{http:?}: {said}");
        for name in ["settle-", "alt-svc", "proxy-auth", "x-private"] {
            assert!(!said.contains(name), "{http:?}: {said}");
        }
    }
}

/// Answers the first request of each connection, and ends it instead of answering the next.
fn answers_once(line: &mut Line) -> io::Result<()> {
    line.read_request()?;
    line.say(format!("{OK}Content-Length: 5\r\n\r\nwhole").as_bytes())?;
    line.read_request().map(drop)
}

#[test]
fn a_page_is_asked_for_again_when_its_connection_was_closed_meanwhile() {
    let (mut house, rogue) = house(b"http/1.1", answers_once);
    let curl = house.curl();
    for turn in 0..4 {
        let (whole, status, said) = get(&curl, Http::Two, "/page");
        assert!(whole && status == "200", "{turn}: {said}");
    }
    // The first of a connection was answered; each further one took a connection of its own.
    assert_eq!(rogue.connections(), 4);
    assert_eq!(rogue.requests().len(), 7);
}

#[test]
fn what_may_have_been_carried_out_is_never_sent_again() {
    for http in Http::ALL {
        let (mut house, rogue) = house(b"http/1.1", answers_once);
        let curl = house.curl();
        let (_, status, _) = get(&curl, http, "/page");
        assert_eq!(status, "200");
        for (method, body) in [
            ("POST", "ink=1"),
            ("POST", ""),
            ("PUT", "x"),
            ("DELETE", ""),
        ] {
            let arguments = [
                "--request",
                method,
                "--data",
                body,
                "--write-out",
                "%{http_code}",
                "--output",
                "/dev/null",
                "https://nas.local/once",
            ];
            let status = curl.text(http, &arguments);
            let sent = rogue.requests();
            let line = format!("{method} /once HTTP/1.1");
            let times = sent.iter().filter(|sent| **sent == line).count();
            assert!(times >= 1, "{http:?} {method}: {status} {sent:?}");
            if method != "POST" {
                assert_eq!(times, 1, "{http:?} {method}: {status}");
            }
            // Whether its connection was one that answers or one that ends, a page follows for the next.
            let (_, status, _) = get(&curl, http, "/page");
            assert_eq!(status, "200");
        }
        let posts = rogue
            .requests()
            .into_iter()
            .filter(|line| line.starts_with("POST"));
        assert_eq!(posts.count(), 2, "{http:?}");
    }
}

#[test]
fn a_device_that_answers_nobody_keeps_so_many_connections_and_no_more() {
    let (mut house, rogue) = house(b"http/1.1", |line| {
        line.read_request()?;
        line.wait()
    });
    let browser = house.browser();
    let mut stuck = browser.open_as("nas.local", "nas.local", b"h2").unwrap();
    stuck.write_all(PREFACE).unwrap();
    for stream in 0..200 {
        let ask = request(
            stream * 2 + 1,
            &[
                (":method", b"GET"),
                (":scheme", b"https"),
                (":authority", b"nas.local"),
                (":path", b"/stuck"),
            ],
        );
        stuck.write_all(&ask).unwrap();
    }
    settle_tests::eventually("the places are taken", || rogue.requests().len() >= 128);
    for _ in 0..20 {
        assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    }
    assert_eq!(rogue.connections(), 128);
    drop(stuck);
    let open = |_| {
        browser
            .open_as("nas.local", "nas.local", b"http/1.1")
            .unwrap()
    };
    let held: Vec<_> = (0..256).map(open).collect();
    assert_eq!(browser.connect("nas.local:443").unwrap().0, 503);
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    drop(held);
    settle_tests::eventually("there is room again", || {
        browser
            .connect("nas.local:443")
            .is_ok_and(|(status, _)| status == 200)
    });
}
