//! The identity as it is now, for all parts of a device at once: a rollover puts another in its place.

use std::sync::{Arc, PoisonError, RwLock};

use super::Identity;

/// A device's identity. Whoever does something with it takes it once and goes on with that one.
#[derive(Debug)]
pub(crate) struct Held(RwLock<Arc<Identity>>);

impl Held {
    pub(crate) fn new(identity: Identity) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(identity))))
    }

    /// As it is now.
    pub(crate) fn get(&self) -> Arc<Identity> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next one is on the disk.
    pub(crate) fn replace(&self, next: Identity) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}
