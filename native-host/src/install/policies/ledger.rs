//! What was done to a computer's policies: where root finds it again, and anybody may read it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{make_directories, read};
use crate::install::files::{self, PUBLIC};
use crate::install::{InstallError, file};

/// What was written, and what to put in its place again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) former: Option<String>,
}

/// What was put where.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    pub(super) files: BTreeMap<PathBuf, Written>,
    pub(super) made: BTreeSet<PathBuf>,
}

impl Ledger {
    pub(super) fn path(root: &Path) -> PathBuf {
        root.join("var/lib/settle/policies.json")
    }

    /// Reads it; empty, if nothing was done.
    pub(super) fn load(root: &Path) -> Result<Self, InstallError> {
        let path = Self::path(root);
        match read(&path)? {
            Some(text) => serde_json::from_str(&text)
                .map_err(io::Error::from)
                .map_err(file(&path)),
            None => Ok(Self::default()),
        }
    }

    pub(super) fn save(&mut self, root: &Path) -> Result<(), InstallError> {
        let path = Self::path(root);
        if let Some(directory) = path.parent() {
            // In the very file that they are made for, so with the first write and not before.
            self.made.extend(files::missing(directory));
        }
        make_directories(&path)?;
        let text = serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .map_err(file(&path))?;
        files::write_whole(&path, &text, PUBLIC).map_err(file(&path))
    }
}
