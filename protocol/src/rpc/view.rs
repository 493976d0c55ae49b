//! What the daemon tells of devices, decisions and refusals: everything a page needs to show, and
//! nothing secret.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::fingerprint::KeyFingerprint;
use crate::material::{Kind, Lifetime};
use crate::name::{Label, LocalName};

/// The verifying proxy's address. The host name is a secret of this user's browsers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// `<token>.localhost`, which browsers resolve to the loopback themselves.
    pub host: String,
    /// TCP port on the loopback.
    pub port: u16,
}

impl core::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Proxy(….localhost:{})", self.port)
    }
}

/// One trusted device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its identifier in the trust store.
    pub id: String,
    /// The label the user knows it by; it opens under `<petname>.local`.
    pub petname: Label,
    /// Every name that opens it, the friendly one first.
    pub names: Vec<LocalName>,
    /// The name that is its alone.
    pub unique_name: LocalName,
    /// Device or referee.
    pub kind: Kind,
    /// The fingerprint of its root key.
    pub fingerprint: KeyFingerprint,
    /// The role that it granted to us.
    pub role: String,
    /// Seconds since the Unix epoch.
    pub paired_at: u64,
    /// Seconds since the Unix epoch of the last verified connection.
    pub last_verified_at: Option<u64>,
    /// What it is at.
    pub state: DeviceState,
}

/// The state of a trusted device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Consented to here, not yet known to have been recorded by the device.
    Pending,
    /// Both sides have it.
    Active,
}

/// What the user decides about: who was proved to be at the other end, and what trusting it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The number to commit or abort with.
    pub pairing: u64,
    /// The label that the device gives itself.
    pub label: Label,
    /// The name under which it would open.
    pub name: LocalName,
    /// Whether another device has this name here already, so that a petname is needed.
    pub name_taken: bool,
    /// The name that is its alone.
    pub unique_name: LocalName,
    /// Device or referee.
    pub kind: Kind,
    /// The fingerprint of its root key.
    pub fingerprint: KeyFingerprint,
    /// The role that it grants to us.
    pub role: String,
    /// The kind of code that was used.
    pub code: Lifetime,
}

/// Why a request to a paired name went no further. Every variant has a page of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// Something answers, but no key that the device's anchor vouches for.
    WrongKey {
        /// The root key that was trusted.
        expected: KeyFingerprint,
        /// The key that was shown instead, where one was.
        seen: Option<KeyFingerprint>,
    },
    /// Nothing answers.
    Unreachable {},
    /// The certificate's time is over or has not begun; or one of the clocks is wrong.
    Expired {},
    /// The device no longer knows us: revoked there, or reset.
    NotAdmitted {},
    /// The access rule refused another site's request.
    CrossSite {
        /// The site that asked, where the browser named it.
        origin: Option<String>,
    },
}
