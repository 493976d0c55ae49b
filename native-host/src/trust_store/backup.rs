//! A backup: what is trusted, sealed with a passphrase, for a lost disk or a second computer.
//!
//! It holds the anchors and our keys for them; not the bridge authority, which is this computer's
//! alone, nor the audit log, nor what referees vouched for, which comes back with its use. Where it is kept, and who may make one, is decided elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use settle_protocol::rpc::audit::AuditEvent;
use settle_protocol::rpc::backup::{Passphrase, RestoreDecision, RestoredDevice};
use settle_transport::envelope::{Envelope, EnvelopeError, Magic};
use zeroize::Zeroizing;

use super::record::{Contents, Devices, TrustedDevice};

const MAGIC: &Magic = b"settle-backup";
/// 10,000 anchors are 7 MB.
pub const LIMIT: usize = 64 * 1024 * 1024;

/// Seals what is trusted.
///
/// # Errors
/// [`EnvelopeError::TooShort`], [`EnvelopeError::Unable`].
pub fn seal(devices: &Devices, passphrase: &Passphrase) -> Result<Vec<u8>, EnvelopeError> {
    let envelope = Envelope::make(MAGIC, passphrase)?;
    let mut plain = Zeroizing::new(Vec::new());
    // Writing to a vector cannot fail.
    minicbor::encode(consented(devices), &mut *plain).map_err(|_| EnvelopeError::Unable)?;
    envelope.seal(&plain)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`EnvelopeError`].
pub fn open(file: &[u8], passphrase: &Passphrase) -> Result<Opened, EnvelopeError> {
    let plain = Envelope::of(MAGIC, file, passphrase)?.open(file)?;
    let devices = minicbor::decode(&plain).map_err(|_| EnvelopeError::Foreign)?;
    Ok(Opened(consented(&devices)))
}

/// What the user consented to.
fn consented(devices: &Devices) -> Devices {
    let mut consented = devices.clone();
    consented.retain(|device| !device.is_vouched());
    consented
}

/// A backup that its passphrase has opened; whether it is taken up, the user decides.
#[derive(Debug)]
pub struct Opened(Devices);

/// A backup that the user consented to.
#[derive(Debug)]
pub struct Restored(Devices);

impl Opened {
    /// What taking it up would do to a store.
    #[must_use]
    pub fn decision(&self, contents: &Contents) -> RestoreDecision {
        let mut decision = RestoreDecision {
            added: Vec::new(),
            kept: Vec::new(),
            name_taken: Vec::new(),
        };
        for (device, fate) in fates(&self.0, contents) {
            let name = device.name();
            match fate {
                Fate::Added => decision.added.push(RestoredDevice {
                    name,
                    unique_name: device.unique_name.clone(),
                    anchor: device.anchor_view(),
                }),
                Fate::Kept => decision.kept.push(name),
                Fate::NameTaken => decision.name_taken.push(name),
            }
        }
        decision
    }

    /// The user has seen the decision, and consents.
    #[must_use]
    pub fn consent(self) -> Restored {
        Restored(self.0)
    }
}

impl Restored {
    /// The records to add to a store, and what the audit log tells of each.
    pub(super) fn added(&self, contents: &Contents) -> (Vec<TrustedDevice>, Vec<AuditEvent>) {
        let added = fates(&self.0, contents).into_iter();
        added
            .filter(|(_, fate)| *fate == Fate::Added)
            .map(|(device, _)| {
                let event = AuditEvent::Restored {
                    name: device.name(),
                    unique_name: device.unique_name.clone(),
                };
                (TrustedDevice::clone(device), event)
            })
            .unzip()
    }
}

/// What becomes of a device.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Fate {
    Added,
    Kept,
    NameTaken,
}

/// A backup of somebody else's may hold two devices of one name, of which the first comes back.
fn fates<'a>(devices: &'a Devices, contents: &Contents) -> Vec<(&'a TrustedDevice, Fate)> {
    let mut given = HashSet::new();
    let judge = |device: &'a Arc<TrustedDevice>| {
        let fate = fate(device, contents);
        let names = device.names().into_iter().map(|name| name.to_string());
        let names: Vec<String> = names.chain([device.petname.skeleton()]).collect();
        let free = fate == Fate::Added && !names.iter().any(|name| given.contains(name));
        if free {
            given.extend(names);
        }
        let taken = fate == Fate::Added && !free;
        (device.as_ref(), if taken { Fate::NameTaken } else { fate })
    };
    devices.iter().map(judge).collect()
}

fn fate(device: &TrustedDevice, contents: &Contents) -> Fate {
    let mut trusted = contents.devices.iter();
    if trusted.any(|trusted| trusted.is_same_device(device)) {
        Fate::Kept
    } else if contents.name_taken(&device.name(), &device.petname)
        || contents.devices.get(&device.id).is_some()
    {
        Fate::NameTaken
    } else {
        Fate::Added
    }
}
