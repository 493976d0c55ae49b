//! The device's audit log: what changed who may use it, and what was refused. Each entry holds the hash
//! of the one before, and the end is signed on demand (docs/device-api.md §5).
//!
//! The newest entries are part of the register, so a change and its entry are one write; older ones
//! move to a file of their own, whose oldest go. Events are for whoever runs the device, not this.

mod archive;
mod entry;
mod head;
mod journal;
mod tally;
mod verify;

pub(crate) use self::archive::restore;
pub use self::entry::{AuditEntry, AuditEvent, By, PairingRefusal};
pub use self::head::{Head, SignedHead};
pub(crate) use self::journal::Journal;
pub(crate) use self::tally::Tally;
pub use self::verify::{AuditFault, verify};
