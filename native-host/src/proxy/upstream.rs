//! The way to one trusted device: found by its name, verified by its anchor, reached with the client
//! identity made for it. Connections are pooled, and all of them end when the trust ends.

mod connections;
mod dial;
mod line;

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Response, Uri};
use http_body_util::{Either, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper_util::client::legacy;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use settle_protocol::portable::Recognition;
use settle_protocol::rpc::Refusal;
use settle_protocol::rpc::invitation::InvitedAs;
use settle_protocol::scope::{ExactScope, Namespace, NamespaceScope};
use settle_transport::anchor::{Anchor, AnchorError};
use settle_transport::certificate::{IssueError, PrivateKey};
use settle_transport::import::{self, ImportError};
use settle_transport::tls;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use self::connections::Connections;
pub use self::dial::Guise;
use self::dial::{DialError, Following, Route, Sought};
pub use self::line::{Line, Open, Path};
use super::Contact;
use super::heard::{Answered, Refusals};
use crate::discovery::Discovery;
use crate::links;
use crate::trust_store::record::{TrustedAnchor, TrustedDevice};

/// Milliseconds.
const REPORT_EVERY: u64 = 1000;
/// Connections of browsers to one device's names: half of all that there are, so that a device that answers
/// nobody, and keeps all that it is given, leaves the other half to the others.
const MAX_TUNNELS: usize = 256;
/// Connections to one device. Over HTTP/2 there is one, and one for each WebSocket that is open; the
/// requests to a device of HTTP/1.1 wait for each other.
const MAX_CONNECTIONS: usize = 128;
/// Of them those that nobody uses, so that WebSockets, which have their own, find a place.
const MAX_IDLE: usize = MAX_CONNECTIONS / 4;
/// Answered by the device itself, never by what it stands in front of.
const ROLE_PATH: &str = "/.well-known/settle/role";
const AUTHORITY_PATH: &str = "/.well-known/settle/authority";
const CODES_PATH: &str = "/.well-known/settle/codes";
const NAMES_PATH: &str = "/api/names";

/// The record of a device cannot be made into a connection.
#[derive(Debug, thiserror::Error)]
pub enum UnusableRecord {
    /// Of the anchor.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// Of the imported certificate.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Of the client identity.
    #[error(transparent)]
    Identity(#[from] IssueError),
    /// Of TLS.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// Of the unique name, which is no host name.
    #[error("the device's unique name is no host name")]
    Name,
}

/// Why a device did not answer a request.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// It was not reached safely; the user is told by a page.
    #[error("the device was not reached: {0:?}")]
    Refused(Refusal),
    /// The connection was lost on the way.
    #[error("the connection to the device was lost: {0}")]
    Lost(#[source] legacy::Error),
}

/// Why there is no answer to a request.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    /// What it was sent on has ended.
    #[error(transparent)]
    Sent(legacy::Error),
    /// What it was sent on is silent, and the device is not found anew.
    #[error("the device has fallen silent: {0}")]
    Silent(DialError),
}

/// The body of a request: the browser's, or our own.
pub type Outgoing = Either<Incoming, Full<Bytes>>;

/// One trusted device, as the proxy sees it.
#[derive(Debug)]
pub struct Upstream {
    /// Cancelled when the trust in it ends.
    pub trust: CancellationToken,
    /// When it was last said to have been reached, in milliseconds since it was made.
    reported: AtomicU64,
    made: Instant,
    /// Places for connections of browsers to its names.
    pub tunnels: Arc<Semaphore>,
    /// Where a device tells our role.
    role: Uri,
    /// Where a referee tells what it issues under.
    authority: Uri,
    /// Where a device makes codes to be handed on.
    codes: Uri,
    /// Where a referee grants names (docs/referee.md §9).
    names: Uri,
    route: Arc<Route>,
    /// For requests.
    plain: Connections,
    /// For those that ask to switch to another protocol: they speak HTTP/1.1 alone.
    switchable: Connections,
}

impl Upstream {
    /// Makes the way to a device out of its record.
    ///
    /// # Errors
    /// [`UnusableRecord`].
    pub fn new(
        device: &TrustedDevice,
        discovery: Discovery,
        contacts: Option<mpsc::Sender<Contact>>,
        trust: CancellationToken,
    ) -> Result<Self, UnusableRecord> {
        let name = device.unique_name.clone();
        let anchor = anchor_of(device)?;
        let hints = links::on_every_link(&device.addresses).into_iter();
        let route = Arc::new(Route {
            port: device.port,
            sought: sought(device)?,
            places_known: Mutex::new(hints.map(|address| (address, Guise::Open)).collect()),
            refusals: Refusals::default(),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            trust: trust.clone(),
            discovery,
            name,
            following: Following {
                id: device.id.clone(),
                anchor: anchor.clone(),
                contacts,
            },
        });
        let tls = client_config(device, anchor)?;
        let mut switchable = tls.clone();
        switchable.alpn_protocols = vec![tls::HTTP_1.to_vec()];
        Ok(Self {
            role: own(device, ROLE_PATH)?,
            authority: own(device, AUTHORITY_PATH)?,
            codes: own(device, CODES_PATH)?,
            names: own(device, NAMES_PATH)?,
            trust,
            reported: AtomicU64::new(0),
            made: Instant::now(),
            tunnels: Arc::new(Semaphore::new(MAX_TUNNELS)),
            plain: Connections::new(&route, tls),
            switchable: Connections::new(&route, switchable),
            route,
        })
    }

    /// Where the device was verified last, if it was since the start, and as what.
    #[must_use]
    pub fn place(&self) -> Option<(SocketAddr, Guise)> {
        self.route.lock().first().copied()
    }

    /// Whether it is time to say again that the device was reached; it is asked for each request.
    #[must_use]
    pub fn is_report_due(&self) -> bool {
        let now = u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.reported.load(Ordering::Relaxed);
        let due = last == 0 || now.saturating_sub(last) >= REPORT_EVERY;
        if due {
            self.reported.store(now.max(1), Ordering::Relaxed);
        }
        due
    }

    /// Asks the device for our role: it answers exactly when it knows us.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn probe(&self) -> Result<(), UpstreamError> {
        self.ask(&self.role).await.map(drop)
    }

    /// Asks a referee what it issues under now.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn ask_authority(&self) -> Result<Response<Incoming>, UpstreamError> {
        self.ask(&self.authority).await
    }

    /// Asks the device for a code that lets one more in, once.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn ask_code(&self, role: InvitedAs) -> Result<Response<Incoming>, UpstreamError> {
        let role = role.word();
        let wanted = format!(r#"{{"lifetime":"one_time","role":"{role}"}}"#);
        self.post(wanted, &self.codes).await
    }

    /// Asks a referee to grant what is said as JSON.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn ask_grant(&self, wanted: String) -> Result<Response<Incoming>, UpstreamError> {
        self.post(wanted, &self.names).await
    }

    async fn post(&self, body: String, target: &Uri) -> Result<Response<Incoming>, UpstreamError> {
        let mut request = Request::new(Either::Right(body.into()));
        *request.method_mut() = Method::POST;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        self.send_own(request, target).await
    }

    async fn ask(&self, target: &Uri) -> Result<Response<Incoming>, UpstreamError> {
        let request = Request::new(Either::Right(Full::default()));
        self.send_own(request, target).await
    }

    async fn send_own(
        &self,
        request: Request<Outgoing>,
        target: &Uri,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.send(addressed(request, target)).await
    }

    /// Sends a request over a verified connection, wherever its target leads.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn send(
        &self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.send_by(&self.plain, request).await
    }

    /// The same for one that asks to switch to another protocol.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn switch(
        &self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.send_by(&self.switchable, request).await
    }

    async fn send_by(
        &self,
        connections: &Connections,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let refusals = self.route.refusals.count();
        let again = repeated(&request);
        if again.is_none() {
            self.make_sure(request.uri()).await?;
        }
        let mut sent = send_once(connections, request).await;
        // A device closes a connection whenever it likes, also while a request is on its way there.
        if let Err(Unanswered::Sent(error)) = &sent
            && let Some(again) = again
            && Answered::before(error)
            && !self.trust.is_cancelled()
        {
            tracing::debug!(%error, "a connection was closed before its next answer");
            let sent_again = connections.current().client.request(again).await;
            sent = sent_again.map_err(Unanswered::Sent);
        }
        match sent {
            Ok(response) => {
                Answered::note(response.extensions());
                Ok(response)
            }
            Err(_) if self.route.refusals.count() != refusals => {
                Err(UpstreamError::Refused(Refusal::NotAdmitted {}))
            }
            Err(Unanswered::Silent(error)) => Err(UpstreamError::Refused(error.refusal())),
            Err(Unanswered::Sent(error)) => Err(match refusal(&error) {
                Some(refusal) => UpstreamError::Refused(refusal),
                None if error.is_connect() => UpstreamError::Refused(Refusal::Unreachable {}),
                None => UpstreamError::Lost(error),
            }),
        }
    }

    /// Asks a device of which nothing was heard for a while for a sign of life, by a request that changes
    /// nothing; what cannot be sent twice would be lost on a connection that has died unnoticed. It is asked
    /// under the name of what is to be sent, whose connection is no other name's.
    ///
    /// # Errors
    /// When it gives none and is not found anew: then nothing was sent.
    async fn make_sure(&self, meant: &Uri) -> Result<(), UpstreamError> {
        let knows_settle = matches!(self.route.sought, Sought::Announced(_));
        if knows_settle && self.plain.current().is_doubtful() {
            let asking = Request::new(Either::Right(Full::default()));
            let asking = addressed(asking, &beside(meant, &self.role));
            let asked = send_once(&self.plain, asking).await;
            if let Err(Unanswered::Silent(error)) = asked {
                return Err(UpstreamError::Refused(error.refusal()));
            }
        }
        // What was closed meanwhile is opened anew by the request itself.
        Ok(())
    }
}

/// Sends a request, and once more on new connections where those that are there have died unnoticed
/// and it may be sent twice.
async fn send_once(
    connections: &Connections,
    request: Request<Outgoing>,
) -> Result<Response<Incoming>, Unanswered> {
    let pool = connections.current();
    let again = repeated(&request);
    let sent = pool.client.request(request);
    let Some(again) = again else {
        return sent.await.map_err(Unanswered::Sent);
    };
    tokio::select! {
        biased;
        sent = sent => sent.map_err(Unanswered::Sent),
        new = connections.left(&pool) => {
            let new = new.map_err(Unanswered::Silent)?;
            new.client.request(again).await.map_err(Unanswered::Sent)
        }
    }
}

/// A record whose server was verified by the anchor in it just now.
#[derive(Debug)]
pub struct Witnessed(TrustedDevice);

impl Witnessed {
    /// Looks for the server of a record that is not in the store yet.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub async fn look(
        mut device: TrustedDevice,
        discovery: Discovery,
    ) -> Result<Self, WitnessError> {
        let upstream = Upstream::new(&device, discovery, None, CancellationToken::new())?;
        let tls = Arc::new(client_config(&device, anchor_of(&device)?)?);
        let connected = upstream.route.connect(&tls).await;
        drop(connected.map_err(|error| WitnessError::Refused(error.refusal()))?);
        device.addresses = upstream.place().into_iter().map(|place| place.0).collect();
        Ok(Self(device))
    }

    /// The record, with the place where the server is.
    #[must_use]
    pub fn into_device(self) -> TrustedDevice {
        self.0
    }
}

/// Why a server was not verified.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// It has no certificate that the anchor accepts, or does not answer.
    #[error("the server was not verified: {0:?}")]
    Refused(Refusal),
    /// Of the record.
    #[error(transparent)]
    Record(#[from] UnusableRecord),
}

/// A request of our own to one of the device's own paths.
fn addressed(mut request: Request<Outgoing>, target: &Uri) -> Request<Outgoing> {
    let host = target.authority().map(|host| host.as_str().parse());
    let host = host.and_then(Result::ok);
    request.headers_mut().extend(host.map(|host| (HOST, host)));
    *request.uri_mut() = target.clone();
    request
}

/// The address of one thing under the name of another.
fn beside(meant: &Uri, wanted: &Uri) -> Uri {
    let mut parts = wanted.clone().into_parts();
    parts.authority = meant.authority().cloned().or(parts.authority);
    Uri::from_parts(parts).unwrap_or_else(|_| wanted.clone())
}

fn own(device: &TrustedDevice, path: &str) -> Result<Uri, UnusableRecord> {
    format!("https://{}:{}{path}", device.unique_name, device.port)
        .parse()
        .map_err(|_| UnusableRecord::Name)
}

/// The same request once more, where sending it twice changes nothing (RFC 9110 §9.2.2): a POST may have
/// been carried out before its connection broke.
fn repeated(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    if !request.method().is_safe() || !request.body().is_end_stream() {
        return None;
    }
    let mut again = Request::new(Either::Right(Full::default()));
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.version_mut() = request.version();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

fn sought(device: &TrustedDevice) -> Result<Sought, UnusableRecord> {
    match &device.anchor {
        TrustedAnchor::Paired(paired) => {
            let key = Recognition::of_client(paired.discovery_key.expose());
            Ok(Sought::Announced(Arc::new(key)))
        }
        TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => {
            let name = ServerName::try_from(device.unique_name.as_str().to_owned());
            Ok(Sought::Host(name.map_err(|_| UnusableRecord::Name)?))
        }
    }
}

/// What the device's certificates are judged by.
fn anchor_of(device: &TrustedDevice) -> Result<Anchor, UnusableRecord> {
    let scope = ExactScope::new([device.unique_name.clone()], [device.port]);
    Ok(match &device.anchor {
        TrustedAnchor::Paired(paired) => {
            Anchor::device(&CertificateDer::from(paired.root.as_slice()), scope)?
        }
        TrustedAnchor::Imported(imported) => match &imported.certificate {
            Some(der) => import::read_der(der.clone().into())?.anchor(scope),
            None => Anchor::certificate(imported.fingerprint, scope),
        },
        TrustedAnchor::Vouched(vouched) => {
            let root = CertificateDer::from(vouched.root.as_slice());
            Anchor::referee(&root, NamespaceScope::new(Namespace::ALL))?
        }
    })
}

fn client_config(device: &TrustedDevice, anchor: Anchor) -> Result<ClientConfig, UnusableRecord> {
    let (name, port) = (device.unique_name.clone(), device.port);
    match &device.anchor {
        TrustedAnchor::Paired(paired) => {
            let key = PrivateKey::from_pkcs8(paired.client_key.expose())?;
            let certificate = CertificateDer::from(paired.client_certificate.clone());
            let identity = key.certified(vec![certificate])?;
            Ok(tls::device_client(anchor, name, port, identity)?)
        }
        TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => {
            Ok(tls::imported_client(anchor, name, port)?)
        }
    }
}

/// Finds the reason in the chain of causes of a failed request.
fn refusal(error: &(dyn StdError + 'static)) -> Option<Refusal> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(dial) = error.downcast_ref::<DialError>() {
            return Some(dial.refusal());
        }
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = inside.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::AlertReceived(alert)) = tls {
            tracing::debug!(?alert, "the connection was ended");
            return Some(Refusal::Unreachable {});
        }
        cause = error.source();
    }
    None
}
