//! A device's root gives way to its successor. The proof is [`Successor`], which nothing makes but following
//! links from a trusted root (docs/pairing.md §10).

use std::time::SystemTime;

use settle_protocol::rpc::audit::AuditEvent;
use settle_transport::anchor::Successor;

use super::record::{Paired, TrustedAnchor};
use super::{StoreError, TrustStore};

impl TrustStore {
    /// Puts a root in the place of the one that it was followed from, of which the fingerprint stays as
    /// history; `false` when that is not what the device is trusted by, or not any more.
    ///
    /// # Errors
    /// [`StoreError`]; the former root is trusted as before then.
    pub fn roll_over(
        &mut self,
        id: &str,
        successor: &Successor,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let Some(device) = self.device(id) else {
            return Ok(false);
        };
        let TrustedAnchor::Paired(paired) = &device.anchor else {
            return Ok(false);
        };
        let from = successor.former().first();
        if !from.is_some_and(|from| from.matches(&paired.fingerprint)) {
            return Ok(false);
        }
        let event = AuditEvent::RolledOver {
            name: device.name(),
            was: paired.fingerprint,
            fingerprint: successor.fingerprint(),
        };
        self.commit(vec![event], now, |contents| {
            contents.devices.change(id, |device| {
                if let TrustedAnchor::Paired(paired) = &mut device.anchor {
                    take(paired, successor);
                }
            });
        })?;
        Ok(true)
    }
}

fn take(paired: &mut Paired, successor: &Successor) {
    paired.former.extend_from_slice(successor.former());
    paired.root = successor.root().to_vec();
    paired.fingerprint = successor.fingerprint();
}
