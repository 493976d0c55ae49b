//! Names that the user lets open without pairing. Nothing is trusted by them: what answers there is verified by
//! nobody, and a name that a device has is never among them.

use minicbor::{Decode, Encode};
use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::UnverifiedName;
use settle_protocol::rpc::audit::AuditEvent;

use super::Contents;
use crate::trust_store::codec;

/// How many there may be; the oldest gives way, and is asked about again.
pub const MAX_UNVERIFIED: usize = 64;

/// One name.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Unverified {
    /// With no name below it.
    #[cbor(n(0), with = "codec::text")]
    pub name: LocalName,
    /// Seconds since the Unix epoch.
    #[n(1)]
    pub since: u64,
}

impl Unverified {
    /// What pages and the command line show of it.
    #[must_use]
    pub fn view(&self) -> UnverifiedName {
        UnverifiedName {
            name: self.name.clone(),
            since: self.since,
        }
    }
}

impl Contents {
    /// Whether a device has a name, or one that is easily taken for it. Such a name opens verified or not at all:
    /// else who owns the network would only have to wait until the user is tired of a warning.
    #[must_use]
    pub fn is_verified(&self, name: &LocalName) -> bool {
        let label = name.as_str().split('.').next().map(Label::parse);
        let label = label.and_then(Result::ok);
        self.devices.iter().any(|device| {
            let looks_like = |label: &Label| device.petname.looks_like(label);
            device.names().contains(name) || label.as_ref().is_some_and(looks_like)
        })
    }

    /// Takes the names off the list that a device has by now, and tells of them.
    pub(in crate::trust_store) fn verify_from_now_on(&mut self) -> Vec<AuditEvent> {
        let all = std::mem::take(&mut self.unverified);
        let (gone, kept) = all.into_iter().partition(|it| self.is_verified(&it.name));
        self.unverified = kept;
        let gone: Vec<Unverified> = gone;
        gone.into_iter().map(removed).collect()
    }
}

/// That a name opens unverified no more.
pub(in crate::trust_store) fn removed(unverified: Unverified) -> AuditEvent {
    AuditEvent::UnverifiedRemoved {
        name: unverified.name,
    }
}
