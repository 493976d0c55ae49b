//! Says hello to the daemon, and what to do about each way in which it does not welcome us.

use std::path::Path;

use settle_protocol::rpc::{ErrorKind, RpcError};

use super::{Check, INSTALL};
use crate::client::{CallError, Client};
use crate::paths::Paths;

/// Connects as the command line does; `answered` is what a browser's host has been told.
pub(super) fn ask(paths: &Paths, answered: Option<&RpcError>) -> Result<Client, Check> {
    let wrong = |problem: String, next: &str| Check::new("", Err(problem), next);
    let refused = |error: &RpcError| {
        let next = next_for(error.data.kind, &paths.log());
        wrong(error.message.clone(), &next)
    };
    let client = match Client::connect(paths) {
        Ok(client) => client,
        Err(CallError::Refused(error)) => return Err(refused(&error)),
        Err(error @ (CallError::Reach(_) | CallError::Broken(_) | CallError::Foreign(_))) => {
            let next = next_for(ErrorKind::DaemonUnreachable, &paths.log());
            return Err(wrong(error.to_string(), &next));
        }
    };
    let (theirs, ours) = (&client.welcome.daemon, env!("CARGO_PKG_VERSION"));
    if theirs != ours {
        let problem = format!("the daemon that runs is version {theirs}, and this is {ours}");
        let next =
            "close all browsers for five minutes, so that the daemon ends, and start them again";
        return Err(wrong(problem, next));
    }
    answered.map_or(Ok(client), |error| Err(refused(error)))
}

fn next_for(kind: ErrorKind, log: &Path) -> String {
    let known = [
        (
            ErrorKind::KeyringMissing,
            "start a keyring (gnome-keyring, KWallet or KeePassXC with its Secret Service), then: \
             settle doctor",
        ),
        (
            ErrorKind::KeyringLocked,
            "unlock the keyring, for example by logging in to the desktop again, then: settle doctor",
        ),
        (
            ErrorKind::StoreTampered,
            "if you put an older file back, put the newer one back; else start anew with: settle \
             uninstall --everything, and then settle restore, if you have exported what you trust",
        ),
        (
            ErrorKind::StoreUnusable,
            "make room on the disk, and make sure that Settle's files are your own; the log says which \
             one it is",
        ),
        (
            ErrorKind::HostTooOld,
            "install the newest settle, run: settle install, and restart the browsers",
        ),
        (
            ErrorKind::CallerTooOld,
            "run: settle uninstall, then: settle install, with the newest settle",
        ),
        (ErrorKind::PassphraseNeeded, "run: settle unlock"),
        (ErrorKind::CallerRefused, INSTALL),
    ];
    let found = known.iter().find(|(known, _)| *known == kind);
    found.map_or_else(
        || format!("read the end of {}", log.display()),
        |(_, next)| (*next).to_owned(),
    )
}
