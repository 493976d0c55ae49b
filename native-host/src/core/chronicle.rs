//! Tells the audit log of what changes nothing that is trusted: requests that were refused, and
//! pairings that failed. Of many that are alike it tells once, and then how many there were.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use settle_protocol::name::LocalName;
use settle_protocol::rpc::audit::{Audit, AuditEvent, ReadAudit};
use settle_protocol::rpc::{ErrorKind, Event, Refusal};
use tokio::sync::broadcast;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::{Core, store_kind};
use crate::vault::Interrupted;

/// Refusals that are alike are told of together when so much time has passed.
const TOGETHER: Duration = Duration::from_secs(60);
/// Kinds of refusals that are counted at the same time; of more, some are told of one by one.
const MAX_KINDS: usize = 64;
/// The most entries that one answer holds, which has to fit into one message.
const MAX_ENTRIES: usize = 500;

/// Refusals since the log was last told.
type Counts = HashMap<(LocalName, Refusal), u64>;

impl Core {
    /// A part of the audit log.
    ///
    /// # Errors
    /// When the daemon is shutting down.
    pub async fn audit(&self, asked: ReadAudit) -> Result<Audit, ErrorKind> {
        let limit = usize::try_from(asked.limit)
            .unwrap_or(MAX_ENTRIES)
            .min(MAX_ENTRIES);
        self.vault
            .write(move |store| store.audit(asked.before, limit))
            .await
            .map_err(|Interrupted| ErrorKind::Internal)
    }

    /// A pairing came to nothing.
    pub async fn pairing_failed(&self, reason: ErrorKind) {
        self.tell(AuditEvent::PairingFailed { reason }).await;
    }

    /// Listens until the daemon ends. The first refusal of a kind is told at once, the others when a
    /// minute has passed; then the store notes where the log ends.
    pub(super) async fn chronicle(
        self: Arc<Self>,
        mut events: broadcast::Receiver<Event>,
        shutdown: CancellationToken,
    ) {
        let mut counts = Counts::new();
        let mut ticks = interval_at(Instant::now() + TOGETHER, TOGETHER);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = ticks.tick() => self.tell_all(&mut counts).await,
                event = events.recv() => match event {
                    Ok(Event::DeviceBlocked { name, refusal }) => {
                        self.refused(&mut counts, name, refusal).await;
                    }
                    Ok(Event::DevicesChanged {} | Event::PairingProgress { .. }) => {}
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "more refusals than can be told of one by one");
                    }
                    Err(broadcast::error::RecvError::Closed) => break,
                },
            }
        }
        self.tell_all(&mut counts).await;
    }

    async fn refused(&self, counts: &mut Counts, name: LocalName, refusal: Refusal) {
        let kind = (name, refusal);
        if let Some(count) = counts.get_mut(&kind) {
            *count += 1;
            return;
        }
        if counts.len() < MAX_KINDS {
            counts.insert(kind.clone(), 0);
        }
        let (name, refusal) = kind;
        let times = 1;
        self.tell(AuditEvent::Refused {
            name,
            refusal,
            times,
        })
        .await;
    }

    async fn tell_all(&self, counts: &mut Counts) {
        for ((name, refusal), times) in counts.drain().filter(|(_, times)| *times > 0) {
            self.tell(AuditEvent::Refused {
                name,
                refusal,
                times,
            })
            .await;
        }
        let noted = self
            .vault
            .write(|store| store.note_log(SystemTime::now()))
            .await;
        match noted {
            Ok(Ok(())) | Err(Interrupted) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the end of the audit log was not noted"),
        }
    }

    pub(super) async fn tell(&self, event: AuditEvent) {
        let told = self
            .vault
            .write(move |store| store.tell(event, SystemTime::now()))
            .await;
        match told {
            Ok(Ok(())) | Err(Interrupted) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, kind = %store_kind(&error), "the audit log was not told");
            }
        }
    }
}
