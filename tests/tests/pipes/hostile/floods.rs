//! A device that never ends: memory is bounded, and the others are served meanwhile.

use std::io::{self, Read as _};

use settle_tests::census::memory;
use settle_tests::curl::Http;
use settle_tests::frames::{END_HEADERS, fields, frame, kind, read};
use settle_tests::rogue::Line;

use super::{OK, house};

/// What the daemon may have more in memory than before, in KiB.
const BOUND: u64 = 32 * 1024;

/// Says the same for ever.
fn for_ever(line: &mut Line, bytes: &[u8]) -> io::Result<()> {
    loop {
        line.say(bytes)?;
    }
}

/// Lets a browser ask for a few seconds, with another device beside.
fn stands(
    protocol: &'static [u8],
    behave: impl Fn(&mut Line) -> io::Result<()> + Send + Sync + 'static,
) {
    let (mut house, rogue) = house(protocol, behave);
    let (curl, browser) = (house.curl(), house.browser());
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let daemon = house.home.daemon_id().unwrap();
    let before = memory(daemon, "VmRSS");
    for http in Http::ALL {
        let ask = [
            "--max-time",
            "2",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "https://nas.local/",
        ];
        let mut asking = curl.command(http, &ask).spawn().unwrap();
        while asking.try_wait().unwrap().is_none() {
            assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
        }
        let said = asking.wait_with_output().unwrap();
        let status = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(
            !said.status.success() || status == "502",
            "{http:?}: {status}"
        );
    }
    assert!(rogue.connections() > 0);
    let most = memory(daemon, "VmHWM");
    assert!(most < before + BOUND, "{before} KiB, {most} KiB");
}

/// Waits for the first request of HTTP/2.
fn accept(line: &mut Line) -> io::Result<u32> {
    line.stream.read_exact(&mut [0; 24])?;
    line.say(&frame(kind::SETTINGS, 0, 0, &[]))?;
    loop {
        let (kind, _, stream, _) = read(&mut line.stream)?;
        if kind == kind::SETTINGS {
            line.say(&frame(kind::SETTINGS, 1, 0, &[]))?;
        }
        if kind == kind::HEADERS {
            return Ok(stream);
        }
    }
}

#[test]
fn answers_of_http_1_without_end_are_bounded() {
    let endless: [(&str, &str); 3] = [
        ("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", ""),
        (
            "X: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
            OK,
        ),
        (
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "HTTP/1.1 200 ",
        ),
    ];
    for (piece, start) in endless {
        let pieces = piece.repeat(100);
        stands(b"http/1.1", move |line| {
            line.read_request()?;
            line.say(start.as_bytes())?;
            for_ever(line, pieces.as_bytes())
        });
    }
}

#[test]
fn frames_without_end_are_bounded() {
    let hints = fields(&[(":status", b"103"), ("link", b"</x>")]);
    let ok = fields(&[(":status", b"200")]);
    let field = fields(&[("x", &[b'x'; 1000])]).repeat(15);
    // One field in the table of 4,096 octets, and then named by one octet each (RFC 7541 §6.1).
    let mut bomb = ok.clone();
    bomb.extend([0x40, 1, b'x', 127, 0x99, 0x1e]);
    bomb.extend([b'x'; 3992]);
    bomb.extend([0xbe; 12_000]);
    let endless = move |line: &mut Line, which: usize| {
        let stream = accept(line)?;
        match which {
            0 => for_ever(line, &frame(kind::HEADERS, END_HEADERS, stream, &hints)),
            1 => {
                line.say(&frame(kind::HEADERS, 0, stream, &ok))?;
                for_ever(line, &frame(kind::CONTINUATION, 0, stream, &field))
            }
            2 => {
                line.say(&frame(kind::HEADERS, 0, stream, &ok))?;
                for_ever(line, &frame(kind::CONTINUATION, 0, stream, &[]))
            }
            3 => {
                line.say(&frame(kind::HEADERS, END_HEADERS, stream, &bomb))?;
                line.wait()
            }
            4 => for_ever(line, &frame(kind::SETTINGS, 0, 0, &[])),
            5 => for_ever(line, &frame(6, 0, 0, &[0; 8])),
            6 => line.say(&frame(kind::GO_AWAY, 0, 0, &[0; 8])),
            7 => {
                line.say(&frame(kind::RESET, 0, stream, &7_u32.to_be_bytes()))?;
                line.wait()
            }
            _ => {
                line.say(&frame(kind::HEADERS, END_HEADERS, stream, &ok))?;
                for_ever(line, &frame(kind::DATA, 0, stream, &[]))
            }
        }
    };
    for which in 0..9 {
        let endless = endless.clone();
        stands(b"h2", move |line| endless(line, which));
    }
}
