//! Who is let in: this user alone, and no more sessions at once than browsers and commands need. One
//! program that opens connections without end is told so, and takes nothing from the others.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use settle_protocol::rpc::{
    Empty, ErrorKind, FromDaemon, MAX_FROM_BROWSER, MAX_TO_BROWSER, Request,
};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::framing;

/// A session is a browser's profile, or a command at work.
const MAX_SESSIONS: usize = 64;
/// Connections that wait to be told so; more of them are closed without a word.
const MAX_REFUSALS: usize = 16;
/// How long one that is turned away may take to say what it wants.
const REFUSAL_LIMIT: Duration = Duration::from_secs(1);

/// The peer's user, as the kernel knows it.
pub(super) fn is_ours(stream: &UnixStream) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
}

/// The places for sessions.
#[derive(Debug)]
pub(super) struct Places {
    taken: watch::Sender<usize>,
    refusals: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            taken: watch::channel(0).0,
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
        }
    }
}

/// One session's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(watch::Sender<usize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|taken| *taken -= 1);
    }
}

impl Places {
    /// Takes one; `None` when there is none left.
    pub(super) fn take(&self) -> Option<Place> {
        let took = self.taken.send_if_modified(|taken| {
            let free = *taken < MAX_SESSIONS;
            *taken += usize::from(free);
            free
        });
        took.then(|| Place(self.taken.clone()))
    }

    /// Answers the first call of one for whom there is no place.
    pub(super) fn turn_away(&self, stream: UnixStream) {
        tracing::warn!("there are too many sessions: a connection was turned away");
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            // Whoever says nothing, or does not listen, is told nothing.
            drop(timeout(REFUSAL_LIMIT, refuse(stream)).await);
            drop(permit);
        });
    }

    /// Waits until no session is open.
    pub(super) async fn all_free(&self) {
        self.wait(|taken| taken == 0).await;
    }

    /// Waits until one is.
    pub(super) async fn one_taken(&self) {
        self.wait(|taken| taken > 0).await;
    }

    async fn wait(&self, wanted: impl Fn(usize) -> bool) {
        let mut taken = self.taken.subscribe();
        // The sender is ours, so this ends with the condition alone.
        drop(taken.wait_for(|taken| wanted(*taken)).await);
    }
}

async fn refuse(mut stream: UnixStream) -> io::Result<()> {
    let Some(frame) = framing::read(&mut stream, MAX_FROM_BROWSER).await? else {
        return Ok(());
    };
    let request: Option<Request> = framing::parse(&frame).ok();
    let id = request.map(|request| request.id);
    let answer = FromDaemon::answer::<Empty>(id, Err(ErrorKind::Busy.into()));
    framing::write(&mut stream, &answer, MAX_TO_BROWSER).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_places_and_each_comes_back() {
        let places = Places::default();
        let taken: Vec<Place> = std::iter::from_fn(|| places.take()).collect();
        assert_eq!(taken.len(), MAX_SESSIONS);
        drop(taken);
        assert!(places.take().is_some());
    }
}
