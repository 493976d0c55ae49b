//! What can go wrong, in the user's terms: the daemon's closed set of errors, and the extension's
//! own. Each has one word, from which the message keys `error_<word>` and `next_<word>` are made.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use settle_protocol::rpc::ErrorKind;

use crate::names::names;
use crate::view::Text;

names! {
    /// What the extension notices by itself.
    #[derive(Hash)]
    OwnFault {
        /// The browser knows no host of Settle's name.
        HostMissing = "host_missing",
        /// The host's manifest does not name this extension.
        HostForbidden = "host_forbidden",
        /// The host could not be started, or ended at once.
        HostFailed = "host_failed",
        /// The host went while something was asked of it.
        HostLost = "host_lost",
        /// The browser does not take the certificates that Settle's proxy shows.
        BridgeUntrusted = "bridge_untrusted",
        /// Another extension controls the browser's proxy setting.
        ProxyTaken = "proxy_taken",
        /// The administrator of this computer controls the browser's proxy setting.
        ProxyPolicy = "proxy_policy",
        /// The file is no picture that the browser can read.
        PictureUnreadable = "picture_unreadable",
        /// The user, or the system, does not let the extension use a camera.
        CameraForbidden = "camera_forbidden",
        /// There is no camera.
        CameraMissing = "camera_missing",
        /// Another program has the camera, or it broke.
        CameraBusy = "camera_busy",
        /// There is no QR code in the picture, or none that can be read.
        PictureWithoutCode = "picture_without_code",
        /// More than one Settle code is in the picture.
        SeveralCodes = "several_codes",
        /// Nothing was pasted or typed.
        CodeEmpty = "code_empty",
    }
}

/// Anything that can go wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Said by the daemon, or found by the daemon's own rules.
    Daemon(ErrorKind),
    /// Noticed by the extension.
    Own(OwnFault),
}

impl Fault {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Daemon(kind) => kind.word(),
            Self::Own(own) => own.word(),
        }
    }

    /// Finds the fault of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|fault| fault.word() == word)
    }

    /// Every fault there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let daemon = ErrorKind::ALL.iter().copied().map(Self::Daemon);
        daemon.chain(OwnFault::ALL.iter().copied().map(Self::Own))
    }

    /// What happened, in one sentence.
    #[must_use]
    pub fn sentence(self) -> Text {
        Text::of_key(format!("error_{}", self.word()))
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(self) -> Text {
        Text::of_key(format!("next_{}", self.word()))
    }

    /// The command that the next step speaks of.
    #[must_use]
    pub const fn command(self) -> Option<&'static str> {
        match self {
            Self::Own(
                OwnFault::HostMissing | OwnFault::HostForbidden | OwnFault::BridgeUntrusted,
            )
            | Self::Daemon(ErrorKind::CallerRefused) => Some("settle install"),
            Self::Own(OwnFault::HostFailed | OwnFault::HostLost)
            | Self::Daemon(
                ErrorKind::DaemonUnreachable
                | ErrorKind::KeyringMissing
                | ErrorKind::StoreTampered
                | ErrorKind::StoreUnusable
                | ErrorKind::Internal,
            ) => Some("settle doctor"),
            Self::Daemon(ErrorKind::PassphraseNeeded) => Some("settle unlock"),
            Self::Own(_) | Self::Daemon(_) => None,
        }
    }

    /// Whether the same code may do better a moment later: it was not at fault, and is not spent.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::Own(OwnFault::HostFailed | OwnFault::HostLost)
            | Self::Daemon(
                ErrorKind::Busy
                | ErrorKind::DaemonUnreachable
                | ErrorKind::KeyringMissing
                | ErrorKind::KeyringLocked
                | ErrorKind::PassphraseNeeded
                | ErrorKind::StoreUnusable
                | ErrorKind::DeviceNotFound
                | ErrorKind::NoDeviceShows
                | ErrorKind::OtherDevice
                | ErrorKind::PairingInterrupted
                | ErrorKind::DeviceRefused,
            ) => true,
            Self::Own(_) | Self::Daemon(_) => false,
        }
    }

    /// Whether the user typed something else than is shown.
    #[must_use]
    pub fn is_slip(&self) -> bool {
        *self == ErrorKind::CodeMistyped.into()
    }

    /// Reads the reason that a browser gives when a host's port closes. Browsers have no codes for
    /// it, only English sentences; `was_up` tells a host that worked from one that never did.
    #[must_use]
    pub fn of_disconnect(reason: Option<&str>, was_up: bool) -> Self {
        let reason = reason.unwrap_or_default();
        Self::Own(
            if reason.contains("not found") || reason.contains("No such native application") {
                OwnFault::HostMissing
            } else if reason.contains("forbidden") {
                OwnFault::HostForbidden
            } else if was_up {
                OwnFault::HostLost
            } else {
                OwnFault::HostFailed
            },
        )
    }
}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Self {
        Self::Daemon(kind)
    }
}

impl From<OwnFault> for Fault {
    fn from(own: OwnFault) -> Self {
        Self::Own(own)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| serde::de::Error::custom("no fault has this word"))
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn every_fault_is_found_by_its_word() {
        for fault in Fault::all() {
            assert_eq!(Fault::from_word(fault.word()), Some(fault));
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn reads_what_both_browsers_say_of_a_host() {
        for (reason, was_up, want) in [
            (
                "Specified native messaging host not found.",
                false,
                OwnFault::HostMissing,
            ),
            (
                "No such native application org.settle.host",
                false,
                OwnFault::HostMissing,
            ),
            (
                "Access to the specified native messaging host is forbidden.",
                false,
                OwnFault::HostForbidden,
            ),
            ("Native host has exited.", false, OwnFault::HostFailed),
            ("Native host has exited.", true, OwnFault::HostLost),
        ] {
            assert_eq!(Fault::of_disconnect(Some(reason), was_up), Fault::Own(want));
        }
        assert_eq!(
            Fault::of_disconnect(None, true),
            Fault::Own(OwnFault::HostLost)
        );
    }
}
