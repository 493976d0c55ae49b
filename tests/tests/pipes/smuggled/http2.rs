//! What HTTP/2 could carry into HTTP/1.1 (RFC 9113 §8.2.1, §8.3, §10.3).

use settle_tests::Visit;
use settle_tests::frames::{END_HEADERS, End, PREFACE, fields, frame, kind, request, wait_for_end};

use super::{House, text};

use std::io::Write as _;

type Field<'a> = (&'a str, &'a [u8]);

const GET: [Field<'_>; 4] = [
    (":method", b"GET"),
    (":scheme", b"https"),
    (":authority", b"printer.local"),
    (":path", b"/jobs"),
];

/// Sends frames for stream 1 on a connection of their own.
fn send(browser: &Visit, frames: &[u8]) -> End {
    let mut stream = browser
        .open_as("printer.local", "printer.local", b"h2")
        .unwrap();
    stream.write_all(PREFACE).unwrap();
    // A connection that the proxy has ended already is found so by the reader.
    drop(stream.write_all(frames));
    wait_for_end(&mut stream, 1)
}

/// A request with one field of another value.
fn but<'a>(name: &'a str, value: &'a [u8]) -> Vec<Field<'a>> {
    let mut all = GET.to_vec();
    for field in &mut all {
        if field.0 == name {
            field.1 = value;
        }
    }
    all
}

fn and<'a>(name: &'a str, value: &'a [u8]) -> Vec<Field<'a>> {
    [&GET[..], &[(name, value)]].concat()
}

fn without(name: &str) -> Vec<Field<'static>> {
    GET.iter()
        .filter(|field| field.0 != name)
        .copied()
        .collect()
}

/// None of them arrives; a plain one does.
#[track_caller]
fn are_refused(requests: &[Vec<Field<'_>>]) {
    let mut house = House::paired();
    let browser = house.browser();
    for bad in requests {
        let end = send(&browser, &request(1, bad));
        assert_ne!(end, End::Answer(200), "{bad:?}");
        assert!(house.upstream.requests().is_empty(), "{bad:?}");
    }
    assert_eq!(send(&browser, &request(1, &GET)), End::Answer(200));
    assert_eq!(house.upstream.requests().len(), 1);
}

#[test]
fn a_field_that_could_split_a_request_is_refused() {
    are_refused(&[
        and("x-a", b"b\r\nSettle-Role: owner"),
        and("x-a", b"b\nSettle-Role: owner"),
        and(
            "x-a",
            b"b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: printer.local\r\n\r\n",
        ),
        and("x-a", b"b\x00c"),
        and("x-a\r\nsettle-role", b"owner"),
        and("x-a: b", b"c"),
        and("x a", b"b"),
        and("X-Upper", b"b"),
        and("", b"b"),
        and("connection", b"close"),
        and("connection", b"x-a"),
        and("keep-alive", b"300"),
        and("proxy-connection", b"keep-alive"),
        and("transfer-encoding", b"chunked"),
        and("upgrade", b"h2c"),
        and("te", b"gzip"),
        and("host", b"example.com"),
        and("host", b"user@printer.local"),
        and("content-length", b"5"),
        and("content-length", b"-1"),
    ]);
}

#[test]
fn a_target_that_could_be_misread_is_refused() {
    are_refused(&[
        and(":path", b"/smuggled"),
        and(":authority", b"example.com"),
        and(":status", b"200"),
        and(":unknown", b"1"),
        and(":protocol", b"websocket"),
        but(":path", b""),
        but(":path", b"jobs"),
        but(":path", b"@example.com/"),
        but(":path", b"*"),
        but(":path", b"/ HTTP/1.1\r\nSettle-Role: owner\r\nX: "),
        but(":path", b"/jobs x"),
        but(":path", b"/\x00"),
        but(":path", b"https://example.com/"),
        but(":method", b"GET / HTTP/1.1\r\nX: "),
        but(":method", b""),
        but(":method", b"G T"),
        but(":method", b"CONNECT"),
        but(":authority", b""),
        but(":authority", b"example.com"),
        but(":authority", b"nas.local"),
        but(":authority", b"user@printer.local"),
        but(":authority", b"printer.local@example.com"),
        but(":authority", b"printer.local:8443"),
        but(":authority", b"printer.local:"),
        but(":authority", b"printer.local:99999"),
        but(":authority", b"printer.local\r\nX: y"),
        but(":authority", b"printer.local/x"),
        but(":scheme", b"https://printer.local/x"),
        but(":scheme", b"ht tp"),
        without(":method"),
        without(":path"),
        without(":scheme"),
        without(":authority"),
        [&[("x-a", &b"b"[..])], &GET[..]].concat(),
        vec![
            (":method", b"CONNECT"),
            (":authority", b"printer.local"),
            (":scheme", b"https"),
            (":path", b"/socket"),
            (":protocol", b"connect-udp"),
            ("origin", b"https://printer.local"),
        ],
    ]);
}

#[test]
fn a_body_of_another_length_than_was_said_is_never_whole() {
    let mut house = House::paired();
    let browser = house.browser();
    let head = |length: &'static [u8]| {
        let mut all = but(":method", b"POST");
        all.extend([
            ("content-length", length),
            ("origin", &b"https://printer.local"[..]),
        ]);
        frame(kind::HEADERS, END_HEADERS, 1, &fields(&all))
    };
    let body = frame(
        kind::DATA,
        1,
        1,
        b"bodyGET /smuggled HTTP/1.1\r\nHost: printer.local\r\n\r\n",
    );
    for length in [&b"4"[..], b"500"] {
        let end = send(&browser, &[head(length), body.clone()].concat());
        assert_ne!(end, End::Answer(200), "{length:?}");
    }
    let whole = frame(kind::DATA, 1, 1, b"body");
    assert_eq!(
        send(&browser, &[head(b"4"), whole].concat()),
        End::Answer(200)
    );
    let seen = house.upstream.requests();
    assert!(
        seen.iter()
            .all(|request| request.line == "POST /jobs HTTP/1.1"),
        "{seen:?}"
    );
    let whole = seen.iter().filter(|request| !request.body.is_empty());
    assert_eq!(whole.count(), 1);
}

#[test]
fn nobody_says_on_a_stream_who_asks() {
    let mut house = House::paired();
    let browser = house.browser();
    let forged: [Field<'_>; 10] = [
        ("settle-role", b"owner"),
        ("settle_role", b"owner"),
        ("settle-client", b"00"),
        ("x-forwarded-for", b"192.0.2.1"),
        ("x_forwarded_host", b"example.com"),
        ("x-real-ip", b"192.0.2.1"),
        ("forwarded", b"for=192.0.2.1"),
        ("proxy-authorization", b"Basic eDp5"),
        ("cookie", b"a=1"),
        ("cookie", b"b=2"),
    ];
    let all = [&GET[..], &forged[..]].concat();
    assert_eq!(send(&browser, &request(1, &all)), End::Answer(200));
    let [seen] = &house.upstream.requests()[..] else {
        panic!("one request");
    };
    let client = seen.header("settle-client").unwrap();
    let interface = house.upstream.address();
    let mut lines: Vec<String> = text(&seen.raw)
        .replace(client, "<key>")
        .split("\r\n")
        .map(str::to_owned)
        .collect();
    lines[1..].sort();
    let host = format!("host: {interface}");
    assert_eq!(
        lines,
        [
            "GET /jobs HTTP/1.1",
            "",
            "",
            "cookie: a=1; b=2",
            &host,
            "settle-client: <key>",
            "settle-role: admin",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: printer.local",
            "x-forwarded-proto: https",
        ]
    );
}
