//! Backups that go out or come in through one session, in parts. One at a time each, and only so
//! many bytes.

use settle_protocol::rpc::backup::{
    BackupMade, MAX_PART_FROM_DAEMON, MAX_PART_TO_DAEMON, Part, Passphrase, RestoreDecision,
};
use settle_protocol::rpc::{Devices, Empty, ErrorKind};

use super::Session;
use crate::trust_store::backup::{self, Opened};

/// What a session has at hand.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    /// Sealed, on its way out.
    made: Option<Vec<u8>>,
    /// Sealed, on its way in.
    given: Vec<u8>,
    /// Opened, waiting for the user.
    opened: Option<Opened>,
}

impl Session {
    pub(super) async fn make_backup(
        &self,
        passphrase: Passphrase,
    ) -> Result<BackupMade, ErrorKind> {
        let core = self.core()?;
        let mut transfers = self.transfers.lock().await;
        transfers.made = None;
        let (sealed, devices) = core.back_up(passphrase).await?;
        let length = sealed.len() as u64;
        transfers.made = Some(sealed);
        Ok(BackupMade { length, devices })
    }

    pub(super) async fn read_backup(&self, offset: u64) -> Result<Part, ErrorKind> {
        let mut transfers = self.transfers.lock().await;
        let made = transfers.made.as_deref().ok_or(ErrorKind::BackupGone)?;
        let offset = usize::try_from(offset).map_err(|_| ErrorKind::BackupGone)?;
        let rest = made.get(offset..).ok_or(ErrorKind::BackupGone)?;
        let part = rest.get(..MAX_PART_FROM_DAEMON).unwrap_or(rest).to_vec();
        if part.is_empty() {
            transfers.made = None;
        }
        Ok(Part(part))
    }

    pub(super) async fn write_restore(
        &self,
        offset: u64,
        Part(part): &Part,
    ) -> Result<Empty, ErrorKind> {
        let mut transfers = self.transfers.lock().await;
        if offset == 0 {
            *transfers = Transfers::default();
        }
        let given = &mut transfers.given;
        if given.len() as u64 != offset || part.len() > MAX_PART_TO_DAEMON {
            return Err(ErrorKind::BackupGone);
        }
        if given.len() + part.len() > backup::LIMIT {
            return Err(ErrorKind::BackupForeign);
        }
        given.extend_from_slice(part);
        Ok(Empty {})
    }

    pub(super) async fn open_restore(
        &self,
        passphrase: Passphrase,
    ) -> Result<RestoreDecision, ErrorKind> {
        let core = self.core()?;
        let mut transfers = self.transfers.lock().await;
        let (given, opened) = core
            .open_backup(std::mem::take(&mut transfers.given), passphrase)
            .await?;
        // A passphrase that was mistyped can be given again.
        transfers.given = given;
        let opened = opened?;
        let decision = core.restore_decision(&opened);
        transfers.opened = Some(opened);
        Ok(decision)
    }

    pub(super) async fn commit_restore(&self) -> Result<Devices, ErrorKind> {
        let core = self.core()?;
        let mut transfers = self.transfers.lock().await;
        let opened = transfers.opened.take().ok_or(ErrorKind::BackupGone)?;
        transfers.given = Vec::new();
        core.restore(opened).await
    }
}
