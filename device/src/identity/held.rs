//! The identity as it is now, for all parts of a device at once: a rollover puts another in its place.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use super::Identity;

/// A device's identity. Whoever does something with it takes it once and goes on with that one.
#[derive(Debug)]
pub(crate) struct Held(RwLock<Current>);

#[derive(Debug)]
struct Current {
    identity: Arc<Identity>,
    /// Cancelled when another takes its place.
    replaced: CancellationToken,
}

impl Current {
    fn new(identity: Identity) -> Self {
        Self {
            identity: Arc::new(identity),
            replaced: CancellationToken::new(),
        }
    }
}

impl Held {
    pub(crate) fn new(identity: Identity) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Current::new(identity))))
    }

    /// As it is now.
    pub(crate) fn get(&self) -> Arc<Identity> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.identity)
    }

    /// Is cancelled when another takes the place of this one.
    pub(crate) fn replaced(&self) -> CancellationToken {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.replaced.clone()
    }

    /// The next one is on the disk.
    pub(crate) fn replace(&self, next: Identity) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut *current, Current::new(next));
        drop(current);
        former.replaced.cancel();
    }
}
