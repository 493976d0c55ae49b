//! Who may make which requests of the interface behind the device: the least role for a method and a
//! path. Pure; the file that says so is read in `policy/file.rs`, and nothing here knows clients.
//!
//! The device does not know how its interface reads a path. So a request is judged by each way in
//! which one could (`policy/path.rs`), the strictest counts, and what has no sure reading is refused.

mod file;
mod path;

use http::Method;

pub use self::file::{PolicyError, PolicyFault};
pub use self::path::PathError;
pub(crate) use self::path::{Reading, RequestPath, fold};
use crate::role::Role;

/// The rules of one device, the first that fits decides.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Roles of its own, from the least; `guest` is below them and `admin` above.
    roles: Vec<Role>,
    rules: Vec<Rule>,
    /// What is needed where no rule fits.
    otherwise: Role,
}

/// One rule.
#[derive(Clone, Debug)]
struct Rule {
    /// Its path in the same two spellings as a reading's.
    path: Vec<String>,
    folded: Vec<String>,
    /// Whether it is for its path alone, and not for what is below.
    exact: bool,
    /// `None` for all.
    actions: Option<Vec<Action>>,
    role: Role,
}

/// What a request wants to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    /// An ordinary request.
    Method(Method),
    /// A GET that opens a WebSocket: reads as much as it writes, so no rule for GET lets it in.
    WebSocket,
}

/// Why a request is not passed on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Denied {
    /// Others may.
    #[error("the role {needed} is needed")]
    Role {
        /// The least role that may.
        needed: Role,
    },
    /// Its path can be read in more than one way.
    #[error("its path cannot be judged: {0}")]
    Path(#[from] PathError),
    /// A method that some would read as another.
    #[error("its method cannot be judged: it is not in capital letters")]
    Method,
}

impl Default for Policy {
    /// Without a file every paired client may use the interface, which is told its role.
    fn default() -> Self {
        Self {
            roles: Vec::new(),
            rules: Vec::new(),
            otherwise: Role::Guest,
        }
    }
}

impl Policy {
    /// The words of all roles, from the least.
    pub(crate) fn words(&self) -> String {
        let named = self.roles.iter().map(Role::word);
        let words: Vec<_> = ["guest"]
            .into_iter()
            .chain(named)
            .chain(["admin"])
            .collect();
        words.join(", ")
    }

    /// Whether clients can have this role.
    pub(crate) fn knows(&self, role: &Role) -> bool {
        match role {
            Role::Admin | Role::Guest => true,
            Role::Named(_) => self.roles.contains(role),
        }
    }

    /// What a role of the list is worth: one that the policy no longer knows is worth the least.
    pub(crate) fn effective(&self, role: &Role) -> Role {
        match self.knows(role) {
            true => role.clone(),
            false => Role::Guest,
        }
    }

    /// Decides over one request; `path` is the target's, as it came.
    ///
    /// # Errors
    /// [`Denied`] when it is not to reach the interface.
    pub(crate) fn judge(&self, role: &Role, action: &Action, path: &str) -> Result<(), Denied> {
        let rank = self.rank(role);
        // Who may do everything is not asked how it is written; interfaces exist that write strangely.
        if self.rank(self.strictest()) <= rank {
            return Ok(());
        }
        if let Action::Method(method) = action
            && method
                .as_str()
                .contains(|letter: char| letter.is_ascii_lowercase())
        {
            return Err(Denied::Method);
        }
        let path = RequestPath::parse(path)?;
        let needed = path.readings().map(|reading| self.needed(action, &reading));
        let needed = needed.max_by_key(|role| self.rank(role));
        match needed {
            Some(needed) if self.rank(needed) <= rank => Ok(()),
            Some(needed) => Err(Denied::Role {
                needed: needed.clone(),
            }),
            None => Err(Denied::Role {
                needed: Role::Admin,
            }),
        }
    }

    fn needed(&self, action: &Action, reading: &Reading) -> &Role {
        let mut rules = self.rules.iter();
        rules
            .find(|rule| rule.fits(action, reading))
            .map_or(&self.otherwise, |rule| &rule.role)
    }

    fn strictest(&self) -> &Role {
        let roles = self.rules.iter().map(|rule| &rule.role);
        roles
            .max_by_key(|role| self.rank(role))
            .filter(|role| self.rank(role) > self.rank(&self.otherwise))
            .unwrap_or(&self.otherwise)
    }

    fn rank(&self, role: &Role) -> usize {
        match role {
            Role::Guest => 0,
            Role::Named(_) => {
                let place = self.roles.iter().position(|known| known == role);
                place.map_or(0, |place| place + 1)
            }
            Role::Admin => self.roles.len() + 1,
        }
    }
}

impl Rule {
    fn fits(&self, action: &Action, reading: &Reading) -> bool {
        let path = match reading.folded {
            true => &self.folded,
            false => &self.path,
        };
        let actions = self.actions.as_ref();
        actions.is_none_or(|actions| actions.contains(action))
            && match self.exact {
                true => reading.is(path),
                false => reading.is_below(path),
            }
    }
}

#[cfg(test)]
mod tests;
