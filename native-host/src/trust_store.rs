//! The trust store: which devices are trusted, for what, and by which anchor.
//!
//! One sealed file, written whole and atomically, and one small item in the keyring that holds the
//! key and says which file is the newest. File first, then item: after a crash between the two the
//! file is one generation ahead, which is accepted; any other difference is an alarm, never a reset.
//! Each change is told in the audit log, by the same write: the file says how the log goes on.
//! All calls block. Who may use the store, and when, is not decided here.

pub mod audit;
pub mod backup;
mod changes;
mod codec;
mod file;
pub mod import;
mod makers;
#[cfg(test)]
pub mod memory;
pub mod passphrase;
pub mod record;
mod rollover;
mod seal;
mod slot;
mod unverified;
mod vouch;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use settle_keyring::{KeySlot, SlotError};
use settle_protocol::rpc::audit::{Audit, AuditEvent};
use settle_transport::random;
use zeroize::Zeroizing;

use self::audit::{AuditLog, ChainKey};
pub use self::changes::{InsertError, Removal};
use self::record::{Contents, TrustedDevice, former, unix};
use self::seal::{SealError, Stamp};
use self::slot::Item;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Of the keyring.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// The file is not the one that the keyring knows.
    #[error("the trust store {path} was tampered with: {how}", path = .path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        how: &'static str,
    },
    /// The file was made by a newer version.
    #[error("the trust store was written by a newer Settle (version {0}): update this one")]
    Newer(u8),
    /// The file cannot be read or written.
    #[error("cannot use {path}: {error}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something in it has no written form, which is a defect.
    #[error("the trust store's contents cannot be written down")]
    Encoding,
    /// No randomness.
    #[error("the system's random generator fails")]
    Random,
}

/// The one writer of the trust store's file.
#[derive(Debug)]
pub struct TrustStore {
    path: PathBuf,
    slot: Box<dyn KeySlot>,
    store: [u8; 16],
    item: Item,
    contents: Contents,
    log: AuditLog,
}

impl TrustStore {
    /// Opens the store; makes it when neither its file nor its item exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: PathBuf, slot: Box<dyn KeySlot>) -> Result<Self, StoreError> {
        let unusable = |error| StoreError::File {
            path: path.clone(),
            error,
        };
        let file = file::read(&path).map_err(unusable)?;
        let item = slot.read()?.map(|item| Item::from_bytes(&item));
        match (file, item.transpose()?) {
            (None, None) => Self::create(path, slot),
            (None, Some(item)) if item.generation == 0 => Self::empty(path, slot, item),
            (None, Some(_)) => Err(tampered(path, "its file is gone")),
            (Some(_), None) => Err(tampered(path, "its key in the keyring is gone")),
            (Some(file), Some(item)) => Self::load(path, slot, item, &file),
        }
    }

    fn create(path: PathBuf, slot: Box<dyn KeySlot>) -> Result<Self, StoreError> {
        let key = random::make_secret().map_err(|_| StoreError::Random)?;
        // The key first: a store that a crash leaves without a file has never held anything.
        let item = Item::first(key);
        slot.write(&item.to_bytes())?;
        Self::empty(path, slot, item)
    }

    fn empty(path: PathBuf, slot: Box<dyn KeySlot>, item: Item) -> Result<Self, StoreError> {
        let store = random::make_bytes().map_err(|_| StoreError::Random)?;
        Self::assemble(path, slot, store, item, Contents::default())
    }

    fn load(
        path: PathBuf,
        slot: Box<dyn KeySlot>,
        item: Item,
        file: &[u8],
    ) -> Result<Self, StoreError> {
        let opened = match seal::open(&item.key, file) {
            Ok(opened) => opened,
            Err(SealError::Version(version)) => return Err(StoreError::Newer(version)),
            Err(SealError::Broken | SealError::Random) => {
                return Err(tampered(path, "its seal is broken"));
            }
        };
        let stamp = opened.stamp;
        let newest = stamp.generation == item.generation && item.describes(file);
        let ahead = stamp.generation == item.generation + 1;
        if !newest && !ahead {
            return Err(tampered(path, "it is not the newest that was written"));
        }
        let contents = match opened.version {
            1 => former::read_version_1(&opened.plain),
            _ => minicbor::decode(&opened.plain),
        };
        let Ok(contents) = contents else {
            return Err(tampered(path, "its contents cannot be read"));
        };
        file::tidy(&path);
        let item = if ahead {
            let item = item.advanced(stamp.generation, file);
            slot.write(&item.to_bytes())?;
            item
        } else {
            item
        };
        Self::assemble(path, slot, stamp.store, item, contents)
    }

    fn assemble(
        path: PathBuf,
        slot: Box<dyn KeySlot>,
        store: [u8; 16],
        item: Item,
        contents: Contents,
    ) -> Result<Self, StoreError> {
        let log = path.with_file_name("audit.log");
        let key = ChainKey::derive(&item.key);
        let now = unix(SystemTime::now());
        let log = AuditLog::open(log.clone(), key, contents.audit.as_ref(), now)
            .map_err(|error| StoreError::File { path: log, error })?;
        Ok(Self {
            path,
            slot,
            store,
            item,
            contents,
            log,
        })
    }

    /// What it holds; copies are cheap.
    #[must_use]
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    fn device(&self, id: &str) -> Option<&Arc<TrustedDevice>> {
        self.contents.devices.get(id)
    }

    /// Tells the audit log of something that changes nothing that is trusted. It is on the disk when
    /// this returns, and noted in the store by its next write, or by [`Self::note_log`].
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn tell(&mut self, event: AuditEvent, now: SystemTime) -> Result<(), StoreError> {
        let pending = self.log.prepare(vec![event], unix(now));
        self.log
            .append(&pending)
            .map_err(|error| self.unusable(error))
    }

    /// Notes in the store where the audit log ends, if it went on since the last write.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_log(&mut self, now: SystemTime) -> Result<(), StoreError> {
        if self.log.is_noted(self.contents.audit.as_ref()) {
            return Ok(());
        }
        self.commit(Vec::new(), now, |_| {})
    }

    /// Reads at most `limit` entries of the audit log that are older than number `before`, newest
    /// first, and checks the whole of it.
    #[must_use]
    pub fn audit(&self, before: Option<u64>, limit: usize) -> Audit {
        self.log.read(before, limit)
    }

    /// Changes the contents in memory, in the file and in the keyring, or in none of them; then the
    /// audit log.
    fn commit(
        &mut self,
        mut events: Vec<AuditEvent>,
        now: SystemTime,
        change: impl FnOnce(&mut Contents),
    ) -> Result<(), StoreError> {
        let mut contents = self.contents.clone();
        change(&mut contents);
        events.extend(contents.verify_from_now_on());
        let told = self.log.prepare(events, unix(now));
        contents.audit = Some(told.clone());
        self.write(&contents)?;
        self.contents = contents;
        if let Err(error) = self.log.append(&told) {
            // The store has the lines: they are written with the next ones, or after a restart.
            tracing::warn!(%error, "the audit log cannot be written yet");
            self.log.owe(told);
        }
        Ok(())
    }

    fn write(&mut self, contents: &Contents) -> Result<(), StoreError> {
        let stamp = Stamp {
            store: self.store,
            generation: self.item.generation + 1,
        };
        let sealed = seal::seal(&self.item.key, stamp, &encode(contents)?)
            .map_err(|_| StoreError::Random)?;
        let replaced = file::replace(&self.path, &sealed).map_err(|error| self.unusable(error))?;
        let item = self.item.advanced(stamp.generation, &sealed);
        if let Err(error) = self.slot.write(&item.to_bytes())
            && !self.slot_holds(&item)
        {
            // The caller is told that nothing was stored, so nothing may be found after a restart.
            replaced.undo().map_err(|error| self.unusable(error))?;
            return Err(error.into());
        }
        self.item = item;
        if let Err(error) = replaced.keep() {
            // Sealed, superseded, and removed by the next write: no reason to call this one failed.
            tracing::warn!(%error, "the former trust store file cannot be removed yet");
        }
        Ok(())
    }

    /// Whether the slot has an item after all: the answer of a keyring can be lost on its way back, and
    /// a file that was put back under the newer item would be an alarm.
    fn slot_holds(&self, item: &Item) -> bool {
        let held = self.slot.read().ok().flatten();
        let held = held.and_then(|held| Item::from_bytes(&held).ok());
        held.is_some_and(|held| held.digest == item.digest)
    }

    fn unusable(&self, error: io::Error) -> StoreError {
        StoreError::File {
            path: self.path.clone(),
            error,
        }
    }
}

fn encode(contents: &Contents) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut bytes = Zeroizing::new(Vec::new());
    minicbor::encode(contents, &mut *bytes).map_err(|_| StoreError::Encoding)?;
    Ok(bytes)
}

const fn tampered(path: PathBuf, how: &'static str) -> StoreError {
    StoreError::Tampered { path, how }
}

#[cfg(test)]
mod tests;
