//! Avahi, which is how most computers with Linux speak multicast DNS: a daemon on a bus of its own, and the
//! programs that ask it. Nothing of it is ours.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Running, eventually};

/// What a daemon runs in: where it writes to is there for it alone.
const OWN_RUN: &str = r#"mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && exec "$@""#;

/// A running avahi-daemon.
#[derive(Debug)]
pub struct Avahi {
    folder: TempDir,
    _daemon: Running,
    _bus: Running,
}

impl Avahi {
    /// Starts it on the loopback, and waits until it can be asked.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on("lo")
    }

    /// The same on an interface of the host of the calling thread.
    #[must_use]
    pub fn start_on(interface: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = |name: &str, text: &str| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        let socket = folder.path().join("bus");
        let bus = file(
            "bus.conf",
            &format!(
                "<busconfig><type>system</type><listen>unix:path={}</listen>\
                 <auth>EXTERNAL</auth><policy context=\"default\">\
                 <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/>\
                 </policy></busconfig>",
                socket.display()
            ),
        );
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(bus);
        command.args(["--nofork", "--nopidfile", "--nosyslog"]);
        let bus = Running::start(quiet(&mut command));
        eventually("Avahi's bus answers", || {
            UnixStream::connect(&socket).is_ok()
        });
        let configuration = file(
            "avahi.conf",
            &format!(
                "[server]\nhost-name=foreign-{}\nallow-interfaces={interface}\nuse-ipv6=no\n\
                 [publish]\npublish-hinfo=no\npublish-workstation=no\n",
                std::process::id()
            ),
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", OWN_RUN, "sh", "avahi-daemon"]);
        command.args(["--no-drop-root", "--no-chroot", "--no-rlimits", "-f"]);
        command
            .arg(configuration)
            .env("DBUS_SYSTEM_BUS_ADDRESS", address(&folder));
        let daemon = Running::start(quiet(&mut command));
        let avahi = Self {
            folder,
            _daemon: daemon,
            _bus: bus,
        };
        eventually("Avahi answers", || {
            avahi.asked("avahi-browse", &["-at"]).is_some()
        });
        avahi
    }

    /// The name that it begins with.
    #[must_use]
    pub fn own_name(&self) -> String {
        format!("foreign-{}.local", std::process::id())
    }

    /// The first label of the name that it takes when that one is another's.
    #[must_use]
    pub fn second_name(&self) -> String {
        format!("foreign-{}", std::process::id() + 1)
    }

    /// What it knows of devices: a line each, and with `=` one for each that is resolved.
    #[must_use]
    pub fn devices(&self) -> String {
        self.services("_settle._tcp")
    }

    /// The same of services of any type.
    #[must_use]
    pub fn services(&self, kind: &str) -> String {
        let asked = self.asked("avahi-browse", &["-rtp", kind]);
        asked.unwrap_or_default()
    }

    /// The address of a host, with its name.
    #[must_use]
    pub fn resolve(&self, name: &str) -> String {
        let asked = self.asked("avahi-resolve", &["-4", "-n", name]);
        asked.unwrap_or_default()
    }

    /// Announces a device in its place, until dropped.
    #[must_use]
    pub fn publish(&self, instance: &str, port: u16, text: &str) -> Running {
        let mut command = self.command("avahi-publish");
        command.args(["-s", instance, "_settle._tcp", &port.to_string(), text]);
        Running::start(quiet(&mut command))
    }

    fn asked(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = self.command(program).args(arguments).output();
        let output = output.expect("avahi-utils");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(said)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", address(&self.folder));
        command.env("LANG", "C.UTF-8");
        command
    }
}

fn address(folder: &TempDir) -> String {
    format!("unix:path={}", folder.path().join("bus").display())
}

fn quiet(command: &mut Command) -> &mut Command {
    let command = command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null())
}
