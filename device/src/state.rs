//! The state directory: what a device must not lose, in files of mode 0600 under a directory of
//! mode 0700, held by one process at a time.
//!
//! Every file is sealed with a checksum and replaced whole. A damaged file is an error that names
//! it and the next step; nothing here ever starts afresh in its place.

mod atomic;
mod envelope;
mod wipe;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::reset;
pub use atomic::replace;
pub(crate) use atomic::write_new;
use wipe::{overwrite, wipe};

const LOCK: &str = "lock";
/// A state file is a few kilobytes; a thousand clients are 200 kB.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Why the state cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory belongs to something else.
    #[error("{0} holds files that are no device's: give --state an empty or a new directory")]
    Foreign(PathBuf),
    /// Another process serves this device.
    #[error("{0} is in use by another settle-device: stop that one, or give another --state")]
    InUse(PathBuf),
    /// The file was altered or cut off.
    #[error(
        "{path} is damaged ({why}): restore the directory from a backup; to give up this \
         device's identity and pair every client anew, move the directory away"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file is gone while what belongs to it is there.
    #[error(
        "{0} is missing: restore it from a backup; to give up this device's identity and pair \
         every client anew, move the directory away"
    )]
    Missing(PathBuf),
    /// A newer program wrote the file.
    #[error("{path} has version {found}, and this settle-device reads version {known}: update it")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is read here.
        known: u32,
    },
}

impl StateError {
    /// Whether it is what is written that cannot be used, and not the directory.
    pub(crate) const fn is_content(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Missing(_) | Self::Newer { .. } => true,
            Self::Io { .. } | Self::Foreign(_) | Self::InUse(_) => false,
        }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        |source| Self::Io { path, source }
    }
}

/// One kind of state file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The file's name.
    pub(crate) name: &'static str,
    /// The version of its content.
    pub(crate) version: u32,
}

/// A state directory that this process holds.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl StateDir {
    /// Makes the directory where there is none, and takes it for this process. A reset that was cut
    /// off in it is first brought to its end.
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        let dir = Self::take(path)?;
        reset::finish(&dir)?;
        dir.sweep()?;
        Ok(dir)
    }

    /// The same, with what is in it left as it is.
    pub(crate) fn take(path: &Path) -> Result<Self, StateError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(StateError::io(path))?;
        refuse_foreign(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(StateError::io(path))?;
        let lock = lock(path)?;
        Ok(Self {
            path: path.to_path_buf(),
            _lock: lock,
        })
    }

    /// Whether a directory was ever a device's; it is not made.
    pub(crate) fn is_at(path: &Path) -> bool {
        path.join(LOCK).is_file()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file lies.
    pub(crate) fn path_of(&self, kind: Kind) -> PathBuf {
        self.path.join(kind.name)
    }

    /// Reads a file; `None` when there is none.
    pub(crate) fn load<T: DeserializeOwned>(&self, kind: Kind) -> Result<Option<T>, StateError> {
        let path = self.path_of(kind);
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::io(&path)(error)),
        };
        if size > MAX_FILE {
            let why = "it is far too large";
            return Err(StateError::Damaged { path, why });
        }
        let sealed = Zeroizing::new(fs::read(&path).map_err(StateError::io(&path))?);
        let body = envelope::open(&sealed, kind).map_err(|fault| fault.at(&path, kind))?;
        match serde_json::from_slice(body) {
            Ok(content) => Ok(Some(content)),
            Err(_) => {
                let why = "its content is not what the format says";
                Err(StateError::Damaged { path, why })
            }
        }
    }

    /// Gives a damaged file another name, where there is one; it is nobody's to overwrite.
    pub(crate) fn put_aside(&self, kind: Kind, now: u64) -> Result<(), StateError> {
        let path = self.path_of(kind);
        let aside = self.path.join(format!("{}.damaged-{now}", kind.name));
        match fs::rename(&path, aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StateError::io(&path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Overwrites and removes every file but these and the lock; on return they are gone from the
    /// disk.
    pub(crate) fn wipe_all_but(&self, kept: &[Kind]) -> Result<(), StateError> {
        self.wipe_where(|name| {
            name != LOCK.as_bytes() && !kept.iter().any(|kind| name == kind.name.as_bytes())
        })
    }

    /// Overwrites and removes one file, where there is one.
    pub(crate) fn wipe(&self, kind: Kind) -> Result<(), StateError> {
        self.wipe_where(|name| name == kind.name.as_bytes())
    }

    /// Removes a file as it is.
    pub(crate) fn remove(&self, kind: Kind) -> Result<(), StateError> {
        let path = self.path_of(kind);
        fs::remove_file(&path)
            .and_then(|()| atomic::sync_directory(&self.path))
            .map_err(StateError::io(&path))
    }

    /// Removes what a write left behind when the power went; it may hold secrets.
    fn sweep(&self) -> Result<(), StateError> {
        self.wipe_where(|name| name.starts_with(b"."))
    }

    fn wipe_where(&self, meant: impl Fn(&[u8]) -> bool) -> Result<(), StateError> {
        let read = || fs::read_dir(&self.path)?.collect::<io::Result<Vec<_>>>();
        let entries = read().map_err(StateError::io(&self.path))?;
        let mut wiped = false;
        for entry in entries {
            // A directory is none of ours.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if meant(entry.file_name().as_encoded_bytes()) && !is_directory {
                let path = entry.path();
                wipe(&path).map_err(StateError::io(&path))?;
                wiped = true;
            }
        }
        match wiped {
            true => atomic::sync_directory(&self.path).map_err(StateError::io(&self.path)),
            false => Ok(()),
        }
    }

    /// Replaces a file; on return it is on the disk, or the old one still is.
    pub(crate) fn store<T: Serialize>(&self, kind: Kind, content: &T) -> Result<(), StateError> {
        let path = self.path_of(kind);
        let body = serde_json::to_vec_pretty(content)
            .map(Zeroizing::new)
            .map_err(|error| StateError::io(&path)(error.into()))?;
        let sealed = envelope::seal(&body, kind);
        replace(&path, &sealed).map_err(StateError::io(&path))
    }

    /// The same, and overwrites what was there before.
    pub(crate) fn supersede<T: Serialize>(
        &self,
        kind: Kind,
        content: &T,
    ) -> Result<(), StateError> {
        let path = self.path_of(kind);
        let former = OpenOptions::new().write(true).open(&path);
        self.store(kind, content)?;
        // What is stored is stored: what is left of the old is told, and undoes nothing.
        if let Err(error) = former.and_then(overwrite) {
            tracing::warn!(%error, path = %path.display(), "what was replaced cannot be overwritten");
        }
        Ok(())
    }
}

/// A mistyped `--state` must not take over, and close, somebody's directory.
fn refuse_foreign(path: &Path) -> Result<(), StateError> {
    if path.join(LOCK).exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(path).map_err(StateError::io(path))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(StateError::Foreign(path.to_path_buf())),
    }
}

fn lock(path: &Path) -> Result<File, StateError> {
    let lock_path = path.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&lock_path)
        .map_err(StateError::io(&lock_path))?;
    atomic::leave_to_owner(&file, path).map_err(StateError::io(&lock_path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse(path.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(StateError::io(&lock_path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        name: "thing",
        version: 1,
    };

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_stored_is_loaded_again_and_readable_by_its_owner_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b");
        let dir = StateDir::open(&path).unwrap();
        assert!(dir.load::<Vec<u8>>(KIND).unwrap().is_none());
        dir.store(KIND, &[1, 2]).unwrap();
        assert_eq!(dir.load::<Vec<u8>>(KIND).unwrap().unwrap(), [1, 2]);
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("thing")), 0o600);
    }

    #[test]
    fn no_changed_or_missing_byte_goes_unnoticed() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        dir.store(KIND, &["abc"]).unwrap();
        let path = dir.path_of(KIND);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(dir.load::<Vec<String>>(KIND).is_err(), "byte {at}");
            fs::write(&path, &good[..at]).unwrap();
            assert!(dir.load::<Vec<String>>(KIND).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_error_of_a_newer_file_says_to_update() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let newer = Kind { version: 2, ..KIND };
        dir.store(newer, &["abc"]).unwrap();
        let error = dir.load::<Vec<String>>(KIND).unwrap_err();
        assert!(matches!(error, StateError::Newer { found: 2, .. }));
    }

    #[test]
    fn what_an_interrupted_write_left_is_swept_away() {
        let temp = tempfile::tempdir().unwrap();
        drop(StateDir::open(temp.path()).unwrap());
        let left = temp.path().join(".thing.0123456789abcdef");
        fs::write(&left, "secret").unwrap();
        StateDir::open(temp.path()).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_directory_serves_one_process_and_no_other_purpose() {
        let temp = tempfile::tempdir().unwrap();
        let held = StateDir::open(temp.path()).unwrap();
        assert!(matches!(
            StateDir::open(temp.path()),
            Err(StateError::InUse(_))
        ));
        drop(held);
        StateDir::open(temp.path()).unwrap();

        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join("letter.txt"), "dear").unwrap();
        assert!(matches!(
            StateDir::open(other.path()),
            Err(StateError::Foreign(_))
        ));
    }
}
