//! Requests that two readers could understand in two ways: each is refused, or arrives at the interface
//! behind the device as one that nobody can misread.

mod http1;
mod http2;

use settle_tests::Visit;

use super::House;

/// What a browser says of a page that its user opened.
const NAVIGATION: &str =
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

/// What leads somewhere else, or might to some reader.
const ELSEWHERE: [&str; 42] = [
    "example.com:443",
    "printer.local.example.com:443",
    "printer.locale:443",
    "nas.local:443",
    "localhost:443",
    "printer.localhost:443",
    "127.0.0.1:443",
    "0.0.0.0:443",
    "2130706433:443",
    "0x7f.1:443",
    "[::1]:443",
    "[::ffff:127.0.0.1]:443",
    "[fe80::1%25lo]:443",
    "169.254.169.254:80",
    "printer.local:22",
    "printer.local:80",
    "printer.local:0",
    "printer.local:00443",
    "printer.local:65979",
    "printer.local:99999999999",
    "printer.local:+443",
    "printer.local:-443",
    "printer.local:",
    "printer.local",
    ":443",
    "*:443",
    "user@printer.local:443",
    "printer.local:443@example.com:443",
    "example.com:443@printer.local:443",
    "printer%2elocal:443",
    "printer.local%00.example.com:443",
    "printer.local\u{0}:443",
    "printer.local..:443",
    ".printer.local:443",
    "printer..local:443",
    "-printer.local:443",
    "pr\u{131}nter.local:443",
    "https://printer.local:443",
    "http://printer.local",
    "/printer.local:443",
    "printer.local:443/path",
    "printer.local:443?query",
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the proxy itself says to `line` with the fields of a test's choice.
fn outer(browser: &Visit, line: &str, fields: &str) -> String {
    let ask = format!("{line} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
    text(&browser.ask_proxy(ask.as_bytes()).unwrap())
}

#[test]
fn only_a_paired_name_with_its_port_is_connected_to() {
    let mut house = House::paired();
    let browser = house.browser();
    let long = format!("{}.local:443", "a".repeat(60_000));
    for target in ELSEWHERE.into_iter().chain([long.as_str()]) {
        let said = outer(&browser, &format!("CONNECT {target}"), "");
        assert!(!said.contains(" 200 "), "{target}: {said}");
    }
    for host in [
        "example.com:443",
        "printer.local:8443",
        "user@printer.local:443",
    ] {
        for fields in [
            format!("Host: {host}\r\n"),
            format!("Host: printer.local:443\r\nHost: {host}\r\n"),
        ] {
            let said = outer(&browser, "CONNECT printer.local:443", &fields);
            assert!(said.starts_with("HTTP/1.1 403 "), "{host}: {said}");
        }
    }
    // What means the same to everybody is the same.
    for target in [
        "printer.local:443",
        "PRINTER.LOCAL:443",
        "printer.local.:443",
    ] {
        assert_eq!(browser.connect(target).unwrap().0, 200, "{target}");
    }
    assert!(house.upstream.requests().is_empty());
}

#[test]
fn plain_http_is_led_to_https_of_the_same_name_and_nowhere_else() {
    let mut house = House::paired();
    let browser = house.browser();
    let port = house.device.address().port();
    let own_port = (
        format!("http://printer.local:{port}/jobs"),
        format!("https://printer.local:{port}/jobs"),
    );
    for (asked, told) in [
        ("http://printer.local", "https://printer.local/"),
        ("http://printer.local/", "https://printer.local/"),
        (
            "http://PRINTER.local:80/jobs?a=1&b=%0d%0a",
            "https://printer.local/jobs?a=1&b=%0d%0a",
        ),
        ("http://printer.local?q", "https://printer.local/?q"),
        (
            "http://printer.local//example.com/",
            "https://printer.local//example.com/",
        ),
        (
            "http://printer.local/@example.com",
            "https://printer.local/@example.com",
        ),
        (
            "http://printer.local/\\example.com",
            "https://printer.local/\\example.com",
        ),
        (own_port.0.as_str(), own_port.1.as_str()),
    ] {
        // Of an absolute target a proxy does not look at `Host` (RFC 9112 §3.2.2).
        let said = outer(&browser, &format!("GET {asked}"), "Host: example.com\r\n");
        let line = format!("\r\nlocation: {told}\r\n");
        assert!(
            said.starts_with("HTTP/1.1 307 ") && said.contains(&line),
            "{asked}: {said}"
        );
        assert!(said.contains("cache-control: no-store"), "{said}");
    }
    for asked in [
        "http://example.com/",
        "http://localhost/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://user@printer.local/",
        "http://printer.local@example.com/",
        "http://printer.local:22/",
        "http://printer.local:/",
        "http://printer.local.example.com/",
        "https://printer.local/",
        "ftp://printer.local/",
        "http://printer.local/ HTTP/1.1\r\nX: y",
    ] {
        let said = outer(&browser, &format!("GET {asked}"), "Host: printer.local\r\n");
        let is_refused = said.starts_with("HTTP/1.1 4") || said.is_empty();
        let is_split = asked.contains('\r') && said.starts_with("HTTP/1.1 307 ");
        assert!(is_refused || is_split, "{asked}: {said}");
        assert!(!said.contains("example.com"), "{asked}: {said}");
    }
    assert!(house.upstream.requests().is_empty());
}

#[test]
fn a_connection_for_one_name_shows_no_certificate_of_another() {
    let mut house = House::paired();
    let browser = house.browser();
    let unique = house.device.unique_name().to_owned();
    for protocol in [&b"http/1.1"[..], b"h2"] {
        for sni in [
            unique.as_str(),
            "nas.local",
            "example.com",
            &browser.proxy().host,
        ] {
            assert!(
                browser.open_as("printer.local", sni, protocol).is_err(),
                "{sni}"
            );
        }
        for name in ["printer.local", &unique] {
            drop(browser.open_as(name, name, protocol).unwrap());
        }
    }
}
