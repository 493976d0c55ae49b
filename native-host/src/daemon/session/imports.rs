//! The imports of one session that wait for the user to decide.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use settle_protocol::rpc::import::{ImportDecision, StartImport};
use settle_protocol::rpc::{self, ErrorKind};

use super::{Session, lock};
use crate::trust_store::import::DecidingImport;

/// Imports that wait for the user.
const MAX_WAITING: usize = 4;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// By the numbers that the other side knows them by.
pub(super) type Imports = Mutex<HashMap<u64, DecidingImport>>;

impl Session {
    pub(super) fn start_import(&self, start: StartImport) -> Result<ImportDecision, ErrorKind> {
        let core = self.core()?;
        let deciding = DecidingImport::read(start).map_err(|error| {
            tracing::warn!(%error, "nothing was imported");
            ErrorKind::ImportUnusable
        })?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let decision = core.import_decision(number, &deciding);
        let mut waiting = lock(&self.imports);
        waiting.retain(|_, deciding| deciding.is_open());
        if waiting.len() >= MAX_WAITING {
            return Err(ErrorKind::Busy);
        }
        waiting.insert(number, deciding);
        Ok(decision)
    }

    pub(super) async fn commit_import(&self, number: u64) -> Result<rpc::Device, ErrorKind> {
        let core = self.core()?;
        let deciding = lock(&self.imports).remove(&number);
        let deciding = deciding.filter(DecidingImport::is_open);
        let consented = deciding.ok_or(ErrorKind::ImportGone)?.consent();
        core.import(consented).await
    }
}
