//! Roots that were followed by the proxy take their place in the store. One that cannot be stored leaves the
//! former root trusted; that is told, and tried again with the next answer of the device.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::audit::AuditEvent;
use settle_transport::anchor::Successor;

use super::Core;

/// By devices' identifiers, the new roots that are not stored, and why.
#[derive(Debug, Default)]
pub(super) struct Unstored(Mutex<HashMap<String, (Successor, ErrorKind)>>);

impl Unstored {
    /// Why the new root of a device is not stored.
    pub(super) fn reason(&self, id: &str) -> Option<ErrorKind> {
        self.lock().get(id).map(|(_, reason)| *reason)
    }

    /// The new root of a device that is not stored.
    fn of(&self, id: &str) -> Option<Successor> {
        self.lock().get(id).map(|(successor, _)| successor.clone())
    }

    /// Whether this is news.
    fn add(&self, id: &str, successor: Successor, reason: ErrorKind) -> bool {
        let root = successor.fingerprint();
        let known = self.lock().insert(id.to_owned(), (successor, reason));
        !known.is_some_and(|(known, why)| known.fingerprint() == root && why == reason)
    }

    fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Successor, ErrorKind)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// A device was verified by a root that has taken the place of the trusted one.
    pub(super) async fn rolled_over(&self, id: &str, successor: Successor) {
        let root = successor.fingerprint();
        let (owned, followed) = (id.to_owned(), successor.clone());
        let stored = self
            .change(move |store, now| Ok(store.roll_over(&owned, &followed, now)?))
            .await;
        match stored {
            Ok(true) => {
                tracing::info!(id, %root, "a device has another root");
                self.unstored.remove(id);
                self.devices_changed();
            }
            // Another connection has told of the same, or the device is trusted no more.
            Ok(false) => self.unstored.remove(id),
            Err(reason) => self.not_stored(id, successor, reason).await,
        }
    }

    /// Tries again what could not be stored.
    pub(super) async fn store_rollover(&self, id: &str) {
        if let Some(successor) = self.unstored.of(id) {
            self.rolled_over(id, successor).await;
        }
    }

    async fn not_stored(&self, id: &str, successor: Successor, reason: ErrorKind) {
        let fingerprint = successor.fingerprint();
        let name = self
            .vault
            .read(|contents| contents.devices.get(id).map(|device| device.name()));
        let Some(name) = name.filter(|_| self.unstored.add(id, successor, reason)) else {
            return;
        };
        self.tell(AuditEvent::RolloverNotStored {
            name,
            fingerprint,
            reason,
        })
        .await;
        self.devices_changed();
    }
}
