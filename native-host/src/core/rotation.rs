//! Carries out what `proxy/bridge/rotation.rs` decides: at the start and once a day, so that browsers know
//! the next bridge authority before it signs. What fails is told to the log and tried again.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use settle_protocol::rpc::{BridgeCertificate, ErrorKind};
use settle_transport::certificate::IssueError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Core;
use crate::install::Step as Done;
use crate::install::authorities::{self, Authorities};
use crate::proxy::bridge;
use crate::proxy::bridge::rotation::{Life, Next, Step, rotation};
use crate::trust_store::StoreError;
use crate::trust_store::record::{Bridge, Contents};
use crate::vault::Interrupted;

const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
enum StepError {
    /// The next authority cannot be made or used.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Shutting down.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl Core {
    /// Works until the daemon ends.
    pub(super) async fn rotate_daily(self: Arc<Self>, shutdown: CancellationToken) {
        let mut days = interval(EVERY);
        days.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = days.tick() => {}
            }
            let step = self.take_steps().await;
            self.keep_stores(step == Step::Offer).await;
        }
    }

    /// Makes another authority that signs at once, because the key of the current one may be in other hands, and
    /// then so may that of the next. What is in the browsers' stores is the caller's to change.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn replace_bridge(&self) -> Result<BridgeCertificate, ErrorKind> {
        let made = bridge::make(SystemTime::now()).map_err(|error| {
            tracing::error!(%error, "no bridge authority can be made");
            ErrorKind::Internal
        })?;
        let kept = made.clone();
        self.change(|store, now| Ok(store.set_bridge(Some(kept), now)?))
            .await?;
        self.bridge.replace(&made).map_err(|error| {
            tracing::error!(%error, "the new bridge authority cannot be used");
            ErrorKind::Internal
        })?;
        self.bridge_certificate()
    }

    /// Takes the steps that concern the trust store alone. Returns what is left to do.
    pub(super) async fn take_steps(&self) -> Step {
        loop {
            let now = SystemTime::now();
            let taken = match self.step(now) {
                Step::Make => self.make_next(now).await,
                Step::Switch => self.switch(now).await,
                step @ (Step::Rest | Step::Offer) => return step,
            };
            if let Err(error) = taken {
                tracing::warn!(%error, "the bridge authority was not renewed");
                return Step::Rest;
            }
        }
    }

    fn step(&self, now: SystemTime) -> Step {
        let (current, next) = self.vault.read(|contents| {
            let certificate = |bridge: &Bridge| bridge.certificate.clone();
            (
                contents.bridge.as_ref().map(certificate),
                contents.next_bridge.as_ref().map(certificate),
            )
        });
        let Some(current) = current.as_deref().and_then(Life::of) else {
            // It was destroyed: the next start makes another.
            return Step::Rest;
        };
        let next = next.and_then(|certificate| {
            Some(Next {
                life: Life::of(&certificate)?,
                known_since: self.known_since(&certificate),
            })
        });
        rotation(now, current, next)
    }

    fn known_since(&self, certificate: &[u8]) -> Option<SystemTime> {
        let known = authorities::known_since(certificate, &self.paths);
        known.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known which stores have the next bridge authority");
            None
        })
    }

    async fn make_next(&self, now: SystemTime) -> Result<(), StepError> {
        let next = bridge::make(now)?;
        let kept = self
            .vault
            .write(move |store| store.set_next_bridge(next, now));
        kept.await??;
        tracing::info!("the next bridge authority was made");
        Ok(())
    }

    async fn switch(&self, now: SystemTime) -> Result<(), StepError> {
        self.vault
            .write(move |store| store.switch_bridge(now))
            .await??;
        let current = self.vault.read(|contents| contents.bridge.clone());
        if let Some(current) = current {
            self.bridge.replace(&current)?;
        }
        tracing::info!("the next bridge authority signs from now on");
        Ok(())
    }

    /// Makes the stores that are remembered hold exactly the authorities that there are.
    async fn keep_stores(&self, anyway: bool) {
        let (vault, paths) = (self.vault.clone(), self.paths.clone());
        let keeping = move || authorities::keep(|| vault.read(wanted), anyway, &paths);
        let steps = match tokio::task::spawn_blocking(keeping).await {
            Ok(Ok(steps)) => steps,
            Ok(Err(error)) => {
                return tracing::warn!(%error, "certificate stores are not kept up to date");
            }
            Err(_) => return,
        };
        for Done { what, result } in steps {
            match result {
                Ok(()) => tracing::info!(store = what, "has the bridge authorities"),
                Err(error) => tracing::warn!(
                    store = what, %error,
                    "the bridge authorities cannot be put into this store: run settle install"
                ),
            }
        }
    }
}

fn wanted(contents: &Contents) -> Option<Authorities> {
    let next = contents.next_bridge.as_ref();
    Some(Authorities::new(
        contents.bridge.as_ref()?.certificate.clone(),
        next.map(|next| next.certificate.clone()),
    ))
}
