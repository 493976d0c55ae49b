//! Counting what others can cause at will, so that they fill neither the log nor the disk: one entry
//! for many, and at most one an hour for each client and reason.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use settle_protocol::fingerprint::KeyFingerprint;
use tokio::time::Instant;

use super::{AuditEvent, PairingRefusal};
use crate::client::showable;

/// How long the first ones of many are gathered.
const GATHER: Duration = Duration::from_secs(60);
/// How long until those that follow are told.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// What was counted and is in no entry yet.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<HashMap<Subject, Count>>);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Subject {
    /// A client of the list, of which there are only so many.
    Denied(KeyFingerprint),
    Refused(PairingRefusal),
}

#[derive(Debug)]
struct Count {
    count: u64,
    last: String,
    due: Instant,
}

impl Tally {
    /// A request was not passed on.
    pub(crate) fn denied(&self, client: KeyFingerprint, method: &str, path: &str) {
        let last = format!("{} {}", showable(method), showable(path));
        self.note(Subject::Denied(client), last);
    }

    /// A pairing was refused.
    pub(crate) fn refused(&self, reason: PairingRefusal) {
        self.note(Subject::Refused(reason), String::new());
    }

    fn note(&self, subject: Subject, last: String) {
        let mut counts = self.locked();
        let count = counts.entry(subject).or_insert_with(|| Count {
            count: 0,
            last: String::new(),
            due: Instant::now() + GATHER,
        });
        count.count = count.count.saturating_add(1);
        count.last = last;
    }

    /// What is to be told by then; `None` for all of it, whether due or not. Counted anew from here on.
    pub(crate) fn take(&self, due_by: Option<Instant>) -> Vec<AuditEvent> {
        let now = Instant::now();
        let mut counts = self.locked();
        counts.retain(|_, count| count.count > 0 || count.due > now);
        let due = |count: &Count| due_by.is_none_or(|by| count.due <= by);
        let told = counts
            .iter_mut()
            .filter(|(_, count)| count.count > 0 && due(count));
        told.map(|(subject, count)| {
            count.due = now + PAUSE;
            subject.told(
                std::mem::take(&mut count.count),
                std::mem::take(&mut count.last),
            )
        })
        .collect()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Subject, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject {
    fn told(self, count: u64, last: String) -> AuditEvent {
        match self {
            Self::Denied(client) => AuditEvent::RequestsDenied {
                client,
                count,
                last,
            },
            Self::Refused(reason) => AuditEvent::PairingRefused { reason, count },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_are_told_as_one_and_once_an_hour() {
        let tally = Tally::default();
        let ada = KeyFingerprint::of_spki(b"ada");
        for number in 0..5000 {
            tally.denied(ada, "GET", &format!("/{number}\u{202e}"));
            tally.refused(PairingRefusal::NotConfirmed);
        }
        assert!(tally.take(Some(Instant::now())).is_empty());
        tokio::time::advance(GATHER).await;
        let told = tally.take(Some(Instant::now()));
        assert_eq!(told.len(), 2);
        assert!(told.contains(&AuditEvent::RequestsDenied {
            client: ada,
            count: 5000,
            last: "GET /4999".to_owned(),
        }));
        tally.denied(ada, "GET", "/");
        tokio::time::advance(GATHER).await;
        assert!(tally.take(Some(Instant::now())).is_empty());
        tokio::time::advance(PAUSE).await;
        assert_eq!(tally.take(Some(Instant::now())).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_the_log_is_told_what_was_counted_until_then() {
        let tally = Tally::default();
        tally.refused(PairingRefusal::Closed);
        assert_eq!(tally.take(None).len(), 1);
        assert!(tally.take(None).is_empty());
        // Nothing is kept for ever of who does nothing more.
        tokio::time::advance(PAUSE * 2).await;
        tally.take(None);
        assert!(tally.locked().is_empty());
    }
}
