//! The second implementation of `docs/pairing.md`, in Python over OpenSSL (`tests/second/`): a host and a device
//! that share nothing with ours but that text. Only how they are started is here.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::line::Lines;
use crate::process::Running;

/// The interpreter of the system, which its packages belong to; another one may come first on the path.
const PYTHON: &str = "/usr/bin/python3";

/// Runs its host to the end and returns what it told.
#[must_use]
pub fn host(arguments: &[&str], announced: &str) -> Vec<Value> {
    let mut command = program("host.py");
    command.args(arguments).stdin(Stdio::piped());
    let mut host = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3-openssl");
    let mut input = host.stdin.take().expect("a pipe");
    input.write_all(announced.as_bytes()).expect("a reader");
    drop(input);
    let told = host.wait_with_output().expect("an end").stdout;
    let told = String::from_utf8(told).expect("text");
    told.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Holds the vectors that are published against it.
///
/// # Panics
/// When one of them is not what it makes.
pub fn check_vectors() {
    let folder = root().join("protocol/vectors");
    let checked = program("vectors.py").arg(folder).status();
    assert!(checked.expect("python3-cryptography").success());
}

/// Its device, running.
#[derive(Debug)]
pub struct SecondDevice {
    events: Lines,
    shown: Value,
    _process: Running,
}

impl SecondDevice {
    /// Starts it, and waits for its code.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = program("device.py");
        command.args(arguments).stdout(Stdio::piped());
        let mut process = Running::start(&mut command);
        let mut events = Lines::of(process.child().stdout.take().expect("a pipe"));
        Self {
            shown: events.wait_for("code", |line| is(line, "code")),
            events,
            _process: process,
        }
    }

    /// What it showed at its start: `code`, `typed`, `tag`, `unique_name`.
    #[must_use]
    pub fn shown(&self, field: &str) -> &str {
        let text = self.shown.get(field).and_then(Value::as_str);
        text.expect("a text")
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        let port = self.shown.get("port").and_then(Value::as_u64);
        port.and_then(|port| port.try_into().ok()).expect("a port")
    }

    /// Waits for the next event of a kind.
    pub fn wait_for(&mut self, event: &str) -> Value {
        self.events.wait_for(event, |line| is(line, event))
    }
}

fn is(line: &Value, event: &str) -> bool {
    line.get("event").and_then(Value::as_str) == Some(event)
}

fn program(name: &str) -> Command {
    let mut command = Command::new(PYTHON);
    // Nothing of the environment counts, and the source tree stays as it is.
    command.args(["-E", "-s", "-B"]);
    command.arg(root().join("tests/second").join(name));
    command
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
