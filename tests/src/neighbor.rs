//! A neighbor that speaks multicast DNS by python-zeroconf (`neighbor.py`), of which nothing is ours.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};

use serde_json::Value;
use settle_protocol::discovery::SERVICE;

use crate::line::Lines;
use crate::process::Running;

/// A neighbor at work, until dropped.
#[derive(Debug)]
pub struct Neighbor {
    said: Lines,
    /// It ends with it.
    _input: ChildStdin,
    _process: Running,
}

impl Neighbor {
    /// Looks for devices, on the host of the calling thread.
    #[must_use]
    pub fn watch(own: Ipv4Addr) -> Self {
        Self::start(&["watch", &own.to_string(), SERVICE])
    }

    /// Announces a device at an address of the host of the calling thread, and returns when that is done.
    #[must_use]
    pub fn announce(own: Ipv4Addr, label: &str, port: u16, text: &str) -> Self {
        let (own, host, port) = (own.to_string(), format!("{label}.local."), port.to_string());
        let mut neighbor = Self::start(&["announce", &own, SERVICE, label, &host, &port, text]);
        neighbor.wait_for("announcement", |line| line.get("announced").is_some());
        neighbor
    }

    fn start(arguments: &[&str]) -> Self {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/neighbor.py");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Running::start(&mut command);
        let output = process.child().stdout.take().expect("a pipe");
        Self {
            said: Lines::of(output),
            _input: process.child().stdin.take().expect("a pipe"),
            _process: process,
        }
    }

    /// The next line that satisfies a condition.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.said.wait_for(what, wanted)
    }
}
