//! A device that knows nothing of Settle: OpenSSL's own server with a certificate of its own making.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::Running;

/// A certificate with its key, in files.
#[derive(Debug)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Who issues a certificate.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// Its own key. The certificate says of itself to be an authority, as OpenSSL makes them.
    Itself,
    /// An authority.
    Authority(&'a Identity),
}

impl Identity {
    /// Makes a certificate with `openssl req`; `names` as subject alternative names are written there.
    ///
    /// # Panics
    /// When `openssl` fails.
    #[must_use]
    pub fn make(folder: &Path, file: &str, names: &str, issuer: Issuer<'_>) -> Self {
        let (certificate, key) = (
            folder.join(format!("{file}.pem")),
            folder.join(format!("{file}.key")),
        );
        let mut command = Command::new("openssl");
        command
            .args(["req", "-x509", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "30", "-subj"])
            .arg(format!("/CN={file}"))
            .args(["-addext", &format!("subjectAltName={names}")])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null());
        if let Issuer::Authority(issuer) = issuer {
            command
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .args(["-addext", "extendedKeyUsage=serverAuth"])
                .arg("-CA")
                .arg(&issuer.certificate)
                .arg("-CAkey")
                .arg(&issuer.key);
        }
        let status = command.status().expect("openssl");
        assert!(status.success(), "openssl made no certificate");
        Self { certificate, key }
    }

    /// What `openssl x509 -fingerprint -sha256` says, as a person would copy it.
    ///
    /// # Panics
    /// When `openssl` fails.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let said = Command::new("openssl")
            .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
            .arg(&self.certificate)
            .output()
            .expect("openssl");
        let said = String::from_utf8(said.stdout).expect("text");
        let (_, digits) = said.trim().split_once('=').expect("a fingerprint");
        digits.to_owned()
    }
}

/// A server that shows a page about the connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    _process: Running,
}

impl Server {
    /// Starts it at a port of its choice.
    #[must_use]
    pub fn start(identity: &Identity) -> Self {
        Self::start_at(identity, "127.0.0.1:0")
    }

    /// Starts it at an address.
    #[must_use]
    pub fn start_at(identity: &Identity, address: &str) -> Self {
        Self::start_with(identity, None, address)
    }

    /// Starts it with the certificates of a file behind its own.
    ///
    /// # Panics
    /// When it does not say where it listens.
    #[must_use]
    pub fn start_with(identity: &Identity, chain: Option<&Path>, address: &str) -> Self {
        let mut command = Command::new("openssl");
        command
            .args(["s_server", "-tls1_3", "-www", "-accept", address])
            .arg("-cert")
            .arg(&identity.certificate)
            .arg("-key")
            .arg(&identity.key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(chain) = chain {
            command.arg("-cert_chain").arg(chain);
        }
        let mut process = Running::start(&mut command);
        let output = process.child().stdout.take().expect("a pipe");
        let address = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            // It names the address only where it chose the port.
            .find_map(|line| {
                let said = line.strip_prefix("ACCEPT")?.trim();
                let chosen = if said.is_empty() { address } else { said };
                chosen.parse().ok()
            })
            .expect("an address");
        Self {
            address,
            _process: process,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}
