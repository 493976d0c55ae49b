//! Handshakes of TLS: none of an older version; and strangers who do nothing but shake hands with a device, as fast as
//! they can, while paired clients keep their share and somebody new still comes in.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls_pki_types::ServerName;
use settle_protocol::rpc::ErrorKind;
use settle_tests::eventually;
use settle_tests::foreign::visitor;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::House;

/// So many at the same time: as many as a device has places for.
const STRANGERS: usize = 128;
const VISITS: usize = 500;
/// Handshakes that may come between two pages.
const BETWEEN: usize = 20;

/// A flood, until this goes.
struct Flood {
    shaken: Arc<AtomicUsize>,
    _go_on: watch::Sender<()>,
}

impl Flood {
    fn start(device: SocketAddr) -> Self {
        let shaken = Arc::new(AtomicUsize::new(0));
        let (go_on, stop) = watch::channel(());
        let counted = Arc::clone(&shaken);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let connector = TlsConnector::from(Arc::new(visitor()));
                for _ in 0..STRANGERS {
                    let (connector, counted) = (connector.clone(), Arc::clone(&counted));
                    tokio::spawn(async move {
                        loop {
                            shake(device, &connector, &counted).await;
                        }
                    });
                }
                let mut stop = stop;
                // Its end is the only thing that it is told.
                drop(stop.changed().await);
            });
        });
        Self {
            shaken,
            _go_on: go_on,
        }
    }

    fn shaken(&self) -> usize {
        self.shaken.load(Ordering::Relaxed)
    }
}

/// One handshake to its end, whatever comes of it.
async fn shake(device: SocketAddr, connector: &TlsConnector, counted: &AtomicUsize) {
    let name = ServerName::try_from("settle.invalid").unwrap();
    let Ok(tcp) = TcpStream::connect(device).await else {
        return tokio::task::yield_now().await;
    };
    if connector.connect(name, tcp).await.is_ok() {
        counted.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks the device itself again and again, on a connection that is kept.
fn visit(stream: &mut (impl Read + Write), times: usize) {
    for _ in 0..times {
        stream
            .write_all(b"GET /.well-known/settle/role HTTP/1.1\r\nHost: printer.local\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut some = [0; 4096];
            let read = stream.read(&mut some).unwrap();
            assert!(read > 0, "the connection ended");
            answer.extend_from_slice(&some[..read]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }
}

#[test]
fn paired_clients_keep_their_share_while_strangers_only_shake_hands() {
    let mut house = House::paired();
    let mut stream = house.browser().open("printer.local").unwrap();
    visit(&mut stream, 1);
    let flood = Flood::start(house.device.address());
    eventually("the flood is there", || flood.shaken() > STRANGERS);
    let before = flood.shaken();
    visit(&mut stream, VISITS);
    let meanwhile = flood.shaken() - before;
    assert!(meanwhile < VISITS * BETWEEN, "{meanwhile} handshakes");
    // Somebody new is not kept out by those who were first, and is told of a code that is no more.
    let used = house.connector.start_pairing(house.device.code());
    assert_eq!(used.unwrap_err().data.kind, ErrorKind::ProofFailed);
    assert!(flood.shaken() > before, "they are still at it");
}

#[test]
fn neither_a_device_nor_the_proxy_speaks_an_older_tls_than_1_3() {
    let mut house = House::paired();
    let proxy = house.connector.hello().unwrap().proxy;
    let proxy_at = SocketAddr::from(([127, 0, 0, 1], proxy.port));
    for (address, name) in [
        (house.device.address(), "printer.local"),
        (proxy_at, proxy.host.as_str()),
    ] {
        assert!(shakes_hands(address, name, "-tls1_3"), "{name}");
        assert!(!shakes_hands(address, name, "-tls1_2"), "{name}");
    }
}

/// Whether OpenSSL gets through a handshake of this version, whoever is there.
fn shakes_hands(address: SocketAddr, name: &str, version: &str) -> bool {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &address.to_string()]);
    client.args(["-servername", name, version]);
    let client = client.stdin(Stdio::null()).output().unwrap();
    client.status.success()
}
