//! The owner's door: the same API on a Unix socket in the state directory, for the command line on the
//! device itself. Who may open the directory's files owns the device anyway, so nobody else is let in
//! and nobody is asked for a role.

use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, Asker};
use crate::audit::By;
use crate::role::Role;

const SOCKET: &str = "control";
/// How long a connection may lie idle.
const IDLE: Duration = Duration::from_secs(30);
/// How long to wait when no connection can be taken.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Where the door of a state directory is.
pub(crate) fn path_in(state: &Path) -> PathBuf {
    state.join(SOCKET)
}

/// The open door. It goes with this.
#[derive(Debug)]
pub(crate) struct Control {
    socket: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Opens it in a state directory that this process holds, so what is there is a dead one's.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let path = path_in(state);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(&path)?;
        // Until here the directory, of mode 0700, keeps others out.
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { socket, path })
    }

    /// Answers until `stop`.
    pub(crate) async fn serve(self, api: Arc<Api>, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, _)) if is_owner(&stream) => {
                        connections.spawn(serve(stream, Arc::clone(&api)));
                    }
                    Ok(_) => tracing::warn!("somebody else knocked at the owner's door"),
                    Err(error) => {
                        tracing::warn!(%error, "the owner's door is stuck");
                        sleep(EXHAUSTED).await;
                    }
                },
            }
        }
        connections.shutdown().await;
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the owner's door was gone already");
        }
    }
}

/// Answers the owner on one connection.
pub(crate) async fn serve<S>(stream: S, api: Arc<Api>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let asker = Asker {
            by: By::Owner,
            role: Role::Admin,
        };
        let api = &api;
        async move { Ok::<_, Infallible>(api.answer(request, asker).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(IDLE);
    let served = server.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "the owner's connection ended");
    }
}

/// The same user, or the system's administrator, whom no file mode stops (`SO_PEERCRED`, unix(7)).
fn is_owner(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}
