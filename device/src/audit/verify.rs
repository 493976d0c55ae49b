//! Judging a log that came out of a device, with nothing but the root certificate that was paired with.

use rustls_pki_types::CertificateDer;

use super::entry::BEGINNING;
use super::{AuditEntry, SignedHead};

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuditFault {
    /// The device of this root has not signed the head.
    #[error("its head is not signed by this device")]
    NotSigned,
    /// The oldest or the newest entries are missing.
    #[error("it goes from {found_first} to {found_last}, and should from {first} to {last}")]
    Cut {
        /// The oldest by the head.
        first: u64,
        /// The newest by the head.
        last: u64,
        /// The oldest that is there.
        found_first: u64,
        /// The newest that is there.
        found_last: u64,
    },
    /// An entry does not follow the one before: it or that one was altered, moved or taken out.
    #[error("entry {0} does not follow the one before")]
    Broken(u64),
    /// The newest entry is not the one that was signed.
    #[error("its newest entry is not the one that was signed")]
    OtherEnd,
}

/// Checks all entries of a log, the oldest first, against its head. That the head is the newest there
/// is, only its time tells.
///
/// # Errors
/// [`AuditFault`], the first that is found.
pub fn verify(
    root: &CertificateDer<'_>,
    head: &SignedHead,
    entries: &[AuditEntry],
) -> Result<(), AuditFault> {
    if !head.is_signed_by(root) {
        return Err(AuditFault::NotSigned);
    }
    let head = &head.head;
    let found_first = entries.first().map_or(head.first, |entry| entry.number);
    let found_last = entries
        .last()
        .map_or_else(|| head.first.saturating_sub(1), |entry| entry.number);
    if (found_first, found_last) != (head.first, head.last) {
        return Err(AuditFault::Cut {
            first: head.first,
            last: head.last,
            found_first,
            found_last,
        });
    }
    let hash = check_chain(entries)?;
    match hash.is_none_or(|hash| hash == head.hash) {
        true => Ok(()),
        false => Err(AuditFault::OtherEnd),
    }
}

/// Whether each follows the one before; the hash of the last.
pub(super) fn check_chain(entries: &[AuditEntry]) -> Result<Option<String>, AuditFault> {
    let mut before: Option<(u64, String)> = None;
    for entry in entries {
        let follows = match &before {
            Some((number, hash)) => {
                entry.number.checked_sub(1) == Some(*number) && entry.previous == *hash
            }
            None => entry.number > 1 || entry.previous == BEGINNING,
        };
        if !follows {
            return Err(AuditFault::Broken(entry.number));
        }
        before = Some((entry.number, entry.hash()));
    }
    Ok(before.map(|(_, hash)| hash))
}
