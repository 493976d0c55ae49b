//! A running `settle-referee`, and what somebody can do who has got into one: issue whatever they like.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use serde_json::Value;

use crate::home::Home;
use crate::line::Lines;
use crate::process::{Running, kill};
use crate::server::{Identity, Issuer};

/// What the root's key is sealed with.
const PASSPHRASE: &str = "correct horse battery staple";

/// A referee with its authority.
#[derive(Debug)]
pub struct Referee<'a> {
    home: &'a Home,
    state: PathBuf,
    address: SocketAddr,
    code: String,
    directory: String,
    metrics: String,
    /// One that others share; none for a file of its own.
    database: Option<String>,
    process: Running,
}

/// Where it listens, and whether it is new.
struct Ports {
    listen: SocketAddr,
    acme: String,
    shows_code: bool,
    /// What else `serve` is told.
    more: &'static [&'static str],
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            acme: "127.0.0.1:0".to_owned(),
            shows_code: true,
            more: &["--no-announce"],
        }
    }
}

impl<'a> Referee<'a> {
    /// Makes a new one, and starts it.
    #[must_use]
    pub fn start(home: &'a Home, folder: &str) -> Self {
        let state = home.path().join(folder);
        run(home, &state, "init");
        Self::serve(home, state, &Ports::default())
    }

    /// Makes a new one, and starts it with these options more; it announces itself unless they say otherwise.
    #[must_use]
    pub fn start_with(home: &'a Home, folder: &str, more: &'static [&'static str]) -> Self {
        let state = home.path().join(folder);
        run(home, &state, "init");
        let ports = Ports {
            more,
            ..Ports::default()
        };
        Self::serve(home, state, &ports)
    }

    /// Makes a new one at an address of the network, and starts it with these options more.
    #[must_use]
    pub fn start_at(home: &'a Home, address: IpAddr, more: &'static [&'static str]) -> Self {
        let state = home.path().join("referee");
        run(home, &state, "init");
        let ports = Ports {
            listen: SocketAddr::new(address, 0),
            acme: SocketAddr::new(address, 0).to_string(),
            more,
            ..Ports::default()
        };
        Self::serve(home, state, &ports)
    }

    /// Makes a new one whose store is this database.
    #[must_use]
    pub fn start_on(home: &'a Home, folder: &str, database: &str) -> Self {
        let state = home.path().join(folder);
        run(home, &state, "init");
        Self::serve_on(home, state, &Ports::default(), Some(database))
    }

    /// Kills it, and starts another one in its place: with the same authority and database, and an intermediate of
    /// its own.
    #[must_use]
    pub fn give_way(self, folder: &str) -> Self {
        let Self {
            home,
            state,
            directory,
            database,
            process,
            ..
        } = self;
        kill(process.id());
        drop(process);
        let other = home.path().join(folder);
        std::fs::create_dir(&other).expect("a folder");
        for file in ["authority.json", "root-key.sealed"] {
            std::fs::copy(state.join(file), other.join(file)).expect("a copy");
        }
        run(home, &other, "intermediate");
        let (_, port) = directory.rsplit_once(':').expect("a port");
        let (port, _) = port.split_once('/').expect("a path");
        let ports = Ports {
            acme: format!("127.0.0.1:{port}"),
            ..Ports::default()
        };
        Self::serve_on(home, other, &ports, database.as_deref())
    }

    /// Starts it again after a power cut.
    #[must_use]
    pub fn restart(self) -> Self {
        kill(self.process.id());
        let (_, port) = self.directory.rsplit_once(':').expect("a port");
        let (port, _) = port.split_once('/').expect("a path");
        let ports = Ports {
            listen: self.address,
            acme: format!("127.0.0.1:{port}"),
            shows_code: false,
            ..Ports::default()
        };
        drop(self.process);
        Self::serve(self.home, self.state, &ports)
    }

    /// Its process number.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Stops it, does something with its authority, and starts it again.
    #[must_use]
    pub fn after(self, command: &str) -> Self {
        self.after_with(command, &[], &["--no-announce"])
    }

    /// The same with more options for the command, and for `serve`.
    #[must_use]
    pub fn after_with(self, command: &str, with: &[&str], more: &'static [&'static str]) -> Self {
        let Self {
            home,
            state,
            address,
            directory,
            process,
            ..
        } = self;
        drop(process);
        run_with(home, &state, command, with);
        let (_, port) = directory.rsplit_once(':').expect("a port");
        let (port, _) = port.split_once('/').expect("a path");
        let ports = Ports {
            listen: address,
            acme: format!("127.0.0.1:{port}"),
            shows_code: false,
            more,
        };
        Self::serve(home, state, &ports)
    }

    fn serve(home: &'a Home, state: PathBuf, ports: &Ports) -> Self {
        Self::serve_on(home, state, ports, None)
    }

    fn serve_on(home: &'a Home, state: PathBuf, ports: &Ports, database: Option<&str>) -> Self {
        let mut command = home.command("settle-referee");
        command
            .args(["serve", "--json", "--listen"])
            .arg(ports.listen.to_string())
            .args(["--acme", &ports.acme, "--metrics", "127.0.0.1:0"])
            .args(ports.more)
            .arg("--state")
            .arg(&state)
            .stdout(Stdio::piped())
            .stderr(home.log("referee.log"));
        command.args(database.into_iter().flat_map(|it| ["--database", it]));
        let mut process = Running::start(&mut command);
        let output = process.child().stdout.take().expect("a pipe");
        let mut events = Lines::of(output);
        let acme = events.wait_for("acme", |line| is(line, "acme"));
        let metrics = events.wait_for("metrics", |line| is(line, "metrics"));
        let listening = events.wait_for("listening", |line| is(line, "listening"));
        let code = ports
            .shows_code
            .then(|| events.wait_for("code", |line| is(line, "code")));
        Self {
            home,
            state,
            address: text(&listening, "address").parse().expect("an address"),
            code: code.map(|code| text(&code, "code")).unwrap_or_default(),
            directory: text(&acme, "directory"),
            metrics: text(&metrics, "address"),
            database: database.map(str::to_owned),
            process,
        }
    }

    /// The address that ACME clients are given.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The address of its counters on this machine.
    #[must_use]
    pub fn metrics(&self) -> &str {
        &self.metrics
    }

    /// The process itself.
    pub const fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    /// What a command says that speaks to its store.
    #[must_use]
    pub fn ask(&self, arguments: &[&str]) -> Value {
        let said = self.say(&[arguments, &["--json"]].concat());
        serde_json::from_str(&said).expect("JSON")
    }

    /// The same for people.
    #[must_use]
    pub fn say(&self, arguments: &[&str]) -> String {
        let mut command = self.home.command("settle-referee");
        command.args(arguments).arg("--state").arg(&self.state);
        let database = self.database.iter();
        command.args(database.flat_map(|it| ["--database", it]));
        let asked = command.output().expect("settle-referee");
        let said = String::from_utf8_lossy(&asked.stderr);
        assert!(asked.status.success(), "{arguments:?}: {said}");
        String::from_utf8(asked.stdout).expect("text")
    }

    /// A file in which its name leads to this machine.
    #[must_use]
    pub fn hosts(&self, of: &str) -> PathBuf {
        let hosts = self.home.path().join(format!("hosts-{of}"));
        std::fs::write(&hosts, "127.0.0.1 localhost referee.local\n").expect("a file");
        hosts
    }

    /// The code that it showed when it was new.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Where it is paired with.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its directory.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A server's certificate by its intermediate, made with the stolen key; with the chain in a file beside.
    #[must_use]
    pub fn forge(&self, file: &str, names: &str) -> (Identity, PathBuf) {
        let (folder, stolen) = (self.home.path(), self.intermediate(file));
        let identity = Identity::make(folder, file, names, Issuer::Authority(&stolen));
        (identity, stolen.certificate)
    }

    /// An authority below the intermediate, made with the stolen key, and a file with the chain from it.
    #[must_use]
    pub fn forge_authority(&self, file: &str) -> (Identity, PathBuf) {
        let stolen = self.intermediate(file);
        let path = |end: &str| self.home.path().join(format!("{file}.{end}"));
        let (certificate, key, chain) = (path("pem"), path("key"), path("chain"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "30", "-subj"])
            .arg(format!("/CN={file}"))
            .args(["-addext", "basicConstraints=critical,CA:TRUE"])
            .args(["-addext", "keyUsage=critical,keyCertSign"])
            .arg("-CA")
            .arg(&stolen.certificate)
            .arg("-CAkey")
            .arg(&stolen.key)
            .arg("-out")
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .stderr(Stdio::null())
            .status();
        assert!(
            made.expect("openssl").success(),
            "openssl made no authority"
        );
        let read = |path: &Path| std::fs::read(path).expect("a certificate");
        let both = [read(&certificate), read(&stolen.certificate)].concat();
        std::fs::write(&chain, both).expect("a file");
        (Identity { certificate, key }, chain)
    }

    fn intermediate(&self, file: &str) -> Identity {
        let stored = std::fs::read(self.state.join("intermediate.json")).expect("an intermediate");
        let stored: Value = serde_json::from_slice(&stored).expect("JSON");
        let der = |member| {
            BASE64
                .decode(text(&stored, member).as_bytes())
                .expect("base64")
        };
        let path = |end: &str| self.home.path().join(format!("{file}-issuer.{end}"));
        let pem = |label: &str, der: &[u8]| {
            let body = BASE64.encode(der);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        let (certificate, key) = (path("pem"), path("key"));
        std::fs::write(&certificate, pem("CERTIFICATE", &der("certificate"))).expect("a file");
        std::fs::write(&key, pem("PRIVATE KEY", &der("key"))).expect("a file");
        Identity { certificate, key }
    }
}

/// A program that looks names up in this file.
pub(crate) fn near(home: &Home, hosts: &Path, program: &str) -> Command {
    let mut command = home.command_of(Path::new("unshare"));
    let mounted = r#"mount --bind "$0" /etc/hosts && exec "$@""#;
    command.args(["--mount", "sh", "-c", mounted]);
    command.arg(hosts).arg(program);
    command
}

fn run(home: &Home, state: &Path, command: &str) {
    run_with(home, state, command, &[]);
}

fn run_with(home: &Home, state: &Path, command: &str, with: &[&str]) {
    let passphrase = home.path().join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE).expect("a file");
    let mut asked: Command = home.command("settle-referee");
    asked.arg(command).arg("--state").arg(state);
    asked.arg("--passphrase-file").arg(passphrase).args(with);
    let done = asked.output().expect("settle-referee");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command}: {said}");
}

fn is(line: &Value, event: &str) -> bool {
    line.get("event").and_then(Value::as_str) == Some(event)
}

fn text(line: &Value, field: &str) -> String {
    let text = line.get(field).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {field} in {line}"))
        .to_owned()
}
