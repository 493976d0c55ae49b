//! What is weak on purpose: stand-ins that do what Settle does without one of its guards, so that an
//! attack is seen to succeed where the guard is missing. Nothing of it is used but in tests.

mod anybody;
pub mod believer;
mod lock;
pub mod messenger;
pub mod reader;

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

pub use self::anybody::{Anybody, client_builder, server_builder};
pub use self::lock::{LOCK, Lock, open, say_to_lock};
use super::Host;
use super::twin::PAGE;
use crate::forger;
use crate::rogue::Line;

/// A user who clicks a browser's warning away: the page of whoever answers at an address.
///
/// # Panics
/// When curl is not there.
#[must_use]
pub fn click_through(host: &Host, name: &str, at: Ipv4Addr, path: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args([
        "--insecure",
        "--silent",
        "--max-time",
        "10",
        "--noproxy",
        "*",
    ])
    .args(["--resolve", &format!("{name}:443:{at}")])
    .arg(format!("https://{name}{path}"));
    let page = host.on(|| curl.output()).expect("curl");
    String::from_utf8_lossy(&page.stdout).into_owned()
}

/// Says what was heard before to whoever answers, a piece after each answer; what they said.
///
/// # Errors
/// When no connection comes about.
///
/// # Panics
/// Never.
pub fn replay(at: SocketAddr, protocol: &[u8], pieces: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    let shown = forger::impersonate("replay.local");
    let tls = client_builder().with_client_auth_cert(shown.chain, shown.key);
    let mut tls = tls.expect("an identity");
    tls.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::IpAddress(at.ip().into());
    let connection = ClientConnection::new(Arc::new(tls), name).expect("a name");
    let mut stream = StreamOwned::new(connection, TcpStream::connect(at)?);
    let mut heard = Vec::new();
    for piece in pieces {
        stream.write_all(piece)?;
        stream.flush()?;
        let mut buffer = [0; 4096];
        // Who has heard enough goes, with or without a goodbye.
        let Ok(count @ 1..) = stream.read(&mut buffer) else {
            break;
        };
        heard.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(heard)
}

/// A proxy that leads wherever it is told, as most do. Its threads end with the test.
///
/// # Panics
/// When no port is free.
#[must_use]
pub fn proxy_to_anywhere() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for browser in listener.incoming().filter_map(Result::ok) {
            // Who asks for what is not there is left alone.
            thread::spawn(move || drop(lead(browser)));
        }
    });
    address
}

fn lead(mut browser: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(browser.try_clone()?);
    let mut asked = String::new();
    reader.read_line(&mut asked)?;
    let mut field = String::new();
    while reader.read_line(&mut field)? > 2 {
        field.clear();
    }
    let target = asked.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut there = TcpStream::connect(target)?;
    browser.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut back, mut to) = (there.try_clone()?, browser.try_clone()?);
    thread::spawn(move || {
        drop(io::copy(&mut back, &mut to));
        drop(to.shutdown(Shutdown::Both));
    });
    io::copy(&mut reader, &mut there).map(drop)
}

/// Says a page to every request, and remembers them: whoever stands in a device's place.
///
/// # Errors
/// When the connection ends, which it does.
pub fn answer_everything(line: &mut Line) -> io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    );
    loop {
        line.read_request()?;
        line.say(answer.as_bytes())?;
    }
}
