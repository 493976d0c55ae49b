//! The item in a file that a passphrase opens: for computers without a keyring, and only where the
//! user chose it. Never a silent fallback.
//!
//! Whoever can put back an older copy of all of Settle's files can put back an older trust store,
//! which a keyring would notice.

use std::io;
use std::path::{Path, PathBuf};

use settle_keyring::{KeySlot, SlotError};
use settle_protocol::rpc::audit::KeyPlace;
use settle_protocol::rpc::backup::Passphrase;
use settle_transport::envelope::{Envelope, EnvelopeError, Magic};
use zeroize::Zeroizing;

use super::file;

const MAGIC: &Magic = b"settle-key-01";

/// The file, with the key that the passphrase gave.
#[derive(Debug)]
pub struct PassphraseFile {
    path: PathBuf,
    envelope: Envelope,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseFileError {
    /// Of the file system.
    #[error("cannot use {path}: {error}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Of the passphrase.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

impl PassphraseFile {
    /// Whether the user chose this.
    #[must_use]
    pub fn is_chosen(path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }

    /// Chooses it; the file is there from the first write on.
    ///
    /// # Errors
    /// [`PassphraseFileError::Envelope`].
    pub fn make(path: PathBuf, passphrase: &Passphrase) -> Result<Self, PassphraseFileError> {
        let envelope = Envelope::make(MAGIC, passphrase)?;
        Ok(Self { path, envelope })
    }

    /// Opens the file that is there.
    ///
    /// # Errors
    /// [`PassphraseFileError`].
    pub fn open(path: PathBuf, passphrase: &Passphrase) -> Result<Self, PassphraseFileError> {
        let file = match file::read(&path) {
            Ok(file) => file.unwrap_or_default(),
            Err(error) => return Err(PassphraseFileError::File { path, error }),
        };
        let envelope = Envelope::of(MAGIC, &file, passphrase)?;
        envelope.open(&file)?;
        file::tidy(&path);
        Ok(Self { path, envelope })
    }
}

impl KeySlot for PassphraseFile {
    fn place(&self) -> KeyPlace {
        KeyPlace::PassphraseFile
    }

    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SlotError> {
        let Some(file) = file::read(&self.path)? else {
            return Ok(None);
        };
        let item = self.envelope.open(&file);
        item.map(Some).map_err(|_| SlotError::Foreign)
    }

    fn write(&self, item: &[u8]) -> Result<(), SlotError> {
        let sealed = self.envelope.seal(item).map_err(|_| SlotError::Foreign)?;
        if let Err(error) = file::replace(&self.path, &sealed)?.keep() {
            // The key is written: called a failure, the store's file would be put back under it.
            tracing::warn!(%error, "the former file of the key cannot be removed yet");
        }
        Ok(())
    }

    fn forget(&self) -> Result<(), SlotError> {
        Ok(file::remove(&self.path)?)
    }
}
