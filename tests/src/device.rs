//! A running `settle-device`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::Value;

use crate::home::Home;
use crate::line::Lines;
use crate::process::Running;

/// The picture of a device's code, in the home.
pub(crate) const PICTURE: &str = "code.png";

/// How a device is started.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The label it goes by.
    pub name: String,
    /// The folder of its identity, below the home's.
    pub state: String,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether it announces itself on the network.
    pub announce: bool,
    /// Whether it does so as a portable device.
    pub portable: bool,
    /// Who may make which requests; none for the device's own rule.
    pub policy: Option<String>,
    /// Whether a device whose state folder was used before shows a code all the same: after a reset.
    pub shows_code: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            name: "printer".to_owned(),
            state: "device".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            announce: false,
            portable: false,
            policy: None,
            shows_code: false,
        }
    }
}

/// A free port at an address of this machine that no other device of the tests has. A device that is
/// started again finds its port free there, since programs that connect do so from 127.0.0.1.
#[must_use]
pub fn own_address() -> SocketAddr {
    static NUMBER: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from(([127, high, low, number], 0))
}

/// A device in front of a web interface.
#[derive(Debug)]
pub struct Device {
    events: Lines,
    address: SocketAddr,
    unique_name: String,
    code: String,
    /// The last code's event, with every form of it.
    shown: Value,
    state: PathBuf,
    process: Running,
}

impl Device {
    /// Starts a device with a new identity, named `printer`, in front of an upstream.
    #[must_use]
    pub fn start(home: &Home, upstream: SocketAddr) -> Self {
        Self::start_as(home, upstream, &Setup::default())
    }

    /// Starts a device; with a state folder that was used before, the same device again.
    #[must_use]
    pub fn start_as(home: &Home, upstream: SocketAddr, setup: &Setup) -> Self {
        let state = home.path().join(&setup.state);
        // Once it is paired it shows no code by itself.
        let is_new = setup.shows_code || !state.exists();
        let mut command = home.command("settle-device");
        command
            .args(["serve", "--json", "--upstream"])
            .arg(format!("http://{upstream}"))
            .args(["--name", &setup.name, "--listen", &setup.listen.to_string()])
            .arg("--state")
            .arg(&state)
            .arg("--qr-file")
            .arg(home.path().join(PICTURE))
            .stdout(Stdio::piped())
            .stderr(home.log(&format!("{}.log", setup.state)));
        if setup.portable {
            command.arg("--portable");
        } else if !setup.announce {
            command.arg("--no-announce");
        }
        if let Some(policy) = &setup.policy {
            let file = home.path().join(format!("{}.toml", setup.state));
            std::fs::write(&file, policy).expect("a file");
            command.arg("--policy").arg(file);
        }
        let mut process = Running::start(&mut command);
        let output = process.child().stdout.take().expect("a pipe");
        let mut events = Lines::of(output);
        let listening = events.wait_for("listening", |line| is(line, "listening"));
        let code = is_new.then(|| events.wait_for("code", |line| is(line, "code")));
        Self {
            address: text(&listening, "address").parse().expect("an address"),
            unique_name: text(&listening, "unique_name"),
            code: code
                .as_ref()
                .map(|code| text(code, "code"))
                .unwrap_or_default(),
            shown: code.unwrap_or_default(),
            events,
            state,
            process,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name that is its alone.
    #[must_use]
    pub fn unique_name(&self) -> &str {
        &self.unique_name
    }

    /// The code that it showed last; empty when it was started again.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The code in a form for people: `typed` or `words`.
    #[must_use]
    pub fn code_in(&self, form: &str) -> String {
        text(&self.shown, form)
    }

    /// Its process number.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The process itself.
    pub const fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    /// How many clients are on its list, as its file has it: there is no other way to ask a device
    /// without being one of them.
    #[must_use]
    pub fn clients_on_disk(&self) -> usize {
        let file = std::fs::read_to_string(self.state.join("register")).expect("a register");
        let (_, body) = file.split_once('\n').expect("a header");
        let body: Value = serde_json::from_str(body).expect("JSON");
        let clients = body.get("clients").and_then(Value::as_array);
        clients.expect("clients").len()
    }

    /// The folder with its identity.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Waits for the next event of a kind.
    pub fn wait_for(&mut self, event: &str) -> Value {
        self.events.wait_for(event, |line| is(line, event))
    }

    /// Waits until a code other than the last one is shown.
    pub fn wait_for_new_code(&mut self) -> &str {
        let old = self.code.clone();
        let fresh = self.events.wait_for("new code", |line| {
            is(line, "code") && text(line, "code") != old
        });
        self.code = text(&fresh, "code");
        &self.code
    }

    /// Whether an event of a kind came until now.
    pub fn has_said(&mut self, event: &str) -> bool {
        self.events.seen().iter().any(|line| is(line, event))
    }
}

fn is(line: &Value, event: &str) -> bool {
    line.get("event").and_then(Value::as_str) == Some(event)
}

fn text(line: &Value, field: &str) -> String {
    let text = line.get(field).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {field} in {line}"))
        .to_owned()
}
