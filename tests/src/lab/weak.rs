//! What is weak on purpose: stand-ins that do what Settle does without one of its guards, so that an
//! attack is seen to succeed where the guard is missing. Nothing of it is used but in tests.

pub mod believer;
pub mod messenger;
pub mod reader;

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use data_encoding::HEXLOWER;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, DigitallySignedStruct, DistinguishedName,
    ServerConfig, SignatureScheme, StreamOwned, WantsVerifier,
};
use sha2::{Digest as _, Sha256};

use super::Host;
use super::twin::PAGE;
use crate::forger::{self, Forged};
use crate::rogue::{Line, Rogue};

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

/// Takes every certificate, whoever issued it, as long as its key is at the other end.
#[derive(Debug)]
pub struct Anybody;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// TLS towards anybody.
///
/// # Panics
/// Never: the provider speaks the default versions.
#[must_use]
pub fn client_builder() -> ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().expect("TLS");
    builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
}

/// TLS for anybody.
///
/// # Panics
/// Never: the provider speaks the default versions.
#[must_use]
pub fn server_builder() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    let builder = ServerConfig::builder_with_provider(provider());
    builder.with_safe_default_protocol_versions().expect("TLS")
}

fn verify(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    let algorithms = provider().signature_verification_algorithms;
    rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

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
