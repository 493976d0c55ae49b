//! What a client may do, as the device keeps it: the two roles of the protocol, and those that the
//! owner's policy names between them. Which requests each may make is `policy`'s.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use settle_protocol::pairing::message;

const ADMIN: &str = "admin";
const GUEST: &str = "guest";
/// The longest name of a role, in characters.
const MAX_NAME: usize = 32;

/// The role of a client. Written as its word everywhere: `admin`, `guest`, or the policy's name.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Role {
    /// Everything, the list of clients included.
    Admin,
    /// The least.
    Guest,
    /// One that the policy names.
    Named(RoleName),
}

/// The name of a role that is neither `admin` nor `guest`: a lower-case letter, then lower-case
/// letters, digits and hyphens, 32 characters at most.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RoleName(Arc<str>);

/// A text that names no role.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a role is `admin`, `guest`, or a name of lower-case letters, digits and hyphens that begins \
     with a letter, 32 characters at most"
)]
pub struct RoleError;

impl Role {
    /// Its word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Admin => ADMIN,
            Self::Guest => GUEST,
            Self::Named(name) => &name.0,
        }
    }

    /// What the client is told of it while it pairs: whether it administers the device, since the
    /// protocol knows no names of policies (docs/pairing.md §5.3).
    #[must_use]
    pub const fn granted(&self) -> message::Role {
        match self {
            Self::Admin => message::Role::Admin,
            Self::Guest | Self::Named(_) => message::Role::Guest,
        }
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(word: &str) -> Result<Self, RoleError> {
        match word {
            ADMIN => Ok(Self::Admin),
            GUEST => Ok(Self::Guest),
            name => {
                let is_plain = |symbol: char| {
                    symbol.is_ascii_lowercase() || symbol.is_ascii_digit() || symbol == '-'
                };
                let well_formed = name.starts_with(|first: char| first.is_ascii_lowercase())
                    && name.len() <= MAX_NAME
                    && name.chars().all(is_plain);
                match well_formed {
                    true => Ok(Self::Named(RoleName(name.into()))),
                    false => Err(RoleError),
                }
            }
        }
    }
}

impl TryFrom<String> for Role {
    type Error = RoleError;

    fn try_from(word: String) -> Result<Self, RoleError> {
        word.parse()
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.word().to_owned()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_and_read_as_its_word() {
        for word in ["admin", "guest", "night-shift-2"] {
            let role: Role = word.parse().unwrap();
            assert_eq!(role.word(), word);
            let json = serde_json::to_string(&role).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), role);
        }
        assert_eq!("admin".parse(), Ok(Role::Admin));
        assert_eq!("guest".parse(), Ok(Role::Guest));
    }

    #[test]
    fn what_could_be_taken_for_another_role_is_none() {
        let long = "x".repeat(MAX_NAME + 1);
        for word in ["", "Admin", " admin", "7up", "-x", "a_b", "ädmin", &long] {
            assert_eq!(word.parse::<Role>(), Err(RoleError), "{word}");
        }
    }

    #[test]
    fn only_an_administrator_is_granted_to_be_one() {
        assert_eq!(Role::Admin.granted(), message::Role::Admin);
        let named: Role = "administrator".parse().unwrap();
        assert_eq!(named.granted(), message::Role::Guest);
    }
}
