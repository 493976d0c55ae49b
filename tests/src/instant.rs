//! A client of ACME that nobody here wrote (`instant-acme`), as a library: over one connection that is kept, to an address
//! that is given in the place of the server's name, from an address that is given too.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, CertificateIdentifier, ChallengeType,
    Error, ExternalAccountKey, HttpClient, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpSocket;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

/// How long a certificate is waited for, where the server takes its time.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked for then.
const SOON: Duration = Duration::from_millis(2);

type Body = BodyWrapper<Bytes>;

/// How a server is reached.
#[derive(Clone, Debug)]
pub struct Way {
    /// The address of its directory.
    pub directory: String,
    /// Where that leads.
    pub server: SocketAddr,
    /// From where.
    pub from: IpAddr,
    /// The root that its certificate is by.
    pub root: CertificateDer<'static>,
}

impl Way {
    /// To a server on this machine whose root is in a file.
    #[must_use]
    pub fn new(directory: &str, root: &Path) -> Self {
        let (_, authority) = directory.split_once("//").expect("an address");
        let (authority, _) = authority.split_once('/').expect("a path");
        let (_, port) = authority.rsplit_once(':').expect("a port");
        Self {
            directory: directory.to_owned(),
            server: SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port"))),
            from: IpAddr::from([127, 0, 0, 1]),
            root: CertificateDer::from_pem_file(root).expect("a root"),
        }
    }
}

/// An account and its connection.
pub struct Client {
    account: Account,
}

impl Client {
    /// Makes an account; `external` is the number of an external key, and its octets.
    ///
    /// # Errors
    /// What the server says, or the connection.
    pub async fn join(way: &Way, external: Option<(&str, &[u8])>) -> anyhow::Result<Self> {
        let http = Box::new(Connection::new(way)?);
        let external = external.map(|(id, key)| ExternalAccountKey::new(id.to_owned(), key));
        let new = NewAccount {
            contact: &[],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let builder = Account::builder_with_http(http);
        let made = builder.create(&new, way.directory.clone(), external.as_ref());
        let (account, _) = made.await?;
        Ok(Self { account })
    }

    /// The account itself.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Gets a certificate for a name with this request, in the place of another one, and returns its chain. Challenges
    /// are said to be met.
    ///
    /// # Errors
    /// What the server says, or the connection.
    pub async fn obtain(
        &self,
        name: &str,
        csr: &[u8],
        replaces: Option<CertificateIdentifier<'_>>,
    ) -> anyhow::Result<String> {
        let names = [Identifier::Dns(name.to_owned())];
        let order = NewOrder::new(&names);
        let order = match replaces {
            Some(replaces) => order.replaces(replaces),
            None => order,
        };
        let mut order = self.account.new_order(&order).await?;
        let often = RetryPolicy::new()
            .initial_delay(SOON)
            .backoff(1.0)
            .timeout(PATIENCE);
        if order.state().status == OrderStatus::Pending {
            let mut authorizations = order.authorizations();
            while let Some(authorization) = authorizations.next().await {
                let mut authorization = authorization?;
                if authorization.status == AuthorizationStatus::Pending {
                    let challenge = authorization.challenge(ChallengeType::Http01);
                    challenge.context("no challenge")?.set_ready().await?;
                }
            }
            order.poll_ready(&often).await?;
        }
        order.finalize_csr(csr).await?;
        match order.certificate().await? {
            Some(chain) => Ok(chain),
            None => Ok(order.poll_certificate(&often).await?),
        }
    }
}

/// One connection, made anew where the server has closed it.
struct Connection {
    way: Way,
    host: String,
    tls: TlsConnector,
    open: Arc<Mutex<Option<SendRequest<Body>>>>,
}

impl Connection {
    fn new(way: &Way) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(way.root.clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let authority = way.directory.split('/').nth(2).context("an address")?;
        Ok(Self {
            way: way.clone(),
            host: authority.to_owned(),
            tls: TlsConnector::from(Arc::new(config)),
            open: Arc::default(),
        })
    }

    async fn connect(
        way: &Way,
        host: &str,
        tls: &TlsConnector,
    ) -> anyhow::Result<SendRequest<Body>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(way.from, 0))?;
        let stream = socket.connect(way.server).await?;
        stream.set_nodelay(true)?;
        let name = host.split(':').next().unwrap_or_default().to_owned();
        let stream = tls.connect(ServerName::try_from(name)?, stream).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

impl HttpClient for Connection {
    fn request(
        &self,
        mut request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (way, host, tls) = (self.way.clone(), self.host.clone(), self.tls.clone());
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            let other = |error: anyhow::Error| Error::Other(error.into());
            let host_header = host.parse().map_err(|_| Error::Str("host"))?;
            request.headers_mut().insert(HOST, host_header);
            // RFC 9112 §3.2.1: the path alone.
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.ok_or(Error::Str("path"))?.into();
            let mut open = open.lock().await;
            let mut kept = open.take();
            if let Some(sender) = &mut kept
                && sender.ready().await.is_err()
            {
                kept = None;
            }
            let mut sender = match kept {
                Some(sender) => sender,
                None => Self::connect(&way, &host, &tls).await.map_err(other)?,
            };
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|error| Error::Other(error.into()))?;
            *open = Some(sender);
            Ok(answer.into())
        })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.account.id())
    }
}
