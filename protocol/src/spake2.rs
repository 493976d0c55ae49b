//! SPAKE2 as RFC 9382 has it, with key confirmation, over P-256 and edwards25519.
//!
//! Only the arithmetic and the key schedule: identities, associated data and the order of
//! messages are `pairing`'s. A suite is one implementation of [`group::Group`].

mod edwards25519;
mod group;
mod p256;

use alloc::vec::Vec;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use self::edwards25519::Edwards25519;
use self::group::Group;
use self::p256::P256;
use crate::secret::{Entropy, PairingSecret, Secret};

/// RFC 9382 §4: the label in the derivation of the confirmation keys.
const CONFIRMATION_LABEL: &[u8] = b"ConfirmationKeys";
/// docs/pairing.md §5.1: the label in the derivation of `w` from the pairing secret.
const PASSWORD_LABEL: &[u8] = b"settle-pair/1 spake2 w";
/// docs/pairing.md §5.1: the label in the derivation of `x` and `y` from fresh randomness.
const EPHEMERAL_LABEL: &[u8] = b"settle-pair/1 spake2 ephemeral";
/// RFC 9382 §3.2: at least 64 bits more than the group's order, which has 256 or fewer.
const WIDE_SCALAR: usize = 40;

/// A suite of RFC 9382 §6, by the number it has in Settle's messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Suite {
    /// SPAKE2-P256-SHA256-HKDF-HMAC: every implementation speaks it.
    P256,
    /// SPAKE2-edwards25519-SHA256-HKDF-HMAC: the other way, should P-256 fall.
    Edwards25519,
}

impl Suite {
    /// What this implementation speaks, the preferred suite first.
    pub const SUPPORTED: [Self; 2] = [Self::P256, Self::Edwards25519];

    /// The number on the wire (docs/pairing.md §5.2).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::P256 => 1,
            Self::Edwards25519 => 2,
        }
    }

    /// The suite of a number, if it is known here.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::SUPPORTED
            .into_iter()
            .find(|suite| suite.number() == number)
    }

    /// Draws this side's secret scalar from `entropy`, which may serve several suites, and computes
    /// the share to send.
    #[must_use]
    pub fn begin(self, role: Role, secret: &PairingSecret, entropy: &Entropy) -> Spake2 {
        let password: Zeroizing<[u8; WIDE_SCALAR]> = self.derive(PASSWORD_LABEL, secret.expose());
        let ephemeral: Zeroizing<[u8; 64]> = self.derive(EPHEMERAL_LABEL, entropy.expose());
        match self {
            Self::P256 => Spake2::start::<P256>(self, role, &password, &ephemeral),
            Self::Edwards25519 => Spake2::start::<Edwards25519>(self, role, &password, &ephemeral),
        }
    }

    /// docs/pairing.md §5.1: bytes of this suite alone, to be reduced to a scalar.
    fn derive<const N: usize>(self, label: &[u8], key: &[u8]) -> Zeroizing<[u8; N]> {
        let mut wide = Zeroizing::new([0; N]);
        expand(key, &[label, &[self.number()]], wide.as_mut());
        wide
    }
}

/// Which of RFC 9382's two parties this side is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The party A: the client, blinded by M.
    Client,
    /// The party B: the device, blinded by N.
    Device,
}

/// The other side's share is no element of the prime-order group, or leads to the identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the peer's share is no usable group element")]
pub struct InvalidShare;

/// One side that has sent its share. Used up by [`Spake2::finish`].
pub struct Spake2 {
    suite: Suite,
    role: Role,
    /// `w`, big-endian.
    password: Zeroizing<Vec<u8>>,
    /// `x` or `y`, big-endian.
    ephemeral: Zeroizing<Vec<u8>>,
    share: Vec<u8>,
}

/// What both sides put into the transcript beside their shares (RFC 9382 §3.3, §4).
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The identity of A, the client.
    pub client: &'a [u8],
    /// The identity of B, the device.
    pub device: &'a [u8],
    /// The associated data, which enters the confirmation keys.
    pub associated_data: &'a [u8],
}

/// The confirmation messages of both sides. The key `Ke` is not among them: nothing may be
/// encrypted before the confirmation, and after it the channel itself is bound.
#[derive(Debug)]
pub struct Confirmations {
    /// What this side sends.
    pub ours: Secret<32>,
    /// What the other side must send.
    pub theirs: Secret<32>,
}

impl Spake2 {
    fn start<G: Group>(
        suite: Suite,
        role: Role,
        password: &[u8; WIDE_SCALAR],
        entropy: &[u8; 64],
    ) -> Self {
        let password = G::reduce(password);
        let ephemeral = G::reduce(entropy);
        let blind = match role {
            Role::Client => G::m(),
            Role::Device => G::n(),
        };
        // RFC 9382 §3.3: pA = x*P + w*M, pB = y*P + w*N.
        let share = G::add(G::mul_base(&ephemeral), G::mul(blind, &password));
        Self {
            suite,
            role,
            password: Zeroizing::new(G::scalar_bytes(&password)),
            ephemeral: Zeroizing::new(G::scalar_bytes(&ephemeral)),
            share: G::encode(share),
        }
    }

    /// The share to send: for P-256 an uncompressed SEC 1 point of 65 bytes, for edwards25519 the
    /// 32 bytes of RFC 8032 §5.1.2.
    #[must_use]
    pub fn share(&self) -> &[u8] {
        &self.share
    }

    /// The suite it was begun with.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Takes the other side's share and derives both confirmation messages.
    ///
    /// # Errors
    /// [`InvalidShare`] when it is no element of the group, or the identity (RFC 9382 §7).
    pub fn finish(
        self,
        theirs: &[u8],
        context: Context<'_>,
    ) -> Result<Confirmations, InvalidShare> {
        let schedule = match self.suite {
            Suite::P256 => self.schedule::<P256>(theirs, context)?,
            Suite::Edwards25519 => self.schedule::<Edwards25519>(theirs, context)?,
        };
        Ok(match self.role {
            Role::Client => Confirmations {
                ours: schedule.confirm_a,
                theirs: schedule.confirm_b,
            },
            Role::Device => Confirmations {
                ours: schedule.confirm_b,
                theirs: schedule.confirm_a,
            },
        })
    }

    fn schedule<G: Group>(
        &self,
        theirs: &[u8],
        context: Context<'_>,
    ) -> Result<Schedule, InvalidShare> {
        let password = G::scalar(&self.password).ok_or(InvalidShare)?;
        let ephemeral = G::scalar(&self.ephemeral).ok_or(InvalidShare)?;
        let peer = G::decode(theirs).ok_or(InvalidShare)?;
        let blind = match self.role {
            Role::Client => G::n(),
            Role::Device => G::m(),
        };
        // RFC 9382 §3.3: K = h*x*(pB - w*N) and K = h*y*(pA - w*M).
        let unblinded = G::sub(peer, G::mul(blind, &password));
        let shared = G::mul_cofactor(G::mul(unblinded, &ephemeral));
        if G::is_identity(shared) {
            return Err(InvalidShare);
        }
        let (share_a, share_b) = match self.role {
            Role::Client => (self.share.as_slice(), theirs),
            Role::Device => (theirs, self.share.as_slice()),
        };
        let shared = Zeroizing::new(G::encode(shared));
        let fields = [
            context.client,
            context.device,
            share_a,
            share_b,
            &shared,
            &self.password,
        ];
        Ok(Schedule::derive(
            &length_prefixed(&fields),
            context.associated_data,
        ))
    }
}

impl core::fmt::Debug for Spake2 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Spake2({:?}, {:?}, …)", self.suite, self.role)
    }
}

/// RFC 9382 §4: everything that follows from the transcript.
pub(crate) struct Schedule {
    confirm_a: Secret<32>,
    confirm_b: Secret<32>,
    #[cfg(test)]
    keys: tests::Keys,
}

impl Schedule {
    fn derive(transcript: &[u8], associated_data: &[u8]) -> Self {
        // Ke || Ka = Hash(TT); KcA || KcB = KDF(Ka, nil, "ConfirmationKeys" || AAD, 2 * 16).
        let hash = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(transcript)));
        let (_, ka) = hash.split_at(16);
        let mut confirmation_keys = Zeroizing::new([0; 32]);
        expand(
            ka,
            &[CONFIRMATION_LABEL, associated_data],
            confirmation_keys.as_mut(),
        );
        let (kc_a, kc_b) = confirmation_keys.split_at(16);
        Self {
            confirm_a: Secret::new(mac(kc_a, transcript)),
            confirm_b: Secret::new(mac(kc_b, transcript)),
            #[cfg(test)]
            keys: tests::Keys::new(&hash, &confirmation_keys),
        }
    }
}

/// HKDF-SHA256 (RFC 5869) without salt.
pub(crate) fn expand(key: &[u8], info: &[&[u8]], out: &mut [u8]) {
    // The one error of HKDF is an output over 8,160 bytes; every caller asks for 64 at most.
    if Hkdf::<Sha256>::new(None, key)
        .expand_multi_info(info, out)
        .is_err()
    {
        out.fill(0);
    }
}

/// HMAC-SHA256 (RFC 2104), which takes a key of any length.
fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| {
        mac.chain_update(message).finalize().into_bytes().into()
    })
}

/// RFC 9382 §3.3: every field behind its length as 8 bytes, little-endian.
pub(crate) fn length_prefixed(fields: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut joined = Zeroizing::new(Vec::with_capacity(
        fields.iter().map(|field| 8 + field.len()).sum(),
    ));
    for field in fields {
        joined.extend_from_slice(&(field.len() as u64).to_le_bytes());
        joined.extend_from_slice(field);
    }
    joined
}

#[cfg(test)]
mod tests;
