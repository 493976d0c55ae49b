//! The end of the log, as the register's file holds it: what was written in the same moment as the
//! changes that it tells of. What is older is `archive`'s.

use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;

use super::entry::BEGINNING;
use super::{AuditEntry, AuditEvent, By, Head};

/// More than so many entries move to the archive.
pub(super) const MOST_RECENT: usize = 32;

/// The newest entries, and where the whole log begins and ends.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    /// The oldest entry that is kept anywhere.
    pub(super) first: u64,
    /// The newest.
    pub(super) last: u64,
    /// The hash of the newest.
    pub(super) hash: String,
    pub(super) recent: Vec<AuditEntry>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            first: 1,
            last: 0,
            hash: BEGINNING.to_owned(),
            recent: Vec::new(),
        }
    }
}

impl Journal {
    /// Adds an entry, which the register's next write stores.
    pub(crate) fn add(&mut self, at: u64, by: By, event: AuditEvent) {
        let entry = AuditEntry {
            number: self.last + 1,
            at,
            by,
            event,
            previous: self.hash.clone(),
        };
        self.last = entry.number;
        self.hash = entry.hash();
        self.recent.push(entry);
    }

    /// Where it begins and ends, to be signed.
    pub(crate) fn head(&self, device: KeyFingerprint, signed_at: u64) -> Head {
        Head {
            device,
            first: self.first,
            last: self.last,
            hash: self.hash.clone(),
            signed_at,
        }
    }
}
