//! How a connection to one trusted device is made: every address that it may have is tried, and the
//! anchor decides which of those that answer is the device. What is sent over it is decided elsewhere.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::{ServerName, UnixTime};
use settle_protocol::discovery::Announced;
use settle_protocol::name::LocalName;
use settle_protocol::portable::{Nonce, Recognition};
use settle_protocol::rpc::Refusal;
use settle_transport::anchor::{Anchor, AnchorError};
use settle_transport::cut::Cut;
use settle_transport::{random, tls};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use super::line::{Line, Path};
use crate::discovery::{Discovery, Pace, first_success};
use crate::proxy::Contact;
use crate::proxy::heard::{Heard, Refusals};

/// For one address, from the first packet to the verified connection.
const PACE: Pace = Pace {
    limit: Duration::from_secs(5),
    patience: Duration::from_millis(500),
};
/// How long a request waits for a place.
const PLACE_LIMIT: Duration = Duration::from_secs(30);

/// How a device is looked for.
#[derive(Debug)]
pub(super) enum Sought {
    /// By what it announces: its name, or a mask that this key recognizes.
    Announced(Arc<Recognition>),
    /// It knows nothing of Settle: by its host name, which it is also asked for.
    Host(ServerName<'static>),
}

/// How a device showed itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Guise {
    /// By a name, or by being at an address that is known of it.
    Open,
    /// As a portable device, under this mask.
    Mask(Nonce),
}

/// Where a device is, and as what.
pub(super) type Place = (SocketAddr, Guise);

/// How connections to a device are made.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: LocalName,
    pub(super) port: u16,
    pub(super) sought: Sought,
    pub(super) discovery: Discovery,
    /// Hints, the place that was good last at the front.
    pub(super) places_known: Mutex<Vec<Place>>,
    pub(super) refusals: Refusals,
    /// For connections to it.
    pub(super) places: Arc<Semaphore>,
    pub(super) trust: CancellationToken,
    pub(super) following: Following,
}

/// Where it is told that the device has another root by now.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) id: String,
    pub(super) anchor: Anchor,
    pub(super) contacts: Option<mpsc::Sender<Contact>>,
}

/// No verified connection came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("nobody answers as this device")]
    Nobody,
    #[error("the device has as many connections as it may have")]
    Full,
    #[error(transparent)]
    Anchor(AnchorError),
}

impl DialError {
    pub(super) fn refusal(&self) -> Refusal {
        match self {
            Self::Nobody | Self::Full => Refusal::Unreachable {},
            Self::Anchor(AnchorError::WrongKey { expected, seen }) => Refusal::WrongKey {
                expected: *expected,
                seen: *seen,
            },
            Self::Anchor(AnchorError::Rollover {
                expected,
                seen,
                broken,
            }) => Refusal::RolloverRefused {
                expected: *expected,
                seen: *seen,
                flaw: broken.to_string(),
            },
            Self::Anchor(AnchorError::WrongCertificate { expected, seen }) => {
                Refusal::WrongCertificate {
                    expected: *expected,
                    seen: *seen,
                }
            }
            Self::Anchor(AnchorError::Expired) => Refusal::Expired {},
            Self::Anchor(
                error @ (AnchorError::OutOfScope { .. }
                | AnchorError::UnusableAnchor(_)
                | AnchorError::Unacceptable(_)),
            ) => Refusal::BrokenRule {
                rule: error.to_string(),
            },
        }
    }
}

impl Route {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Place>> {
        self.places_known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for the device, and opens a connection to it.
    pub(super) async fn connect(
        &self,
        tls: &Arc<ClientConfig>,
    ) -> Result<TlsStream<TcpStream>, DialError> {
        let hints = self.lock().clone();
        let attempt = |place| self.connect_to(place, tls);
        let first = match &self.sought {
            Sought::Host(_) => {
                let hints = hints.into_iter().map(|(address, _)| address).collect();
                let candidates = self.discovery.of_host(&self.name, self.port, hints);
                let candidates = candidates.map(|address| (address, Guise::Open));
                first_success(candidates, PACE, attempt).await
            }
            Sought::Announced(key) => {
                let (name, key) = (self.name.clone(), Arc::clone(key));
                let wanted = move |announced: &Announced| {
                    if announced.name.as_ref() == Some(&name) {
                        return Some(Guise::Open);
                    }
                    announced.recognized(&key).map(Guise::Mask)
                };
                let candidates = self.discovery.candidates(wanted, hints);
                first_success(candidates, PACE, attempt).await
            }
        };
        match first {
            Ok((place, stream)) => {
                self.reached(place);
                self.follow(&stream);
                Ok(stream)
            }
            // One that showed a certificate says more than many that did not answer.
            Err(errors) => Err(errors
                .iter()
                .find_map(AnchorError::of_io)
                .map_or(DialError::Nobody, |error| DialError::Anchor(error.clone()))),
        }
    }

    /// Remembers where the device is. Of a portable one nothing else is kept, since to ask at an old
    /// address says who asks.
    fn reached(&self, place: Place) {
        let mut known = self.lock();
        match place.1 {
            Guise::Open => {
                known.retain(|(address, guise)| *guise == Guise::Open && *address != place.0);
            }
            Guise::Mask(_) => known.clear(),
        }
        known.insert(0, place);
        known.truncate(settle_protocol::material::MAX_ADDRESSES);
    }

    /// Tells of a root that has taken the place of the trusted one. The handshake is done, so whoever showed
    /// it has the key of a leaf that it issued.
    fn follow(&self, stream: &TlsStream<TcpStream>) {
        let shown = stream.get_ref().1.peer_certificates();
        let (Some([leaf, others @ ..]), Some(contacts)) = (shown, &self.following.contacts) else {
            return;
        };
        let (anchor, id) = (&self.following.anchor, &self.following.id);
        let followed = anchor.follow(leaf, others, &self.name, self.port, UnixTime::now());
        if let Ok(Some(successor)) = followed
            && let Err(error) = contacts.try_send(Contact::RolledOver(id.clone(), successor))
        {
            // The next connection follows it anew.
            tracing::trace!(%error, "a rollover was not noted");
        }
    }

    async fn connect_to(
        &self,
        place: Place,
        tls: &Arc<ClientConfig>,
    ) -> io::Result<(Place, TlsStream<TcpStream>)> {
        let (address, guise) = place;
        let server_name = match (&self.sought, guise) {
            (Sought::Host(name), _) => name.clone(),
            // No name is sent: it would tell a listener which device is meant, and the anchor decides.
            (Sought::Announced(_), Guise::Open) => ServerName::IpAddress(address.ip().into()),
            (Sought::Announced(key), Guise::Mask(mask)) => {
                let fresh = random::make_bytes().map_err(io::Error::from)?;
                let knock = key.knock(Some(&mask), fresh);
                ServerName::try_from(knock).map_err(io::Error::other)?
            }
        };
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::clone(tls));
        Ok((place, connector.connect(server_name, stream).await?))
    }
}

/// A connection whose other end was verified to be the device.
pub(super) type Connected = Heard<TlsStream<TcpStream>>;
/// The same, as the pool has it.
pub(super) type Verified = TokioIo<Cut<Connected>>;

/// Makes connections for the pool; whatever address it is asked for, it goes to its device.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    route: Arc<Route>,
    tls: Arc<ClientConfig>,
    line: Line,
    /// Made already, for who is the first to ask.
    first: Arc<Mutex<Option<Connected>>>,
}

impl Dial {
    pub(super) fn new(route: &Arc<Route>, tls: &Arc<ClientConfig>, line: &Line) -> Self {
        Self {
            route: Arc::clone(route),
            tls: Arc::clone(tls),
            line: line.clone(),
            first: Arc::default(),
        }
    }

    /// The same, that has a connection already.
    pub(super) fn beginning_with(self, first: Option<Connected>) -> Self {
        let first = Arc::new(Mutex::new(first));
        Self { first, ..self }
    }

    /// Opens a connection, where there is a place for it.
    pub(super) async fn open(&self) -> Result<Connected, DialError> {
        let made = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(made) = made {
            return Ok(made);
        }
        let route = &self.route;
        let place = timeout(PLACE_LIMIT, Arc::clone(&route.places).acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or(DialError::Full)?;
        let stream = route.connect(&self.tls).await?;
        let open = self.line.open(path(&stream));
        Ok(Heard::new(stream, route.refusals.clone(), place, open))
    }
}

fn path(stream: &TlsStream<TcpStream>) -> Option<Path> {
    let (tcp, tls) = stream.get_ref();
    Some(Path {
        from: tcp.local_addr().ok()?.ip(),
        to: tcp.peer_addr().ok()?,
        shows_life: tls.alpn_protocol() == Some(tls::HTTP_2),
    })
}

impl tower_service::Service<Uri> for Dial {
    type Response = Verified;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<Verified, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move {
            let connected = dial.open().await?;
            Ok(TokioIo::new(Cut::new(connected, &dial.route.trust)))
        })
    }
}
