//! Where a device may be found: the addresses known before, then what DNS-SD says (RFC 6763).
//!
//! Everything here is a hint. Whoever answers at an address proves by its key who it is, so false
//! answers cost time and nothing else; how many are listened to is bounded.

pub mod packet;
mod race;
mod search;
mod sockets;
pub mod table;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use settle_protocol::discovery::{Announced, SERVICE};
use settle_protocol::name::LocalName;
use tokio::time::Instant;

use self::packet::{A, AAAA, PTR};
pub use self::race::{Pace, first_success};
use self::search::{Search, Seeking};
use self::table::Found;

/// How long the network is listened to before a device counts as away.
const WINDOW: Duration = Duration::from_secs(3);
/// The network is not asked at all when a hint is good within this time.
const HEAD_START: Duration = Duration::from_millis(200);

/// Listens to the network while somebody is looking for a device, and only then. Nothing that was heard
/// is kept beyond that, and no question says what was heard before (RFC 6762 §7.1): on another network
/// it would tell where this computer has been.
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
        let wanted = move |found: &Found| wanted(found.announced.as_ref()?);
        self.heard(vec![(SERVICE.to_owned(), PTR)], wanted, hints)
    }

    /// Addresses at which a host that announces no service of ours may answer at `port`, the given
    /// hints first, by its name (RFC 6762 §3) where that can be asked for on the local link.
    pub fn of_host(
        &self,
        name: &LocalName,
        port: u16,
        hints: Vec<SocketAddr>,
    ) -> impl Stream<Item = SocketAddr> + Send {
        let host = format!("{name}.");
        let questions = match host.ends_with(".local.") {
            true => vec![(host.clone(), A), (host.clone(), AAAA)],
            false => Vec::new(),
        };
        let wanted = move |found: &Found| {
            let named = found.announced.is_none() && found.host == host;
            named.then_some(())
        };
        let hints = hints.into_iter().map(|address| (address, ())).collect();
        let heard = self.heard(questions, wanted, hints);
        heard.map(move |(mut address, ())| {
            if address.port() == 0 {
                address.set_port(port);
            }
            address
        })
    }

    /// What is heard upon some questions, if there are any.
    fn heard<T: Clone + PartialEq + Send + 'static>(
        &self,
        questions: Vec<(String, u16)>,
        wanted: impl Fn(&Found) -> Option<T> + Send + 'static,
        hints: Vec<(SocketAddr, T)>,
    ) -> impl Stream<Item = (SocketAddr, T)> + Send {
        let (discovery, known, head_start) = (self.clone(), hints.clone(), head_start(&hints));
        let begin = async move {
            tokio::time::sleep(head_start).await;
            let deadline = Instant::now() + WINDOW;
            let asked: Vec<_> = questions
                .iter()
                .map(|(name, kind)| (&**name, *kind))
                .collect();
            let seeking = match asked.is_empty() {
                true => None,
                false => Seeking::begin(&discovery, &asked, wanted, known)
                    .inspect_err(|error| tracing::warn!(%error, "the network cannot be asked"))
                    .ok(),
            };
            stream::unfold(seeking, move |seeking| async move {
                let mut seeking = seeking?;
                let found = tokio::time::timeout_at(deadline, seeking.next());
                let found = found.await.ok()??;
                Some((found, Some(seeking)))
            })
        };
        stream::iter(hints).chain(stream::once(begin).flatten())
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
