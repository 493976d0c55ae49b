//! What pages and their interfaces do, carried through the verifying proxy and the device by every
//! protocol, with a client that nobody here wrote.

use std::io::{BufRead as _, BufReader};
use std::thread;

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::ext::Protocol;
use hyper_util::rt::TokioIo;
use settle_protocol::rpc::{BridgeCertificate, Call};
use settle_tests::curl::Http;
use settle_tests::server::{Identity, Issuer, Server};
use settle_tests::{App, Connector, Curl, Device, Home, Keyring, Visit};
use sha2::{Digest as _, Sha256};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{self, HandshakeError, Message};

use super::browser_of;

const SITE: &str = "https://printer.local";

struct House {
    curl: Curl,
    browser: Visit,
    // In the order in which they have to go.
    _connector: Connector,
    _device: Device,
    home: Home,
}

impl House {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        let device = Device::start(&home, App::start().address());
        let mut connector = Connector::start(&home);
        connector.pair(device.code());
        Self {
            curl: curl(&home, &mut connector),
            browser: browser_of(&mut connector),
            _connector: connector,
            _device: device,
            home,
        }
    }

    /// The most memory that the daemon has had, in KiB.
    fn peak(&self) -> u64 {
        let id = self.home.daemon_id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.unwrap().trim().trim_end_matches(" kB");
        peak.parse().unwrap()
    }
}

fn curl(home: &Home, connector: &mut Connector) -> Curl {
    let certificate: BridgeCertificate = connector.call(Call::BridgeCertificate {}).unwrap();
    let proxy = connector.hello().unwrap().proxy;
    Curl::new(home.path(), &proxy, &certificate)
}

fn url(path: &str) -> String {
    format!("{SITE}{path}")
}

#[test]
fn bodies_come_through_as_they_are() {
    let house = House::new();
    let piece: Vec<u8> = (0..=255).cycle().take(1_000_003).collect();
    let file = house.home.path().join("body");
    std::fs::write(&file, &piece).unwrap();
    let body = format!("@{}", file.display());
    for http in Http::ALL {
        for expect in ["Expect:", "Expect: 100-continue"] {
            let arguments = ["--data-binary", &body, "--header", expect, &url("/echo")];
            assert_eq!(
                house.curl.bytes(http, &arguments),
                piece,
                "{http:?} {expect}"
            );
        }
        assert!(house.curl.bytes(http, &[&url("/bytes/0")]).is_empty());
        assert_eq!(
            house
                .curl
                .bytes(http, &["--range", "300-1299", &url("/bytes/100000")]),
            piece[300..1300]
        );
        let head = house.curl.text(http, &["--head", &url("/bytes/12345")]);
        assert!(
            head.to_ascii_lowercase().contains("content-length: 12345"),
            "{head}"
        );
        let parts = [
            "--dump-header",
            "-",
            "--header",
            "TE: trailers",
            &url("/trailers"),
        ];
        let answer = house.curl.text(http, &parts);
        assert!(
            answer.contains("body") && answer.contains("x-sum: 42"),
            "{http:?}: {answer}"
        );
    }
}

#[test]
fn two_gigabytes_go_each_way_in_little_memory() {
    const PIECES: usize = 2048;
    let house = House::new();
    let piece = vec![7; 1024 * 1024];
    let mut wanted = Sha256::new();
    (0..PIECES).for_each(|_| wanted.update(&piece));
    let wanted = data_encoding::HEXLOWER.encode(&wanted.finalize());
    let said = house
        .curl
        .upload(Http::Two, &url("/digest"), &piece, PIECES);
    assert_eq!(said, wanted);

    let length = PIECES * piece.len();
    let mut command = house
        .curl
        .command(Http::Two, &[&url(&format!("/bytes/{length}"))]);
    let mut running = command.spawn().unwrap();
    let mut reader = BufReader::with_capacity(1 << 20, running.stdout.take().unwrap());
    let mut at = 0;
    loop {
        let bytes = reader.fill_buf().unwrap();
        if bytes.is_empty() {
            break;
        }
        let right = bytes
            .iter()
            .zip(at..)
            .all(|(byte, at)| usize::from(*byte) == at % 256);
        assert!(right, "after {at} bytes");
        at += bytes.len();
        let length = bytes.len();
        reader.consume(length);
    }
    assert!(running.wait().unwrap().success());
    assert_eq!(at, length);
    assert!(house.peak() < 128 * 1024, "{} KiB", house.peak());
}

#[test]
fn events_arrive_when_they_are_said() {
    let house = House::new();
    for http in Http::ALL {
        let mut listening = house.curl.command(http, &["--no-buffer", &url("/events")]);
        let mut listening = listening.spawn().unwrap();
        let lines = BufReader::new(listening.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        assert_eq!(lines.next().unwrap(), ": hello");
        let said = house.curl.text(http, &["--data", "news", &url("/say")]);
        assert_eq!(said, "said");
        assert_eq!(lines.find(|line| !line.is_empty()).unwrap(), "data: news");
        listening.kill().unwrap();
        listening.wait().unwrap();
    }
}

#[test]
fn many_requests_share_a_connection_and_a_stuck_one_holds_up_none() {
    let house = House::new();
    let mut stuck = house
        .curl
        .command(Http::Two, &[&url("/events")])
        .spawn()
        .unwrap();
    thread::scope(|scope| {
        for http in Http::ALL.into_iter().cycle().take(16) {
            let curl = &house.curl;
            scope.spawn(move || {
                let many = url("/bytes/[1000-1019]");
                let arguments = ["--parallel", "--output", "/dev/null", &many];
                let output = curl.run(http, &arguments);
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{http:?}: {errors}");
            });
        }
    });
    stuck.kill().unwrap();
    stuck.wait().unwrap();
}

#[test]
fn a_device_that_speaks_http_1_alone_is_reached_by_both() {
    let home = Home::new(Keyring::Unlocked);
    let nas = Identity::make(home.path(), "nas", "DNS:nas.local", Issuer::Itself);
    let server = Server::start(&nas);
    let address = server.address();
    let (port, address) = (address.port().to_string(), address.to_string());
    let print = nas.fingerprint();
    let imported = home
        .command("settle")
        .args(["import", "--yes", "--name", "nas.local", "--port", &port])
        .args(["--address", &address, "--fingerprint", &print])
        .output()
        .unwrap();
    assert!(imported.status.success());
    let mut connector = Connector::start(&home);
    let curl = curl(&home, &mut connector);
    for http in Http::ALL {
        let page = curl.text(http, &["https://nas.local/"]);
        assert!(page.contains("TLSv1.3"), "{page}");
    }
}

#[test]
fn a_name_of_another_connection_is_misdirected() {
    let house = House::new();
    for http in Http::ALL {
        let host = [
            "--header",
            "Host: nas.local",
            "--write-out",
            "%{http_code}",
            &url("/"),
        ];
        let said = house.curl.text(http, &host);
        assert!(said.ends_with("421"), "{http:?}: {said}");
    }
}

#[test]
fn a_websocket_is_carried_on_a_connection_of_its_own() {
    let house = House::new();
    let browser = &house.browser;
    let stream = browser.open("printer.local").unwrap();
    let mut request = "wss://printer.local/socket".into_client_request().unwrap();
    let origin = HeaderValue::from_static("https://printer.local");
    request.headers_mut().insert("origin", origin);
    let (mut socket, _) = tungstenite::client(request, stream).unwrap();
    for size in [0, 1, 125, 126, 65_536, 1_000_000] {
        let said = Message::binary(vec![7; size]);
        socket.send(said.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), said, "{size}");
    }
}

#[test]
fn a_websocket_of_another_site_is_refused_by_every_protocol() {
    let house = House::new();
    let stream = house.browser.open("printer.local").unwrap();
    let mut request = "wss://printer.local/socket".into_client_request().unwrap();
    let origin = HeaderValue::from_static("https://cloud.example");
    request.headers_mut().insert("origin", origin);
    let refused = tungstenite::client(request, stream).map(drop);
    let Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) = refused else {
        panic!("it was let in");
    };
    assert_eq!(answer.status(), 403);
}

#[test]
fn a_websocket_is_carried_on_a_stream_of_http_2() {
    let house = House::new();
    let browser = &house.browser;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (mut requests, connection) = browser.open_http2("printer.local").await.unwrap();
        let connection = tokio::spawn(connection);
        for (origin, status) in [
            ("https://printer.local", 200),
            ("https://cloud.example", 403),
        ] {
            let request = Request::connect("https://printer.local/socket")
                .extension(Protocol::from_static("websocket"))
                .header("origin", origin)
                .header("sec-websocket-version", "13")
                .body(Empty::<Bytes>::new());
            let mut answer = requests.send_request(request.unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{origin}");
            if status != 200 {
                continue;
            }
            let stream = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
            let said = Message::text("over a stream");
            socket.send(said.clone()).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), said);
        }
        connection.abort();
    });
}
