//! A user's home that lasts as long as a test: private folders, a private session bus, and a
//! keyring in the state that the test asks for.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::process::{Running, end_stranger, eventually, program};

/// The keyring's password. An empty one does not work.
const PASSWORD: &str = "correct horse battery staple";

/// The state of the keyring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keyring {
    /// As after a login.
    Unlocked,
    /// Answers, but is locked, and nobody is there to be asked for the password.
    Locked,
    /// Nothing answers on the bus.
    Missing,
}

/// What moves the clock of a program that is started with it; the linker knows what `$LIB` is.
const CLOCK: &str = "/usr/$LIB/faketime/libfaketime.so.1";
/// The memory and the lock that every such program makes, named by its process number.
const CLOCK_FILES: [&str; 2] = ["faketime_shm_", "sem.faketime_sem_"];

/// How programs learn how far their clock is moved.
#[derive(Debug)]
enum Clock {
    /// Once, when they start.
    Fixed(String),
    /// By a file that they look at each time.
    Followed(PathBuf),
}

/// One user's surroundings.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    /// How far the clock of programs is moved.
    clock: Option<Clock>,
    keyring: Option<Running>,
    _bus: Running,
}

impl Home {
    /// Makes a home.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("settle-home-")
            .tempdir()
            .expect("a temporary folder");
        for name in [
            "run",
            "logs",
            ".local/share",
            ".local/state",
            ".config",
            ".cache",
        ] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        let run = folder.path().join("run");
        fs::set_permissions(&run, Permissions::from_mode(0o700)).expect("permissions");
        let bus = start_bus(folder.path());
        let mut home = Self {
            folder,
            clock: None,
            keyring: None,
            _bus: bus,
        };
        match keyring {
            Keyring::Missing => {}
            Keyring::Unlocked => home.unlock_keyring(),
            Keyring::Locked => {
                home.unlock_keyring();
                home.lock_keyring();
            }
        }
        home
    }

    /// The home's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file in the folder of logs.
    #[must_use]
    pub fn log(&self, name: &str) -> File {
        File::options()
            .create(true)
            .append(true)
            .open(self.path().join("logs").join(name))
            .expect("a log file")
    }

    /// The environment of a program that this user starts.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let folder = |name: &str| self.path().join(name).into_os_string();
        let clock = self.clock.iter().flat_map(|clock| {
            let offset = match clock {
                Clock::Fixed(offset) => ("FAKETIME", OsString::from(offset)),
                Clock::Followed(file) => ("FAKETIME_TIMESTAMP_FILE", file.into()),
            };
            [
                ("LD_PRELOAD", OsString::from(CLOCK)),
                offset,
                ("FAKETIME_NO_CACHE", "1".into()),
                // What is waited for lasts as long as ever.
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ]
        });
        let mut variables = vec![
            ("HOME", self.path().into()),
            ("XDG_RUNTIME_DIR", folder("run")),
            ("XDG_DATA_HOME", folder(".local/share")),
            ("XDG_STATE_HOME", folder(".local/state")),
            ("XDG_CONFIG_HOME", folder(".config")),
            ("XDG_CACHE_HOME", folder(".cache")),
            ("DBUS_SESSION_BUS_ADDRESS", bus_address(self.path())),
            ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent".into()),
            ("LANG", "C.UTF-8".into()),
            ("SETTLE_LOG", "trace".into()),
        ];
        variables.extend(clock);
        variables
    }

    /// A program of this workspace, to be started by this user.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        self.command_of(&program(name))
    }

    /// Any program, to be started by this user.
    #[must_use]
    pub fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Lets programs that are started from now on believe that so many days have passed since now, or are
    /// yet to come.
    ///
    /// # Panics
    /// If they do not believe it.
    pub fn travel(&mut self, days: i64) {
        sweep_clock_files();
        self.clock = Some(Clock::Fixed(format!("{days:+}d")));
        self.believes(days);
    }

    /// The same, for a clock that can be set again while these programs run.
    ///
    /// # Panics
    /// If they do not believe it.
    pub fn set_clock(&mut self, days: i64) {
        sweep_clock_files();
        let file = self.path().join("clock");
        let beside = self.path().join("clock.new");
        // Programs that look at it meanwhile find a whole one.
        fs::write(&beside, format!("{days:+}d\n")).expect("a clock");
        fs::rename(&beside, &file).expect("a clock");
        self.clock = Some(Clock::Followed(file));
        self.believes(days);
    }

    /// Lets programs that are started from now on know what time it is.
    pub fn tell_time(&mut self) {
        self.clock = None;
    }

    fn believes(&self, days: i64) {
        let said = self
            .command_of(Path::new("date"))
            .arg("+%s")
            .output()
            .expect("date");
        let believed: i64 = String::from_utf8_lossy(&said.stdout)
            .trim()
            .parse()
            .expect("a time");
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(now.expect("a time").as_secs()).expect("a time");
        let off = believed - now - days * 24 * 60 * 60;
        assert!(off.abs() < 60, "the clock is off by {off} s: {said:?}");
    }

    /// Locks the keyring, which then asks nobody.
    pub fn lock_keyring(&self) {
        let collection = "/org/freedesktop/secrets/collection/login";
        let locked = self
            .command_of(Path::new("dbus-send"))
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
            ])
            .arg("/org/freedesktop/secrets")
            .arg("org.freedesktop.Secret.Service.Lock")
            .arg(format!("array:objpath:{collection}"))
            .output()
            .expect("dbus-send");
        let said = String::from_utf8_lossy(&locked.stdout);
        assert!(
            said.contains(collection),
            "the keyring is not locked: {said}"
        );
    }

    /// Starts the keyring afresh, unlocked.
    pub fn unlock_keyring(&mut self) {
        self.keyring = None;
        let mut keyring = Running::start(
            self.command_of(Path::new("gnome-keyring-daemon"))
                .args(["--foreground", "--unlock", "--components=secrets"])
                .stdin(Stdio::piped())
                .stdout(self.log("keyring.log"))
                .stderr(self.log("keyring.log")),
        );
        let mut input = keyring.child().stdin.take().expect("a pipe");
        input.write_all(PASSWORD.as_bytes()).expect("the keyring");
        drop(input);
        self.keyring = Some(keyring);
        eventually("the keyring answers", || self.keyring_answers());
    }

    /// Takes the keyring away.
    pub fn end_keyring(&mut self) {
        self.keyring = None;
    }

    fn keyring_answers(&self) -> bool {
        self.command_of(Path::new("dbus-send"))
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
            ])
            .arg("/org/freedesktop/secrets/collection/login")
            .arg("org.freedesktop.DBus.Peer.Ping")
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// The socket of this user's daemon.
    #[must_use]
    pub fn daemon_socket(&self) -> PathBuf {
        self.path().join("run/settle/daemon.sock")
    }

    /// The process number of this user's daemon, if one answers.
    #[must_use]
    pub fn daemon_id(&self) -> Option<u32> {
        let socket = UnixStream::connect(self.daemon_socket()).ok()?;
        let peer = rustix::net::sockopt::socket_peercred(&socket).ok()?;
        u32::try_from(peer.pid.as_raw_nonzero().get()).ok()
    }

    /// Ends the daemon, which the connectors of this user left running.
    pub fn end_daemon(&self) {
        if let Some(id) = self.daemon_id() {
            end_stranger(id);
        }
    }

    /// Everything that was logged in this home, by file.
    #[must_use]
    pub fn logs(&self) -> Vec<(PathBuf, String)> {
        let folders = ["logs", ".local/state/settle"];
        let files = folders
            .iter()
            .filter_map(|folder| fs::read_dir(self.path().join(folder)).ok())
            .flatten()
            .filter_map(Result::ok);
        files
            .filter_map(|file| {
                let content = fs::read(file.path()).ok()?;
                Some((file.path(), String::from_utf8_lossy(&content).into_owned()))
            })
            .collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.end_daemon();
        if std::thread::panicking() {
            for (file, log) in self.logs() {
                let tail: Vec<&str> = log.lines().rev().take(40).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                #[expect(clippy::print_stderr, reason = "a test that failed tells why")]
                {
                    eprintln!("--- {}\n{}", file.display(), tail.join("\n"));
                }
            }
        }
    }
}

/// A program that was killed leaves them behind, and a later one of the same number would end at once.
fn sweep_clock_files() {
    let files = fs::read_dir("/dev/shm").into_iter().flatten();
    for file in files.filter_map(Result::ok) {
        let name = file.file_name().to_string_lossy().into_owned();
        let number = CLOCK_FILES
            .iter()
            .find_map(|start| name.strip_prefix(start));
        if number.is_some_and(|number| !Path::new("/proc").join(number).exists()) {
            // Another test may have been faster.
            drop(fs::remove_file(file.path()));
        }
    }
}

fn bus_address(home: &Path) -> OsString {
    let mut address = OsString::from("unix:path=");
    address.push(home.join("run/bus"));
    address
}

/// A bus without services that start by themselves: a keyring is there only when a test starts it.
fn start_bus(home: &Path) -> Running {
    let configuration = home.join("bus.conf");
    let socket = home.join("run/bus");
    let text = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display()
    );
    fs::write(&configuration, text).expect("the bus's configuration");
    let mut argument = OsString::from("--config-file=");
    argument.push(&configuration);
    let bus = Running::start(
        Command::new("dbus-daemon")
            .arg(argument)
            .args(["--nofork", "--nopidfile", "--nosyslog"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    eventually("the bus answers", || UnixStream::connect(&socket).is_ok());
    bus
}
