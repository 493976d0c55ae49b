//! Changes of the list of names that open without pairing, each with what the audit log tells of it.

use std::time::SystemTime;

use settle_protocol::name::LocalName;
use settle_protocol::rpc::audit::AuditEvent;

use super::changes::InsertError;
use super::record::{MAX_UNVERIFIED, Unverified, removed, unix};
use super::{StoreError, TrustStore};

impl TrustStore {
    /// Lets a name open without pairing; one that does so already stays as it is.
    ///
    /// # Errors
    /// [`InsertError::NameTaken`] where a device has the name, [`InsertError::Store`].
    pub fn add_unverified(&mut self, name: LocalName, now: SystemTime) -> Result<(), InsertError> {
        let contents = self.contents();
        if contents.is_verified(&name) {
            return Err(InsertError::NameTaken(name));
        }
        if contents.unverified.iter().any(|known| known.name == name) {
            return Ok(());
        }
        let full = contents.unverified.len() >= MAX_UNVERIFIED;
        let oldest = contents.unverified.first().filter(|_| full).cloned();
        let added = AuditEvent::UnverifiedAdded { name: name.clone() };
        let events = oldest.map(removed).into_iter().chain([added]).collect();
        let since = unix(now);
        self.commit(events, now, |contents| {
            contents.unverified.drain(..usize::from(full));
            contents.unverified.push(Unverified { name, since });
        })?;
        Ok(())
    }

    /// Takes that back; `false` when the name did not open so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_unverified(
        &mut self,
        name: &LocalName,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut all = self.contents().unverified.iter();
        let Some(known) = all.find(|known| known.name == *name).cloned() else {
            return Ok(false);
        };
        self.commit(vec![removed(known)], now, |contents| {
            contents.unverified.retain(|known| known.name != *name);
        })?;
        Ok(true)
    }
}
