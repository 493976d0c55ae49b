//! The closed set of pairing messages (docs/pairing.md §5.3): CBOR, one message a frame.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::PairingError;
use super::evidence::Evidence;
use crate::fingerprint::KeyFingerprint;
use crate::material::{Kind, Lifetime};
use crate::wire;

/// The largest message, in bytes; a longer frame ends the exchange before it is read.
pub const MAX_MESSAGE: usize = 16 * 1024;
/// The longest label of a client, in bytes of UTF-8.
pub const MAX_CLIENT_LABEL: usize = 100;
/// How many shares a client may send.
pub(super) const MAX_SHARES: usize = 4;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Message {
    /// The client's offer.
    #[n(0)]
    ClientHello(#[n(0)] ClientHello),
    /// The device's choice.
    #[n(1)]
    DeviceHello(#[n(0)] DeviceHello),
    /// `cA` or `cB` (RFC 9382 §4).
    #[n(2)]
    Confirmation(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// What the device would be trusted as.
    #[n(3)]
    Grant(#[n(0)] Grant),
    /// The user consented; what was accepted.
    #[n(4)]
    Commit(#[n(0)] Commit),
    /// The device has recorded the client.
    #[n(5)]
    Done,
    /// The exchange ends here.
    #[n(6)]
    Abort(#[n(0)] AbortReason),
}

/// The client's offer: one share for each suite, so that no suite costs a second round trip.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClientHello {
    /// Versions of the exchange, the preferred one first.
    #[n(0)]
    pub versions: Vec<u8>,
    /// Which of the device's codes the client holds; tells nothing of the code itself.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub code: [u8; 8],
    /// At most four.
    #[n(2)]
    pub shares: Vec<Share>,
    /// What the device's owner will read in the list of clients.
    #[n(3)]
    pub label: String,
    /// The role asked for; the device grants what it sees fit.
    #[n(4)]
    pub role: Role,
}

/// One suite's share.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Share {
    /// [`crate::spake2::Suite::number`].
    #[n(0)]
    pub suite: u8,
    /// The group element.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub element: Vec<u8>,
}

/// The device's choice out of the offer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeviceHello {
    /// One of the versions offered.
    #[n(0)]
    pub version: u8,
    /// The share of one of the suites offered.
    #[n(1)]
    pub share: Share,
}

/// Who the device is and what it grants: the content of the user's decision.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Grant {
    /// The root certificate, DER.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The label that it goes by.
    #[n(1)]
    pub label: String,
    /// The name that is its alone.
    #[n(2)]
    pub unique_name: String,
    /// The port of its HTTPS listener.
    #[n(3)]
    pub port: u16,
    /// Device or referee.
    #[n(4)]
    pub kind: Kind,
    /// The role that the client will have.
    #[n(5)]
    pub role: Role,
    /// The key from which rotating names and tags are derived, for paired clients.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub discovery_key: [u8; 32],
    /// The kind of code that the client has proved to know; a typed code does not say.
    #[n(7)]
    pub code: Lifetime,
    /// What its maker says of it, where the device has that.
    #[n(8)]
    pub evidence: Option<Evidence>,
    /// A referee's authority: the root that it issues for the local namespaces under, DER.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub authority: Option<Vec<u8>>,
}

/// What the client accepted; the device refuses it when it is not what it granted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Commit {
    /// The root key that is trusted from now on.
    #[n(0)]
    pub root: KeyFingerprint,
    /// The role that was accepted.
    #[n(1)]
    pub role: Role,
}

/// What a client may do (REQ-ARCH-04a).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, the list of clients included.
    #[n(0)]
    Admin,
    /// Use, without changing who may.
    #[n(1)]
    Guest,
}

impl Role {
    /// The role's word, as policies and pages have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Guest => "guest",
        }
    }
}

/// Why a side ended the exchange, as far as the other side may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AbortReason {
    /// The proof failed: wrong, used, expired or unknown code; never said which.
    #[n(0)]
    NotConfirmed,
    /// The other side broke the protocol.
    #[n(1)]
    Protocol,
    /// No version or suite in common.
    #[n(2)]
    Unsupported,
    /// The device admits nobody now.
    #[n(3)]
    Closed,
    /// The user said no.
    #[n(4)]
    Refused,
    /// The device could not record the client.
    #[n(5)]
    Failed,
}

impl Message {
    /// The bytes of one frame.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads one frame; an abort is the error that it stands for.
    ///
    /// # Errors
    /// [`PairingError::Protocol`] for anything but one whole message, [`PairingError::Aborted`].
    pub fn read(bytes: &[u8]) -> Result<Self, PairingError> {
        if bytes.len() > MAX_MESSAGE {
            return Err(PairingError::Protocol);
        }
        let message = wire::decode(bytes).map_err(|_| PairingError::Protocol)?;
        if let Self::Abort(reason) = message {
            return Err(PairingError::Aborted(reason));
        }
        Ok(message)
    }
}

impl From<PairingError> for AbortReason {
    fn from(error: PairingError) -> Self {
        match error {
            PairingError::NotConfirmed => Self::NotConfirmed,
            PairingError::Protocol | PairingError::BadGrant => Self::Protocol,
            PairingError::NoCommonVersion | PairingError::NoCommonSuite => Self::Unsupported,
            PairingError::Aborted(reason) => reason,
        }
    }
}
