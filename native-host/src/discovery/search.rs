//! What is heard while somebody is looking for a device, and for whom: each instance is shown to those
//! who look, who say by their keys and names whether it is theirs. Bounded whoever floods the network.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV6};
use std::time::Duration;

use mdns_sd::{ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent};
use settle_protocol::discovery::{Announced, NAME_KEY, SERVICE, TAGS_KEY};
use settle_protocol::portable::MARKS_KEY;
use tokio::sync::mpsc;

use super::{Discovery, MAX_CANDIDATES};

/// How many announced instances are remembered at once, for those who begin to look later.
const MAX_INSTANCES: usize = 256;
/// How many addresses of one instance are looked at.
const MAX_ADDRESSES: usize = 64;
/// How many records the thread that speaks multicast DNS may hold; it has no bound of its own.
const MAX_RECORDS: i64 = 8192;
/// How often they are counted.
const COUNT: Duration = Duration::from_millis(100);
/// What that thread counts that grows with what others send.
const COUNTED: [&str; 7] = [
    "cached-ptr",
    "cached-srv",
    "cached-addr",
    "cached-txt",
    "cached-nsec",
    "cached-subtype",
    "timer",
];

/// One announced instance.
struct Found {
    announced: Announced,
    addresses: Vec<SocketAddr>,
}

/// Shows an instance to somebody who looks.
type Show = Box<dyn FnMut(&Found) + Send>;

/// All who look for a device now, and what they hear together.
#[derive(Default)]
pub(super) struct Search {
    /// There while somebody looks.
    daemon: Option<ServiceDaemon>,
    known: HashMap<String, Found>,
    seekers: HashMap<u64, Show>,
    next: u64,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Search({} instances known)", self.known.len())
    }
}

/// One look-out; the network is asked for as long as there is one.
pub(super) struct Seeking<T> {
    discovery: Discovery,
    number: u64,
    pub(super) found: mpsc::Receiver<(SocketAddr, T)>,
}

impl<T: Clone + PartialEq + Send + 'static> Seeking<T> {
    /// Begins to look; the `hints` are tried already.
    pub(super) fn begin(
        discovery: &Discovery,
        wanted: impl Fn(&Announced) -> Option<T> + Send + 'static,
        mut seen: Vec<(SocketAddr, T)>,
    ) -> Result<Self, mdns_sd::Error> {
        let (candidates, found) = mpsc::channel(MAX_CANDIDATES);
        let mut show = move |found: &Found| {
            let Some(recognized) = wanted(&found.announced) else {
                return;
            };
            for address in &found.addresses {
                let candidate = (*address, recognized.clone());
                if seen.len() < MAX_CANDIDATES && !seen.contains(&candidate) {
                    seen.push(candidate.clone());
                    // There is room for all; nobody may be looking any more.
                    drop(candidates.try_send(candidate));
                }
            }
        };
        let mut search = discovery.lock();
        if search.daemon.is_none() {
            search.daemon = Some(discovery.listen()?);
        }
        search.known.values().for_each(&mut show);
        let number = search.next;
        search.next += 1;
        search.seekers.insert(number, Box::new(show));
        Ok(Self {
            discovery: discovery.clone(),
            number,
            found,
        })
    }
}

impl<T> Drop for Seeking<T> {
    fn drop(&mut self) {
        let mut search = self.discovery.lock();
        search.seekers.remove(&self.number);
        if search.seekers.is_empty() {
            search.known.clear();
            if let Some(daemon) = search.daemon.take() {
                end(&daemon);
            }
        }
    }
}

impl Discovery {
    /// Asks the network, until the thread that does so is ended.
    fn listen(&self) -> Result<ServiceDaemon, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        let events = daemon.browse(SERVICE)?;
        let (discovery, counted) = (self.clone(), daemon.clone());
        tokio::spawn(async move {
            let mut count = tokio::time::interval(COUNT);
            loop {
                tokio::select! {
                    event = events.recv_async() => match event {
                        Ok(ServiceEvent::ServiceResolved(service)) => discovery.resolved(&service),
                        Ok(ServiceEvent::ServiceRemoved(_, instance)) => {
                            discovery.lock().known.remove(&instance);
                        }
                        Ok(ServiceEvent::SearchStopped(_)) | Err(_) => return,
                        Ok(_) => {}
                    },
                    _ = count.tick() => if is_overfull(&counted).await {
                        discovery.begin_anew(&counted);
                        return;
                    },
                }
            }
        });
        Ok(daemon)
    }

    /// Forgets what the network was flooded with, and asks once more.
    fn begin_anew(&self, overfull: &ServiceDaemon) {
        tracing::warn!("the network says more about devices than can be listened to");
        end(overfull);
        let mut search = self.lock();
        if search.seekers.is_empty() {
            return;
        }
        search.daemon = self
            .listen()
            .inspect_err(|error| tracing::warn!(%error, "cannot listen for devices any more"))
            .ok();
    }

    fn resolved(&self, service: &ResolvedService) {
        let found = Found {
            announced: announced(service),
            addresses: addresses(service),
        };
        let mut search = self.lock();
        search.seekers.values_mut().for_each(|show| show(&found));
        let instance = service.fullname.clone();
        if search.known.len() < MAX_INSTANCES || search.known.contains_key(&instance) {
            search.known.insert(instance, found);
        }
    }
}

/// Whether the thread holds more than it may; one that does not say so has not the time.
async fn is_overfull(daemon: &ServiceDaemon) -> bool {
    let Ok(metrics) = daemon.get_metrics() else {
        return false;
    };
    let Ok(Ok(metrics)) = tokio::time::timeout(COUNT, metrics.recv_async()).await else {
        return false;
    };
    let counts = COUNTED.iter().filter_map(|counted| metrics.get(*counted));
    counts.sum::<i64>() > MAX_RECORDS
}

/// Ends the thread, with all that it has heard.
pub(super) fn end(daemon: &ServiceDaemon) {
    if let Err(error) = daemon.shutdown() {
        tracing::debug!(%error, "what asked the network has ended already");
    }
}

fn announced(service: &ResolvedService) -> Announced {
    let value = |key| service.txt_properties.get_property_val_str(key);
    let announced = Announced::read(value(NAME_KEY), value(TAGS_KEY), &service.host);
    let marks = service.txt_properties.get_property_val(MARKS_KEY).flatten();
    match marks {
        Some(marks) => announced.with_marks(&service.fullname, marks),
        None => announced,
    }
}

fn addresses(service: &ResolvedService) -> Vec<SocketAddr> {
    let of = |address| socket_address(address, service.port);
    let addresses = service.addresses.iter().take(MAX_ADDRESSES);
    addresses.map(of).collect()
}

pub(super) fn socket_address(address: &ScopedIp, port: u16) -> SocketAddr {
    if let ScopedIp::V6(v6) = address {
        SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into()
    } else {
        SocketAddr::new(address.to_ip_addr(), port)
    }
}
