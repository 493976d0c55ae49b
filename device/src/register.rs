//! The list of paired clients and the codes that lead onto it: one file, so that a code is spent
//! and its client recorded in one write, or neither is.
//!
//! Reading never waits for the disk; only a client whose own record is being written does. What is
//! read is what the disk holds, except for the counts of attempts: the disk counts some ahead, so it
//! never holds fewer than were made.

mod administration;
mod awaited;
mod contents;
mod rollover;
mod strangers;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::Lifetime;
use settle_protocol::secret::PairingSecret;
use settle_transport::certificate::IssueError;
use settle_transport::tls::AccessList;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Tally;
use crate::client::Client;
use crate::clock::unix_now;
use crate::code::{Code, CodeId, Counted};
use crate::role::Role;
use crate::state::{StateDir, StateError};
pub(crate) use administration::Lessened;
use awaited::AllAwaited;
pub(crate) use awaited::Awaited;
pub(crate) use contents::Contents;
use strangers::Strangers;

/// Why the register could not be changed. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The file cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
    /// No randomness.
    #[error("the system's random generator fails: {0}")]
    Random(#[from] getrandom::Error),
    /// Somebody else used the code meanwhile, or it is long dead.
    #[error("the code is spent")]
    Spent,
    /// The code is printed on the device, and nobody is expected right now.
    #[error("the device admits nobody with its printed code right now")]
    Closed,
    /// Who asks is no administrator, or no more.
    #[error("only administrators may change this")]
    NotAdmin,
    /// It would leave the device without an administrator, and nobody said that it may.
    #[error("this is the last administrator: whoever pairs next would be the first again")]
    LastAdmin,
    /// Enough codes that were handed on stand.
    #[error("so many codes stand that no other is made: use one, or wait until one ends")]
    ManyCodes,
    /// Somebody else replaced the root key meanwhile.
    #[error("the root key is another one by now")]
    OtherRoot,
    /// Hosts would not follow any further.
    #[error("the device has rolled over as often as hosts follow: reset it, and pair anew")]
    ManyRollovers,
    /// No new root can be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// What the client would get changed meanwhile.
    #[error("the role that was granted is no longer free")]
    RoleTaken,
    /// It was told meanwhile that it is not on the list.
    #[error("the client was refused, and does not count on being recorded any more")]
    Refused,
    /// The program is being stopped.
    #[error("the write was interrupted")]
    Interrupted,
}

/// The attempt of a client to prove that it knows a code.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// How many failed before it.
    pub(crate) before: u8,
    /// What to answer with; `None` for a code that is unknown or dead.
    pub(crate) secret: Option<PairingSecret>,
}

/// A device's clients and codes, shared by all connections.
#[derive(Debug)]
pub(crate) struct Register {
    dir: Arc<StateDir>,
    contents: RwLock<Arc<Contents>>,
    /// Held through a write, so that writes follow one another.
    writing: Mutex<()>,
    strangers: Mutex<Strangers>,
    awaited: AllAwaited,
    /// Until when printed codes admit, by the steady clock; a restart closes the window.
    window: AtomicU64,
    /// What others cause at will, for the audit log.
    pub(crate) tally: Tally,
    /// When clients asked for something last, in seconds since the Unix epoch; since the start.
    seen: Mutex<HashMap<KeyFingerprint, u64>>,
    /// For each client with connections, what cuts them.
    cuts: Mutex<HashMap<KeyFingerprint, CancellationToken>>,
    /// Writes under way, which go on when who asked for them has gone.
    writes: TaskTracker,
    changes: watch::Sender<()>,
}

impl Register {
    /// Takes over what was loaded.
    pub(crate) fn new(dir: Arc<StateDir>, contents: Contents) -> Self {
        Self {
            dir,
            contents: RwLock::new(Arc::new(contents)),
            writing: Mutex::default(),
            strangers: Mutex::default(),
            awaited: AllAwaited::default(),
            window: AtomicU64::new(0),
            tally: Tally::default(),
            seen: Mutex::default(),
            cuts: Mutex::default(),
            writes: TaskTracker::new(),
            changes: watch::Sender::new(()),
        }
    }

    /// Tells of every change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The paired clients.
    pub(crate) fn clients(&self) -> Vec<Client> {
        self.contents().clients.clone()
    }

    /// What a client may do; `None` when it is not on the list.
    pub(crate) fn role_of(&self, key: &KeyFingerprint) -> Option<Role> {
        self.contents()
            .client(key)
            .map(|client| client.role.clone())
    }

    /// The role that a client would get now with a code.
    pub(crate) fn role_for(&self, key: &KeyFingerprint, code: CodeId) -> Role {
        self.contents().role_for(key, code)
    }

    /// What cuts the connections of a client that is on the list.
    pub(crate) fn cut_of(&self, key: &KeyFingerprint) -> Option<CancellationToken> {
        // Locked before the list is read: see `remove`.
        let mut cuts = locked(&self.cuts);
        self.role_of(key)?;
        Some(cuts.entry(*key).or_default().clone())
    }

    /// Cuts every connection.
    pub(crate) fn cut_all(&self) {
        for (_, cut) in locked(&self.cuts).drain() {
            cut.cancel();
        }
    }

    /// The newest code to be shown on a screen that admits now: see [`Contents::on_screen`].
    pub(crate) fn code(&self, now: u64) -> Option<(PairingSecret, u64)> {
        self.contents().on_screen(now)
    }

    /// The secrets of all codes that stand now, the newest first.
    pub(crate) fn secrets(&self, now: u64) -> Vec<PairingSecret> {
        let contents = self.contents();
        let codes = contents.codes.iter().rev();
        codes.filter_map(|code| code.secret(now)).collect()
    }

    /// The secrets of the codes that stand and admit now, the newest first.
    pub(crate) fn admitting(&self, now: u64) -> Vec<PairingSecret> {
        let (contents, open) = (self.contents(), self.window(now).is_some());
        let codes = contents.codes.iter().rev();
        let admitting = codes.filter(|code| contents.admits(code, open));
        admitting.filter_map(|code| code.secret(now)).collect()
    }

    /// How a client may come in that has proved to know a code.
    ///
    /// # Errors
    /// [`RegisterError::Closed`] for a printed code while nobody is expected, and
    /// [`RegisterError::Spent`] for a code that is gone meanwhile.
    pub(crate) fn admission(&self, id: CodeId, now: u64) -> Result<Lifetime, RegisterError> {
        let contents = self.contents();
        let code = contents.code(id).ok_or(RegisterError::Spent)?;
        if contents.admits(code, self.window(now).is_some()) {
            Ok(code.lifetime())
        } else {
            Err(RegisterError::Closed)
        }
    }

    /// Wipes what is left of dead codes.
    pub(crate) async fn bury_dead(self: &Arc<Self>, now: u64) -> Result<(), RegisterError> {
        self.change(move |contents| {
            contents.bury_dead(now);
            Ok(())
        })
        .await
    }

    /// Makes a code.
    pub(crate) async fn make_code(self: &Arc<Self>, now: u64) -> Result<(), RegisterError> {
        self.change(move |contents| {
            contents.bury_dead(now);
            contents.codes.push(Code::make(Lifetime::OneTime, now)?);
            Ok(())
        })
        .await
    }

    /// Counts an attempt, on the disk too where what was counted there ahead is used up. An attempt
    /// at a code that is unknown or dead is counted as well, and costs no write.
    pub(crate) async fn attempt(
        self: &Arc<Self>,
        id: CodeId,
        now: u64,
    ) -> Result<Attempt, RegisterError> {
        self.exclusively(move |register| {
            let mut contents = Contents::clone(&register.contents());
            let counted = contents.code_mut(id).map(|code| code.attempt(now));
            let Some(Counted {
                before,
                secret: Some(secret),
                must_be_stored,
            }) = counted
            else {
                return Ok(register.vain_attempt(id));
            };
            if must_be_stored {
                contents.store(&register.dir)?;
            }
            register.replace(contents);
            Ok(Attempt {
                before,
                secret: Some(secret),
            })
        })
        .await
    }

    fn vain_attempt(&self, id: CodeId) -> Attempt {
        let at_code = self.contents().code(id).map_or(0, Code::attempts);
        let vain = locked(&self.strangers).attempt(id);
        Attempt {
            before: at_code.saturating_add(vain),
            secret: None,
        }
    }

    /// An attempt ended in proof.
    pub(crate) async fn forgive(self: &Arc<Self>, id: CodeId) -> Result<(), RegisterError> {
        self.exclusively(move |register| {
            let mut contents = Contents::clone(&register.contents());
            if let Some(code) = contents.code_mut(id) {
                code.forgive();
                register.replace(contents);
            }
            Ok(())
        })
        .await
    }

    /// A client's user begins to decide.
    pub(crate) fn await_client(&self, key: KeyFingerprint) -> Awaited {
        self.awaited.begin(key)
    }

    /// Spends a one-time code and records the client, who was admitted when it proved itself and has
    /// been awaited since; when it was refused meanwhile, neither.
    pub(crate) async fn record(
        self: &Arc<Self>,
        id: CodeId,
        client: Client,
        awaited: Awaited,
    ) -> Result<(), RegisterError> {
        self.exclusively(move |register| {
            if awaited.is_refused() {
                return Err(RegisterError::Refused);
            }
            let recorded = register.change_now(|contents| contents.record(id, client));
            // Awaited to the end of the write: see `admits`.
            drop(awaited);
            recorded
        })
        .await
    }

    /// Writes what was counted since the last write, and waits until no write is under way; to be
    /// called when nobody asks for any more.
    pub(crate) async fn finish(self: &Arc<Self>) {
        let told = self.tally.take(None);
        let now = unix_now();
        let settled = self.change(move |contents| {
            contents.note(now, told);
            contents.codes.iter_mut().for_each(Code::settle);
            Ok(())
        });
        if let Err(error) = settled.await {
            tracing::warn!(%error, "attempts stay counted that were not made");
        }
        self.writes.close();
        self.writes.wait().await;
    }

    fn contents(&self) -> Arc<Contents> {
        let contents = self.contents.read();
        Arc::clone(&contents.unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, contents: Contents) {
        let mut current = self
            .contents
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(contents);
        drop(current);
        self.changes.send_replace(());
    }

    /// Changes a copy, writes it to the disk, and only then lets it be seen.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Contents) -> Result<T, RegisterError> + Send + 'static,
    ) -> Result<T, RegisterError> {
        self.exclusively(|register| register.change_now(change))
            .await
    }

    fn change_now<T>(
        &self,
        change: impl FnOnce(&mut Contents) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let mut contents = Contents::clone(&self.contents());
        let result = change(&mut contents)?;
        contents.store(&self.dir)?;
        self.replace(contents);
        Ok(result)
    }

    /// Does what no other change may come between, to its end even when nobody waits for it.
    async fn exclusively<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, RegisterError> + Send + 'static,
    ) -> Result<T, RegisterError> {
        let register = Arc::clone(self);
        let done = self.writes.spawn_blocking(move || {
            let _writing = locked(&register.writing);
            work(&register)
        });
        done.await.map_err(|_| RegisterError::Interrupted)?
    }
}

impl AccessList for Register {
    fn admits(&self, client: &KeyFingerprint) -> bool {
        // Looked up first, since whoever is awaited no more has been recorded by then or never will.
        let awaited = self.awaited.get(client);
        let is_listed = || self.role_of(client).is_some();
        let Some(awaited) = awaited.filter(|_| !is_listed()) else {
            return is_listed();
        };
        // Its record may be on its way to the disk. If not, the refusal is for good.
        let _writing = locked(&self.writing);
        let recorded = is_listed();
        if !recorded {
            awaited.refuse();
        }
        recorded
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
