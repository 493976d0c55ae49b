//! What talking to devices teaches: when and where each was reached, and whether one that lost the
//! connection in the last moment of its pairing has recorded us.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use settle_protocol::rpc;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Core;
use crate::proxy::Contact;
use crate::proxy::upstream::{Guise, UpstreamError};
use crate::trust_store::Removal;
use crate::trust_store::record::unix;
use crate::vault::Interrupted;

/// A device that is in use is noted in the store this often.
const NOTE_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long to look for a device that lost the connection while it was recording us.
const REPAIR_LIMIT: Duration = Duration::from_secs(8);

impl Core {
    pub(super) async fn note_contacts(self: Arc<Self>, mut contacts: mpsc::Receiver<Contact>) {
        while let Some(contact) = contacts.recv().await {
            match contact {
                Contact::Reached(id) => {
                    self.reached(&id).await;
                    self.look_at_authority(&id);
                }
                Contact::NotVouched(id) => self.look_at_authority_behind(&id),
                Contact::NotAdmitted(id) => {
                    let core = Arc::clone(&self);
                    tokio::spawn(async move { core.repair(&id).await });
                }
                Contact::RolledOver(id, successor) => self.rolled_over(&id, successor).await,
            }
        }
    }

    async fn reached(&self, id: &str) {
        self.store_rollover(id).await;
        let upstream = self.upstreams.of_id(id);
        let Some((address, guise)) = upstream.and_then(|upstream| upstream.place()) else {
            return;
        };
        // What is kept of a portable device's addresses would be asked for again (docs/pairing.md §11.4).
        let address = (guise == Guise::Open).then_some(address);
        let now = unix(SystemTime::now());
        let due = self.vault.read(|contents| {
            contents.devices.get(id).is_some_and(|device| {
                let noted = device.last_verified_at.unwrap_or(0);
                !device.is_confirmed()
                    || address.is_none() != device.addresses.is_empty()
                    || now.saturating_sub(noted) >= NOTE_EVERY.as_secs()
            })
        });
        if due {
            self.note(id, address).await;
        }
    }

    pub(super) async fn note(&self, id: &str, address: Option<SocketAddr>) {
        let owned = id.to_owned();
        let now = SystemTime::now();
        let noted = self
            .vault
            .write(move |store| store.verified(&owned, address, now))
            .await;
        match noted {
            Ok(Ok(())) => self.devices_changed(),
            Ok(Err(error)) => tracing::warn!(%error, "a contact was not noted"),
            Err(Interrupted) => {}
        }
    }

    pub(super) async fn repair_all(self: Arc<Self>) {
        let pending: Vec<String> = self.vault.read(|contents| {
            let pending = contents
                .devices
                .iter()
                .filter(|device| !device.is_confirmed());
            pending.map(|device| device.id.clone()).collect()
        });
        for id in pending {
            self.repair(&id).await;
        }
    }

    /// Finds out whether a device has recorded us where the store does not know it, and makes the
    /// store say the same (docs/pairing.md §5.6). One that is known to have recorded us may have
    /// lost us by mistake, and only the user forgets it.
    pub(super) async fn repair(&self, id: &str) {
        let Some(upstream) = self.upstreams.of_id(id).filter(|_| self.is_pending(id)) else {
            return;
        };
        match timeout(REPAIR_LIMIT, upstream.probe()).await {
            Ok(Ok(())) => self.reached(id).await,
            // Whom the device has refused it records no more.
            Ok(Err(UpstreamError::Refused(rpc::Refusal::NotAdmitted {}))) => {
                if let Err(kind) = self.remove(id, Removal::NotRecorded).await {
                    tracing::warn!(%kind, "a pending pairing could not be removed");
                }
            }
            Ok(Err(error)) => tracing::info!(%error, "a pending pairing stays pending"),
            Err(_) => tracing::info!("a pending pairing stays pending: no answer in time"),
        }
    }

    fn is_pending(&self, id: &str) -> bool {
        self.vault.read(|contents| {
            let device = contents.devices.get(id);
            device.is_some_and(|device| !device.is_confirmed())
        })
    }
}
