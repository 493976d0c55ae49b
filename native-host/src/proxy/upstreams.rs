//! Which name leads to which trusted device right now: what the proxy looks at for each request.
//!
//! The way to a device is made when it is first used: most devices are not used most of the time.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use settle_protocol::name::LocalName;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Contact;
use super::passes::Passes;
use super::unverified::Unverified;
use super::upstream::Upstream;
use crate::discovery::Discovery;
use crate::trust_store::record::{Devices, TrustedDevice};

/// All ways to trusted devices.
#[derive(Debug, Default)]
pub struct Upstreams {
    discovery: Discovery,
    /// Hears of roots that were followed.
    contacts: Option<mpsc::Sender<Contact>>,
    /// Of other sites.
    pub passes: Passes,
    /// What opens without being verified.
    pub unverified: Unverified,
    ways: RwLock<Ways>,
}

#[derive(Debug, Default)]
struct Ways {
    by_id: HashMap<String, Way>,
    /// Several where a referee vouches for several ports of a name.
    by_name: HashMap<LocalName, Vec<Way>>,
}

/// A device that is trusted, as the store knows it now, and the way to it.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its record.
    pub device: Arc<TrustedDevice>,
    /// Cancelled when the trust in it ends.
    trust: CancellationToken,
    upstream: Arc<OnceLock<Option<Arc<Upstream>>>>,
}

impl Upstreams {
    /// Starts with nothing trusted; `contacts` hears of roots that have taken the place of trusted ones.
    #[must_use]
    pub fn new(discovery: Discovery, contacts: mpsc::Sender<Contact>) -> Self {
        Self {
            unverified: Unverified::new(discovery.clone()),
            discovery,
            contacts: Some(contacts),
            passes: Passes::default(),
            ways: RwLock::default(),
        }
    }

    /// The device that a name and a port lead to, and the way to it.
    #[must_use]
    pub fn find(&self, name: &LocalName, port: u16) -> Option<(Arc<TrustedDevice>, Arc<Upstream>)> {
        let way = {
            let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
            let mut of_name = ways.by_name.get(name)?.iter();
            of_name.find(|way| way.device.covers_port(port)).cloned()?
        };
        let upstream = way.upstream(self)?;
        Some((way.device, upstream))
    }

    /// Whether a device has a name, at whatever port.
    #[must_use]
    pub fn has(&self, name: &LocalName) -> bool {
        let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
        ways.by_name.contains_key(name)
    }

    /// The way to the device of an identifier.
    #[must_use]
    pub fn of_id(&self, id: &str) -> Option<Arc<Upstream>> {
        let way = {
            let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
            ways.by_id.get(id).cloned()?
        };
        way.upstream(self)
    }

    /// Makes the ways those of `devices`. What is not among them any more loses its connections at
    /// once; what stays keeps them.
    pub fn set(&self, devices: &Devices) {
        let mut ways = self.ways.write().unwrap_or_else(PoisonError::into_inner);
        let mut former = std::mem::take(&mut *ways).by_id;
        for device in devices.iter() {
            let known = former.remove(&device.id);
            let way = match known {
                Some(known) => known.taken_up(device),
                None => Way::new(Arc::clone(device)),
            };
            for name in device.names() {
                ways.by_name.entry(name).or_default().push(way.clone());
            }
            ways.by_id.insert(device.id.clone(), way);
        }
        former.values().for_each(|way| way.trust.cancel());
    }
}

impl Way {
    fn new(device: Arc<TrustedDevice>) -> Self {
        Self {
            device,
            trust: CancellationToken::new(),
            upstream: Arc::default(),
        }
    }

    /// The way to the device as its record is now. One to another device, or to another port of it, ends the
    /// connections of this one.
    fn taken_up(self, device: &Arc<TrustedDevice>) -> Self {
        let way = Self::new(Arc::clone(device));
        if self.device.port != device.port {
            self.trust.cancel();
            return way;
        }
        if self.device.is_same_anchor(device) {
            let device = way.device;
            return Self { device, ..self };
        }
        if device.follows(&self.device) {
            // What is open goes on; whatever is opened from here on is judged by the new root.
            let trust = self.trust;
            return Self { trust, ..way };
        }
        self.trust.cancel();
        way
    }

    fn upstream(&self, ways: &Upstreams) -> Option<Arc<Upstream>> {
        let (discovery, contacts) = (ways.discovery.clone(), ways.contacts.clone());
        let make = || match Upstream::new(&self.device, discovery, contacts, self.trust.clone()) {
            Ok(upstream) => Some(Arc::new(upstream)),
            Err(error) => {
                tracing::error!(%error, id = self.device.id, "unusable record");
                None
            }
        };
        self.upstream.get_or_init(make).clone()
    }
}
