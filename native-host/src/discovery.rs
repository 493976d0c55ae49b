//! Where a device may be found: the addresses known before, then what DNS-SD says (RFC 6763).
//!
//! Everything here is a hint. Whoever answers at an address proves by its key who it is, so false
//! answers cost time and nothing else; how many are listened to is bounded.

mod race;
mod search;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use mdns_sd::{HostnameResolutionEvent, ServiceDaemon};
use settle_protocol::discovery::Announced;
use settle_protocol::name::LocalName;
use tokio::time::Instant;

pub use self::race::{Pace, first_success};
use self::search::{Search, Seeking, socket_address};

/// How long the network is listened to before a device counts as away.
const WINDOW: Duration = Duration::from_secs(3);
/// The network is not asked at all when a hint is good within this time.
const HEAD_START: Duration = Duration::from_millis(200);
/// How many addresses are tried for one device.
const MAX_CANDIDATES: usize = 256;

/// Listens to the network while somebody is looking for a device, and only then. Nothing that was heard
/// is kept beyond that: the next question, perhaps on another network, would tell it (RFC 6762 §7.1).
#[derive(Clone, Debug, Default)]
pub struct Discovery(Arc<Mutex<Search>>);

impl Discovery {
    /// Addresses at which the device that is `wanted` may answer, with what was recognized in the
    /// announcement; the given hints first. Ends when the network was listened to for long enough.
    pub fn candidates<T: Clone + PartialEq + Send + 'static>(
        &self,
        wanted: impl Fn(&Announced) -> Option<T> + Send + 'static,
        hints: Vec<(SocketAddr, T)>,
    ) -> impl Stream<Item = (SocketAddr, T)> + Send {
        let (discovery, known, head_start) = (self.clone(), hints.clone(), head_start(&hints));
        let begin = async move {
            tokio::time::sleep(head_start).await;
            let deadline = Instant::now() + WINDOW;
            let seeking = discovery.seek(wanted, known);
            stream::unfold(seeking, move |seeking| async move {
                let mut seeking = seeking?;
                let found = tokio::time::timeout_at(deadline, seeking.found.recv());
                let found = found.await.ok()??;
                Some((found, Some(seeking)))
            })
        };
        stream::iter(hints).chain(stream::once(begin).flatten())
    }

    /// Addresses at which a host that announces no service of ours may answer at `port`, the given
    /// hints first, by its name (RFC 6762 §3) where that can be asked for on the local link.
    pub fn of_host(
        &self,
        name: &LocalName,
        port: u16,
        hints: Vec<SocketAddr>,
    ) -> impl Stream<Item = SocketAddr> + Send + use<> {
        let (host, head_start) = (format!("{name}."), head_start(&hints));
        let begin = async move {
            tokio::time::sleep(head_start).await;
            stream::unfold(Asking::begin(&host), move |asking| async move {
                let asking = asking?;
                let found = match asking.events.recv_async().await.ok()? {
                    HostnameResolutionEvent::AddressesFound(_, found) => found,
                    HostnameResolutionEvent::SearchTimeout(_)
                    | HostnameResolutionEvent::SearchStopped(_) => return None,
                    HostnameResolutionEvent::SearchStarted(_)
                    | HostnameResolutionEvent::AddressesRemoved(..)
                    | _ => HashSet::new(),
                };
                let found: Vec<_> = found.iter().map(|ip| socket_address(ip, port)).collect();
                Some((stream::iter(found), Some(asking)))
            })
        };
        let asked = stream::once(begin).flatten().flatten();
        let mut seen = hints.clone();
        let fresh = move |address: &SocketAddr| {
            let fresh = !seen.contains(address);
            if fresh {
                seen.push(*address);
            }
            std::future::ready(fresh)
        };
        let all = stream::iter(hints).chain(asked.take(MAX_CANDIDATES).filter(fresh));
        all.take(MAX_CANDIDATES)
    }

    fn seek<T: Clone + PartialEq + Send + 'static>(
        &self,
        wanted: impl Fn(&Announced) -> Option<T> + Send + 'static,
        hints: Vec<(SocketAddr, T)>,
    ) -> Option<Seeking<T>> {
        Seeking::begin(self, wanted, hints)
            .inspect_err(|error| tracing::warn!(%error, "cannot listen for devices on the network"))
            .ok()
    }

    fn lock(&self) -> MutexGuard<'_, Search> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn head_start<T>(hints: &[T]) -> Duration {
    if hints.is_empty() {
        Duration::ZERO
    } else {
        HEAD_START
    }
}

/// One question for a host's addresses, by a thread that ends with it.
struct Asking {
    daemon: ServiceDaemon,
    events: mdns_sd::Receiver<HostnameResolutionEvent>,
}

impl Asking {
    fn begin(host: &str) -> Option<Self> {
        if !host.ends_with(".local.") {
            return None;
        }
        let limit = u64::try_from(WINDOW.as_millis()).ok();
        let begun = ServiceDaemon::new().and_then(|daemon| {
            let events = daemon.resolve_hostname(host, limit)?;
            Ok(Self { daemon, events })
        });
        begun
            .inspect_err(|error| tracing::warn!(%error, "cannot ask the local network for a name"))
            .ok()
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        search::end(&self.daemon);
    }
}
