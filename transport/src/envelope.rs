//! Something sealed with what a user remembers.
//!
//! Header (magic ‖ version ‖ Argon2id memory in KiB, passes, lanes ‖ salt) ‖ nonce ‖ XChaCha20-Poly1305
//! ciphertext, the header being the associated data (RFC 9106 for the key). What is inside is not
//! known here.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::secret::Secret;
use zeroize::Zeroizing;

use crate::random;

/// Tells one use from another.
pub type Magic = [u8; 13];

const VERSION: u8 = 1;
const SALT: usize = 16;
const HEADER: usize = size_of::<Magic>() + 1 + Cost::LENGTH + SALT;
const NONCE: usize = 24;
/// Characters of a passphrase; what is shorter is guessed.
const SHORTEST: usize = 12;

/// Why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnvelopeError {
    /// None of Settle's, or only a part of one.
    #[error("this is not a whole file of Settle's")]
    Foreign,
    /// Made by a newer version.
    #[error("it was made by a newer Settle (version {0}): update this one")]
    Newer(u8),
    /// The passphrase is wrong, or something changed the file.
    #[error("the passphrase does not open it, or it was changed")]
    Sealed,
    /// Anybody would guess the passphrase.
    #[error("the passphrase is too short: take at least {SHORTEST} characters")]
    TooShort,
    /// There is no randomness or not enough memory.
    #[error("this computer cannot do it now: there is not enough memory or randomness")]
    Unable,
}

/// A key that was derived once, for sealing as often as need be.
pub struct Envelope {
    header: [u8; HEADER],
    key: Secret<32>,
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Envelope(…)")
    }
}

impl Envelope {
    /// A new one.
    ///
    /// # Errors
    /// [`EnvelopeError::TooShort`], [`EnvelopeError::Unable`].
    pub fn make(magic: &Magic, passphrase: &Passphrase) -> Result<Self, EnvelopeError> {
        if passphrase.expose().chars().count() < SHORTEST {
            return Err(EnvelopeError::TooShort);
        }
        let salt: [u8; SALT] = random::make_bytes().map_err(|_| EnvelopeError::Unable)?;
        let mut header = [0; HEADER];
        let parts = [&magic[..], &[VERSION], &Cost::TODAY.to_bytes(), &salt].concat();
        header.copy_from_slice(&parts);
        let key = Cost::TODAY.derive(passphrase, &salt)?;
        Ok(Self { header, key })
    }

    /// The one that a file was sealed with, if the passphrase is right; that is seen when it is opened.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn of(magic: &Magic, file: &[u8], passphrase: &Passphrase) -> Result<Self, EnvelopeError> {
        let (header, _) = split(file)?;
        let rest = header.strip_prefix(magic).ok_or(EnvelopeError::Foreign)?;
        let (version, rest) = rest.split_first().ok_or(EnvelopeError::Foreign)?;
        if *version != VERSION {
            return Err(EnvelopeError::Newer(*version));
        }
        let (cost, salt) = rest.split_first_chunk().ok_or(EnvelopeError::Foreign)?;
        let cost = Cost::from_bytes(cost).ok_or(EnvelopeError::Foreign)?;
        let salt = salt.try_into().map_err(|_| EnvelopeError::Foreign)?;
        Ok(Self {
            header: *header,
            key: cost.derive(passphrase, salt)?,
        })
    }

    /// Seals something.
    ///
    /// # Errors
    /// [`EnvelopeError::Unable`].
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let nonce: [u8; NONCE] = random::make_bytes().map_err(|_| EnvelopeError::Unable)?;
        let payload = Payload {
            msg: plain,
            aad: &self.header,
        };
        let sealed = XChaCha20Poly1305::new(self.key.expose().into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| EnvelopeError::Unable)?;
        Ok([&self.header[..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed with this.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn open(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let (header, body) = split(file)?;
        let (nonce, sealed) = body
            .split_first_chunk::<NONCE>()
            .ok_or(EnvelopeError::Foreign)?;
        let payload = Payload {
            msg: sealed,
            aad: header,
        };
        let plain = XChaCha20Poly1305::new(self.key.expose().into())
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| EnvelopeError::Sealed)?;
        Ok(Zeroizing::new(plain))
    }
}

fn split(file: &[u8]) -> Result<(&[u8; HEADER], &[u8]), EnvelopeError> {
    file.split_first_chunk().ok_or(EnvelopeError::Foreign)
}

/// What deriving the key costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Cost {
    /// KiB.
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// Octets of [`Self::to_bytes`].
    const LENGTH: usize = 12;
    /// The second recommended option of RFC 9106 §4.
    const TODAY: Self = Self {
        memory: 64 * 1024,
        passes: 3,
        lanes: 4,
    };
    /// What a file of somebody else's may make this computer work at most.
    const MOST: Self = Self {
        memory: 256 * 1024,
        passes: 16,
        lanes: 16,
    };

    /// Three numbers of four octets.
    fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let numbers = [self.memory, self.passes, self.lanes].map(u32::to_be_bytes);
        for (byte, number) in bytes.iter_mut().zip(numbers.as_flattened()) {
            *byte = *number;
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for more than this computer is willing to do.
    fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let [memory, passes, lanes] = bytes.as_chunks().0 else {
            return None;
        };
        let cost = Self {
            memory: u32::from_be_bytes(*memory),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
        };
        let most = Self::MOST;
        let affordable =
            cost.memory <= most.memory && cost.passes <= most.passes && cost.lanes <= most.lanes;
        affordable.then_some(cost)
    }

    /// Derives the key.
    fn derive(
        self,
        passphrase: &Passphrase,
        salt: &[u8; SALT],
    ) -> Result<Secret<32>, EnvelopeError> {
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32))
            .map_err(|_| EnvelopeError::Unable)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), salt, &mut *key)
            .map_err(|_| EnvelopeError::Unable)?;
        Ok(Secret::new(*key))
    }
}
