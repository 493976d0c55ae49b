//! The pairings of one session: those that run, and those that wait for the user to decide.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use settle_protocol::name::Label;
use settle_protocol::rpc::{self, Empty, ErrorKind, Event, FromDaemon, PairingStep, StartPairing};
use tokio_util::sync::CancellationToken;

use super::{Session, lock};
use crate::core::Core;
use crate::pairing::{self, PairError, Proved};

/// Pairings that wait for the user.
const MAX_WAITING: usize = 4;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// By the numbers that the other side knows them by.
#[derive(Debug, Default)]
pub(super) struct Pairings {
    /// By the requests that began them.
    running: Mutex<HashMap<u64, CancellationToken>>,
    waiting: Mutex<HashMap<u64, Proved>>,
}

impl Session {
    pub(super) async fn start(
        &self,
        request: u64,
        start: &StartPairing,
    ) -> Result<rpc::Decision, ErrorKind> {
        let core = self.core()?;
        let cancelled = self.closed.child_token();
        lock(&self.pairings.running).insert(request, cancelled.clone());
        let proving = self.prove(request, start, &core);
        let proved = tokio::select! {
            proved = proving => Some(proved),
            () = cancelled.cancelled() => None,
        };
        lock(&self.pairings.running).remove(&request);
        match proved {
            Some(Ok(proved)) => self.pairings.keep(proved, &core),
            Some(Err(error)) => {
                tracing::warn!(%error, "a pairing failed");
                core.pairing_failed(error.kind()).await;
                Err(error.kind())
            }
            None => Err(ErrorKind::Cancelled),
        }
    }

    async fn prove(
        &self,
        request: u64,
        start: &StartPairing,
        core: &Core,
    ) -> Result<Proved, PairError> {
        let progress = |step: PairingStep| {
            let event = Event::PairingProgress { request, step };
            // Progress is for looking at; a peer that reads too slowly can do without.
            if let Err(error) = self.out.try_send(FromDaemon::event(event)) {
                tracing::debug!(%error, "progress was not told");
            }
        };
        pairing::prove(&start.code, &start.client_label, &core.discovery, progress).await
    }

    pub(super) async fn commit(
        &self,
        pairing: u64,
        petname: Label,
    ) -> Result<rpc::Device, ErrorKind> {
        let core = self.core()?;
        let proved = {
            let mut waiting = lock(&self.pairings.waiting);
            // A name that is taken is asked for anew, so the pairing stays open then.
            if waiting
                .get(&pairing)
                .is_some_and(|proved| core.taken(&petname, proved))
            {
                return Err(ErrorKind::NameTaken);
            }
            waiting.remove(&pairing).ok_or(ErrorKind::PairingGone)?
        };
        if !proved.is_open() {
            proved.refuse().await;
            return Err(ErrorKind::PairingGone);
        }
        core.commit(proved, petname).await
    }
}

impl Pairings {
    /// Keeps what was proved until the user has decided.
    fn keep(&self, proved: Proved, core: &Core) -> Result<rpc::Decision, ErrorKind> {
        let pairing = NEXT.fetch_add(1, Ordering::Relaxed);
        let decision = core.decision(pairing, &proved);
        let mut waiting = lock(&self.waiting);
        if waiting.len() >= MAX_WAITING {
            return Err(ErrorKind::Busy);
        }
        waiting.insert(pairing, proved);
        Ok(decision)
    }

    /// Ends one that runs.
    pub(super) fn cancel(&self, request: u64) -> Result<Empty, ErrorKind> {
        let running = lock(&self.running);
        let running = running.get(&request).ok_or(ErrorKind::PairingGone)?;
        running.cancel();
        Ok(Empty {})
    }

    /// Ends one that waits.
    pub(super) async fn abort(&self, pairing: u64) -> Result<Empty, ErrorKind> {
        let proved = lock(&self.waiting).remove(&pairing);
        proved.ok_or(ErrorKind::PairingGone)?.refuse().await;
        Ok(Empty {})
    }

    /// Ends what the user can no longer decide.
    pub(super) async fn refuse_all(&self) {
        let waiting: Vec<Proved> = lock(&self.waiting)
            .drain()
            .map(|(_, proved)| proved)
            .collect();
        for proved in waiting {
            proved.refuse().await;
        }
    }
}
