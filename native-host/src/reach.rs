//! The way from a connector or a command to the daemon: connect to its socket, or start it first.

use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::daemon::{READY, take_lock};
use crate::paths::Paths;

/// Why there is no daemon to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// A file or directory of Settle's cannot be used.
    #[error("cannot use {path}: {error}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The program cannot be started a second time.
    #[error("cannot start the daemon: {0}")]
    Start(io::Error),
    /// It ended before it could be used.
    #[error("the daemon ended at once: its log {log} says why", log = .log.display())]
    Ended {
        /// The log.
        log: PathBuf,
    },
}

/// Connects to the daemon, which is started if it does not run.
///
/// # Errors
/// [`ReachError`].
pub fn daemon(paths: &Paths) -> Result<UnixStream, ReachError> {
    let file = |path: PathBuf| move |error| ReachError::File { path, error };
    let socket = paths.socket();
    if let Ok(stream) = UnixStream::connect(&socket) {
        return Ok(stream);
    }
    paths.create().map_err(file(paths.data.clone()))?;
    // One starter at a time; the others find the daemon when it is their turn.
    let lock = take_lock(&paths.start_lock()).map_err(file(paths.start_lock()))?;
    if let Ok(stream) = UnixStream::connect(&socket) {
        return Ok(stream);
    }
    start(paths)?;
    let stream = UnixStream::connect(&socket).map_err(file(socket))?;
    drop(lock);
    Ok(stream)
}

/// Connects to the daemon if it runs.
///
/// # Errors
/// Of the socket, other than that nobody listens.
pub fn running_daemon(paths: &Paths) -> io::Result<Option<UnixStream>> {
    match UnixStream::connect(paths.socket()) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if nobody_listens(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn nobody_listens(error: &io::Error) -> bool {
    [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused].contains(&error.kind())
}

/// Starts the daemon and waits until it says that it can be used.
fn start(paths: &Paths) -> Result<(), ReachError> {
    let program = fs::read_link("/proc/self/exe").or_else(|_| std::env::current_exe());
    let mut child = Command::new(program.map_err(ReachError::Start)?)
        .arg("daemon")
        // A group of its own: what the browser sends to the connector's group must not reach it.
        .process_group(0)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(ReachError::Start)?;
    let mut said = [0; READY.len()];
    let heard = match child.stdout.take() {
        Some(mut output) => output.read_exact(&mut said),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    };
    match heard {
        Ok(()) if said == READY => Ok(()),
        _ => Err(ReachError::Ended { log: paths.log() }),
    }
}
