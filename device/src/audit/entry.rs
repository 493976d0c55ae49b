//! One entry of the audit log, and its hash: SHA-256 over its form by RFC 8785, in which it holds the
//! hash of the entry before.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::Lifetime;
use sha2::{Digest, Sha256};

use crate::role::Role;

/// What the first entry of a device has in the place of a hash.
pub(super) const BEGINNING: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// One entry. Texts and whole numbers alone, so that its form by RFC 8785 is plain sorting.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1.
    pub number: u64,
    /// When, in seconds since the Unix epoch, by the device's clock.
    pub at: u64,
    /// Who did it.
    pub by: By,
    /// What.
    #[serde(flatten)]
    pub event: AuditEvent,
    /// The hash of the entry before, 64 lower-case hexadecimal digits; zeros in the first one.
    pub previous: String,
}

/// Who did something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum By {
    /// The device itself.
    Device,
    /// Somebody at the device, by its button.
    Button,
    /// The program's user on the device: its command line, or the program that embeds it.
    Owner,
    /// A client.
    Client(KeyFingerprint),
}

/// What an entry tells.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditEvent {
    /// The device was made what it was before its first owner: a new key, and a log that begins here.
    Reset {},
    /// The device was started.
    Booted {
        /// Of the program.
        version: String,
    },
    /// A client was put on the list.
    Paired {
        /// Its key.
        client: KeyFingerprint,
        /// What it calls itself.
        label: String,
        /// What it may do.
        role: Role,
    },
    /// Pairings were refused since the last entry of this reason.
    PairingRefused {
        /// Why.
        reason: PairingRefusal,
        /// How many.
        count: u64,
    },
    /// A client got another role.
    RoleChanged {
        /// Its key.
        client: KeyFingerprint,
        /// The role before.
        was: Role,
        /// The role now.
        role: Role,
    },
    /// A client was taken off the list.
    Revoked {
        /// Its key.
        client: KeyFingerprint,
        /// What it called itself.
        label: String,
        /// The role that it had.
        role: Role,
    },
    /// A code was made for somebody else than the device's own screen.
    CodeMade {
        /// The role that it gives; none for a sticker, where the usual rule holds.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        /// Whether it is for one client or printed.
        lifetime: Lifetime,
    },
    /// Printed codes admit.
    WindowOpened {
        /// Until then, in seconds since the Unix epoch.
        until: u64,
    },
    /// Printed codes admit no more, before their time.
    WindowClosed {},
    /// Requests of a client were not passed on since the last entry of it: its role does not reach.
    RequestsDenied {
        /// Its key.
        client: KeyFingerprint,
        /// How many.
        count: u64,
        /// The last one's method and path, cut off after 60 characters each.
        last: String,
    },
    /// The device took another root key.
    RolledOver {
        /// The key before.
        was: KeyFingerprint,
        /// The key now.
        fingerprint: KeyFingerprint,
    },
    /// Entries are missing, or were altered on the disk; the log goes on from here.
    LogDamaged {
        /// The last entry before.
        last: u64,
    },
}

/// Why a pairing was refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairingRefusal {
    /// The client did not know a code that stands.
    NotConfirmed,
    /// It knew one, and nobody is admitted with it now.
    Closed,
}

impl AuditEntry {
    /// Its hash, which the next entry holds: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.canonical()))
    }

    /// Its form by RFC 8785: members sorted, no white space.
    fn canonical(&self) -> String {
        // Neither step fails: there are texts and whole numbers below 2^53, and all keys are texts.
        let Ok(Value::Object(members)) = serde_json::to_value(self) else {
            return String::new();
        };
        let sorted: BTreeMap<String, Value> = members.into_iter().collect();
        serde_json::to_string(&sorted).unwrap_or_default()
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device => f.write_str("device"),
            Self::Button => f.write_str("button"),
            Self::Owner => f.write_str("owner"),
            Self::Client(key) => key.fmt(f),
        }
    }
}

impl Serialize for By {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "device" => Ok(Self::Device),
            "button" => Ok(Self::Button),
            "owner" => Ok(Self::Owner),
            key => KeyFingerprint::from_hex(key)
                .map(Self::Client)
                .ok_or_else(|| serde::de::Error::custom("nobody is called that")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of docs/device-api.md §5.
    #[test]
    fn the_hash_is_that_of_the_form_by_rfc_8785() {
        let entry = AuditEntry {
            number: 1,
            at: 1_900_000_000,
            by: By::Device,
            event: AuditEvent::Paired {
                client: KeyFingerprint::from_digest([1; 32]),
                label: "Ada’s \"laptop\"".to_owned(),
                role: Role::Admin,
            },
            previous: BEGINNING.to_owned(),
        };
        let canonical = format!(
            "{{\"at\":1900000000,\"by\":\"device\",\"client\":\"{}\",\"event\":\"paired\",\
             \"label\":\"Ada’s \\\"laptop\\\"\",\"number\":1,\"previous\":\"{BEGINNING}\",\
             \"role\":\"admin\"}}",
            "01".repeat(32)
        );
        assert_eq!(entry.canonical(), canonical);
        assert_eq!(
            entry.hash(),
            "22ca2137fdc7a50e0ad5a371a0dd0b7e2d431833412ebc9d11d649859a429747"
        );
    }

    #[test]
    fn every_entry_is_read_back_as_it_was() {
        let client = KeyFingerprint::of_spki(b"ada");
        let role = Role::Guest;
        for (by, event) in [
            (
                By::Device,
                AuditEvent::Booted {
                    version: "1".to_owned(),
                },
            ),
            (By::Button, AuditEvent::WindowOpened { until: 7 }),
            (By::Owner, AuditEvent::WindowClosed {}),
            (
                By::Client(client),
                AuditEvent::CodeMade {
                    role: None,
                    lifetime: Lifetime::Printed,
                },
            ),
            (
                By::Device,
                AuditEvent::RequestsDenied {
                    client,
                    count: 2,
                    last: "GET /".to_owned(),
                },
            ),
            (
                By::Owner,
                AuditEvent::RoleChanged {
                    client,
                    was: Role::Admin,
                    role,
                },
            ),
        ] {
            let entry = AuditEntry {
                number: 9,
                at: 8,
                by,
                event,
                previous: BEGINNING.to_owned(),
            };
            let text = serde_json::to_string(&entry).unwrap();
            let read: AuditEntry = serde_json::from_str(&text).unwrap();
            assert_eq!(read, entry);
            assert_eq!(read.hash(), entry.hash());
        }
    }
}
