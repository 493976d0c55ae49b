//! A running `settle` as a browser starts it: frames over pipes, JSON-RPC inside.
//!
//! A frame is its length in 4 bytes of the machine's own order, then JSON in UTF-8.

use std::io::{Read, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;
use settle_protocol::rpc::{
    Call, CommitPairing, Decision, Device, Devices, Event, FromDaemon, Hello, Outcome, Request,
    Response, RpcError, StartPairing, VERSION, Welcome,
};

use crate::home::Home;
use crate::process::{PATIENCE, Running};

/// The origin of our own extension in Chromium.
pub const ORIGIN: &str = "chrome-extension://jmcgcmglohfeadegpphhfolekdfjknei/";

/// A connector and its two pipes.
#[derive(Debug)]
pub struct Connector {
    input: Option<ChildStdin>,
    frames: Receiver<FromDaemon>,
    events: Vec<Event>,
    next: u64,
    process: Running,
}

impl Connector {
    /// Starts a connector as our extension's host and says hello.
    ///
    /// # Panics
    /// If the daemon does not welcome it.
    #[must_use]
    pub fn start(home: &Home) -> Self {
        let mut connector = Self::spawn(home, ORIGIN);
        connector.hello().expect("a welcome");
        connector
    }

    /// Starts a connector for any origin and says nothing.
    #[must_use]
    pub fn spawn(home: &Home, origin: &str) -> Self {
        Self::run(home, home.command("settle").arg(origin))
    }

    /// Starts any native-messaging host and says nothing.
    #[must_use]
    pub fn run(home: &Home, command: &mut Command) -> Self {
        let mut process = Running::start(
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(home.log("connector.log")),
        );
        let output = process.child().stdout.take().expect("a pipe");
        Self {
            input: process.child().stdin.take(),
            frames: read_frames(output),
            events: Vec::new(),
            next: 1,
            process,
        }
    }

    /// The process itself.
    pub const fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    /// Says hello.
    ///
    /// # Errors
    /// The daemon's refusal.
    pub fn hello(&mut self) -> Result<Welcome, RpcError> {
        self.call(Call::Hello(Hello {
            protocol: VERSION,
            client: "tests 0.1.0".to_owned(),
        }))
    }

    /// What is trusted.
    ///
    /// # Panics
    /// If the daemon does not tell.
    pub fn devices(&mut self) -> Vec<Device> {
        let devices: Devices = self.call(Call::ListDevices {}).expect("the devices");
        devices.devices
    }

    /// Begins to pair.
    ///
    /// # Errors
    /// The daemon's refusal.
    pub fn start_pairing(&mut self, code: &str) -> Result<Decision, RpcError> {
        self.call(Call::StartPairing(StartPairing {
            code: code.to_owned(),
            client_label: "tests".to_owned(),
        }))
    }

    /// Consents.
    ///
    /// # Errors
    /// The daemon's refusal.
    pub fn commit(&mut self, decision: &Decision) -> Result<Device, RpcError> {
        self.call(Call::CommitPairing(CommitPairing {
            pairing: decision.pairing,
            petname: decision.label.clone(),
        }))
    }

    /// Pairs a device by its code, consenting at once.
    ///
    /// # Panics
    /// If it fails.
    pub fn pair(&mut self, code: &str) -> Device {
        let decision = self.start_pairing(code).expect("a decision");
        self.commit(&decision).expect("a pairing")
    }

    /// Makes a call and waits for its answer.
    ///
    /// # Errors
    /// What the daemon answers.
    ///
    /// # Panics
    /// If no answer comes, or one of another type.
    pub fn call<T: DeserializeOwned>(&mut self, call: Call) -> Result<T, RpcError> {
        self.try_call(call).expect("an answer")
    }

    /// Makes a call that may end with the daemon; `None` if it did.
    ///
    /// # Panics
    /// If no answer comes and the connector goes on, or one of another type.
    pub fn try_call<T: DeserializeOwned>(&mut self, call: Call) -> Option<Result<T, RpcError>> {
        let request = self.number(call);
        let frame = serde_json::to_vec(&request).expect("JSON");
        self.send(&frame).ok()?;
        Some(match self.try_answer(request.id)?.outcome {
            Outcome::Result(value) => Ok(serde_json::from_value(value).expect("a result")),
            Outcome::Error(error) => Err(error),
        })
    }

    /// Sends a call without waiting; returns its number.
    pub fn ask(&mut self, call: Call) -> u64 {
        let request = self.number(call);
        let frame = serde_json::to_vec(&request).expect("JSON");
        self.send(&frame).expect("the connector takes a frame");
        request.id
    }

    const fn number(&mut self, call: Call) -> Request {
        let id = self.next;
        self.next += 1;
        Request::new(id, call)
    }

    /// Waits for the answer to a call.
    ///
    /// # Panics
    /// If none comes.
    pub fn answer(&mut self, id: u64) -> Response {
        self.try_answer(id)
            .unwrap_or_else(|| panic!("the connector ended before call {id} was answered"))
    }

    fn try_answer(&mut self, id: u64) -> Option<Response> {
        loop {
            match self.frames.recv_timeout(PATIENCE) {
                Ok(FromDaemon::Response(response)) if response.id == Some(id) => {
                    return Some(response);
                }
                Ok(FromDaemon::Response(other)) => panic!("an answer to nothing: {other:?}"),
                Ok(FromDaemon::Notification(notification)) => {
                    self.events.push(notification.event);
                }
                Err(RecvTimeoutError::Timeout) => panic!("no answer to call {id}"),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Waits for an event, taking it out of those that came before.
    ///
    /// # Panics
    /// If none comes.
    pub fn wait_for_event(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(index) = self.events.iter().position(&wanted) {
                return self.events.remove(index);
            }
            match self.next_frame(end - Instant::now().min(end)) {
                Some(FromDaemon::Notification(notification)) => {
                    self.events.push(notification.event);
                }
                Some(FromDaemon::Response(other)) => panic!("an answer to nothing: {other:?}"),
                None => panic!("no such event among {:?}", self.events),
            }
        }
    }

    /// Sends one frame of any content.
    ///
    /// # Errors
    /// When the connector has closed its end.
    pub fn send(&mut self, content: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(content.len()).expect("a length");
        self.send_raw(&length.to_ne_bytes())?;
        self.send_raw(content)
    }

    /// Sends any bytes.
    ///
    /// # Errors
    /// When the connector has closed its end.
    pub fn send_raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let input = self.input.as_mut().expect("an open pipe");
        input.write_all(bytes)?;
        input.flush()
    }

    /// The next message out of the daemon; `None` when the time is over or the pipe is closed.
    pub fn next_frame(&self, patience: Duration) -> Option<FromDaemon> {
        self.frames.recv_timeout(patience).ok()
    }

    /// Its process number.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the connector has ended by itself.
    pub fn wait_for_end(&mut self) {
        self.process.wait_for_end();
    }

    /// Closes the connector's input, as a browser does that goes, and waits for its end.
    pub fn close(mut self) {
        self.input = None;
        self.process.wait_for_end();
    }
}

/// Reads frames in the background until the pipe ends.
fn read_frames(mut output: impl Read + Send + 'static) -> Receiver<FromDaemon> {
    let (sender, frames) = mpsc::channel();
    thread::spawn(move || {
        let mut length = [0; 4];
        while output.read_exact(&mut length).is_ok() {
            let length = usize::try_from(u32::from_ne_bytes(length)).unwrap_or(0);
            let mut content = vec![0; length];
            if output.read_exact(&mut content).is_err() {
                return;
            }
            let frame = serde_json::from_slice(&content).unwrap_or_else(|error| {
                let text: Value = String::from_utf8_lossy(&content).into();
                panic!("{error} in {text}")
            });
            if sender.send(frame).is_err() {
                return;
            }
        }
    });
    frames
}
