//! The one small item that the operating system's keyring holds for the trust store: the sealing
//! key, and which file is the newest. Whoever can change only files can change nothing that is trusted.

use settle_keyring::SlotError;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::seal::StoreKey;

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 32 + 8 + 32;

/// What the item says.
#[derive(Debug)]
pub(super) struct Item {
    /// Seals the file.
    pub(super) key: StoreKey,
    /// The generation of the newest file; 0 before the first.
    pub(super) generation: u64,
    /// SHA-256 of the newest file.
    pub(super) digest: [u8; 32],
}

impl Item {
    /// The item of a store that has no file yet.
    #[must_use]
    pub(super) const fn first(key: StoreKey) -> Self {
        Self {
            key,
            generation: 0,
            digest: [0; 32],
        }
    }

    /// The same with a newer file.
    #[must_use]
    pub(super) fn advanced(&self, generation: u64, file: &[u8]) -> Self {
        Self {
            key: StoreKey::new(*self.key.expose()),
            generation,
            digest: Sha256::digest(file).into(),
        }
    }

    /// Whether `file` is the newest, to the byte.
    #[must_use]
    pub(super) fn describes(&self, file: &[u8]) -> bool {
        Sha256::digest(file).as_slice() == self.digest
    }

    /// The item's bytes.
    #[must_use]
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.push(VERSION);
        bytes.extend_from_slice(self.key.expose());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.digest);
        bytes
    }

    /// Reads the item's bytes.
    ///
    /// # Errors
    /// [`SlotError::Foreign`].
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, SlotError> {
        let read = || {
            let rest = bytes.strip_prefix(&[VERSION])?;
            let (key, rest) = rest.split_first_chunk()?;
            let (generation, digest) = rest.split_first_chunk()?;
            Some(Self {
                key: StoreKey::new(*key),
                generation: u64::from_be_bytes(*generation),
                digest: digest.try_into().ok()?,
            })
        };
        read().ok_or(SlotError::Foreign)
    }
}
