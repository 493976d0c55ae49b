//! The daemon: the one process of a user that owns trust store, discovery, pairing and proxy.
//!
//! It holds a lock, listens on a socket that only its user can open, serves each connection as a
//! session, and goes when nobody has been connected for a while. `daemon/session.rs` speaks the
//! messages; what they do is in `core`.

mod admission;
mod session;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Resource, getrlimit, setrlimit};
use settle_protocol::rpc::Event;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OnceCell, broadcast};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::admission::Places;
use crate::core::{Core, KeySource, OpenError};
use crate::paths::Paths;

/// What a starting daemon says on its standard output when its socket can be used.
pub const READY: &[u8] = b"ready\n";
/// How long to wait for a daemon that is on its way out.
const LOCK_LIMIT: Duration = Duration::from_secs(5);
/// How long sessions may take to end.
const PARTING_LIMIT: Duration = Duration::from_secs(2);
/// Descriptors for the browsers' connections and those to devices, where the system lets us have them.
const DESCRIPTORS: u64 = 4096;
/// Events that a slow session has not taken yet.
const EVENT_QUEUE: usize = 256;

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Another one is there.
    #[error("another Settle daemon is running for this user")]
    Running,
    /// Its files cannot be used.
    #[error("cannot use {path}: {error}", path = .path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What all sessions share.
#[derive(Debug)]
struct Daemon {
    paths: Paths,
    core: OnceCell<Arc<Core>>,
    events: broadcast::Sender<Event>,
    places: Places,
    shutdown: CancellationToken,
}

/// Runs the daemon until it is told to stop or has been idle for `idle`.
///
/// # Errors
/// [`DaemonError`].
pub async fn run(
    paths: Paths,
    idle: Duration,
    shutdown: CancellationToken,
) -> Result<(), DaemonError> {
    let file = |path: PathBuf| move |error| DaemonError::File { path, error };
    paths.create().map_err(file(paths.data.clone()))?;
    let lock = lock(paths.daemon_lock()).await?;
    raise_descriptors();
    let socket = paths.socket();
    let listener = listen(&socket).map_err(file(socket.clone()))?;
    announce_ready().map_err(file(PathBuf::from("/dev/stdout")))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the daemon listens");
    let daemon = Arc::new(Daemon {
        paths,
        core: OnceCell::new(),
        events: broadcast::channel(EVENT_QUEUE).0,
        places: Places::default(),
        shutdown: shutdown.clone(),
    });
    tokio::select! {
        () = Arc::clone(&daemon).accept(&listener) => {}
        () = daemon.idle(idle) => tracing::info!("nobody is connected: the daemon goes"),
        () = shutdown.cancelled() => tracing::info!("the daemon is told to stop"),
    }
    shutdown.cancel();
    // The socket first: whoever comes now starts the next daemon, which waits for the lock.
    std::fs::remove_file(&socket).map_err(file(socket))?;
    daemon.part().await;
    drop(lock);
    Ok(())
}

/// The usual limit of 1,024 is there for programs that use `select`.
fn raise_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit
        .maximum
        .map_or(DESCRIPTORS, |most| most.min(DESCRIPTORS));
    if limit.current.is_some_and(|current| current < most) {
        limit.current = Some(most);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of descriptors stays");
        }
    }
}

impl Daemon {
    async fn accept(self: Arc<Self>, listener: &UnixListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: UnixStream) {
        if !admission::is_ours(&stream) {
            tracing::warn!("another user of this computer was refused");
        } else if let Some(place) = self.places.take() {
            let daemon = Arc::clone(self);
            tokio::spawn(async move {
                session::serve(daemon, stream).await;
                drop(place);
            });
        } else {
            self.places.turn_away(stream);
        }
    }

    /// Lets the sessions end, so that whoever asked for something, be it for the daemon's end, gets
    /// its answer.
    async fn part(&self) {
        if timeout(PARTING_LIMIT, self.places.all_free())
            .await
            .is_err()
        {
            tracing::warn!("sessions that did not end in time are cut");
        }
    }

    async fn idle(&self, limit: Duration) {
        loop {
            self.places.all_free().await;
            if timeout(limit, self.places.one_taken()).await.is_err() {
                return;
            }
        }
    }

    /// The open store with all that hangs on it; opened by whoever asks first, and after a failure
    /// by whoever asks next.
    async fn core(&self, key: KeySource) -> Result<&Arc<Core>, OpenError> {
        let open = || Core::open(&self.paths, key, self.events.clone(), self.shutdown.clone());
        self.core.get_or_try_init(open).await
    }
}

async fn lock(path: PathBuf) -> Result<File, DaemonError> {
    let taking = path.clone();
    let taking = tokio::task::spawn_blocking(move || take_lock(&taking));
    match timeout(LOCK_LIMIT, taking).await {
        Ok(Ok(Ok(lock))) => Ok(lock),
        Ok(Ok(Err(error))) => Err(DaemonError::File { path, error }),
        Ok(Err(_)) | Err(_) => Err(DaemonError::Running),
    }
}

/// Waits until nobody else holds the lock; it ends with the process that holds it.
pub(crate) fn take_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(path)?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

fn listen(socket: &Path) -> io::Result<UnixListener> {
    // Under the lock, so what is there belongs to a daemon that was killed.
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn announce_ready() -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(READY)?;
    output.flush()
}
