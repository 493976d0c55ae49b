//! Which call does what, and what its answer is made of.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::rpc::{self, Call, Empty, ErrorKind, Hello, Welcome};

use super::{Session, lock};
use crate::core::{Core, KeySource};

impl Session {
    /// Does what a call asks for.
    pub(super) async fn outcome(&self, id: u64, call: Call) -> Result<Value, ErrorKind> {
        match call {
            Call::Hello(hello) => json(self.hello(&hello).await?),
            Call::UnlockStore { passphrase } => {
                self.open(KeySource::AsChosen(Some(passphrase))).await?;
                json(Empty {})
            }
            Call::ProtectStore { passphrase } => {
                self.protect(passphrase).await?;
                json(Empty {})
            }
            Call::ListDevices {} => json(self.core()?.all()),
            Call::StartPairing(start) => json(self.start(id, &start).await?),
            Call::CancelPairing { request } => json(self.pairings.cancel(request)?),
            Call::CommitPairing(commit) => json(self.commit(commit.pairing, commit.petname).await?),
            Call::AbortPairing { pairing } => json(self.pairings.abort(pairing).await?),
            Call::StartImport(start) => json(self.start_import(start)?),
            Call::CommitImport { import } => json(self.commit_import(import).await?),
            Call::MakeBackup { passphrase } => json(self.make_backup(passphrase).await?),
            Call::ReadBackup { offset } => json(self.read_backup(offset).await?),
            Call::WriteRestore { offset, part } => json(self.write_restore(offset, &part).await?),
            Call::OpenRestore { passphrase } => json(self.open_restore(passphrase).await?),
            Call::CommitRestore {} => json(self.commit_restore().await?),
            Call::VouchName { name, port } => json(self.core()?.vouch(name, port).await?),
            Call::AddUnverified { name } => json(self.core()?.add_unverified(name).await?),
            Call::RemoveUnverified { name } => json(self.core()?.remove_unverified(name).await?),
            Call::RenameDevice { device, petname } => {
                json(self.core()?.rename(device, petname).await?)
            }
            Call::InviteComputer(asked) => json(self.core()?.invite(&asked).await?),
            Call::HandOver(asked) => json(self.core()?.hand_over(&asked).await?),
            Call::AllowOrigin { device, origin } => {
                json(self.core()?.set_origin(device, origin, true).await?)
            }
            Call::PassOrigin { device, origin } => {
                json(self.core()?.pass_origin(device, origin).await?)
            }
            Call::DenyOrigin { device, origin } => {
                json(self.core()?.set_origin(device, origin, false).await?)
            }
            Call::RevokeDevice { device } => {
                self.core()?.revoke(&device).await?;
                json(Empty {})
            }
            Call::AddMaker(asked) => json(self.core()?.add_maker(asked).await?),
            Call::ListMakers {} => json(self.core()?.makers()),
            Call::RemoveMaker { name } => {
                self.core()?.remove_maker(name).await?;
                json(Empty {})
            }
            Call::ReadAudit(asked) => json(self.core()?.audit(asked).await?),
            Call::BridgeCertificate {} => json(self.core()?.bridge_certificate()?),
            Call::ReplaceBridge {} => json(self.core()?.replace_bridge().await?),
            Call::DestroyBridge {} => {
                self.core()?.destroy_bridge().await?;
                json(Empty {})
            }
            // The daemon stops when this has been answered.
            Call::StopDaemon {} => json(Empty {}),
        }
    }

    async fn hello(&self, hello: &Hello) -> Result<Welcome, ErrorKind> {
        match hello.protocol.cmp(&rpc::VERSION) {
            Ordering::Greater => return Err(ErrorKind::HostTooOld),
            Ordering::Less => return Err(ErrorKind::CallerTooOld),
            Ordering::Equal => {}
        }
        let core = self.open(KeySource::AsChosen(None)).await?;
        *lock(&self.core) = Some(Arc::clone(core));
        tracing::info!(client = ?hello.client, "a session begins");
        Ok(Welcome {
            protocol: rpc::VERSION,
            daemon: env!("CARGO_PKG_VERSION").to_owned(),
            proxy: core.proxy().clone(),
        })
    }
}

impl Session {
    async fn open(&self, key: KeySource) -> Result<&Arc<Core>, ErrorKind> {
        self.daemon.core(key).await.map_err(|error| {
            tracing::error!(%error, "the trust store is not open");
            error.kind()
        })
    }

    async fn protect(&self, passphrase: Option<Passphrase>) -> Result<(), ErrorKind> {
        match (self.daemon.core.get(), passphrase) {
            (Some(core), passphrase) => core.protect(passphrase).await,
            (None, Some(passphrase)) => self.open(KeySource::New(passphrase)).await.map(drop),
            (None, None) => self.open(KeySource::AsChosen(None)).await.map(drop),
        }
    }
}

fn json(result: impl Serialize) -> Result<Value, ErrorKind> {
    serde_json::to_value(result).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        ErrorKind::Internal
    })
}
