//! Where a device may be found: the addresses known before, then what DNS-SD says (RFC 6763).
//!
//! Everything here is a hint. Whoever answers at an address proves by its key who it is, so false
//! answers cost time and nothing else; how many are listened to is bounded.

use std::collections::{HashMap, HashSet};
use std::net::{SocketAddr, SocketAddrV6};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt};
use mdns_sd::{HostnameResolutionEvent, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent};
use settle_protocol::discovery::{Announced, NAME_KEY, SERVICE, TAGS_KEY};
use settle_protocol::name::LocalName;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// How long the network is listened to before a device counts as away.
const WINDOW: Duration = Duration::from_secs(3);
/// The network is not asked at all when a hint is good within this time.
const HEAD_START: Duration = Duration::from_millis(200);
/// How many announced instances are remembered at once.
const MAX_INSTANCES: usize = 256;
/// How many addresses are tried for one device.
const MAX_CANDIDATES: usize = 16;

/// One announced instance.
#[derive(Clone, Debug)]
struct Found {
    announced: Announced,
    addresses: Vec<SocketAddr>,
}

/// Listens to the network while somebody is looking for a device, and only then.
#[derive(Clone, Debug, Default)]
pub struct Discovery(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Started when it is first needed.
    daemon: Option<ServiceDaemon>,
    seekers: usize,
    known: HashMap<String, Found>,
    news: Option<broadcast::Sender<Found>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({} instances known)", self.known.len())
    }
}

impl Discovery {
    /// Addresses at which the device that is `wanted` may answer, the given hints first; ends when
    /// the network was listened to for long enough.
    pub fn candidates<W: Fn(&Announced) -> bool + Send + Sync + 'static>(
        &self,
        wanted: W,
        hints: &[SocketAddr],
    ) -> impl Stream<Item = SocketAddr> + Send + use<W> {
        let head_start = if hints.is_empty() {
            Duration::ZERO
        } else {
            HEAD_START
        };
        let announced = self.announced(wanted, head_start);
        let mut seen: Vec<SocketAddr> = Vec::new();
        let fresh = move |address: &SocketAddr| {
            let fresh = !seen.contains(address);
            seen.push(*address);
            std::future::ready(fresh)
        };
        let hints = stream::iter(hints.to_vec());
        hints.chain(announced).filter(fresh).take(MAX_CANDIDATES)
    }

    /// Addresses at which a host that announces no service of ours may answer at `port`, the given
    /// hints first, by its name (RFC 6762 §3) where that can be asked for on the local link.
    pub fn of_host(
        &self,
        name: &LocalName,
        port: u16,
        hints: &[SocketAddr],
    ) -> impl Stream<Item = SocketAddr> + Send + use<> {
        let head_start = if hints.is_empty() {
            Duration::ZERO
        } else {
            HEAD_START
        };
        let (discovery, host) = (self.clone(), format!("{name}."));
        let begin = async move {
            tokio::time::sleep(head_start).await;
            let events = discovery.resolve(&host);
            stream::unfold(events, move |events| async move {
                let events = events?;
                let event = events.recv_async().await.ok()?;
                let found = match event {
                    HostnameResolutionEvent::AddressesFound(_, found) => found,
                    HostnameResolutionEvent::SearchTimeout(_)
                    | HostnameResolutionEvent::SearchStopped(_) => return None,
                    HostnameResolutionEvent::SearchStarted(_)
                    | HostnameResolutionEvent::AddressesRemoved(..)
                    | _ => HashSet::new(),
                };
                let found: Vec<_> = found.iter().map(|ip| socket_address(ip, port)).collect();
                Some((stream::iter(found), Some(events)))
            })
        };
        let asked = stream::once(begin).flatten().flatten();
        let hints = stream::iter(hints.to_vec());
        hints.chain(asked).take(MAX_CANDIDATES)
    }

    fn resolve(&self, host: &str) -> Option<mdns_sd::Receiver<HostnameResolutionEvent>> {
        if !host.ends_with(".local.") {
            return None;
        }
        let limit = u64::try_from(WINDOW.as_millis()).ok();
        let asked = responder(&mut self.lock())
            .and_then(|responder| responder.resolve_hostname(host, limit));
        asked
            .inspect_err(|error| tracing::warn!(%error, "cannot ask the local network for a name"))
            .ok()
    }

    fn announced<W: Fn(&Announced) -> bool + Send + Sync + 'static>(
        &self,
        wanted: W,
        head_start: Duration,
    ) -> impl Stream<Item = SocketAddr> + Send + use<W> {
        let discovery = self.clone();
        let begin = async move {
            tokio::time::sleep(head_start).await;
            let deadline = tokio::time::Instant::now() + WINDOW;
            let seeking = discovery.seek().map(|seeking| (seeking, wanted));
            stream::unfold(seeking, move |seeking| async move {
                let (mut seeking, wanted) = seeking?;
                let found = tokio::time::timeout_at(deadline, seeking.next(&wanted));
                let addresses = found.await.ok()??;
                Some((stream::iter(addresses), Some((seeking, wanted))))
            })
        };
        stream::once(begin).flatten().flatten()
    }

    fn seek(&self) -> Option<Seeking> {
        let mut state = self.lock();
        if state.seekers == 0 {
            match browse(&mut state) {
                Ok(events) => self.listen(events),
                Err(error) => {
                    tracing::warn!(%error, "cannot listen for devices on the local network");
                    return None;
                }
            }
        }
        state.seekers += 1;
        let news = state.news.as_ref()?.subscribe();
        Some(Seeking {
            discovery: self.clone(),
            known: state.known.values().cloned().collect(),
            news,
        })
    }

    fn listen(&self, events: mdns_sd::Receiver<ServiceEvent>) {
        let discovery = self.clone();
        tokio::spawn(async move {
            while let Ok(event) = events.recv_async().await {
                if let ServiceEvent::ServiceResolved(service) = event {
                    discovery.resolved(&service);
                } else if let ServiceEvent::ServiceRemoved(_, instance) = event {
                    discovery.lock().known.remove(&instance);
                }
            }
        });
    }

    fn resolved(&self, service: &ResolvedService) {
        let found = Found {
            announced: announced(service),
            addresses: addresses(service),
        };
        let mut state = self.lock();
        let instance = service.fullname.clone();
        if state.known.len() < MAX_INSTANCES || state.known.contains_key(&instance) {
            state.known.insert(instance, found.clone());
        }
        if let Some(news) = &state.news {
            // An error only says that nobody is seeking right now.
            let seekers = news.send(found).unwrap_or_default();
            tracing::trace!(seekers, "an instance was resolved");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn browse(state: &mut State) -> Result<mdns_sd::Receiver<ServiceEvent>, mdns_sd::Error> {
    state.news.get_or_insert_with(|| broadcast::channel(64).0);
    responder(state)?.browse(SERVICE)
}

/// The thread that speaks multicast DNS, started when it is first needed.
fn responder(state: &mut State) -> Result<&ServiceDaemon, mdns_sd::Error> {
    let started = match state.daemon.take() {
        Some(started) => started,
        None => ServiceDaemon::new()?,
    };
    Ok(state.daemon.insert(started))
}

/// One look-out; the network is asked for as long as there is one.
struct Seeking {
    discovery: Discovery,
    known: Vec<Found>,
    news: broadcast::Receiver<Found>,
}

impl Seeking {
    async fn next(&mut self, wanted: &impl Fn(&Announced) -> bool) -> Option<Vec<SocketAddr>> {
        loop {
            let found = match self.known.pop() {
                Some(found) => found,
                None => match self.news.recv().await {
                    Ok(found) => found,
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            };
            if wanted(&found.announced) {
                return Some(found.addresses);
            }
        }
    }
}

impl Drop for Seeking {
    fn drop(&mut self) {
        let mut state = self.discovery.lock();
        state.seekers -= 1;
        if state.seekers > 0 {
            return;
        }
        state.known.clear();
        if let Some(Err(error)) = state
            .daemon
            .as_ref()
            .map(|daemon| daemon.stop_browse(SERVICE))
        {
            tracing::debug!(%error, "cannot stop listening for devices");
        }
    }
}

fn announced(service: &ResolvedService) -> Announced {
    let value = |key| service.txt_properties.get_property_val_str(key);
    Announced::read(value(NAME_KEY), value(TAGS_KEY), &service.host)
}

fn addresses(service: &ResolvedService) -> Vec<SocketAddr> {
    let of = |address| socket_address(address, service.port);
    service.addresses.iter().map(of).collect()
}

fn socket_address(address: &ScopedIp, port: u16) -> SocketAddr {
    if let ScopedIp::V6(v6) = address {
        SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into()
    } else {
        SocketAddr::new(address.to_ip_addr(), port)
    }
}

/// Tries every candidate as it becomes known, all at once, and takes the first that succeeds.
///
/// # Errors
/// Those of all attempts; none when there was nobody to try.
pub async fn first_success<T, E, F>(
    candidates: impl Stream<Item = SocketAddr>,
    limit: Duration,
    attempt: impl Fn(SocketAddr) -> F,
) -> Result<(SocketAddr, T), Vec<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let mut candidates = std::pin::pin!(candidates.fuse());
    let mut attempts = FuturesUnordered::new();
    let mut errors = Vec::new();
    let attempt = &attempt;
    let try_one = |address| async move { (address, timeout(limit, attempt(address)).await) };
    loop {
        let finished = tokio::select! {
            Some(address) = candidates.next() => {
                attempts.push(try_one(address));
                continue;
            }
            Some(finished) = attempts.next() => finished,
            else => return Err(errors),
        };
        match finished {
            (address, Ok(Ok(success))) => return Ok((address, success)),
            (_, Ok(Err(error))) => errors.push(error),
            (_, Err(_)) => {}
        }
    }
}
