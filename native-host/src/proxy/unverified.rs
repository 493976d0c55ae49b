//! Names that open without pairing: found like any host, verified by nobody, and passed on as they are. `https:` is a
//! tunnel in which the browser judges the certificate by itself, `http:` is forwarded. What a device has is
//! looked for first, and elsewhere; nothing here is ever sent to it.

mod forward;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use settle_protocol::name::LocalName;
use settle_transport::cut::Cut;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::forward::Answer;
use super::own::plain;
use crate::discovery::{Discovery, Pace, first_success};
use crate::trust_store::record;

/// For one address, until it takes the connection.
const PACE: Pace = Pace {
    limit: Duration::from_secs(5),
    patience: Duration::from_millis(500),
};
/// Connections of browsers to all of these names together.
const MAX_CONNECTIONS: usize = 128;

/// All names that open so.
#[derive(Debug)]
pub struct Unverified {
    discovery: Discovery,
    places: Arc<Semaphore>,
    hosts: RwLock<HashMap<LocalName, Arc<Host>>>,
}

/// What answers under one of them.
#[derive(Debug)]
pub(super) struct Host {
    name: LocalName,
    discovery: Discovery,
    /// Where it answered last.
    last: Mutex<Option<IpAddr>>,
    places: Arc<Semaphore>,
    /// Cancelled when the name opens so no more.
    end: CancellationToken,
}

impl Default for Unverified {
    fn default() -> Self {
        Self::new(Discovery::default())
    }
}

impl Unverified {
    /// Starts with none.
    #[must_use]
    pub fn new(discovery: Discovery) -> Self {
        Self {
            discovery,
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            hosts: RwLock::default(),
        }
    }

    /// Makes the names those of the store; what is open under another is cut.
    pub fn set(&self, unverified: &[record::Unverified]) {
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        let mut former = std::mem::take(&mut *hosts);
        for record::Unverified { name, .. } in unverified {
            let host = former.remove(name).unwrap_or_else(|| {
                Arc::new(Host {
                    name: name.clone(),
                    discovery: self.discovery.clone(),
                    last: Mutex::default(),
                    places: Arc::clone(&self.places),
                    end: CancellationToken::new(),
                })
            });
            hosts.insert(name.clone(), host);
        }
        former.values().for_each(|host| host.end.cancel());
    }

    /// What opens under a name without being verified.
    pub(super) fn find(&self, name: &LocalName) -> Option<Arc<Host>> {
        let hosts = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        hosts.get(name).cloned()
    }
}

impl Host {
    /// Answers CONNECT by a tunnel of bytes: the browser sees the host itself, and says what it thinks of it.
    pub(super) async fn tunnel(
        self: Arc<Self>,
        request: Request<Incoming>,
        port: u16,
        place: Arc<OwnedSemaphorePermit>,
    ) -> Answer {
        let Ok(own_place) = Arc::clone(&self.places).try_acquire_owned() else {
            return full();
        };
        let Some(mut host) = self.dial(port).await else {
            let none = plain(StatusCode::BAD_GATEWAY, "nobody answers under this name\n");
            return none.map(Either::Right);
        };
        tokio::spawn(async move {
            match hyper::upgrade::on(request).await {
                Ok(browser) => {
                    let mut browser = TokioIo::new(browser);
                    if let Err(error) = copy_bidirectional(&mut browser, &mut host).await {
                        tracing::debug!(%error, "an unverified tunnel ended");
                    }
                }
                Err(error) => tracing::debug!(%error, "no tunnel came about"),
            }
            drop((own_place, place));
        });
        Response::new(Either::Right(Full::default()))
    }

    /// Connects to whoever says to have the name, where it answered last first.
    async fn dial(&self, port: u16) -> Option<Cut<TcpStream>> {
        let candidates = self.candidates(port).await;
        let candidates = candidates.filter(|address| ready(is_at_home(address.ip())));
        let connect = async |address: SocketAddr| {
            let stream = TcpStream::connect(address).await?;
            Ok::<_, io::Error>((address, stream))
        };
        let (address, stream) = first_success(candidates, PACE, connect).await.ok()?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small packets may wait");
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.ip());
        Some(Cut::new(stream, &self.end))
    }

    /// A name of the link is asked for there (RFC 6762 §3), one of the home network as its resolver says
    /// (RFC 8375 §4), and one outside of DNS nowhere (RFC 9476 §2).
    async fn candidates(&self, port: u16) -> BoxStream<'_, SocketAddr> {
        if self.name.as_str().ends_with(".home.arpa") {
            let found = lookup_host((self.name.as_str(), port)).await;
            let found =
                found.inspect_err(|error| tracing::debug!(%error, name = %self.name, "no address"));
            let found: Vec<SocketAddr> = found.into_iter().flatten().collect();
            return stream::iter(found).boxed();
        }
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let hints = Vec::from_iter(last.map(|address| SocketAddr::new(address, port)));
        self.discovery.of_host(&self.name, port, hints).boxed()
    }
}

/// Whether an address is one of a home network. Whoever has the network says where a name leads: a page that leads to
/// this computer's own services, or to somewhere on the Internet, would be of the name's origin there.
fn is_at_home(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn full() -> Answer {
    let none = plain(StatusCode::SERVICE_UNAVAILABLE, "too many connections\n");
    none.map(Either::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_a_home_network_are_reached() {
        for home in [
            "192.168.1.20",
            "10.0.0.1",
            "172.16.5.4",
            "169.254.7.7",
            "fe80::1",
            "fd00::1",
        ] {
            assert!(is_at_home(home.parse().unwrap()), "{home}");
        }
        for other in [
            "127.0.0.1",
            "0.0.0.0",
            "8.8.8.8",
            "224.0.0.251",
            "::1",
            "::",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:192.168.1.20",
        ] {
            assert!(!is_at_home(other.parse().unwrap()), "{other}");
        }
    }
}
