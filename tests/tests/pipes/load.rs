//! A foreign program that asks for much at once, h2load: every answer comes. It knows no proxies, so a
//! door in front of it does what a browser does before the TLS to a name.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use settle_tests::{App, Connector, Device, Home, Keyring, Visit};
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;

use super::browser_of;

/// Where TLS to `printer.local` may begin.
fn door(browser: Visit) -> SocketAddr {
    let (said, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            said.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((mut stream, _)) = listener.accept().await {
                let browser = browser.clone();
                tokio::spawn(async move {
                    let mut tunnel = browser.tunnel("printer.local").await.unwrap();
                    // Either end may go first.
                    drop(copy_bidirectional(&mut stream, &mut tunnel).await);
                });
            }
        });
    });
    address.recv().unwrap()
}

#[test]
fn every_request_of_a_foreign_client_is_answered() {
    let home = Home::new(Keyring::Unlocked);
    let device = Device::start(&home, App::start().address());
    let mut connector = Connector::start(&home);
    connector.pair(device.code());
    let door = door(browser_of(&mut connector));
    for (protocol, streams) in [("h2", "1"), ("h2", "50"), ("h2", "300"), ("http/1.1", "1")] {
        for path in ["/", "/bytes/100000"] {
            let output = Command::new("h2load")
                .args(["--requests", "300", "--clients", "5"])
                .args(["--max-concurrent-streams", streams])
                .args(["--npn-list", protocol, "--connect-to", &door.to_string()])
                .args(["--header", "sec-fetch-site: none"])
                .arg(format!("https://printer.local{path}"))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let all =
                "300 total, 300 started, 300 done, 300 succeeded, 0 failed, 0 errored, 0 timeout";
            assert!(said.contains(all), "{protocol} {streams} {path}: {said}");
            assert!(said.contains("status codes: 300 2xx"), "{said}");
        }
    }
}
