//! T13: a page that asks the browser's proxy for a way to what is in the house and has nothing to do
//! with Settle: the router, a camera, another port of a paired device.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use settle_tests::lab::{Appliance, Computer, Host, Lan, weak};

/// A router's old web interface, which says a password to whoever asks.
fn router(host: &Host) -> SocketAddr {
    let listener = host.on(|| TcpListener::bind((host.address(), 80)).unwrap());
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut asking in listener.incoming().filter_map(Result::ok) {
            let mut asked = [0; 1024];
            // Who goes away is not answered.
            drop(asking.read(&mut asked));
            drop(asking.write_all(b"HTTP/1.0 200 OK\r\n\r\nadmin:admin"));
        }
    });
    address
}

#[test]
fn a_proxy_that_leads_anywhere_leads_to_the_router_and_settles_to_paired_names_alone() {
    let lan = Lan::new();
    let (printer, mut computer) = (Appliance::join(&lan, "printer"), Computer::join(&lan));
    computer.pair(printer.device.code());
    let host = lan.host();
    let router = router(&host);

    let said = computer.host.on(|| {
        let mut through = TcpStream::connect(weak::proxy_to_anywhere()).unwrap();
        write!(through, "CONNECT {router} HTTP/1.1\r\n\r\n").unwrap();
        through.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut said = String::new();
        through.read_to_string(&mut said).unwrap();
        said
    });
    assert!(said.ends_with("admin:admin"), "{said}");

    let browser = computer.browser();
    let frames = lan.heard().len();
    for target in [
        router.to_string(),
        "192.168.99.1:22".to_owned(),
        "printer.local:80".to_owned(),
        "localhost:631".to_owned(),
        "router.home.arpa:443".to_owned(),
        "example.com:443".to_owned(),
    ] {
        let answer = computer
            .host
            .on(|| browser.connect(&target).map(|(status, _)| status));
        assert!(
            answer.as_ref().is_ok_and(|status| *status == 403),
            "{target}: {answer:?}"
        );
    }
    // Nobody was even asked for: no packet left to the router.
    let octets = host.address().octets();
    let since = lan.heard().split_off(frames);
    assert!(since.iter().all(|frame| !frame.is_ipv4_to(octets)));
}
