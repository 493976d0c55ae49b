//! How a connection to one trusted device is made: every address that it may have is tried, and the
//! anchor decides which of those that answer is the device. What is sent over it is decided elsewhere.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use settle_protocol::discovery::Announced;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::Refusal;
use settle_transport::anchor::AnchorError;
use settle_transport::cut::Cut;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::discovery::{Discovery, first_success};
use crate::proxy::heard::{Heard, Refusals};

/// For one address, from the first packet to the verified connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a request waits for a place.
const PLACE_LIMIT: Duration = Duration::from_secs(30);

/// How connections to a device are made.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: LocalName,
    pub(super) server_name: ServerName<'static>,
    pub(super) port: u16,
    /// It knows nothing of Settle, so it announces no service of ours.
    pub(super) by_host_name: bool,
    pub(super) discovery: Discovery,
    /// Hints, the address that was good last at the front.
    pub(super) addresses: Mutex<Vec<SocketAddr>>,
    pub(super) refusals: Refusals,
    /// For connections to it.
    pub(super) places: Arc<Semaphore>,
    pub(super) trust: CancellationToken,
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
            Self::Anchor(
                AnchorError::WrongKey { expected, seen }
                | AnchorError::Rollover { expected, seen, .. },
            ) => Refusal::WrongKey {
                expected: *expected,
                seen: *seen,
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
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SocketAddr>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self, tls: &Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, DialError> {
        let hints = self.lock().clone();
        let name = self.name.clone();
        let wanted = move |announced: &Announced| announced.name.as_ref() == Some(&name);
        let attempt = |address| self.connect_to(address, tls);
        let first = if self.by_host_name {
            let candidates = self.discovery.of_host(&self.name, self.port, &hints);
            first_success(candidates, CONNECT_LIMIT, attempt).await
        } else {
            let candidates = self.discovery.candidates(wanted, &hints);
            first_success(candidates, CONNECT_LIMIT, attempt).await
        };
        match first {
            Ok((address, stream)) => {
                let mut addresses = self.lock();
                addresses.retain(|known| *known != address);
                addresses.insert(0, address);
                addresses.truncate(settle_protocol::material::MAX_ADDRESSES);
                Ok(stream)
            }
            // One that showed a certificate says more than many that did not answer.
            Err(errors) => Err(errors
                .iter()
                .find_map(AnchorError::of_io)
                .map_or(DialError::Nobody, |error| DialError::Anchor(error.clone()))),
        }
    }

    async fn connect_to(
        &self,
        address: SocketAddr,
        tls: &Arc<ClientConfig>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::clone(tls));
        connector.connect(self.server_name.clone(), stream).await
    }
}

/// A connection whose other end was verified to be the device.
pub(super) type Verified = TokioIo<Cut<Heard<TlsStream<TcpStream>>>>;

/// Makes connections for the pool; whatever address it is asked for, it goes to its device.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub(super) route: Arc<Route>,
    pub(super) tls: Arc<ClientConfig>,
}

impl tower_service::Service<Uri> for Dial {
    type Response = Verified;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<Verified, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (route, tls) = (Arc::clone(&self.route), Arc::clone(&self.tls));
        Box::pin(async move {
            let place = timeout(PLACE_LIMIT, Arc::clone(&route.places).acquire_owned()).await;
            let place = place.ok().and_then(Result::ok).ok_or(DialError::Full)?;
            let stream = Heard::new(route.connect(&tls).await?, route.refusals.clone(), place);
            Ok(TokioIo::new(Cut::new(stream, &route.trust)))
        })
    }
}
