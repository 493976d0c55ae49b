//! Backups on their way between a page or the command line and the daemon: in parts, since a message
//! holds only so much.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use super::DeviceAnchor;
use crate::name::LocalName;

/// The largest part to the daemon, in bytes, which fits into one message as Base64.
pub const MAX_PART_TO_DAEMON: usize = 128 * 1024;
/// The largest part from the daemon.
pub const MAX_PART_FROM_DAEMON: usize = 512 * 1024;

/// What a user remembers or reads off another screen. Space at its ends and its amount between words
/// do not count.
#[derive(PartialEq, Eq, Clone, Serialize)]
#[serde(transparent)]
pub struct Passphrase(String);

impl Passphrase {
    /// Takes what was typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let words: Vec<&str> = typed.split_whitespace().collect();
        Self(words.join(" "))
    }

    /// The text itself; the caller must not let it reach a log, a page or a file in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Passphrase {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl<'de> Deserialize<'de> for Passphrase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut typed = String::deserialize(deserializer)?;
        let passphrase = Self::new(&typed);
        typed.zeroize();
        Ok(passphrase)
    }
}

/// A backup that is ready to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupMade {
    /// In bytes.
    pub length: u64,
    /// How many anchors are in it.
    pub devices: u64,
}

/// A part of a backup, Base64 in JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Part(pub Vec<u8>);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} bytes)", self.0.len())
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes());
        bytes.map(Self).map_err(serde::de::Error::custom)
    }
}

/// What restoring a backup would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreDecision {
    /// Devices that would be trusted from then on.
    pub added: Vec<RestoredDevice>,
    /// Devices that are trusted already and stay as they are.
    pub kept: Vec<LocalName>,
    /// Devices that cannot come back, since another has their name here.
    pub name_taken: Vec<LocalName>,
}

/// A device in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredDevice {
    /// The user's name for it.
    pub name: LocalName,
    /// The name that is its alone.
    pub unique_name: LocalName,
    /// What it is verified by.
    #[serde(flatten)]
    pub anchor: DeviceAnchor,
}
