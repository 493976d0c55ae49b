//! What was put where: written down before it is done, so that whatever stops an installation,
//! taking it back finds everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::authorities::Authorities;
use super::{InstallError, file, files, nss};
use crate::paths::{Paths, private_directory};
use crate::trust_store::record::unix;

/// What was put where.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Installed {
    /// Native-messaging manifests.
    pub manifests: BTreeSet<PathBuf>,
    /// Directories of NSS databases that hold the bridge authority's certificate.
    pub databases: BTreeSet<PathBuf>,
    /// The certificates that each has, by SHA-256 in hex, and since when, in seconds of the Unix
    /// epoch: a browser that has been running since before does not know them.
    pub held: BTreeMap<PathBuf, BTreeMap<String, u64>>,
    /// Databases that were made, with the digest of the file that holds their keys. As long as it
    /// is the same, nobody else has put anything in.
    pub made_databases: BTreeMap<PathBuf, String>,
    /// Directories that were made.
    pub made: BTreeSet<PathBuf>,
    /// The certificate for a command that root is asked to run.
    pub handed_over: BTreeSet<PathBuf>,
}

impl Installed {
    /// Reads what was put where; nothing, if nothing was.
    ///
    /// # Errors
    /// [`InstallError::File`].
    pub fn load(paths: &Paths) -> Result<Self, InstallError> {
        let path = Self::path(paths);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(io::Error::from)
                .map_err(file(&path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(file(&path)(error)),
        }
    }

    /// Whether there is nothing to take back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.manifests.is_empty()
            && self.databases.is_empty()
            && self.made.is_empty()
            && self.handed_over.is_empty()
    }

    /// Remembers the directories that have to be made for `directory`, and makes them.
    pub(super) fn make(&mut self, directory: &Path, paths: &Paths) -> Result<(), InstallError> {
        let missing = files::missing(directory);
        if missing.is_empty() && directory.is_dir() {
            return Ok(());
        }
        self.made.extend(missing);
        self.save(paths)?;
        private_directory(directory).map_err(file(directory))
    }

    /// Whether a database was made here and nobody else has put anything into it.
    pub(super) fn is_untouched(&self, database: &Path) -> bool {
        let made = self.made_databases.get(database);
        made.is_some_and(|digest| nss::digest(database).is_ok_and(|now| now == *digest))
    }

    /// Since when a database has a certificate, in seconds of the Unix epoch.
    #[must_use]
    pub fn held_since(&self, database: &Path, certificate: &[u8]) -> Option<u64> {
        self.held.get(database)?.get(&name(certificate)).copied()
    }

    /// Whether a database is known to have exactly these authorities.
    pub(super) fn holds_exactly(&self, database: &Path, wanted: &Authorities) -> bool {
        let held = self.held.get(database);
        let mut wanted: Vec<String> = wanted.certificates().iter().map(|one| name(one)).collect();
        wanted.sort();
        held.is_some_and(|held| held.keys().eq(&wanted))
    }

    /// Notes that a database has exactly these authorities now.
    pub(super) fn note_held(&mut self, database: &Path, wanted: &Authorities) {
        let now = unix(SystemTime::now());
        let former = self.held.remove(database).unwrap_or_default();
        let names = wanted.certificates().iter().map(|one| name(one));
        let since = |name: String| (former.get(&name).copied().unwrap_or(now), name);
        let held = names.map(since).map(|(since, name)| (name, since));
        self.held.insert(database.to_owned(), held.collect());
    }

    /// Waits until nobody else changes stores and what is remembered of them; `None` when there is
    /// nothing that could be changed.
    pub(super) fn lock(paths: &Paths) -> Result<Option<File>, InstallError> {
        // The directory itself, so that no file of its own has to be made and taken back.
        let lock = match File::open(&paths.data) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file(&paths.data)(error)),
        };
        let locked = flock(&lock, FlockOperation::LockExclusive);
        locked.map_err(|error| file(&paths.data)(error.into()))?;
        Ok(Some(lock))
    }

    pub(super) fn save(&self, paths: &Paths) -> Result<(), InstallError> {
        let path = Self::path(paths);
        let write = || {
            paths.create()?;
            files::write_whole(&path, &serde_json::to_vec_pretty(self)?, files::PRIVATE)
        };
        write().map_err(file(&path))
    }

    /// Saves what is left to be taken back; no file when that is nothing.
    pub(super) fn save_rest(&self, paths: &Paths) -> Result<(), InstallError> {
        if !self.is_empty() {
            return self.save(paths);
        }
        let path = Self::path(paths);
        files::remove(&path).map_err(file(&path))
    }

    pub(super) fn path(paths: &Paths) -> PathBuf {
        paths.data.join("installed.json")
    }
}

fn name(certificate: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_version_wrote_down_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().as_os_str().to_owned();
        let paths = Paths::from_environment(|name| (name == "HOME").then(|| home.clone())).unwrap();
        paths.create().unwrap();
        std::fs::write(
            Installed::path(&paths),
            r#"{"manifests":["/m"],"databases":["/d"]}"#,
        )
        .unwrap();
        let installed = Installed::load(&paths).unwrap();
        assert!(installed.manifests.contains(Path::new("/m")));
        assert!(installed.databases.contains(Path::new("/d")));
        std::fs::write(Installed::path(&paths), b"{").unwrap();
        assert!(matches!(
            Installed::load(&paths),
            Err(InstallError::File { .. })
        ));
    }
}
