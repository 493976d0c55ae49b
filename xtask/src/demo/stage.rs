//! The programs of the demo: the home, the device, the browser's script.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs, thread};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::process::{self, Running};
use crate::setup;

/// What a window needs of the person's own surroundings.
const DISPLAY: [&str; 4] = ["DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE", "LANG"];

/// Whether there is somewhere for a window.
pub(super) fn has_display() -> bool {
    let names = ["DISPLAY", "WAYLAND_DISPLAY"];
    names
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A user's home with bus and keyring, held by `settle-home`.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    environment: BTreeMap<String, String>,
    _holder: Running,
}

impl Home {
    pub(super) fn start() -> anyhow::Result<Self> {
        let mut holder = process::command(process::built("debug", "settle-home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("settle-home")?;
        let output = holder.stdout.take().context("a pipe")?;
        let holder = Running(holder);
        let line = BufReader::new(output).lines().next();
        let line: Value = serde_json::from_str(&line.context("settle-home ended")??)?;
        let path = line.get("path").and_then(Value::as_str).context("a path")?;
        let environment = line.get("environment").cloned().context("an environment")?;
        Ok(Self {
            path: path.into(),
            environment: serde_json::from_value(environment)?,
            _holder: holder,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A program that this user starts.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment);
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.current_dir(&self.path).stdin(Stdio::null());
        command
    }

    /// Installs the host for a browser's profile.
    pub(super) fn install(&self, profile: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(profile)?;
        let log = fs::File::create(self.path.join("logs/install.log"))?;
        process::run(
            self.command(&process::built("debug", "settle"))
                .args(["install", "--yes", "--user-data-dir"])
                .arg(profile)
                .stdout(log),
        )
    }
}

/// A device in front of the web interface.
#[derive(Debug)]
pub(super) struct Device {
    address: String,
    picture: PathBuf,
    paired: Arc<AtomicBool>,
    _process: Running,
}

impl Device {
    /// Starts the device of a state folder; another folder is another device.
    pub(super) fn start(home: &Home, state: &Path, upstream: &str) -> anyhow::Result<Self> {
        // Once it is paired it shows no code by itself.
        let is_new = !state.exists();
        let picture = state.with_extension("png");
        let name = state.file_name().unwrap_or_default();
        let log = home.path.join("logs").join(name).with_extension("log");
        let mut process = home
            .command(&process::built("debug", "settle-device"))
            .args([
                "serve",
                "--json",
                "--name",
                "printer",
                "--upstream",
                upstream,
            ])
            .args(["--listen", "127.0.0.1:8443", "--state"])
            .arg(state)
            .arg("--qr-file")
            .arg(&picture)
            .stdout(Stdio::piped())
            .stderr(fs::File::options().create(true).append(true).open(log)?)
            .spawn()
            .context("settle-device")?;
        let output = process.stdout.take().context("a pipe")?;
        let process = Running(process);
        let mut lines = BufReader::new(output).lines();
        let listening = next_event(&mut lines, "listening")?;
        if is_new {
            next_event(&mut lines, "code")?;
        }
        let paired = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&paired);
        thread::spawn(move || {
            while next_event(&mut lines, "paired").is_ok() {
                seen.store(true, Ordering::Relaxed);
            }
        });
        let address = listening.get("address").and_then(Value::as_str);
        Ok(Self {
            address: address.context("an address")?.to_owned(),
            picture,
            paired,
            _process: process,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The picture of its code.
    pub(super) fn picture(&self) -> &Path {
        &self.picture
    }

    /// Whether it said so itself.
    pub(super) fn has_paired(&self) -> bool {
        self.paired.load(Ordering::Relaxed)
    }
}

fn next_event(lines: &mut Lines<BufReader<ChildStdout>>, event: &str) -> anyhow::Result<Value> {
    for line in lines {
        let line: Value = serde_json::from_str(&line?)?;
        if line.get("event").and_then(Value::as_str) == Some(event) {
            return Ok(line);
        }
    }
    bail!("the device ended: see its log");
}

/// The script that drives Chromium: it prints one JSON object a line, and waits for a line of ours
/// after it has asked for something.
#[derive(Debug)]
pub(super) struct Browser {
    lines: Lines<BufReader<ChildStdout>>,
    input: ChildStdin,
    process: Running,
}

impl Browser {
    pub(super) fn start(
        home: &Home,
        profile: &Path,
        picture: &Path,
        shots: &Path,
        headless: bool,
    ) -> anyhow::Result<Self> {
        let mut command = home.command(&process::find("node").context("node is missing")?);
        command
            .arg(process::root().join("playwright/demo.js"))
            .env("SETTLE_CHROMIUM", setup::chromium()?)
            .env(
                "SETTLE_EXTENSION",
                process::target().join("extension/chromium"),
            )
            .env("SETTLE_PROFILE", profile)
            .env("SETTLE_PICTURE", picture)
            .env("SETTLE_SHOTS", shots)
            .env("SETTLE_HEADLESS", if headless { "1" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if !headless {
            show_on_display(&mut command);
        }
        let mut process = command.spawn().context("node")?;
        let output = process.stdout.take().context("a pipe")?;
        Ok(Self {
            lines: BufReader::new(output).lines(),
            input: process.stdin.take().context("a pipe")?,
            process: Running(process),
        })
    }

    /// The script's next line; `None` when it came to a good end.
    pub(super) fn next_line(&mut self) -> anyhow::Result<Option<Value>> {
        if let Some(line) = self.lines.next() {
            return Ok(Some(serde_json::from_str(&line?)?));
        }
        let status = self.process.0.wait()?;
        if !status.success() {
            bail!("the browser's script failed: {status}");
        }
        Ok(None)
    }

    /// Tells the script that what it asked for is there.
    pub(super) fn go_on(&mut self) -> anyhow::Result<()> {
        Ok(self.input.write_all(b"\n")?)
    }
}

/// Hands on what a window needs; the sockets of X11 and Wayland are files, which stay usable.
fn show_on_display(command: &mut Command) {
    for name in DISPLAY {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let (Some(runtime), Some(socket)) = (runtime, env::var_os("WAYLAND_DISPLAY")) {
        command.env("WAYLAND_DISPLAY", runtime.join(socket));
    }
}
