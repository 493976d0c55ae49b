//! A device that was trusted and has been taken over: a TLS server whose certificate the user knows, and
//! which says whatever a test makes it say.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::server::Identity;

/// A running server. Its threads end with the test.
#[derive(Clone, Debug)]
pub struct Rogue {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// One connection to it.
#[derive(Debug)]
pub struct Line {
    /// The TLS stream; dropped, it ends without TLS's own goodbye.
    pub stream: StreamOwned<ServerConnection, TcpStream>,
    /// How many connections there were before.
    pub number: usize,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Rogue {
    /// Starts at a free port; `behave` has each connection that agrees on `protocol`.
    ///
    /// # Panics
    /// When the identity cannot be read.
    #[must_use]
    pub fn start(
        identity: &Identity,
        protocol: &[u8],
        behave: impl Fn(&mut Line) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let certificate = CertificateDer::from_pem_file(&identity.certificate);
        let key = PrivateKeyDer::from_pem_file(&identity.key).expect("a key");
        let chain = vec![certificate.expect("a certificate")];
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::showing(anywhere, chain, key, protocol, behave)
    }

    /// Starts at an address with any chain of certificates, the first one's key being `key`.
    ///
    /// # Panics
    /// When TLS does not take them, or the address is taken.
    #[must_use]
    pub fn showing(
        address: SocketAddr,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        protocol: &[u8],
        behave: impl Fn(&mut Line) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("an identity");
        config.alpn_protocols = vec![protocol.to_vec()];
        let config = Arc::new(config);
        let listener = TcpListener::bind(address).expect("a free port");
        let rogue = Self {
            address: listener.local_addr().expect("an address"),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (taking, behave) = (rogue.clone(), Arc::new(behave));
        thread::spawn(move || {
            for socket in listener.incoming().filter_map(Result::ok) {
                let (config, behave) = (Arc::clone(&config), Arc::clone(&behave));
                let mut line = Line {
                    stream: StreamOwned::new(
                        ServerConnection::new(config).expect("a connection"),
                        socket,
                    ),
                    number: taking.connections.fetch_add(1, Ordering::SeqCst),
                    requests: Arc::clone(&taking.requests),
                };
                // What breaks is what the test is about.
                thread::spawn(move || drop(behave(&mut line)));
            }
        });
        rogue
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The first line of every request of HTTP/1.1 that was read.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Line {
    /// Reads the head of a request of HTTP/1.1, and returns its first line.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn read_request(&mut self) -> io::Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let line = head.lines().next().unwrap_or_default().to_owned();
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(line.clone());
        Ok(line)
    }

    /// Says bytes.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Ends the connection as TLS wants it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn part(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()
    }

    /// Waits until the other end is gone.
    ///
    /// # Errors
    /// Never; so that behaviors can end with it.
    pub fn wait(&mut self) -> io::Result<()> {
        while matches!(self.stream.read(&mut [0; 1024]), Ok(1..)) {}
        Ok(())
    }
}
