//! A lock that pairs by a code, as one comes to the market, and how it is opened.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use sha2::{Digest as _, Sha256};

use super::client_builder;
use crate::forger::Forged;
use crate::rogue::Rogue;

/// What a lock speaks, in ALPN.
pub const LOCK: &[u8] = b"weak-lock";

/// A door lock that pairs by a code over TLS, with every mistake that one can make: the proof says
/// nothing of the connection, its challenge is always the same, what is agreed on is not proved,
/// nobody counts the attempts, and a code is good for ever.
///
/// It says `nonce …`, hears `can …` with what the other side can do, best first, says `use …`, hears
/// `proof …`, the hash of code and nonce, and says `open` or `no`.
#[derive(Debug)]
pub struct Lock {
    address: SocketAddr,
    opened: Arc<Mutex<Vec<String>>>,
}

impl Lock {
    /// Starts on the host of the calling thread.
    #[must_use]
    pub fn start(at: SocketAddr, code: &str, shown: &Forged) -> Self {
        let opened: Arc<Mutex<Vec<String>>> = Arc::default();
        let (code, used) = (code.to_owned(), Arc::clone(&opened));
        let key = shown.key.clone_key();
        let rogue = Rogue::showing(at, shown.chain.clone(), key, LOCK, move |line| {
            let mut reader = BufReader::new(&mut line.stream);
            let can = say(&mut reader, &format!("nonce {NONCE}"))?;
            let using = if can.contains("strong") {
                "strong"
            } else {
                "weak"
            };
            let proof = say(&mut reader, &format!("use {using}"))?;
            let good = proof == format!("proof {}", proof_of(&code));
            if good {
                let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
                used.push(using.to_owned());
            }
            say(&mut reader, if good { "open" } else { "no" }).map(drop)
        });
        Self {
            address: rogue.address(),
            opened,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it was opened until now, in the ways that were agreed on.
    #[must_use]
    pub fn opened(&self) -> Vec<String> {
        self.opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Says a line, and hears one.
fn say<S: io::Read + io::Write>(reader: &mut BufReader<S>, text: &str) -> io::Result<String> {
    let stream = reader.get_mut();
    stream.write_all(format!("{text}\n").as_bytes())?;
    stream.flush()?;
    let mut answer = String::new();
    reader.read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Always the same.
const NONCE: &str = "4711";

fn proof_of(code: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{code} {NONCE}")))
}

/// Opens a lock at an address as its user does.
///
/// # Errors
/// When the connection breaks.
pub fn open(at: SocketAddr, code: &str) -> io::Result<bool> {
    say_to_lock(
        at,
        &["can strong,weak", &format!("proof {}", proof_of(code))],
    )
}

/// Says lines to a lock, each after one of its own; whether it opened.
///
/// # Errors
/// When the connection breaks.
///
/// # Panics
/// Never.
pub fn say_to_lock(at: SocketAddr, lines: &[&str]) -> io::Result<bool> {
    let mut tls = client_builder().with_no_client_auth();
    tls.alpn_protocols = vec![LOCK.to_vec()];
    let name = ServerName::IpAddress(at.ip().into());
    let connection = ClientConnection::new(Arc::new(tls), name).expect("a name");
    let stream = StreamOwned::new(connection, TcpStream::connect(at)?);
    let mut reader = BufReader::new(stream);
    let mut heard = String::new();
    for line in lines {
        heard.clear();
        reader.read_line(&mut heard)?;
        let stream = reader.get_mut();
        stream.write_all(format!("{line}\n").as_bytes())?;
        stream.flush()?;
    }
    heard.clear();
    reader.read_line(&mut heard)?;
    Ok(heard.trim() == "open")
}
