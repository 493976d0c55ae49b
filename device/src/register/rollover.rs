//! The rollover of the device's root (docs/pairing.md §10), between the changes of the register: who asks is
//! looked up in the list in that moment, and no other change comes in between.
//!
//! The identity is one file, and its one write is the rollover. The log is in the register's file and
//! follows: after a crash between the two the next start tells what the identity says.

use std::sync::Arc;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_transport::succession::MAX_LINKS;

use super::{Contents, Register, RegisterError};
use crate::audit::{AuditEvent, By};
use crate::identity::{Held, Identity, Rolled};

impl Register {
    /// Puts a new root in the place of the one whose key is `replaces`.
    ///
    /// # Errors
    /// [`RegisterError::NotAdmin`], [`RegisterError::OtherRoot`], [`RegisterError::ManyRollovers`], and
    /// when it cannot be made or written; the root is the old one then.
    pub(crate) async fn roll_over(
        self: &Arc<Self>,
        held: &Arc<Held>,
        replaces: KeyFingerprint,
        by: By,
    ) -> Result<(), RegisterError> {
        let held = Arc::clone(held);
        self.exclusively(move |register| {
            register.contents().authorize(&by)?;
            let now = held.get();
            if !now.fingerprint().matches(&replaces) {
                return Err(RegisterError::OtherRoot);
            }
            if now.rollovers().len() >= MAX_LINKS {
                return Err(RegisterError::ManyRollovers);
            }
            let next = now.rolled_over(by)?;
            next.supersede(&register.dir)?;
            held.replace(next);
            let next = held.get();
            tracing::info!(fingerprint = %next.fingerprint(), "the device has a new root key");
            let told = register.change_now(|contents| {
                contents.tell_rollovers(&next);
                Ok(())
            });
            if let Err(error) = told {
                tracing::error!(%error, "the rollover is not in the audit log before the next start");
            }
            Ok(())
        })
        .await
    }
}

impl Contents {
    /// Tells the log of the rollovers that it does not know yet.
    pub(crate) fn tell_rollovers(&mut self, identity: &Identity) {
        let rollovers = identity.rollovers();
        for rolled in rollovers.iter().skip(self.rollovers) {
            let Some((was, fingerprint)) = Rolled::keys(rolled) else {
                continue;
            };
            let event = AuditEvent::RolledOver { was, fingerprint };
            self.journal.add(rolled.at, rolled.by.clone(), event);
        }
        self.rollovers = rollovers.len();
    }
}
