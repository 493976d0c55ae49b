//! Which name leads to which trusted device right now: what the proxy looks at for each request.
//!
//! The way to a device is made when it is first used: most devices are not used most of the time.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use settle_protocol::name::LocalName;
use tokio_util::sync::CancellationToken;

use super::upstream::Upstream;
use crate::discovery::Discovery;
use crate::trust_store::record::{Devices, TrustedDevice};

/// All ways to trusted devices.
#[derive(Debug, Default)]
pub struct Upstreams {
    discovery: Discovery,
    ways: RwLock<Ways>,
}

#[derive(Debug, Default)]
struct Ways {
    by_id: HashMap<String, Way>,
    by_name: HashMap<LocalName, Way>,
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
    /// Starts with nothing trusted.
    #[must_use]
    pub fn new(discovery: Discovery) -> Self {
        Self {
            discovery,
            ways: RwLock::default(),
        }
    }

    /// The device that a name leads to, and the way to it.
    #[must_use]
    pub fn find(&self, name: &LocalName) -> Option<(Arc<TrustedDevice>, Arc<Upstream>)> {
        let way = {
            let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
            ways.by_name.get(name).cloned()?
        };
        let upstream = way.upstream(&self.discovery)?;
        Some((way.device, upstream))
    }

    /// The way to the device of an identifier.
    #[must_use]
    pub fn of_id(&self, id: &str) -> Option<Arc<Upstream>> {
        let way = {
            let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
            ways.by_id.get(id).cloned()?
        };
        way.upstream(&self.discovery)
    }

    /// Makes the ways those of `devices`. What is not among them any more loses its connections at
    /// once; what stays keeps them.
    pub fn set(&self, devices: &Devices) {
        let mut ways = self.ways.write().unwrap_or_else(PoisonError::into_inner);
        let mut former = std::mem::take(&mut *ways).by_id;
        for device in devices.iter() {
            let known = former.remove(&device.id);
            let way = match known.filter(|way| way.leads_to(device)) {
                Some(known) => Way {
                    device: Arc::clone(device),
                    ..known
                },
                None => Way::new(Arc::clone(device)),
            };
            let names = device.names().into_iter();
            ways.by_name.extend(names.map(|name| (name, way.clone())));
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

    /// Whether it is the way to this record as well; if not, its connections end.
    fn leads_to(&self, device: &TrustedDevice) -> bool {
        let same = self.device.port == device.port && self.device.is_same_anchor(device);
        if !same {
            self.trust.cancel();
        }
        same
    }

    fn upstream(&self, discovery: &Discovery) -> Option<Arc<Upstream>> {
        let make = || match Upstream::new(&self.device, discovery.clone(), self.trust.clone()) {
            Ok(upstream) => Some(Arc::new(upstream)),
            Err(error) => {
                tracing::error!(%error, id = self.device.id, "unusable record");
                None
            }
        };
        self.upstream.get_or_init(make).clone()
    }
}
