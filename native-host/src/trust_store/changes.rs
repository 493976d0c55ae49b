//! The changes that the trust store knows, each with what the audit log tells of it. What is stored needs
//! a proof of the user's consent: [`Consented`], [`ConsentedImport`] or [`Restored`]. How a change gets
//! to the disk is in the module above.

use std::sync::Arc;
use std::time::SystemTime;

use settle_keyring::KeySlot;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::origin::Origin;
use settle_protocol::pairing::client::Consented;
use settle_protocol::rpc::audit::AuditEvent;
use settle_transport::random;

use super::backup::Restored;
use super::import::ConsentedImport;
use super::record::{Bridge, Ours, ProxyAddress, TrustedAnchor, TrustedDevice};
use super::{StoreError, TrustStore, tampered};

/// Why a device, or a maker, was not stored or renamed.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    /// Another device opens under that name.
    #[error("another device has the name {0}")]
    NameTaken(LocalName),
    /// What was imported is trusted for one name.
    #[error("an imported certificate is trusted for its own name alone")]
    NameFixed,
    /// There is no such device.
    #[error("no such device is trusted")]
    Unknown,
    /// A maker with this name or certificate is on the list, or there is no room on it.
    #[error("this maker is on the list already, or the list is full")]
    MakerKnown,
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a device is trusted no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// The user ended it.
    Revoked,
    /// It never recorded us.
    NotRecorded,
}

impl TrustStore {
    /// Stores a device. `consented` is the proof of a completed out-of-band ceremony and of the
    /// user's consent; a device that is paired again takes the place of its former record.
    ///
    /// # Errors
    /// [`InsertError`].
    pub fn insert(
        &mut self,
        consented: Consented,
        ours: Ours,
        now: SystemTime,
    ) -> Result<Arc<TrustedDevice>, InsertError> {
        let statement = ours.maker.clone();
        let device = TrustedDevice::paired(make_id()?, consented, ours, now);
        if self.contents.taken(&device.petname, &device.unique_name) {
            return Err(InsertError::NameTaken(device.petname.dot_local()));
        }
        // Its name is that of the first root key, which somebody else may have: not both are trusted.
        let has_its_name = |other: &Arc<TrustedDevice>| {
            other.unique_name == device.unique_name && !other.is_same_device(&device)
        };
        if self.contents.devices.iter().any(has_its_name) {
            return Err(InsertError::NameTaken(device.unique_name));
        }
        let name = device.name();
        let said = statement.map(|statement| AuditEvent::MakerSaid { name, statement });
        self.add(device, said, now)
    }

    /// Stores a certificate that the user got out of band and consented to, for its one name.
    ///
    /// # Errors
    /// [`InsertError`].
    pub fn import(
        &mut self,
        consented: ConsentedImport,
        now: SystemTime,
    ) -> Result<Arc<TrustedDevice>, InsertError> {
        let device = TrustedDevice::imported(make_id()?, consented, now);
        if self
            .contents
            .name_taken(&device.unique_name, &device.petname)
        {
            return Err(InsertError::NameTaken(device.unique_name));
        }
        self.add(device, None, now)
    }

    fn add(
        &mut self,
        device: TrustedDevice,
        more: Option<AuditEvent>,
        now: SystemTime,
    ) -> Result<Arc<TrustedDevice>, InsertError> {
        let id = device.id.clone();
        let outranked = self.contents.outranked(&device.names(), &device.petname);
        let events = device.trusted_event().into_iter().chain(more);
        let events = events.chain(outranked.iter().map(no_more)).collect();
        self.commit(events, now, |contents| {
            contents.remove_all(&outranked);
            let former = contents.devices.iter();
            let former = former.filter(|former| former.is_same_device(&device));
            let former: Vec<_> = former.cloned().collect();
            contents.remove_all(&former);
            let id = device.id.clone();
            contents.devices.insert(device);
            // A referee that is paired again: what it vouched for stays, under the authority of now.
            for former in former {
                contents.pass_on(&former.id, &id);
            }
        })?;
        let device = self.device(&id).cloned();
        device.ok_or_else(|| tampered(self.path.clone(), "a record vanished").into())
    }

    /// Adds the devices of a backup that are not trusted already and whose names are free.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn restore(&mut self, restored: &Restored, now: SystemTime) -> Result<(), StoreError> {
        let (devices, mut events) = restored.added(&self.contents);
        let outranked = devices
            .iter()
            .flat_map(|device| self.contents.outranked(&device.names(), &device.petname));
        let outranked: Vec<_> = outranked.collect();
        events.extend(outranked.iter().map(no_more));
        self.commit(events, now, |contents| {
            contents.remove_all(&outranked);
            for device in devices {
                contents.devices.insert(device);
            }
        })
    }

    /// Notes that the device has recorded us, and where and when it was verified; where a portable one
    /// was, is nobody's matter.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn verified(
        &mut self,
        id: &str,
        address: Option<std::net::SocketAddr>,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let Some(device) = self.device(id) else {
            return Ok(());
        };
        let recorded = (!device.is_confirmed()).then(|| AuditEvent::Recorded {
            name: device.name(),
        });
        self.commit(recorded.into_iter().collect(), now, |contents| {
            contents
                .devices
                .change(id, |device| device.verified(address, now));
        })
    }

    /// Gives a device another name.
    ///
    /// # Errors
    /// [`InsertError`].
    pub fn rename(
        &mut self,
        id: &str,
        petname: Label,
        now: SystemTime,
    ) -> Result<Arc<TrustedDevice>, InsertError> {
        let device = self.device(id).ok_or(InsertError::Unknown)?;
        if let TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) = device.anchor {
            return Err(InsertError::NameFixed);
        }
        if self.contents.taken(&petname, &device.unique_name) {
            return Err(InsertError::NameTaken(petname.dot_local()));
        }
        let renamed = AuditEvent::Renamed {
            from: device.petname.dot_local(),
            to: petname.dot_local(),
        };
        let outranked = self.contents.outranked(&[petname.dot_local()], &petname);
        let events = std::iter::once(renamed).chain(outranked.iter().map(no_more));
        self.commit(events.collect(), now, |contents| {
            contents.remove_all(&outranked);
            contents
                .devices
                .change(id, |device| device.petname = petname);
        })?;
        self.device(id).cloned().ok_or(InsertError::Unknown)
    }

    /// Lets another site send requests to a device, or no longer.
    ///
    /// # Errors
    /// [`InsertError`].
    pub fn set_origin(
        &mut self,
        id: &str,
        origin: &Origin,
        allowed: bool,
        now: SystemTime,
    ) -> Result<Arc<TrustedDevice>, InsertError> {
        let device = self.device(id).ok_or(InsertError::Unknown)?;
        let (name, site) = (device.name(), origin.clone());
        let event = if allowed {
            AuditEvent::OriginAllowed { name, origin: site }
        } else {
            AuditEvent::OriginDenied { name, origin: site }
        };
        self.commit(vec![event], now, |contents| {
            contents.devices.change(id, |device| {
                device
                    .allowed_origins
                    .retain(|known| known.as_str() != origin.as_str());
                if allowed {
                    device.allowed_origins.push(origin.clone());
                }
            });
        })?;
        self.device(id).cloned().ok_or(InsertError::Unknown)
    }

    /// Ends the trust in a device, and in all that it vouched for, and destroys our key for it; `false`
    /// when there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove(&mut self, id: &str, why: Removal, now: SystemTime) -> Result<bool, StoreError> {
        let Some(device) = self.device(id) else {
            return Ok(false);
        };
        let name = device.name();
        let event = match why {
            Removal::Revoked => AuditEvent::Revoked {
                name,
                unique_name: device.unique_name.clone(),
            },
            Removal::NotRecorded => AuditEvent::Dropped { name },
        };
        let vouched = self.contents.vouched_by(id);
        let vouched: Vec<_> = vouched
            .iter()
            .filter_map(|id| self.device(id).cloned())
            .collect();
        let events = std::iter::once(event).chain(vouched.iter().map(no_more));
        self.commit(events.collect(), now, |contents| {
            contents.devices.remove(id);
            contents.remove_all(&vouched);
        })?;
        Ok(true)
    }

    /// Puts another bridge authority in the place of the former, whose key is gone then, as is that of
    /// one that was to come next.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_bridge(
        &mut self,
        bridge: Option<Bridge>,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let event = match (&bridge, &self.contents.bridge) {
            (Some(made), None) => AuditEvent::BridgeMade {
                fingerprint: made.fingerprint(),
            },
            (Some(made), Some(_)) => AuditEvent::BridgeReplaced {
                fingerprint: made.fingerprint(),
            },
            (None, _) => AuditEvent::BridgeDestroyed {},
        };
        self.commit(vec![event], now, |contents| {
            contents.bridge = bridge;
            contents.next_bridge = None;
        })
    }

    /// Keeps the bridge authority that will come next, beside the one that signs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_next_bridge(&mut self, next: Bridge, now: SystemTime) -> Result<(), StoreError> {
        let event = AuditEvent::BridgePrepared {
            fingerprint: next.fingerprint(),
        };
        self.commit(vec![event], now, |contents| {
            contents.next_bridge = Some(next);
        })
    }

    /// Lets the next bridge authority take the place of the former, whose key is gone then; nothing
    /// happens without a next one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn switch_bridge(&mut self, now: SystemTime) -> Result<(), StoreError> {
        let Some(next) = self.contents.next_bridge.clone() else {
            return Ok(());
        };
        let event = AuditEvent::BridgeReplaced {
            fingerprint: next.fingerprint(),
        };
        self.commit(vec![event], now, |contents| {
            contents.bridge = Some(next);
            contents.next_bridge = None;
        })
    }

    /// Keeps the proxy's address.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_proxy(&mut self, proxy: ProxyAddress, now: SystemTime) -> Result<(), StoreError> {
        self.commit(Vec::new(), now, |contents| contents.proxy = Some(proxy))
    }

    /// Keeps the key somewhere else from now on. The new place has it before the old one loses it; what
    /// the old one cannot forget, it keeps, and nobody reads it again.
    ///
    /// # Errors
    /// [`StoreError::Slot`] of the new place; nothing has changed then.
    pub fn move_key(&mut self, slot: Box<dyn KeySlot>, now: SystemTime) -> Result<(), StoreError> {
        slot.write(&self.item.to_bytes())?;
        let former = std::mem::replace(&mut self.slot, slot);
        let to = self.slot.place();
        // With another passphrase it is the same file.
        if former.place() != to
            && let Err(error) = former.forget()
        {
            tracing::warn!(%error, "the former place of the key still has it");
        }
        self.commit(vec![AuditEvent::KeyMoved { to }], now, |_| {})
    }
}

fn no_more(device: &Arc<TrustedDevice>) -> AuditEvent {
    AuditEvent::VouchedNoMore {
        name: device.name(),
    }
}

pub(super) fn make_id() -> Result<String, StoreError> {
    let id = random::make_bytes::<8>().map_err(|_| StoreError::Random)?;
    Ok(data_encoding::HEXLOWER.encode(&id))
}
