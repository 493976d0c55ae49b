//! The pairing exchange of both roles, without I/O (docs/pairing.md §4, §5).
//!
//! Each state is a type; taking a step consumes it. A state that was reached says what has been
//! proved: [`client::Deciding`] exists only after the device's confirmation was verified,
//! [`device::Confirmed`] only after the client's. Nobody outside can make one.
//!
//! ```text
//! client                                   device
//!   | -- ClientHello (versions, shares) ----> |
//!   | <-- DeviceHello (choice, share) ------- |
//!   | <-- Confirmation (cB) ----------------- |
//!   | -- Confirmation (cA) -----------------> |   both sides proved
//!   | <-- Grant (root, names, role) --------- |
//!   |        the user decides                 |
//!   | -- Commit ----------------------------> |   the device records the client
//!   | <-- Done ------------------------------ |
//! ```

pub mod client;
pub mod device;
pub mod evidence;
pub mod message;
mod transcript;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::fingerprint::KeyFingerprint;
use crate::secret::Secret;

/// The version of the exchange, offered and chosen in the hellos.
pub const VERSION: u8 = 1;
/// The ALPN protocol name of a provisional connection (RFC 7301).
pub const ALPN: &[u8] = b"settle-pair/1";
/// The exporter label that binds the exchange to its TLS connection (RFC 9266 §4.2).
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// What the exchange is bound to: this very connection and the keys at its ends.
#[derive(Debug)]
pub struct Binding {
    /// The TLS exporter's value, 32 bytes, label [`EXPORTER_LABEL`], no context.
    pub exporter: Secret<32>,
    /// The key of the client's certificate on this connection.
    pub client: KeyFingerprint,
    /// The root key that the device's certificate on this connection chains to.
    pub device: KeyFingerprint,
    /// At the client the keys of the device's former roots, from the first to the one before, each of
    /// which names the next as its successor (docs/pairing.md §10); at the device none.
    pub former: Vec<KeyFingerprint>,
}

impl Binding {
    /// Whether a key is that of the device's root, or of one of its former roots.
    #[must_use]
    pub fn knows(&self, root: &KeyFingerprint) -> bool {
        self.device.matches(root) || self.former.iter().any(|former| former.matches(root))
    }
}

/// Why an exchange ended. Nothing of it remains on either side.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PairingError {
    /// Bytes that are no message of the closed set, or one out of its turn.
    #[error("the peer broke the pairing protocol")]
    Protocol,
    /// No version in common.
    #[error("the peer speaks no version of the pairing protocol that is known here")]
    NoCommonVersion,
    /// No suite in common.
    #[error("the peer offers no SPAKE2 suite that is known here")]
    NoCommonSuite,
    /// The confirmation is wrong: another code, another connection or an altered hello.
    #[error("the peer could not prove that it knows the code")]
    NotConfirmed,
    /// The peer ended the exchange.
    #[error("the peer ended the pairing: {0:?}")]
    Aborted(message::AbortReason),
    /// The grant contradicts what was proved or what the code says.
    #[error("the device grants something else than was proved")]
    BadGrant,
}
