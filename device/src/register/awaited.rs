//! The clients whose users are deciding, by their keys: whoever is refused meanwhile is not recorded any
//! more (docs/pairing.md §5.6). Not their exchanges, which are the ceremony's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use settle_protocol::fingerprint::KeyFingerprint;

use super::locked;

/// Every client that is awaited.
#[derive(Debug, Default)]
pub(super) struct AllAwaited(Mutex<HashMap<KeyFingerprint, Weak<AtomicBool>>>);

/// A client that is awaited, as long as this lives.
#[derive(Debug)]
pub(crate) struct Awaited {
    refused: Arc<AtomicBool>,
}

impl AllAwaited {
    /// From now on a refusal of this key counts.
    pub(super) fn begin(&self, key: KeyFingerprint) -> Awaited {
        let mut all = locked(&self.0);
        all.retain(|_, refused| refused.strong_count() > 0);
        let known = all.get(&key).and_then(Weak::upgrade);
        let refused = known.unwrap_or_default();
        all.insert(key, Arc::downgrade(&refused));
        Awaited { refused }
    }

    pub(super) fn get(&self, key: &KeyFingerprint) -> Option<Awaited> {
        let refused = locked(&self.0).get(key)?.upgrade()?;
        Some(Awaited { refused })
    }
}

impl Awaited {
    /// It is told that it is not on the list, and will rely on that.
    pub(super) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}
