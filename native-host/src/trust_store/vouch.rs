//! Servers that a referee vouches for, and the authorities of referees. The proof of the first is
//! [`Witnessed`], which nothing makes but a connection that was verified under the authority of a referee
//! in the store; that of a later authority is [`Successor`], as for a device's root.

use std::sync::Arc;
use std::time::SystemTime;

use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::audit::AuditEvent;
use settle_transport::anchor::Successor;

use super::changes::{InsertError, make_id};
use super::record::{Contents, TrustedAnchor, TrustedDevice, Vouched, unix};
use super::{StoreError, TrustStore, tampered};
use crate::proxy::upstream::Witnessed;

/// The most servers that are kept: whoever has got into a referee cannot fill the store.
const MAX_VOUCHED: usize = 1024;

impl Contents {
    /// What a server of this name would be trusted as if a referee vouched for it: one record for each
    /// referee. The name must be free.
    #[must_use]
    pub fn candidates(&self, name: &LocalName, petname: &Label, port: u16) -> Vec<TrustedDevice> {
        let referees = self.devices.iter();
        let candidates = referees.filter_map(|referee| {
            let authority = referee.authority()?;
            Some(TrustedDevice {
                id: String::new(),
                petname: petname.clone(),
                unique_name: name.clone(),
                port,
                addresses: Vec::new(),
                trusted_at: 0,
                last_verified_at: None,
                allowed_origins: Vec::new(),
                anchor: TrustedAnchor::Vouched(Vouched {
                    referee: referee.id.clone(),
                    root: authority.root.clone(),
                    fingerprint: authority.fingerprint,
                }),
            })
        });
        candidates.collect()
    }

    /// What referees vouched for under names that a device with `names` and `petname` has for its own.
    pub(super) fn outranked(
        &self,
        names: &[LocalName],
        petname: &Label,
    ) -> Vec<Arc<TrustedDevice>> {
        let vouched = self.devices.iter().filter(|device| device.is_vouched());
        let outranked = vouched.filter(|device| {
            names.contains(&device.unique_name) || device.petname.looks_like(petname)
        });
        outranked.cloned().collect()
    }
}

impl TrustStore {
    /// Keeps that a referee vouches for a server.
    ///
    /// # Errors
    /// [`InsertError::NameTaken`] when a device has the name, [`InsertError::Unknown`] when the referee is
    /// trusted no more or issues under another authority by now.
    pub fn vouch(
        &mut self,
        witnessed: Witnessed,
        now: SystemTime,
    ) -> Result<Arc<TrustedDevice>, InsertError> {
        let mut device = witnessed.into_device();
        let TrustedAnchor::Vouched(vouched) = &device.anchor else {
            return Err(InsertError::Unknown);
        };
        let referee = self.device(&vouched.referee).ok_or(InsertError::Unknown)?;
        let authority = referee.authority().ok_or(InsertError::Unknown)?;
        if !authority.fingerprint.matches(&vouched.fingerprint) {
            return Err(InsertError::Unknown);
        }
        let name = device.unique_name.clone();
        if self.contents.name_taken(&name, &device.petname) {
            return Err(InsertError::NameTaken(name));
        }
        let event = AuditEvent::Vouched {
            name,
            referee: referee.name(),
            authority: authority.fingerprint,
        };
        device.id = make_id()?;
        device.trusted_at = unix(now);
        device.last_verified_at = Some(unix(now));
        let id = device.id.clone();
        self.commit(vec![event], now, |contents| {
            // Another referee vouched for it before.
            contents.devices.retain(|known| {
                !known.is_vouched()
                    || known.unique_name != device.unique_name
                    || known.port != device.port
            });
            contents.devices.insert(device);
            contents.keep_vouched(MAX_VOUCHED);
        })?;
        let device = self.device(&id).cloned();
        device.ok_or_else(|| tampered(self.path.clone(), "a record vanished").into())
    }

    /// Puts an authority of a referee in the place of the one that it was followed from, also for all that
    /// the referee has vouched for; `false` when that is not what it issues under, or not any more.
    ///
    /// # Errors
    /// [`StoreError`]; the former authority is trusted as before then.
    pub fn roll_over_authority(
        &mut self,
        id: &str,
        successor: &Successor,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let Some(referee) = self.device(id) else {
            return Ok(false);
        };
        let Some(authority) = referee.authority() else {
            return Ok(false);
        };
        let from = successor.former().first();
        if !from.is_some_and(|from| from.matches(&authority.fingerprint)) {
            return Ok(false);
        }
        let event = AuditEvent::AuthorityRolledOver {
            name: referee.name(),
            was: authority.fingerprint,
            authority: successor.fingerprint(),
        };
        self.commit(vec![event], now, |contents| {
            contents.devices.change(id, |device| {
                if let TrustedAnchor::Paired(paired) = &mut device.anchor
                    && let Some(authority) = &mut paired.authority
                {
                    authority.former.extend_from_slice(successor.former());
                    authority.root = successor.root().to_vec();
                    authority.fingerprint = successor.fingerprint();
                }
            });
            contents.pass_on(id, id);
        })?;
        Ok(true)
    }
}

impl Contents {
    /// What the referee `from` vouched for is vouched for by `to` from here on, as is its authority.
    pub(super) fn pass_on(&mut self, from: &str, to: &str) {
        let Some(authority) = self
            .devices
            .get(to)
            .and_then(|one| one.authority().cloned())
        else {
            return;
        };
        for id in self.vouched_by(from) {
            self.devices.change(&id, |device| {
                device.anchor = TrustedAnchor::Vouched(Vouched {
                    referee: to.to_owned(),
                    root: authority.root.clone(),
                    fingerprint: authority.fingerprint,
                });
            });
        }
    }

    pub(super) fn remove_all(&mut self, devices: &[Arc<TrustedDevice>]) {
        for device in devices {
            self.devices.remove(&device.id);
        }
    }

    /// Those that were used longest ago give way.
    pub(super) fn keep_vouched(&mut self, most: usize) {
        let vouched = self.devices.iter().filter(|device| device.is_vouched());
        let mut vouched: Vec<_> = vouched.cloned().collect();
        vouched.sort_by_key(|device| std::cmp::Reverse(device.last_verified_at));
        let rest = vouched.get(most..).unwrap_or_default();
        self.remove_all(rest);
    }

    /// The records that go with a referee's.
    pub(super) fn vouched_by(&self, referee: &str) -> Vec<String> {
        let vouched = self.devices.iter().filter(|device| {
            matches!(&device.anchor, TrustedAnchor::Vouched(vouched) if vouched.referee == referee)
        });
        vouched.map(|device| device.id.clone()).collect()
    }
}
