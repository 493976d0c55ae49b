//! The older entries, in a state file of their own: written before the register lets go of them, so a
//! crash between the two leaves some in both, and none in neither.

use serde::{Deserialize, Serialize};

use super::journal::MOST_RECENT;
use super::verify::check_chain;
use super::{AuditEntry, AuditEvent, By, Journal};
use crate::state::{Kind, StateDir, StateError};

const FILE: Kind = Kind {
    name: "audit",
    version: 1,
};
/// So many entries are kept, of about 250 octets each.
const KEPT: usize = 2048;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    entries: Vec<AuditEntry>,
}

impl Journal {
    /// Moves the newest entries to the archive where they have become many; the register has to be
    /// written next.
    pub(crate) fn make_room(&mut self, dir: &StateDir) -> Result<(), StateError> {
        if self.recent.len() <= MOST_RECENT {
            return Ok(());
        }
        let mut entries = self.all(dir)?;
        entries.drain(..entries.len().saturating_sub(KEPT));
        let first = entries.first().map_or(self.first, |entry| entry.number);
        dir.store(FILE, &Archive { entries })?;
        self.first = first;
        self.recent.clear();
        Ok(())
    }

    /// Every entry that is kept, the oldest first.
    pub(crate) fn all(&self, dir: &StateDir) -> Result<Vec<AuditEntry>, StateError> {
        let archive = dir.load::<Archive>(FILE)?.unwrap_or_default();
        let mut entries = archive.entries;
        if let Some(oldest) = self.recent.first() {
            entries.retain(|entry| entry.number < oldest.number);
        }
        entries.extend(self.recent.iter().cloned());
        Ok(entries)
    }

    /// The log is whole, as far as the disk goes.
    fn is_whole(&self, entries: &[AuditEntry]) -> bool {
        let first = entries.first().map_or(self.last + 1, |entry| entry.number);
        first == self.first
            && check_chain(entries).is_ok_and(|hash| hash.is_none_or(|hash| hash == self.hash))
    }
}

/// Takes the log up after a start. A crash between the two files is put right; where entries are
/// missing or were altered, the log begins anew by saying so, and what is left of the old is put aside.
///
/// # Errors
/// [`StateError`] when the disk cannot be read or written.
pub(crate) fn restore(journal: &mut Journal, dir: &StateDir, now: u64) -> Result<(), StateError> {
    let found = match journal.all(dir) {
        Ok(entries) => Some(entries),
        Err(StateError::Damaged { .. } | StateError::Newer { .. }) => None,
        Err(error) => return Err(error),
    };
    if let Some(entries) = found {
        // The archive was written, and the register, which would have said what went, was not.
        let resumed = Journal {
            first: entries.first().map_or(journal.first, |entry| entry.number),
            ..journal.clone()
        };
        let made_room = entries.len() >= KEPT && resumed.first > journal.first;
        for candidate in [Some(journal.clone()), made_room.then_some(resumed)] {
            if let Some(candidate) = candidate.filter(|candidate| candidate.is_whole(&entries)) {
                *journal = candidate;
                return Ok(());
            }
        }
    }
    tracing::error!("the audit log is damaged, and begins anew");
    dir.put_aside(FILE, now)?;
    let last = journal.last;
    journal.recent.clear();
    journal.first = last + 1;
    journal.add(now, By::Device, AuditEvent::LogDamaged { last });
    Ok(())
}

#[cfg(test)]
mod tests;
