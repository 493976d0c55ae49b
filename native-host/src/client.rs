//! The command line's side of the messages: one connection to the daemon, one call at a time.

use std::io;
use std::os::unix::net::UnixStream;

use native_messaging::host::{NmError, decode_message, send_json};
use serde::de::DeserializeOwned;
use settle_protocol::rpc::{
    self, Call, Empty, Event, FromDaemon, Hello, MAX_TO_BROWSER, Outcome, Request, RpcError,
    Welcome,
};

use crate::paths::Paths;
use crate::reach::{self, ReachError};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Of the way to the daemon.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The daemon says no, and why.
    #[error("{}", .0.message)]
    Refused(RpcError),
    /// The connection broke.
    #[error("the connection to the daemon broke: {0}")]
    Broken(#[from] NmError),
    /// The daemon's answer is not what was asked for: the two are of different versions.
    #[error("the daemon gives answers that this version does not understand: {0}")]
    Foreign(#[from] serde_json::Error),
}

/// A connection that has said hello.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    next: u64,
    /// What the daemon said.
    pub welcome: Welcome,
}

impl Client {
    /// Connects, starting the daemon if need be.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn connect(paths: &Paths) -> Result<Self, CallError> {
        match Self::greet(reach::daemon(paths)?) {
            // One that is on its way out may take a connection and say nothing; the next one answers.
            Err(CallError::Broken(_)) => Self::greet(reach::daemon(paths)?),
            greeted => greeted,
        }
    }

    /// Connects to a daemon that runs already.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn connect_to_running(paths: &Paths) -> Result<Option<Self>, CallError> {
        let stream = reach::running_daemon(paths).map_err(NmError::Io)?;
        stream.map(Self::greet).transpose()
    }

    /// Makes one call that can come before hello, starting the daemon if need be.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_before_hello<T: DeserializeOwned>(
        paths: &Paths,
        asked: Call,
    ) -> Result<T, CallError> {
        call(&mut reach::daemon(paths)?, &mut 1, asked, |_| {})
    }

    /// Tells a daemon that runs to stop, which it does whether or not its store can be opened.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn stop_running(paths: &Paths) -> Result<(), CallError> {
        let stream = reach::running_daemon(paths).map_err(NmError::Io)?;
        let Some(mut stream) = stream else {
            return Ok(());
        };
        let Empty {} = call(&mut stream, &mut 1, Call::StopDaemon {}, |_| {})?;
        Ok(())
    }

    fn greet(stream: UnixStream) -> Result<Self, CallError> {
        let hello = Call::Hello(Hello {
            protocol: rpc::VERSION,
            client: concat!("settle ", env!("CARGO_PKG_VERSION")).to_owned(),
        });
        let (mut stream, mut next) = (stream, 1);
        let welcome = call(&mut stream, &mut next, hello, |_| {})?;
        Ok(Self {
            stream,
            next,
            welcome,
        })
    }

    /// Makes a call and waits for its result.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call<T: DeserializeOwned>(&mut self, asked: Call) -> Result<T, CallError> {
        self.call_hearing(asked, |_| {})
    }

    /// The same, and hands over every event that comes before the result.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_hearing<T: DeserializeOwned>(
        &mut self,
        asked: Call,
        heard: impl FnMut(Event),
    ) -> Result<T, CallError> {
        call(&mut self.stream, &mut self.next, asked, heard)
    }
}

fn call<T: DeserializeOwned>(
    stream: &mut UnixStream,
    next: &mut u64,
    asked: Call,
    mut heard: impl FnMut(Event),
) -> Result<T, CallError> {
    let id = *next;
    *next += 1;
    send_json(stream, &Request::new(id, asked))?;
    loop {
        let text = decode_message(stream, MAX_TO_BROWSER)?;
        match serde_json::from_str(&text)? {
            FromDaemon::Notification(notification) => heard(notification.event),
            FromDaemon::Response(response) if response.id == Some(id) => {
                return match response.outcome {
                    Outcome::Result(result) => Ok(serde_json::from_value(result)?),
                    Outcome::Error(error) => Err(CallError::Refused(error)),
                };
            }
            FromDaemon::Response(_) => {
                return Err(NmError::Io(io::ErrorKind::InvalidData.into()).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use settle_protocol::rpc::{MAX_FROM_BROWSER, Proxy};

    use super::*;

    #[test]
    fn a_daemon_on_its_way_out_is_asked_once_more_and_not_for_ever() {
        let home = tempfile::tempdir().unwrap();
        let get = |name: &str| (name == "HOME").then(|| home.path().into());
        let paths = Paths::from_environment(get).unwrap();
        paths.create().unwrap();
        let listener = UnixListener::bind(paths.socket()).unwrap();
        let daemon = thread::spawn(move || {
            drop(listener.accept().unwrap());
            let (mut stream, _) = listener.accept().unwrap();
            decode_message(&mut stream, MAX_FROM_BROWSER).unwrap();
            let welcome = Welcome {
                protocol: rpc::VERSION,
                daemon: "0.1.0".to_owned(),
                proxy: Proxy {
                    host: "t.localhost".to_owned(),
                    port: 1,
                },
            };
            send_json(&mut stream, &FromDaemon::answer(Some(1), Ok(welcome))).unwrap();
            for _ in 0..2 {
                drop(listener.accept().unwrap());
            }
        });
        assert_eq!(Client::connect(&paths).unwrap().welcome.proxy.port, 1);
        assert!(matches!(Client::connect(&paths), Err(CallError::Broken(_))));
        daemon.join().unwrap();
    }
}
