//! The form of the trust store's file: one sealed block, bound to its store and its generation.
//!
//! Header (magic ‖ version ‖ store id ‖ generation) ‖ nonce ‖ XChaCha20-Poly1305 ciphertext, the
//! header being the associated data. What is inside, and which generation is right, is not known here.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use settle_protocol::secret::Secret;
use settle_transport::random;
use zeroize::Zeroizing;

const MAGIC: &[u8; 12] = b"settle-store";
/// Of what is written; what older ones wrote is read too.
const VERSION: u8 = 5;
const HEADER: usize = MAGIC.len() + 1 + 16 + 8;
const NONCE: usize = 24;

/// The key that seals the file: 32 bytes, kept in the operating system's keyring.
pub(super) type StoreKey = Secret<32>;

/// Which store a file is of, and how often that was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    /// Drawn when the store was made.
    pub(super) store: [u8; 16],
    /// One more at each write.
    pub(super) generation: u64,
}

/// What a file holds.
pub(super) struct Opened {
    pub(super) stamp: Stamp,
    /// Of the contents; not above that of this program.
    pub(super) version: u8,
    pub(super) plain: Zeroizing<Vec<u8>>,
}

/// Why a file cannot be sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum SealError {
    /// Made by a newer version.
    #[error("the trust store has version {0}, and this Settle reads version {VERSION}")]
    Version(u8),
    /// Cut short, altered, or sealed with another key.
    #[error("the trust store's seal is broken")]
    Broken,
    /// The system's random generator fails.
    #[error("the system's random generator fails")]
    Random,
}

/// Seals `plain`.
///
/// # Errors
/// [`SealError::Random`].
pub(super) fn seal(key: &StoreKey, stamp: Stamp, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE] = random::make_bytes().map_err(|_| SealError::Random)?;
    let mut file = Vec::with_capacity(HEADER + NONCE + plain.len() + 16);
    file.extend_from_slice(MAGIC);
    file.push(VERSION);
    file.extend_from_slice(&stamp.store);
    file.extend_from_slice(&stamp.generation.to_be_bytes());
    let payload = Payload {
        msg: plain,
        aad: &file,
    };
    let sealed = XChaCha20Poly1305::new(key.expose().into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| SealError::Broken)?;
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&sealed);
    Ok(file)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`SealError`].
pub(super) fn open(key: &StoreKey, file: &[u8]) -> Result<Opened, SealError> {
    let (header, body) = file.split_at_checked(HEADER).ok_or(SealError::Broken)?;
    let (nonce, sealed) = body.split_first_chunk::<NONCE>().ok_or(SealError::Broken)?;
    let (version, stamp) = read_header(header)?;
    let payload = Payload {
        msg: sealed,
        aad: header,
    };
    let plain = XChaCha20Poly1305::new(key.expose().into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| SealError::Broken)?;
    Ok(Opened {
        stamp,
        version,
        plain: Zeroizing::new(plain),
    })
}

fn read_header(header: &[u8]) -> Result<(u8, Stamp), SealError> {
    let rest = header.strip_prefix(MAGIC).ok_or(SealError::Broken)?;
    let (version, rest) = rest.split_first().ok_or(SealError::Broken)?;
    if !(1..=VERSION).contains(version) {
        return Err(SealError::Version(*version));
    }
    let (store, rest) = rest.split_first_chunk::<16>().ok_or(SealError::Broken)?;
    let generation = <[u8; 8]>::try_from(rest).map_err(|_| SealError::Broken)?;
    let stamp = Stamp {
        store: *store,
        generation: u64::from_be_bytes(generation),
    };
    Ok((*version, stamp))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp {
        store: [3; 16],
        generation: 7,
    };

    fn sealed() -> Vec<u8> {
        seal(&StoreKey::new([1; 32]), STAMP, b"what is trusted").unwrap()
    }

    #[test]
    fn opens_with_its_key_alone() {
        let opened = open(&StoreKey::new([1; 32]), &sealed()).ok().unwrap();
        assert_eq!((opened.stamp, opened.version), (STAMP, VERSION));
        assert_eq!(opened.plain.as_slice(), b"what is trusted");
        let other = open(&StoreKey::new([2; 32]), &sealed());
        assert_eq!(other.err(), Some(SealError::Broken));
    }

    #[test]
    fn notices_every_changed_byte_and_every_truncation() {
        let file = sealed();
        for position in 0..file.len() {
            let mut changed = file.clone();
            changed[position] ^= 1;
            assert!(
                open(&StoreKey::new([1; 32]), &changed).is_err(),
                "{position}"
            );
            let cut = open(&StoreKey::new([1; 32]), &file[..position]);
            assert!(cut.is_err(), "{position}");
        }
    }

    #[test]
    fn tells_a_newer_version_from_a_broken_seal() {
        let mut file = sealed();
        file[MAGIC.len()] = VERSION + 1;
        let opened = open(&StoreKey::new([1; 32]), &file);
        assert_eq!(opened.err(), Some(SealError::Version(VERSION + 1)));
    }
}
