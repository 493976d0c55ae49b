//! T14: a client that is taken off the list while it has a connection. A server that looks at who asks only
//! when a connection is opened goes on answering; a device cuts it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use settle_tests::lab::{Appliance, Computer, Lan, weak};
use settle_tests::{Rogue, eventually, forger};

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: printer.local\r\nSec-Fetch-Site: none\r\n\r\n";

/// Asks on an open connection; whether there is an answer.
fn answers(open: &mut (impl Read + Write)) -> bool {
    let mut buffer = [0; 4096];
    let asked = open.write_all(ASK).and_then(|()| open.flush());
    asked.is_ok() && open.read(&mut buffer).is_ok_and(|count| count > 0)
}

#[test]
fn who_is_taken_off_the_list_goes_on_at_a_careless_server_and_is_cut_off_by_a_device() {
    let lan = Lan::new();
    let (server, client) = (lan.host(), lan.host());
    let at = (server.address(), 443).into();
    let listed = Arc::new(AtomicBool::new(true));
    let (list, shown) = (Arc::clone(&listed), forger::impersonate("careless.local"));
    let _careless = server.on(|| {
        Rogue::showing(at, shown.chain, shown.key, b"http/1.1", move |line| {
            if !list.load(Ordering::Acquire) {
                return Ok(());
            }
            weak::answer_everything(line)
        })
    });
    let tls = Arc::new(weak::client_builder().with_no_client_auth());
    let name = ServerName::IpAddress(at.ip().into());
    let connection = ClientConnection::new(tls, name).unwrap();
    let tcp = client.on(|| TcpStream::connect(at).unwrap());
    let mut open = StreamOwned::new(connection, tcp);
    assert!(answers(&mut open));
    listed.store(false, Ordering::Release);
    assert!(answers(&mut open), "it looks again");

    let printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    let browser = computer.browser();
    let mut open = computer.host.on(|| browser.open("printer.local").unwrap());
    assert!(answers(&mut open));
    let asked = printer.upstream.requests().len();
    let listed = printer.clients();
    let key = &listed["clients"][0]["key"];
    let key = key.as_str().unwrap();
    printer.settle(&["revoke", key, "--leave-without-admin"]);
    eventually("the host is refused", || {
        let page = computer.host.on(|| browser.get("printer.local", "/"));
        page.is_ok_and(|page| page.header("settle-refusal") == Some("not_admitted"))
    });
    assert_eq!(printer.upstream.requests().len(), asked);
}
