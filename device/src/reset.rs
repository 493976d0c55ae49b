//! The factory reset: everything that binds a device to its earlier owners is destroyed, and a new
//! identity made. A mark is written first and taken away last; whoever opens the state directory
//! while it is there brings the reset to its end, so a device is never reset by half.
//!
//! Only of a device that does not run: its keys and its clients' connections are in that process, and
//! end for sure with it alone. No request reaches this, so no browser of an administrator can do it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, LocalName};

use crate::clock::unix_now;
use crate::evidence::{self, Provenance};
use crate::identity::{Identity, IdentityError};
use crate::register::Contents;
use crate::state::{Kind, StateDir, StateError};

const MARK: Kind = Kind {
    name: "reset",
    version: 1,
};

/// The mark's content: what of the old device the new one has.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    label: Label,
}

/// Why a device is not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// There is no device.
    #[error("{0} holds no device: give its --name or its --state")]
    NoDevice(PathBuf),
    /// It runs.
    #[error(
        "the device of {0} is running, with its keys in memory: stop it, reset it, and start it \
         again"
    )]
    Running(PathBuf),
    /// Its identity cannot be read, so its name has to be said.
    #[error("the identity in {0} cannot be read: give the --name that the device is to have")]
    Nameless(PathBuf),
    /// The directory is another device's.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Its state cannot be used. Once the reset has begun, it goes on at the next start.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A device that is held, and about to be reset.
#[derive(Debug)]
#[must_use = "nothing is reset yet"]
pub struct Reset {
    dir: StateDir,
    label: Label,
    before: Option<LocalName>,
}

/// A device after its reset.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fresh {
    /// The name that is its alone from here on.
    pub unique_name: LocalName,
    /// The fingerprint of its new root key.
    pub fingerprint: KeyFingerprint,
}

impl Reset {
    /// Takes the device of a state directory, which is also one whose files are damaged. Its label
    /// stays; `label` is needed only where that cannot be read, and has to be the same where it can.
    ///
    /// # Errors
    /// [`ResetError`]; nothing has changed.
    pub fn prepare(state: &Path, label: Option<&Label>) -> Result<Self, ResetError> {
        if !StateDir::is_at(state) {
            return Err(ResetError::NoDevice(state.to_path_buf()));
        }
        let dir = match StateDir::take(state) {
            Ok(dir) => dir,
            Err(StateError::InUse(path)) => return Err(ResetError::Running(path)),
            Err(error) => return Err(error.into()),
        };
        let known = match label {
            Some(label) => Identity::load(&dir, label),
            None => Identity::load_any(&dir),
        };
        let identity = match known {
            Ok(identity) => identity,
            Err(IdentityError::State(error)) if error.is_content() => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(identity) = identity {
            return Ok(Self {
                label: identity.label().clone(),
                before: Some(identity.unique_name()),
                dir,
            });
        }
        // A reset that was cut off knows it.
        let marked = || Some(dir.load::<Mark>(MARK).ok()??.label);
        let label = label.cloned().or_else(marked);
        Ok(Self {
            label: label.ok_or_else(|| ResetError::Nameless(state.to_path_buf()))?,
            before: None,
            dir,
        })
    }

    /// The name that was the device's alone; `None` where it cannot be read.
    #[must_use]
    pub const fn before(&self) -> Option<&LocalName> {
        self.before.as_ref()
    }

    /// The label, which it keeps.
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// Destroys what is there and makes the device anew. Blocks for as long as the disk does.
    ///
    /// # Errors
    /// [`ResetError`]; the next start of the device goes on with it.
    pub fn carry_out(self) -> Result<Fresh, ResetError> {
        let Self { dir, label, .. } = self;
        dir.store(MARK, &Mark { label })?;
        finish(&dir)?;
        let identity = Identity::load_any(&dir)?;
        let identity = identity.ok_or_else(|| Identity::missing(&dir))?;
        Ok(Fresh {
            unique_name: identity.unique_name(),
            fingerprint: identity.fingerprint(),
        })
    }
}

/// Brings a reset to its end that was begun in this directory. Each step may be done again: what an
/// earlier attempt has made, nobody has seen.
///
/// # Errors
/// [`StateError`]; the mark is then still there.
pub(crate) fn finish(dir: &StateDir) -> Result<(), StateError> {
    let Some(Mark { label }) = dir.load(MARK)? else {
        return Ok(());
    };
    dir.wipe_all_but(&[MARK, evidence::FILE])?;
    Provenance::outlast_reset(dir)?;
    Contents::make_after_reset(dir, unix_now())?;
    match Identity::make(dir, &label) {
        // Not overwritten: half of a mark would be damage, and a label is no secret.
        Ok(_) => dir.remove(MARK),
        Err(IdentityError::State(error)) => Err(error),
        Err(error) => Err(StateError::io(dir.path())(std::io::Error::other(error))),
    }
}

#[cfg(test)]
mod tests;
