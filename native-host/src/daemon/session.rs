//! One connection to the daemon: an extension behind its connector, or the command line.
//!
//! Calls run side by side, their number bounded; answers and events leave through one writer. What
//! a session has open (pairings that wait for the user, backups) ends with it. A peer that breaks the
//! framing loses its connection and nobody else's. What the calls do is in the modules.

mod calls;
mod imports;
mod pairings;
mod transfers;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use settle_protocol::rpc::{
    Call, Empty, ErrorKind, Event, FromDaemon, MAX_FROM_BROWSER, MAX_TO_BROWSER, Request, RpcError,
};
use tokio::io::AsyncWrite;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use self::imports::Imports;
use self::pairings::Pairings;
use self::transfers::Transfers;
use super::Daemon;
use crate::core::Core;
use crate::framing;

/// Calls of one session that run at the same time.
const MAX_CALLS: usize = 32;

/// One connection's state.
struct Session {
    daemon: Arc<Daemon>,
    core: Mutex<Option<Arc<Core>>>,
    pairings: Pairings,
    imports: Imports,
    transfers: tokio::sync::Mutex<Transfers>,
    out: mpsc::Sender<FromDaemon>,
    /// Cancelled when the peer is gone.
    closed: CancellationToken,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(daemon: Arc<Daemon>, stream: UnixStream) {
    let (mut input, output) = stream.into_split();
    let (out, outgoing) = mpsc::channel(MAX_CALLS);
    let writer = tokio::spawn(write_all(output, outgoing, daemon.events.subscribe()));
    let session = Arc::new(Session {
        daemon: Arc::clone(&daemon),
        core: Mutex::default(),
        pairings: Pairings::default(),
        imports: Imports::default(),
        transfers: tokio::sync::Mutex::default(),
        out,
        closed: CancellationToken::new(),
    });
    let calls = Arc::new(Semaphore::new(MAX_CALLS));
    loop {
        let frame = tokio::select! {
            frame = framing::read(&mut input, MAX_FROM_BROWSER) => frame,
            () = daemon.shutdown.cancelled() => break,
        };
        match frame {
            Ok(Some(frame)) => session.take(&frame, &calls).await,
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::warn!("a peer sent a frame that is too large");
                break;
            }
            Err(error) => {
                tracing::debug!(%error, "a peer's connection broke");
                break;
            }
        }
    }
    session.closed.cancel();
    session.pairings.refuse_all().await;
    drop(session);
    if let Err(error) = writer.await {
        tracing::warn!(%error, "a writer ended badly");
    }
}

/// Writes answers in the order in which they are given, and events among them, until every sender
/// is gone or the peer is.
async fn write_all(
    mut output: impl AsyncWrite + Unpin,
    mut answers: mpsc::Receiver<FromDaemon>,
    mut events: broadcast::Receiver<Event>,
) {
    loop {
        let message = tokio::select! {
            answer = answers.recv() => match answer {
                Some(answer) => answer,
                None => return,
            },
            event = events.recv() => match event {
                Ok(event) => FromDaemon::event(event),
                // Whoever was too slow to hear everything lists the devices again.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    FromDaemon::event(Event::DevicesChanged {})
                }
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
        if let Err(error) = framing::write(&mut output, &message, MAX_TO_BROWSER).await {
            tracing::debug!(%error, "a peer takes no more answers");
            return;
        }
    }
}

impl Session {
    /// Reads one frame and runs the call in it.
    async fn take(self: &Arc<Self>, frame: &[u8], calls: &Arc<Semaphore>) {
        let request: Request = match framing::parse(frame) {
            Ok(request) => request,
            Err(error) => {
                let kind = if error.is_data() {
                    ErrorKind::InvalidRequest
                } else {
                    ErrorKind::Parse
                };
                return self
                    .say(FromDaemon::answer::<Empty>(id_of(frame), Err(kind.into())))
                    .await;
            }
        };
        match Arc::clone(calls).try_acquire_owned() {
            Ok(place) => {
                tokio::spawn(Arc::clone(self).run(request, place));
            }
            Err(_) => self.answer::<Empty>(request.id, Err(ErrorKind::Busy)).await,
        }
    }

    async fn run(self: Arc<Self>, request: Request, place: OwnedSemaphorePermit) {
        let id = request.id;
        let stops = matches!(request.call, Call::StopDaemon {});
        let outcome = self.outcome(id, request.call).await;
        self.answer(id, outcome).await;
        if stops {
            self.daemon.shutdown.cancel();
        }
        drop(place);
    }

    /// What everything but `hello` needs.
    fn core(&self) -> Result<Arc<Core>, ErrorKind> {
        lock(&self.core).clone().ok_or(ErrorKind::VersionMismatch)
    }

    async fn answer<T: Serialize>(&self, id: u64, result: Result<T, ErrorKind>) {
        let result = result.map_err(RpcError::from);
        self.say(FromDaemon::answer(Some(id), result)).await;
    }

    async fn say(&self, message: FromDaemon) {
        if let Err(error) = self.out.send(message).await {
            tracing::debug!(%error, "nobody waits for this answer any more");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a request that cannot be read otherwise, so that its caller hears of it.
fn id_of(frame: &[u8]) -> Option<u64> {
    let value: serde_json::Value = framing::parse(frame).ok()?;
    value.get("id")?.as_u64()
}
