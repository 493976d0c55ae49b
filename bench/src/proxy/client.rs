//! The same client for every proxy: TLS 1.3 and HTTP/1.1, with a tunnel before it where the proxy is
//! one that has to be asked for a way.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The name that every proxy answers to.
pub(crate) const NAME: &str = "bench.local";

/// A way to the origin.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    /// The name of the proxy itself and what it is trusted by, where the way to it is TLS.
    pub(crate) outer: Option<(String, Arc<ClientConfig>)>,
    /// Whether it has to be asked by CONNECT.
    pub(crate) tunnel: bool,
    pub(crate) inner: Arc<ClientConfig>,
}

/// An open connection.
pub(crate) struct Open(SendRequest<Empty<Bytes>>);

impl Way {
    /// Opens a connection up to the point where a request can be sent.
    pub(crate) async fn open(&self) -> anyhow::Result<Open> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        match &self.outer {
            Some((name, config)) => {
                let name = ServerName::try_from(name.clone())?;
                let outer = TlsConnector::from(Arc::clone(config));
                self.inside(outer.connect(name, tcp).await.context("the proxy's TLS")?)
                    .await
            }
            None => self.inside(tcp).await,
        }
    }

    async fn inside<S>(&self, mut stream: S) -> anyhow::Result<Open>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if self.tunnel {
            let ask = format!("CONNECT {NAME}:443 HTTP/1.1\r\nHost: {NAME}:443\r\n\r\n");
            stream.write_all(ask.as_bytes()).await?;
            stream.flush().await?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.context("the answer to CONNECT")?);
            }
            anyhow::ensure!(head.starts_with(b"HTTP/1.1 200"), "no tunnel");
        }
        let inner = TlsConnector::from(Arc::clone(&self.inner));
        let stream = inner
            .connect(ServerName::try_from(NAME)?, stream)
            .await
            .context("the name's TLS")?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Open(requests))
    }
}

impl Open {
    /// Gets an answer of so many bytes to its end.
    pub(crate) async fn get(&mut self, length: usize) -> anyhow::Result<()> {
        self.0.ready().await?;
        let request = Request::builder()
            .uri(format!("/{length}"))
            .header("host", NAME)
            .header("sec-fetch-site", "none")
            .body(Empty::new())?;
        let answer = self.0.send_request(request).await?;
        anyhow::ensure!(answer.status() == 200, "{}", answer.status());
        let mut body = answer.into_body();
        let mut came = 0;
        while let Some(frame) = body.frame().await {
            came += frame?.data_ref().map_or(0, Bytes::len);
        }
        anyhow::ensure!(came == length, "{came} of {length} bytes");
        Ok(())
    }
}

/// What trusts one certificate in PEM, and speaks nothing but TLS 1.3.
pub(crate) fn trusting(pem: &str) -> anyhow::Result<Arc<ClientConfig>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
    roots.add(certificate.context("a certificate")?)?;
    let provider = Arc::clone(settle_transport::tls::provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
