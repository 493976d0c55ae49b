//! Pages that Settle answers with in a device's place: they run nothing, repeat nothing of what was
//! asked, and are kept by nobody.

use settle_tests::Connector;
use settle_tests::curl::Http;
use settle_tests::visit::Page;

use super::House;

const SCRIPT: &str = "<script>alert(1)</script>";

fn is_safe(page: &Page) {
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'none'"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let body = page.body.to_ascii_lowercase();
    for word in ["<script", "alert", "onerror", "javascript", "evil", "href"] {
        assert!(!body.contains(word), "{word}: {body}");
    }
}

#[test]
fn a_page_in_a_devices_place_repeats_nothing_and_runs_nothing() {
    let mut house = House::paired();
    let browser = house.browser();
    let path = "/%3Cscript%3Ealert(1)%3C/script%3E?evil=%22onerror=alert(1)";
    for (headers, status, refusal) in [
        (
            format!("Origin: https://evil.example/{SCRIPT}\r\n"),
            403,
            Some("cross_site"),
        ),
        (
            format!("Referer: https://evil.example/{SCRIPT}\r\n"),
            403,
            Some("cross_site"),
        ),
        (format!("Host: evil.example{SCRIPT}\r\n"), 421, None),
        (
            format!("Transfer-Encoding: {SCRIPT}, chunked\r\n"),
            400,
            None,
        ),
    ] {
        let page = browser.get_with("printer.local", path, &headers).unwrap();
        assert_eq!(page.status, status, "{headers}");
        assert_eq!(page.header("settle-refusal"), refusal, "{headers}");
        is_safe(&page);
    }
    assert!(house.upstream.requests().is_empty());
    drop(house.device);
    let page = browser
        .get_with("printer.local", path, "Settle-Refusal: evil\r\n")
        .unwrap();
    assert_eq!(page.status, 504);
    assert_eq!(page.header("settle-refusal"), Some("unreachable"));
    is_safe(&page);
}

#[test]
fn a_clock_that_is_years_behind_keeps_nobody_from_a_device_that_is_paired() {
    let mut house = House::paired();
    house.connector.close();
    house.home.end_daemon();
    house.home.travel(-4000);
    house.connector = Connector::start(&house.home);
    // A browser on the same clock asks its user about the proxy's certificate first.
    let asked = [
        "--insecure",
        "--proxy-insecure",
        "--include",
        "https://printer.local/",
    ];
    let said = house.curl().text(Http::One, &asked);
    assert!(said.contains("Ink: full"), "{said}");
    assert_eq!(house.upstream.requests().len(), 1);
}

#[test]
fn a_page_in_a_devices_place_has_no_body_where_only_its_head_was_asked_for() {
    let mut house = House::paired();
    let curl = house.curl();
    let foreign = ["--header", "Origin: https://evil.example"];
    let address = "https://printer.local/";
    for http in [Http::One, Http::Two] {
        // A body would break the stream, and with it this command.
        let asked = [&foreign[..], &["--head", address, address]].concat();
        let said = curl.text(http, &asked);
        assert_eq!(said.matches("settle-refusal: cross_site").count(), 2);
        assert!(!said.contains("<html"), "{said}");
    }
    assert!(house.upstream.requests().is_empty());
}
