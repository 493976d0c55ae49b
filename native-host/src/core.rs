//! What the daemon is once its trust store is open: the store, the ways to devices, the proxy; and
//! the operations that change what is trusted. Who may call them is decided by the sessions.

mod backups;
mod chronicle;
mod contacts;
mod handovers;
mod invitations;
mod makers;
mod open;
mod referees;
mod rollovers;
mod rotation;
mod unverified;

use std::sync::Arc;
use std::time::SystemTime;

use settle_keyring::SlotError;
use settle_protocol::name::Label;
use settle_protocol::origin::Origin;
use settle_protocol::pairing::PairingError;
use settle_protocol::rpc::audit::AuditEvent;
use settle_protocol::rpc::import::ImportDecision;
use settle_protocol::rpc::{self, BridgeCertificate, Decision, Device, ErrorKind, Event};
use settle_transport::certificate::{self, pem};
use tokio::sync::broadcast;

pub use self::open::{KeySource, OpenError};
use self::referees::Asked;
use self::rollovers::Unstored;
use crate::discovery::Discovery;
use crate::pairing::{PairError, Proved};
use crate::paths::Paths;
use crate::proxy::bridge::BridgeAuthority;
use crate::proxy::passes::PASS;
use crate::proxy::upstreams::Upstreams;
use crate::trust_store::import::{ConsentedImport, DecidingImport};
use crate::trust_store::record::Bridge;
use crate::trust_store::{InsertError, Removal, StoreError, TrustStore};
use crate::vault::{Interrupted, Vault};

/// The nickname of the bridge authority in browsers' certificate stores.
pub const BRIDGE_NICKNAME: &str = "Settle bridge (this computer only)";

const fn insert_kind(error: &InsertError) -> ErrorKind {
    match error {
        InsertError::NameTaken(_) => ErrorKind::NameTaken,
        InsertError::NameFixed => ErrorKind::NameFixed,
        InsertError::Unknown => ErrorKind::UnknownDevice,
        InsertError::MakerKnown => ErrorKind::MakerKnown,
        InsertError::Store(error) => store_kind(error),
    }
}

const fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Slot(SlotError::Missing(_)) => ErrorKind::KeyringMissing,
        StoreError::Slot(SlotError::Locked) => ErrorKind::KeyringLocked,
        StoreError::Slot(SlotError::Foreign) | StoreError::Tampered { .. } => {
            ErrorKind::StoreTampered
        }
        StoreError::Newer(_) => ErrorKind::HostTooOld,
        StoreError::File { .. } | StoreError::Slot(SlotError::File(_)) => ErrorKind::StoreUnusable,
        StoreError::Encoding | StoreError::Random => ErrorKind::Internal,
    }
}

/// The parts of a daemon at work.
#[derive(Debug)]
pub struct Core {
    vault: Vault,
    paths: Paths,
    /// Signs for the proxy.
    bridge: Arc<BridgeAuthority>,
    upstreams: Arc<Upstreams>,
    /// Where devices are looked for.
    pub discovery: Discovery,
    proxy: rpc::Proxy,
    events: broadcast::Sender<Event>,
    /// Of what the devices' own links say.
    unstored: Unstored,
    /// What the referees issue under.
    asked: Asked,
    /// Held while a key is derived from a passphrase.
    deriving: tokio::sync::Mutex<()>,
}

impl Core {
    /// Where the proxy listens.
    #[must_use]
    pub const fn proxy(&self) -> &rpc::Proxy {
        &self.proxy
    }

    /// What is trusted, in the order of names.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        let mut devices: Vec<Device> = self.vault.read(|contents| {
            contents
                .devices
                .iter()
                .map(|device| device.view())
                .collect()
        });
        for device in &mut devices {
            device.unstored_rollover = self.unstored.reason(&device.id);
            device.passing_origins = self.upstreams.passes.of(&device.id);
        }
        devices.sort_by(|a, b| a.names.cmp(&b.names));
        devices
    }

    /// Puts a decision into words.
    #[must_use]
    pub fn decision(&self, pairing: u64, proved: &Proved) -> Decision {
        let granted = proved.granted();
        let taken = |label: &Label| {
            self.vault
                .read(|contents| contents.taken(label, &granted.unique_name))
        };
        Decision {
            pairing,
            label: granted.label.clone(),
            name: granted.label.dot_local(),
            name_taken: taken(&granted.label),
            unique_name: granted.unique_name.clone(),
            kind: granted.kind,
            fingerprint: granted.fingerprint,
            authority: granted
                .authority
                .as_deref()
                .and_then(certificate::fingerprint),
            role: granted.role.word().to_owned(),
            code: granted.code,
            maker: self.statement_of(granted),
        }
    }

    /// Whether `petname` is another device's name.
    #[must_use]
    pub fn taken(&self, petname: &Label, proved: &Proved) -> bool {
        let unique_name = &proved.granted().unique_name;
        self.vault
            .read(|contents| contents.taken(petname, unique_name))
    }

    /// Stores what the user consented to, and lets the device record us. The store comes first: a
    /// crash between the two leaves a pending record, which the next contact confirms or removes.
    ///
    /// # Errors
    /// The kind that the user is told; nothing is stored then.
    pub async fn commit(&self, proved: Proved, petname: Label) -> Result<Device, ErrorKind> {
        let statement = self.statement_of(proved.granted());
        let (consented, ours, committing) = proved.consent(petname, statement);
        let insert = move |store: &mut TrustStore, now| store.insert(consented, ours, now);
        let id = self.change(insert).await?.id.clone();
        let finished = committing.finish().await;
        // Not before: who opened the device's page meanwhile would be refused, and that is final.
        self.devices_changed();
        match finished {
            Ok(address) => self.note(&id, Some(address)).await,
            Err(error @ PairError::Exchange(PairingError::Aborted(_))) => {
                tracing::warn!(%error, "the device did not record us");
                self.remove(&id, Removal::NotRecorded).await?;
                return Err(error.kind());
            }
            Err(error) => {
                tracing::warn!(%error, "it is not known whether the device recorded us");
                self.repair(&id).await;
            }
        }
        let stored = self
            .vault
            .read(|contents| contents.devices.get(&id).map(|device| device.view()));
        stored.ok_or(ErrorKind::PairingInterrupted)
    }

    /// Puts the decision about an import into words.
    #[must_use]
    pub fn import_decision(&self, number: u64, deciding: &DecidingImport) -> ImportDecision {
        self.vault
            .read(|contents| deciding.decision(number, contents))
    }

    /// Stores what the user imported and consented to.
    ///
    /// # Errors
    /// The kind that the user is told; nothing is stored then.
    pub async fn import(&self, consented: ConsentedImport) -> Result<Device, ErrorKind> {
        let import = move |store: &mut TrustStore, now| store.import(consented, now);
        let device = self.change(import).await?;
        self.devices_changed();
        Ok(device.view())
    }

    /// Gives a device another name.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn rename(&self, id: String, petname: Label) -> Result<Device, ErrorKind> {
        let rename = move |store: &mut TrustStore, now| store.rename(&id, petname, now);
        let renamed = self.change(rename).await?;
        self.devices_changed();
        Ok(renamed.view())
    }

    /// Lets another site send requests to a device, or no longer.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn set_origin(
        &self,
        id: String,
        origin: Origin,
        allowed: bool,
    ) -> Result<Device, ErrorKind> {
        if !allowed {
            self.upstreams.passes.take(&id, &origin);
        }
        let set = move |store: &mut TrustStore, now| store.set_origin(&id, &origin, allowed, now);
        let device = self.change(set).await?;
        self.devices_changed();
        Ok(device.view())
    }

    /// Lets another site send requests to a device for a while, in memory alone.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn pass_origin(
        self: &Arc<Self>,
        id: String,
        origin: Origin,
    ) -> Result<Device, ErrorKind> {
        let device = self
            .vault
            .read(|contents| contents.devices.get(&id).cloned());
        let device = device.ok_or(ErrorKind::UnknownDevice)?;
        self.upstreams.passes.give(&id, origin.clone());
        let name = device.name();
        self.tell(AuditEvent::OriginPassed { name, origin }).await;
        self.devices_changed();
        let core = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(PASS).await;
            core.devices_changed();
        });
        let mut view = device.view();
        view.passing_origins = self.upstreams.passes.of(&id);
        Ok(view)
    }

    /// Ends the trust in a device; its connections are closed when this returns.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn revoke(&self, id: &str) -> Result<(), ErrorKind> {
        if self.remove(id, Removal::Revoked).await? {
            tracing::info!(id, "a device was revoked");
            Ok(())
        } else {
            Err(ErrorKind::UnknownDevice)
        }
    }

    /// The bridge authority's certificate, and that of the next one.
    ///
    /// # Errors
    /// When it has been destroyed; the next start makes another.
    pub fn bridge_certificate(&self) -> Result<BridgeCertificate, ErrorKind> {
        let said = self.vault.read(|contents| {
            let text = |bridge: &Bridge| pem(&bridge.certificate);
            Some(BridgeCertificate {
                pem: contents.bridge.as_ref().map(text)?,
                next: contents.next_bridge.as_ref().map(text),
                nickname: BRIDGE_NICKNAME.to_owned(),
            })
        });
        said.ok_or(ErrorKind::Internal)
    }

    /// Destroys the bridge authority's key.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn destroy_bridge(&self) -> Result<(), ErrorKind> {
        self.change(|store, now| Ok(store.set_bridge(None, now)?))
            .await
    }

    async fn remove(&self, id: &str, why: Removal) -> Result<bool, ErrorKind> {
        let owned = id.to_owned();
        let remove = move |store: &mut TrustStore, now| Ok(store.remove(&owned, why, now)?);
        let removed = self.change(remove).await?;
        if removed {
            self.devices_changed();
        }
        Ok(removed)
    }

    /// Changes the store, now.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut TrustStore, SystemTime) -> Result<T, InsertError> + Send + 'static,
    ) -> Result<T, ErrorKind> {
        let changed = self
            .vault
            .write(|store| change(store, SystemTime::now()))
            .await;
        match changed {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "the trust store was not changed");
                Err(insert_kind(&error))
            }
            Err(Interrupted) => Err(ErrorKind::Internal),
        }
    }

    /// Takes up what the store says now, and tells the extensions.
    fn devices_changed(&self) {
        self.vault.read(|contents| {
            self.upstreams.set(&contents.devices);
            self.upstreams.unverified.set(&contents.unverified);
        });
        let listeners = self
            .events
            .send(Event::DevicesChanged {})
            .unwrap_or_default();
        tracing::trace!(listeners, "the devices changed");
    }
}
