//! What a browser starts: checks who is calling, finds or starts the daemon, and copies frames both
//! ways. It understands none of them, and keeps nothing.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

use serde::Deserialize;
use settle_protocol::rpc::{Empty, ErrorKind, FromDaemon, MAX_FROM_BROWSER};

use crate::paths::Paths;
use crate::reach;

/// The manifests by which browsers find the host; who may call stands in them and nowhere else.
pub const CHROMIUM_MANIFEST: &str = include_str!("../../manifest/native-messaging/chromium.json");
/// The same for Firefox.
pub const FIREFOX_MANIFEST: &str = include_str!("../../manifest/native-messaging/firefox.json");

const COPY_BUFFER: usize = 64 * 1024;

/// How a browser named the extension that it starts the host for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Caller {
    /// `chrome-extension://<id>/`.
    Chromium(String),
    /// The add-on's identifier.
    Firefox(String),
}

impl Caller {
    /// Recognizes the arguments that a browser gives; `None` when a person called.
    #[must_use]
    pub fn from_arguments(arguments: &[String]) -> Option<Self> {
        match arguments {
            [origin, ..] if origin.starts_with("chrome-extension://") => {
                Some(Self::Chromium(origin.clone()))
            }
            [manifest, addon] if manifest.ends_with(".json") => Some(Self::Firefox(addon.clone())),
            _ => None,
        }
    }

    /// Whether the caller is Settle's own extension. Browsers check it too, by the manifest; a
    /// manifest that somebody changed must not open the store.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        let allowed = |text| serde_json::from_str::<Allowed>(text).unwrap_or_default();
        match self {
            Self::Chromium(origin) => allowed(CHROMIUM_MANIFEST).allowed_origins.contains(origin),
            Self::Firefox(addon) => allowed(FIREFOX_MANIFEST).allowed_extensions.contains(addon),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Allowed {
    allowed_origins: Vec<String>,
    allowed_extensions: Vec<String>,
}

/// Connects a browser's extension to the daemon until either ends.
///
/// # Errors
/// Of the pipes to the browser.
pub fn run(paths: &Paths, caller: &Caller) -> io::Result<()> {
    // The standard streams buffer and lock; the browser's pipes need neither.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    if !caller.is_allowed() {
        return turn_away(input, output, ErrorKind::CallerRefused);
    }
    let daemon = match reach::daemon(paths) {
        Ok(daemon) => daemon,
        Err(error) => {
            tracing::error!(%error, "the daemon cannot be reached");
            return turn_away(input, output, ErrorKind::DaemonUnreachable);
        }
    };
    let to_daemon = daemon.try_clone()?;
    thread::spawn(move || {
        if let Err(error) = copy_to_daemon(input, &to_daemon) {
            tracing::warn!(%error, "the browser's messages go no further");
        }
    });
    copy(File::from(OwnedFd::from(daemon)), output)
}

fn copy_to_daemon(input: File, daemon: &UnixStream) -> io::Result<()> {
    let copied = copy(input, File::from(OwnedFd::from(daemon.try_clone()?)));
    // The browser closed the pipe: the daemon ends the session, and with it the other copy.
    daemon.shutdown(Shutdown::Write)?;
    copied
}

fn copy(mut from: File, mut to: File) -> io::Result<()> {
    let mut buffer = vec![0; COPY_BUFFER];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(buffer.get(..count).unwrap_or_default())?;
    }
}

/// Answers the first call with the reason why there will be no other.
fn turn_away(mut input: File, mut output: File, kind: ErrorKind) -> io::Result<()> {
    let text = native_messaging::host::decode_message_opt(&mut input, MAX_FROM_BROWSER);
    let Some(text) = text.map_err(io::Error::other)? else {
        return Ok(());
    };
    let call: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let id = call.and_then(|call| call.get("id")?.as_u64());
    let answer = FromDaemon::answer::<Empty>(id, Err(kind.into()));
    native_messaging::host::send_json(&mut output, &answer).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(arguments: &[&str]) -> Option<Caller> {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        Caller::from_arguments(&arguments)
    }

    #[test]
    fn browsers_are_told_from_people() {
        assert_eq!(caller(&[]), None);
        assert_eq!(caller(&["list"]), None);
        assert_eq!(caller(&["pair", "SETTLE:A"]), None);
        assert!(matches!(
            caller(&["chrome-extension://abc/", "--parent-window=0"]),
            Some(Caller::Chromium(_))
        ));
        assert!(matches!(
            caller(&["/home/u/org.settle.host.json", "x@y"]),
            Some(Caller::Firefox(_))
        ));
    }

    #[test]
    fn only_settles_own_extensions_are_let_in() {
        let ours = "chrome-extension://jmcgcmglohfeadegpphhfolekdfjknei/";
        assert!(Caller::Chromium(ours.to_owned()).is_allowed());
        assert!(Caller::Firefox("extension@settle.alt".to_owned()).is_allowed());
        for other in [
            "chrome-extension://jmcgcmglohfeadegpphhfolekdfjknej/",
            "chrome-extension://jmcgcmglohfeadegpphhfolekdfjknei",
            "chrome-extension://",
        ] {
            assert!(!Caller::Chromium(other.to_owned()).is_allowed(), "{other}");
        }
        assert!(!Caller::Firefox("extension@settle.example".to_owned()).is_allowed());
    }
}
