//! A browser's way to a page: TLS to the proxy, CONNECT, TLS to the name inside, HTTP/1.1.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Once};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use settle_protocol::rpc::Proxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use crate::process::PATIENCE;

/// A browser that trusts one bridge authority and uses one proxy.
#[derive(Clone, Debug)]
pub struct Visit {
    proxy: Proxy,
    tls: Arc<ClientConfig>,
}

/// A clock that is ahead of the system's.
#[derive(Debug)]
struct Ahead(Duration);

impl TimeProvider for Ahead {
    fn current_time(&self) -> Option<UnixTime> {
        let now = UnixTime::now().as_secs();
        Some(UnixTime::since_unix_epoch(
            Duration::from_secs(now) + self.0,
        ))
    }
}

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

impl Page {
    /// A header field's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Visit {
    /// A visitor that trusts the authority of a PEM text.
    ///
    /// # Errors
    /// When the text holds no certificate.
    pub fn new(proxy: &Proxy, authority: &str) -> anyhow::Result<Self> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // It may be there already: then it is the same one.
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
        let mut tls = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            proxy: proxy.clone(),
            tls: Arc::new(tls),
        })
    }

    /// The same, by a clock that is so far ahead.
    #[must_use]
    pub fn ahead_by(mut self, time: Duration) -> Self {
        Arc::make_mut(&mut self.tls).time_provider = Arc::new(Ahead(time));
        self
    }

    /// Opens the proxy itself, under any name.
    ///
    /// # Errors
    /// When it does not answer, or not with a certificate for that name.
    pub fn open_proxy(&self, host: &str) -> anyhow::Result<impl Read + Write + use<>> {
        let tcp = TcpStream::connect(("127.0.0.1", self.proxy.port))?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        secure(&self.tls, tcp, host)
    }

    /// Asks the proxy for a way to `authority` and returns its whole answer and the open stream.
    ///
    /// # Errors
    /// When the proxy breaks off.
    pub fn connect(&self, authority: &str) -> anyhow::Result<(u16, impl Read + Write + use<>)> {
        let mut stream = self.open_proxy(&self.proxy.host)?;
        write!(
            stream,
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        )?;
        let head = read_head(&mut stream)?;
        Ok((status(&head)?, stream))
    }

    /// Opens a connection to `https://<host>` and asks for nothing yet.
    ///
    /// # Errors
    /// When any step breaks off; a CONNECT that is refused among them.
    pub fn open(&self, host: &str) -> anyhow::Result<impl Read + Write + use<>> {
        let (status, stream) = self.connect(&format!("{host}:443"))?;
        if status != 200 {
            bail!("CONNECT was answered with {status}");
        }
        secure(&self.tls, stream, host)
    }

    /// Opens a connection to `https://<host>` on which `protocol` is agreed on; what it asks for by SNI
    /// may be another name.
    ///
    /// # Errors
    /// As [`Self::open`]; and when the proxy has no certificate for `sni`.
    pub fn open_as(
        &self,
        host: &str,
        sni: &str,
        protocol: &[u8],
    ) -> anyhow::Result<StreamOwned<ClientConnection, impl Read + Write + use<>>> {
        let (status, stream) = self.connect(&format!("{host}:443"))?;
        if status != 200 {
            bail!("CONNECT was answered with {status}");
        }
        let mut tls = ClientConfig::clone(&self.tls);
        tls.alpn_protocols = vec![protocol.to_vec()];
        let stream = secure(&Arc::new(tls), stream, sni)?;
        if stream.conn.alpn_protocol() != Some(protocol) {
            bail!("another protocol was agreed on");
        }
        Ok(stream)
    }

    /// Sends bytes to the proxy itself, and returns all that comes back.
    ///
    /// # Errors
    /// When the proxy cannot be reached.
    pub fn ask_proxy(&self, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut stream = self.open_proxy(&self.proxy.host)?;
        stream.write_all(bytes)?;
        Ok(read_all(&mut stream))
    }

    /// Sends bytes on a connection of HTTP/1.1 to `https://<host>`, and returns all that comes back.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn ask_raw(&self, host: &str, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut stream = self.open_as(host, host, b"http/1.1")?;
        stream.write_all(bytes)?;
        Ok(read_all(&mut stream))
    }

    /// Where the proxy listens.
    #[must_use]
    pub const fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Opens a connection of HTTP/2 to `https://<host>`; the second part has to be driven.
    ///
    /// # Errors
    /// When any step breaks off.
    pub async fn open_http2(
        &self,
        host: &str,
    ) -> anyhow::Result<(
        SendRequest<Empty<Bytes>>,
        impl Future<Output = hyper::Result<()>> + Send + use<>,
    )> {
        let stream = self.tunnel(host).await?;
        let mut inner = ClientConfig::clone(&self.tls);
        inner.alpn_protocols = vec![b"h2".to_vec()];
        let inner = TlsConnector::from(Arc::new(inner));
        let stream = inner
            .connect(ServerName::try_from(host.to_owned())?, stream)
            .await?;
        let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        Ok(opened)
    }

    /// Opens a way to `<host>` on which its TLS may begin.
    ///
    /// # Errors
    /// When any step breaks off.
    pub async fn tunnel(
        &self,
        host: &str,
    ) -> anyhow::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
        let tcp = tokio::net::TcpStream::connect(("127.0.0.1", self.proxy.port)).await?;
        let outer = TlsConnector::from(Arc::clone(&self.tls));
        let mut stream = outer
            .connect(ServerName::try_from(self.proxy.host.clone())?, tcp)
            .await?;
        let ask = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
        stream.write_all(ask.as_bytes()).await?;
        stream.flush().await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        Ok(stream)
    }

    /// Gets `https://<host><path>` as a top-level navigation.
    ///
    /// # Errors
    /// When any step breaks off; a CONNECT that is refused among them.
    pub fn get(&self, host: &str, path: &str) -> anyhow::Result<Page> {
        self.get_with(
            host,
            path,
            "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
        )
    }

    /// Gets a page with header fields of the test's choice.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_with(&self, host: &str, path: &str, headers: &str) -> anyhow::Result<Page> {
        let mut stream = self.open(host)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n"
        )?;
        read_page(&mut stream)
    }

    /// Gets a page of the proxy's own.
    ///
    /// # Errors
    /// When the proxy does not answer.
    pub fn get_from_proxy(&self, path: &str) -> anyhow::Result<Page> {
        let host = &self.proxy.host;
        let mut stream = self.open_proxy(host)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        read_page(&mut stream)
    }
}

fn secure<S: Read + Write>(
    tls: &Arc<ClientConfig>,
    stream: S,
    host: &str,
) -> anyhow::Result<StreamOwned<ClientConnection, S>> {
    let name = ServerName::try_from(host.to_owned())?;
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(tls), name)?, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// What comes until the end, whichever way it ends.
fn read_all(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    bytes
}

fn read_page(stream: &mut impl Read) -> anyhow::Result<Page> {
    let head = read_head(stream)?;
    let status = status(&head)?;
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = Vec::new();
    // A peer that ends without TLS's own goodbye has said everything all the same.
    drop(stream.read_to_end(&mut body));
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Page {
        status,
        headers,
        body,
    })
}

/// Reads up to and including the empty line, a byte at a time: what follows is another layer's.
fn read_head(stream: &mut impl Read) -> anyhow::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream
            .read_exact(&mut byte)
            .with_context(|| format!("after {:?}", String::from_utf8_lossy(&head)))?;
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn status(head: &str) -> anyhow::Result<u16> {
    let word = head.split(' ').nth(1).context("no status line")?;
    Ok(word.parse()?)
}
