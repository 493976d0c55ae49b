//! A code by which another computer is let in to a device: asked of the device by one that administers it,
//! and shown to the other.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// What whoever uses the code first may do on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitedAs {
    /// Everything, as the user who asks.
    Admin,
    /// As little as anybody.
    #[default]
    Guest,
}

impl InvitedAs {
    /// The word of the device's API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Guest => "guest",
        }
    }
}

/// Parameters of `device.invite`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The device's identifier in the trust store.
    pub device: String,
    /// What the other one may do.
    pub role: InvitedAs,
}

/// The answer to `device.invite`: whoever has the code is let in, so it is in no `Debug` output.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The whole code, `SETTLE:…`; its other forms follow from it.
    pub code: String,
    /// When it ends, by this computer's clock, in seconds since the Unix epoch.
    pub expires_at: u64,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("code", &"…")
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn the_code_is_in_no_debug_text() {
        let invitation = Invitation {
            code: "SETTLE:AAAA".into(),
            expires_at: 1,
        };
        assert!(!format!("{invitation:?}").contains("AAAA"));
    }
}
