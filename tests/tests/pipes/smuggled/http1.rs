//! What HTTP/1.1 leaves room for (RFC 9112 §11).

use settle_tests::Visit;

use super::{House, NAVIGATION, text};

const HOST: &str = "Host: printer.local\r\n";

fn ask(browser: &Visit, bytes: &str) -> String {
    text(&browser.ask_raw("printer.local", bytes.as_bytes()).unwrap())
}

/// A request that is told from others by its path, with a body.
fn post(path: &str, fields: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\n{HOST}{NAVIGATION}Origin: https://printer.local\r\nConnection: close\r\n{fields}\r\n{body}"
    )
}

/// A request for the page with the fields of a test's choice, the name among them.
fn only(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\n{fields}Connection: close\r\n\r\n")
}

/// The same with the name.
fn with(fields: &str) -> String {
    only(&format!("{HOST}{fields}"))
}

fn line(line: &str) -> String {
    format!("{line}\r\n{HOST}Connection: close\r\n\r\n")
}

/// None of them arrives; a plain one does.
#[track_caller]
fn are_refused(heads: &[String]) {
    let mut house = House::paired();
    let browser = house.browser();
    for bad in heads {
        let said = ask(&browser, bad);
        assert!(!said.contains(" 200 "), "{bad:?}: {said}");
        assert!(house.upstream.requests().is_empty(), "{bad:?}");
    }
    let said = ask(&browser, &with(""));
    assert!(said.contains(" 200 OK"), "{said}");
    assert_eq!(house.upstream.requests().len(), 1);
}

#[test]
fn a_request_for_another_name_or_for_no_path_is_refused() {
    are_refused(&[
        only(""),
        only("Host:\r\n"),
        only("Host: nas.local\r\n"),
        only("Host: example.com\r\n"),
        only("Host: printer.local:80\r\n"),
        only("Host: printer.local:\r\n"),
        only("Host: printer.local:99999\r\n"),
        only("Host: printer.local:443x\r\n"),
        only("Host: user@printer.local\r\n"),
        only("Host: printer.local, example.com\r\n"),
        only("Host: printer.local/x\r\n"),
        only("Host: 127.0.0.1\r\n"),
        with("Host: printer.local\r\n"),
        with("Host: example.com\r\n"),
        with("Host : example.com\r\n"),
        with(" Host: example.com\r\n"),
        line("GET https://example.com/ HTTP/1.1"),
        line("GET https://printer.local:8443/ HTTP/1.1"),
        line("GET https://user@printer.local/ HTTP/1.1"),
        only("Host: example.com\r\n").replace("GET /", "GET https://printer.local/"),
        line("GET  / HTTP/1.1"),
        line("GET\t/ HTTP/1.1"),
        line("GET / HTTP/1.1 x"),
        line("GET / HTTP/3.0"),
        line("GET /"),
        line("GET jobs HTTP/1.1"),
        line("GET @example.com/ HTTP/1.1"),
        line("GET ../jobs HTTP/1.1"),
        line("GET * HTTP/1.1"),
        line("GET /\u{0} HTTP/1.1"),
        line("GE(T / HTTP/1.1"),
        line("CONNECT example.com:443 HTTP/1.1"),
        line("CONNECT printer.local:443 HTTP/1.1"),
        line("PRI * HTTP/2.0"),
    ]);
}

#[test]
fn a_head_that_could_be_misread_is_refused() {
    are_refused(&[
        with("X-Folded: a\r\n b\r\n"),
        with("X-Folded: a\r\n\tSettle-Role: owner\r\n"),
        with("X-Nul: a\u{0}b\r\n"),
        with("X-Return: a\rSettle-Role: owner\r\n"),
        with("X-N\u{0}ul: a\r\n"),
        with("X Space: a\r\n"),
        with(": empty\r\n"),
        with("no colon\r\n"),
        with("Content-Length: 5\r\nContent-Length: 6\r\n"),
        with("Content-Length: 5, 6\r\n"),
        with("Content-Length: +5\r\n"),
        with("Content-Length: -5\r\n"),
        with("Content-Length: 0x5\r\n"),
        with("Content-Length: 99999999999999999999\r\n"),
        with("Content-Length:\r\n"),
        with("Transfer-Encoding: gzip, chunked\r\n"),
        with("Transfer-Encoding: chunked, identity\r\n"),
        with("Transfer-Encoding: identity\r\n"),
        with("Transfer-Encoding: xchunked\r\n"),
        with("Transfer-Encoding : chunked\r\n"),
        with("Transfer-Encoding:\u{b}chunked\r\n"),
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"),
        with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
        with("Transfer-Encoding: chunked\r\n").replace("1.1", "1.0"),
    ]);
}

#[test]
fn a_body_that_is_broken_never_becomes_a_request() {
    let mut house = House::paired();
    let browser = house.browser();
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: printer.local\r\n\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for body in [
        "g\r\nbody\r\n0\r\n\r\n",
        "-4\r\nbody\r\n0\r\n\r\n",
        "0x4\r\nbody\r\n0\r\n\r\n",
        "4 4\r\nbody\r\n0\r\n\r\n",
        "10000000000000004\r\nbody\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nbody\r\n0\r\n\r\n",
        "4;x\nbody\r\n0\r\n\r\n",
        "4\rbody\r\n0\r\n\r\n",
        "4\r\nbody0\r\n\r\n",
        "4\r\nbodybody\r\n0\r\n\r\n",
        "\r\n4\r\nbody\r\n0\r\n\r\n",
        "4\r\nbody\r\n0\r\nX\u{0}: a\r\n\r\n",
    ] {
        let said = ask(
            &browser,
            &post("/broken", chunked, &format!("{body}{smuggled}")),
        );
        assert!(!said.contains(" 200 "), "{body:?}: {said}");
    }
    let said = ask(
        &browser,
        &post("/whole", chunked, "4;a=b;c\r\nbody\r\n0\r\n\r\n"),
    );
    assert!(said.contains(" 200 OK"), "{said}");
    // Both lengths at once: the chunks count, and the other is gone (RFC 9112 §6.3).
    let both = ["Content-Length: 3\r\n", chunked];
    for fields in [both.concat(), [both[1], both[0]].concat()] {
        let said = ask(
            &browser,
            &post("/both", &fields, &format!("0\r\n\r\n{smuggled}")),
        );
        assert!(!said.contains("HTTP/1.1 2") || said.matches("HTTP/1.1 ").count() == 1);
    }
    let twice = "Content-Length: 4\r\nContent-Length: 4\r\n";
    ask(&browser, &post("/twice", twice, &format!("body{smuggled}")));
    let seen = house.upstream.requests();
    for request in &seen {
        let (line, raw) = (
            request.line.as_str(),
            text(&request.raw).to_ascii_lowercase(),
        );
        let lengths = ["\r\ncontent-length:", "\r\ntransfer-encoding:"];
        let lengths = lengths.map(|length| raw.matches(length).count());
        assert!(lengths.iter().sum::<usize>() <= 1, "{raw}");
        match line {
            "POST /broken HTTP/1.1" | "POST /both HTTP/1.1" => {}
            "POST /whole HTTP/1.1" | "POST /twice HTTP/1.1" => assert_eq!(request.body, b"body"),
            _ => panic!("{line}"),
        }
    }
    assert!(
        seen.iter()
            .any(|request| request.line.starts_with("POST /whole"))
    );
}

#[test]
fn nobody_says_in_the_browsers_place_who_asks() {
    let mut house = House::paired();
    let browser = house.browser();
    let forged = "\
        Settle-Client: 00\r\nsettle-role: owner\r\nSettle_Role: owner\r\nSettle.Role: owner\r\n\
        Settle-Refusal: expired\r\n\
        X-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.1\r\nX-Forwarded-Host: example.com\r\n\
        X-Forwarded-Proto: http\r\nX-Real-IP: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n\
        Proxy-Authorization: Basic eDp5\r\nProxy-Connection: keep-alive\r\nKeep-Alive: 300\r\n\
        Connection: X-Private, Settle-Role, X-Forwarded-For, Host, HTTP2-Settings, Upgrade\r\n\
        X-Private: 1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nTE: trailers, deflate\r\n\
        Trailer: Settle-Role\r\nTransfer-Encoding: chunked\r\n";
    let body = "4\r\nbody\r\n0\r\nSettle-Role: owner\r\n\r\n";
    let said = ask(&browser, &post("/jobs?a=b", forged, body));
    assert!(said.starts_with("HTTP/1.1 200 OK"), "{said}");
    let [seen] = &house.upstream.requests()[..] else {
        panic!("one request");
    };
    let client = seen.header("settle-client").unwrap();
    assert_eq!(client.len(), 64);
    let interface = house.upstream.address();
    let head = text(&seen.raw).replace(client, "<key>");
    let expected = format!(
        "POST /jobs?a=b HTTP/1.1\r\nsec-fetch-site: none\r\nsec-fetch-mode: navigate\r\n\
         sec-fetch-dest: document\r\norigin: http://{interface}\r\nte: trailers\r\n\
         host: {interface}\r\nsettle-role: admin\r\nx-forwarded-proto: https\r\n\
         settle-client: <key>\r\nx-forwarded-for: 127.0.0.1\r\nx-forwarded-host: printer.local\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    // Fields come in no order that means anything.
    let sorted = |head: &str| {
        let mut lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        lines[1..].sort();
        lines
    };
    assert_eq!(sorted(&head), sorted(&expected));
    assert_eq!(seen.body, b"body");
}

#[test]
fn ends_of_lines_are_written_anew() {
    let mut house = House::paired();
    let browser = house.browser();
    let ask_for = "GET /lines HTTP/1.1\nHost: printer.local\nConnection: close\nX-A: b\n\n";
    ask(&browser, ask_for);
    // Whether it is taken at all is the reader's choice (RFC 9112 §2.2).
    for seen in house.upstream.requests() {
        let raw = text(&seen.raw);
        assert_eq!(raw.matches('\n').count(), raw.matches("\r\n").count());
        assert_eq!(seen.header("x-a"), Some("b"));
    }
}
