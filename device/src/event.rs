//! What a serving device tells whoever runs it.

use std::net::SocketAddr;
use std::path::PathBuf;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::LocalName;
use zeroize::Zeroizing;

use crate::client::Client;

/// One thing that happened.
#[derive(Debug)]
pub enum Event {
    /// The listener is open.
    Listening {
        /// Where.
        address: SocketAddr,
        /// `<label>.local`.
        name: LocalName,
        /// The name that is the device's alone.
        unique_name: LocalName,
        /// The fingerprint of the root key.
        fingerprint: KeyFingerprint,
    },
    /// There is a code to show.
    Code(ShownCode),
    /// Somebody at the device expects a client: printed codes admit for a while.
    WindowOpened {
        /// Until then, in seconds since the Unix epoch.
        until: u64,
    },
    /// A client was paired.
    Paired(Client),
    /// Somebody tried to pair and could not prove to know the code.
    AttemptFailed,
}

/// A code for the eyes of the device's owner.
pub struct ShownCode {
    /// The code as a QR code holds it; a secret until it is dead.
    pub text: Zeroizing<String>,
    /// The same secret as symbols to be typed.
    pub typed: Zeroizing<String>,
    /// The same secret in words.
    pub words: Zeroizing<String>,
    /// When it ends, in seconds since the Unix epoch; a printed code does not.
    pub expires_at: Option<u64>,
    /// The picture of it, where one was asked for and written.
    pub qr_file: Option<PathBuf>,
}

impl std::fmt::Debug for ShownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownCode")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
