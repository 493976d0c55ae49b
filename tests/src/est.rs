//! A device that speaks EST with what every system has: curl and openssl, in a folder of its own. It was given what
//! `settle-referee authorize --est` prints.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::home::Home;
use crate::referee::{Referee, near};
use crate::server::Identity;

/// What to do of what was printed.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    /// For the first time.
    First,
    /// For each next time.
    Next,
}

/// A device.
#[derive(Debug)]
pub struct EstDevice<'a> {
    home: &'a Home,
    name: String,
    folder: PathBuf,
    hosts: PathBuf,
    first: String,
    next: String,
    server: String,
}

impl<'a> EstDevice<'a> {
    /// One for a name, which the referee grants to it.
    #[must_use]
    pub fn new(home: &'a Home, referee: &Referee<'_>, name: &str) -> Self {
        let directory = referee.directory();
        let said = referee.say(&["authorize", name, "--est", "--directory", directory]);
        let (_, said) = said.split_once("by hand:\n").expect("what to do by hand");
        let (first, next) = said
            .split_once("\n\nby hand, each next time:\n")
            .expect("two times");
        let folder = home.path().join(format!("est-{name}"));
        std::fs::create_dir(&folder).expect("a folder");
        let root = folder.join("root.pem");
        std::fs::copy(referee.state().join("root.pem"), root).expect("a copy");
        let base = directory.strip_suffix("/acme/directory");
        Self {
            home,
            name: name.to_owned(),
            folder,
            hosts: referee.hosts(name),
            first: first.to_owned(),
            next: next.to_owned(),
            server: format!("{}/.well-known/est", base.expect("an address")),
        }
    }

    /// Does what was printed for the first time.
    #[must_use]
    pub fn enroll(&self) -> Output {
        self.run(&self.first)
    }

    /// Does what was printed for each next time.
    #[must_use]
    pub fn renew(&self) -> Output {
        self.run(&self.next)
    }

    /// The same, but with another request, which is made by `openssl req` with these arguments more.
    #[must_use]
    pub fn with_request(&self, time: Time, arguments: &str) -> Output {
        let (file, key) = (format!("{}.csr", self.name), "ec_paramgen_curve:P-256");
        let make = format!(
            "openssl req -new -nodes -newkey ec -pkeyopt {key} -keyout other.key -outform DER \
             {arguments} | openssl base64 -out {file}\n"
        );
        let lines = match time {
            Time::First => &self.first,
            Time::Next => &self.next,
        };
        let (_, rest) = lines.split_once("curl").expect("curl");
        self.run(&[make.as_str(), "curl", rest].concat())
    }

    /// Runs a script in the device's folder; `$EST` is the server, and a failure of curl is one of the script's.
    #[must_use]
    pub fn run(&self, script: &str) -> Output {
        let mut command = near(self.home, &self.hosts, "bash");
        command.args(["-euo", "pipefail", "-c", script]);
        command.env("EST", &self.server).current_dir(&self.folder);
        command.output().expect("a shell")
    }

    /// Asks for the authorities with the device's certificate and the key of a file, which may be another's.
    ///
    /// # Errors
    /// What TLS says.
    pub fn show(&self, key: &str) -> io::Result<String> {
        let read = |file: &str| CertificateDer::from_pem_file(self.folder.join(file));
        let certificate = read(&format!("{}.pem", self.name)).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(self.folder.join(key)).expect("a key");
        let key = any_supported_type(&key).expect("a key");
        let mut roots = RootCertStore::empty();
        roots
            .add(read("root.pem").expect("a root"))
            .expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
                vec![certificate],
                key,
            ))));
        let authority = self.server.strip_prefix("https://").expect("an address");
        let (authority, path) = authority.split_once('/').expect("a path");
        let (host, port) = authority.split_once(':').expect("a port");
        let host = ServerName::try_from(host.to_owned()).expect("a name");
        let connection = ClientConnection::new(Arc::new(config), host).expect("TLS");
        let socket = TcpStream::connect(("127.0.0.1", port.parse().expect("a port")))?;
        let mut stream = StreamOwned::new(connection, socket);
        let request = format!(
            "GET /{path}/cacerts HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The serial number of the certificate that it has.
    #[must_use]
    pub fn serial(&self) -> String {
        let read = format!("openssl x509 -in {}.pem -noout -serial", self.name);
        let said = String::from_utf8(self.run(&read).stdout).expect("text");
        let (_, digits) = said.trim().split_once('=').expect("a number");
        digits.to_lowercase()
    }

    /// What a server takes: the certificate with its key, and a file with the chain.
    #[must_use]
    pub fn identity(&self) -> (Identity, PathBuf) {
        let file = |end: &str| self.folder.join(format!("{}.{end}", self.name));
        let identity = Identity {
            certificate: file("pem"),
            key: file("key"),
        };
        (identity, self.folder.join("chain.pem"))
    }
}
