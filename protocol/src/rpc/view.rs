//! What the daemon tells of devices, decisions and refusals: everything a page needs to show, and
//! nothing secret.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::ErrorKind;
use super::maker::MakerStatement;
use crate::fingerprint::{CertificateFingerprint, KeyFingerprint};
use crate::material::{Kind, Lifetime};
use crate::name::{Label, LocalName};
use crate::origin::Origin;

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
    /// The name that is its alone, for which its certificate is verified.
    pub unique_name: LocalName,
    /// What it is verified by.
    #[serde(flatten)]
    pub anchor: DeviceAnchor,
    /// The TCP port of its HTTPS listener.
    pub port: u16,
    /// Origins of other sites that may send requests to it.
    pub allowed_origins: Vec<Origin>,
    /// Those of sites that may do so for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passing_origins: Vec<Origin>,
    /// Seconds since the Unix epoch.
    pub paired_at: u64,
    /// Seconds since the Unix epoch of the last verified connection.
    pub last_verified_at: Option<u64>,
    /// What it is at.
    pub state: DeviceState,
    /// Why a new root of it, which its own links lead to, is not stored yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstored_rollover: Option<ErrorKind>,
}

impl Device {
    /// The name that people know it by.
    #[must_use]
    pub fn name(&self) -> &LocalName {
        self.names.first().unwrap_or(&self.unique_name)
    }
}

/// What a device's certificate is verified by, and how that came to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeviceAnchor {
    /// Its own root, by a ceremony.
    Device(PairedAnchor),
    /// A referee's root, by a ceremony.
    Referee(PairedAnchor),
    /// An authority's certificate that the user imported.
    Authority {
        /// Of the authority's certificate.
        certificate: CertificateFingerprint,
    },
    /// The device's own certificate, which the user imported.
    Certificate {
        /// Of the device's certificate.
        certificate: CertificateFingerprint,
    },
    /// Nothing of its own: a referee vouches for it.
    Vouched {
        /// The referee's identifier in the trust store.
        referee: String,
        /// The key of the root that the referee issues under.
        authority: KeyFingerprint,
    },
}

/// What a ceremony has proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedAnchor {
    /// The fingerprint of the root key.
    pub fingerprint: KeyFingerprint,
    /// The role that was granted to us.
    pub role: String,
    /// The kind of code that was used.
    pub code: Lifetime,
    /// The keys of its former roots, which are trusted no more; the first one's at the front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<KeyFingerprint>,
    /// Of a referee: the key of the root that it issues under, for the local namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<KeyFingerprint>,
}

impl DeviceAnchor {
    /// What a ceremony has proved, where there was one.
    #[must_use]
    pub const fn paired(&self) -> Option<&PairedAnchor> {
        match self {
            Self::Device(paired) | Self::Referee(paired) => Some(paired),
            Self::Authority { .. } | Self::Certificate { .. } | Self::Vouched { .. } => None,
        }
    }

    /// The 32 bytes that people compare: of the root key, of the imported certificate, or of the key of
    /// who vouches.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        match self {
            Self::Device(paired) | Self::Referee(paired) => paired.fingerprint.as_bytes(),
            Self::Authority { certificate } | Self::Certificate { certificate } => {
                certificate.as_bytes()
            }
            Self::Vouched { authority, .. } => authority.as_bytes(),
        }
    }
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
    /// Of a referee: the key of the root that it issues under, for the local namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<KeyFingerprint>,
    /// The role that it grants to us.
    pub role: String,
    /// The kind of code that was used.
    pub code: Lifetime,
    /// What a maker on the user's list is to have said of the device; nothing of any other maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<MakerStatement>,
}

/// Why a request to a paired name went no further. Every variant has a page of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// Something answers, but no key that the device's anchor vouches for.
    WrongKey {
        /// The root key that was trusted.
        expected: KeyFingerprint,
        /// The key that was shown instead, where one was.
        seen: Option<KeyFingerprint>,
    },
    /// What answers says that its key has taken the place of the trusted one, and that does not say so.
    RolloverRefused {
        /// The root key that is trusted.
        expected: KeyFingerprint,
        /// The key that would take its place, where one could be read.
        seen: Option<KeyFingerprint>,
        /// What is wrong with it, in English.
        flaw: String,
    },
    /// Something answers with another certificate than the one that was imported.
    WrongCertificate {
        /// The certificate that was imported.
        expected: CertificateFingerprint,
        /// The one that was shown.
        seen: CertificateFingerprint,
    },
    /// What answers shows a certificate that is vouched for and breaks a rule.
    BrokenRule {
        /// Which, in English.
        rule: String,
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
