//! Changes of the user's list of makers, each with what the audit log tells of it. Whether a certificate
//! is usable as a maker's is decided before it comes here.

use std::time::SystemTime;

use settle_protocol::maker::MakerName;
use settle_protocol::rpc::audit::AuditEvent;

use super::changes::InsertError;
use super::record::{MAX_MAKERS, Maker};
use super::{StoreError, TrustStore};

impl TrustStore {
    /// Puts a maker on the list.
    ///
    /// # Errors
    /// [`InsertError::MakerKnown`], [`InsertError::Store`].
    pub fn add_maker(&mut self, maker: Maker, now: SystemTime) -> Result<Maker, InsertError> {
        let certificate = maker.fingerprint();
        let makers = &self.contents().makers;
        let known = makers
            .iter()
            .any(|known| known.name == maker.name || known.fingerprint().matches(&certificate));
        if known || makers.len() >= MAX_MAKERS {
            return Err(InsertError::MakerKnown);
        }
        let event = AuditEvent::MakerAdded {
            maker: maker.name.clone(),
            certificate,
            serial_numbers: maker.serial_numbers.clone(),
        };
        let added = maker.clone();
        self.commit(vec![event], now, |contents| contents.makers.push(added))?;
        Ok(maker)
    }

    /// Takes a maker off the list; `false` when it is not on it. Devices that were paired stay so: no
    /// maker has made them trusted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_maker(&mut self, name: &MakerName, now: SystemTime) -> Result<bool, StoreError> {
        let mut makers = self.contents().makers.iter();
        let Some(maker) = makers.find(|maker| maker.name == *name) else {
            return Ok(false);
        };
        let event = AuditEvent::MakerRemoved {
            maker: name.clone(),
            certificate: maker.fingerprint(),
        };
        self.commit(vec![event], now, |contents| {
            contents.makers.retain(|maker| maker.name != *name);
        })?;
        Ok(true)
    }
}
