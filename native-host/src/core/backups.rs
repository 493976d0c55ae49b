//! Backups of what is trusted: made for the user, and taken up again with the user's consent.

use settle_keyring::{KeySlot, Keyring};
use settle_protocol::rpc::audit::AuditEvent;
use settle_protocol::rpc::backup::{Passphrase, RestoreDecision};
use settle_protocol::rpc::{Devices, ErrorKind};
use settle_transport::envelope::EnvelopeError;

use super::Core;
use super::open::passphrase_kind;
use crate::trust_store::TrustStore;
use crate::trust_store::backup::{self, Opened};
use crate::trust_store::passphrase::PassphraseFile;

impl Core {
    /// Seals what is trusted; tells how much that is.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn back_up(&self, passphrase: Passphrase) -> Result<(Vec<u8>, u64), ErrorKind> {
        let devices = self.vault.read(|contents| contents.devices.clone());
        let count = devices.len() as u64;
        let sealed = self
            .derive(move || backup::seal(&devices, &passphrase))
            .await?;
        let sealed = sealed.map_err(kind)?;
        let made = AuditEvent::BackupMade { devices: count };
        self.change(move |store, now| Ok(store.tell(made, now)?))
            .await?;
        Ok((sealed, count))
    }

    /// Opens a backup, and gives it back beside what came of it.
    ///
    /// # Errors
    /// When the daemon is shutting down.
    pub async fn open_backup(
        &self,
        sealed: Vec<u8>,
        passphrase: Passphrase,
    ) -> Result<(Vec<u8>, Result<Opened, ErrorKind>), ErrorKind> {
        self.derive(move || {
            let opened = backup::open(&sealed, &passphrase).map_err(kind);
            (sealed, opened)
        })
        .await
    }

    /// Puts into words what restoring would do.
    #[must_use]
    pub fn restore_decision(&self, opened: &Opened) -> RestoreDecision {
        self.vault.read(|contents| opened.decision(contents))
    }

    /// Trusts what the user consented to.
    ///
    /// # Errors
    /// The kind that the user is told; nothing is stored then.
    pub async fn restore(&self, opened: Opened) -> Result<Devices, ErrorKind> {
        let restored = opened.consent();
        self.change(move |store: &mut TrustStore, now| Ok(store.restore(&restored, now)?))
            .await?;
        self.devices_changed();
        Ok(self.all())
    }

    /// Seals the store's key with a passphrase, or keeps it in the keyring.
    ///
    /// # Errors
    /// The kind that the user is told; the key is where it was then.
    pub async fn protect(&self, passphrase: Option<Passphrase>) -> Result<(), ErrorKind> {
        let path = self.paths.sealed_key();
        let slot: Box<dyn KeySlot> = match passphrase {
            None => Box::new(Keyring),
            Some(passphrase) => {
                let made = self
                    .derive(move || PassphraseFile::make(path, &passphrase))
                    .await?;
                let made = made.map_err(|error| passphrase_kind(&error))?;
                Box::new(made)
            }
        };
        self.change(move |store, now| Ok(store.move_key(slot, now)?))
            .await
    }

    /// Deriving a key from a passphrase takes time and 64 MiB, and is meant to: one after the other.
    async fn derive<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ErrorKind> {
        let turn = self.deriving.lock().await;
        let done = tokio::task::spawn_blocking(work).await;
        drop(turn);
        done.map_err(|_| ErrorKind::Internal)
    }
}

const fn kind(error: EnvelopeError) -> ErrorKind {
    match error {
        EnvelopeError::Foreign => ErrorKind::BackupForeign,
        EnvelopeError::Newer(_) => ErrorKind::BackupTooNew,
        EnvelopeError::Sealed => ErrorKind::BackupSealed,
        EnvelopeError::TooShort => ErrorKind::PassphraseShort,
        EnvelopeError::Unable => ErrorKind::Internal,
    }
}
