//! Does what a browser does with a manifest: starts the program that it names, with the arguments
//! that this browser gives, says hello over its pipes, and reads the answer.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use native_messaging::host::{decode_message, send_json};
use settle_protocol::rpc::{
    Call, ErrorKind, FromDaemon, Hello, MAX_TO_BROWSER, Outcome, Request, RpcError, VERSION,
};

use super::INSTALL;
use crate::install::browsers::Family;
use crate::install::manifest::{self, Manifest};

/// A keyring may ask the user for its password meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a manifest leads to no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostError {
    /// There is none of Settle's.
    #[error("its manifest {} is missing or not Settle's", .0.display())]
    Manifest(PathBuf),
    /// It names nobody who may call, or somebody else.
    #[error("its manifest {} lets other extensions in than this Settle's", .0.display())]
    Callers(PathBuf),
    /// The program is gone.
    #[error("its manifest names {}, which is not there", .0.display())]
    Gone(PathBuf),
    /// The program does not start.
    #[error("it cannot start {program}: {error}", program = .program.display())]
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It says nothing, or nothing that can be understood.
    #[error("{} gives no answer", .0.display())]
    Silent(PathBuf),
}

impl HostError {
    /// What to do.
    pub(super) const fn next(&self) -> &'static str {
        match self {
            Self::Manifest(_) | Self::Callers(_) | Self::Gone(_) => INSTALL,
            Self::Start { .. } | Self::Silent(_) => {
                "install settle again in a place where programs may be run, then: settle install"
            }
        }
    }
}

/// Asks the host as the browser of this manifest would; what the daemon behind it refuses is an
/// answer too.
pub(super) fn ask(path: &Path) -> Result<Result<(), RpcError>, HostError> {
    let manifest = manifest::read(path).ok_or_else(|| HostError::Manifest(path.to_owned()))?;
    if !manifest.program.is_file() {
        return Err(HostError::Gone(manifest.program));
    }
    let mut child = start(&manifest, path).map_err(|error| HostError::Start {
        program: manifest.program.clone(),
        error,
    })?;
    let answer = talk(&mut child);
    end(child);
    match answer {
        Some(Outcome::Result(_)) => Ok(Ok(())),
        Some(Outcome::Error(error)) if error.data.kind == ErrorKind::CallerRefused => {
            Err(HostError::Callers(path.to_owned()))
        }
        Some(Outcome::Error(error)) => Ok(Err(error)),
        None => Err(HostError::Silent(manifest.program)),
    }
}

fn start(manifest: &Manifest, path: &Path) -> io::Result<Child> {
    let caller = manifest.callers.first().map_or("", String::as_str);
    let mut command = Command::new(&manifest.program);
    match manifest.family {
        Family::Chromium => command.arg(caller),
        Family::Firefox => command.arg(path).arg(caller),
    };
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

fn talk(child: &mut Child) -> Option<Outcome> {
    let hello = Call::Hello(Hello {
        protocol: VERSION,
        client: concat!("settle doctor ", env!("CARGO_PKG_VERSION")).to_owned(),
    });
    send_json(child.stdin.as_mut()?, &Request::new(1, hello)).ok()?;
    let mut output = child.stdout.take()?;
    let (sender, answers) = mpsc::channel();
    // It ends with the child, at the latest.
    thread::spawn(move || {
        while let Ok(text) = decode_message(&mut output, MAX_TO_BROWSER) {
            if let Ok(FromDaemon::Response(response)) = serde_json::from_str(&text) {
                return sender.send(response.outcome).ok();
            }
        }
        None
    });
    answers.recv_timeout(PATIENCE).ok()
}

/// Ends the host as a browser does: it closes the pipe and is not patient.
fn end(mut child: Child) {
    drop(child.stdin.take());
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::warn!(%error, "a host was not ended");
    }
}
