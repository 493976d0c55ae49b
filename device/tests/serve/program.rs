//! The program itself, over pipes.

use std::path::Path;
use std::process::Stdio;

use settle_protocol::material::PairingMaterial;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::client::{Client, get, text};
use crate::device::Home;
use crate::upstream::Upstream;

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    log: ChildStderr,
}

impl Program {
    fn start(home: &Path, upstream: &Upstream) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_settle-device"))
            .args(["serve", "--json", "--no-announce", "--name", "printer"])
            .args(["--listen", "127.0.0.1:0"])
            .args(["--upstream", &format!("http://{}", upstream.address)])
            .env_clear()
            .env("HOME", home)
            .env("SETTLE_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            log: child.stderr.take().unwrap(),
            child,
        }
    }

    async fn event(&mut self, kind: &str) -> serde_json::Value {
        let line = self.lines.next_line().await.unwrap().unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["event"], kind, "{line}");
        event
    }

    async fn rest_of_log(mut self) -> String {
        let mut log = String::new();
        self.log.read_to_string(&mut log).await.unwrap();
        log
    }
}

#[tokio::test]
async fn the_program_pairs_survives_a_kill_and_ends_well_when_told_to() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut program = Program::start(home.path(), &upstream);
    let address = program.event("listening").await["address"].clone();
    let code = program.event("code").await["code"].clone();
    let (address, code) = (address.as_str().unwrap(), code.as_str().unwrap());

    let ada = Client::new();
    let granted = ada.pair(address.parse().unwrap(), code).await.unwrap();
    program.child.kill().await.unwrap();
    let mut log = program.rest_of_log().await;

    let mut program = Program::start(home.path(), &upstream);
    let listening = program.event("listening").await;
    assert_eq!(listening["fingerprint"], granted.fingerprint.to_hex());
    assert_eq!(listening["unique_name"], granted.unique_name.as_str());
    let address = listening["address"].as_str().unwrap().parse().unwrap();
    let mut http = ada.http(address, &granted).await;
    let answer = http.send_request(get("/")).await.unwrap();
    assert!(text(answer).await.contains("settle-role: admin"));

    let pid = i32::try_from(program.child.id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(program.child.wait().await.unwrap().success());
    log.push_str(&program.rest_of_log().await);
    assert_no_secret(&log, code, &home);
}

/// At the highest level of logging: neither the code nor what it is made of, nor a stored secret.
fn assert_no_secret(log: &str, code: &str, home: &Home) {
    assert!(log.contains("stopping"), "the log was written: {log}");
    assert!(!log.contains("SETTLE:"));
    let secret = PairingMaterial::parse(code).unwrap().secret;
    let hex = data_encoding::HEXLOWER.encode(secret.expose());
    assert!(!log.contains(&hex) && !log.contains(&format!("{:?}", secret.expose())));
    let identity = home
        .path()
        .join(".local/state/settle-device/printer/identity");
    let identity = std::fs::read_to_string(identity).unwrap();
    let body = identity.split_once('\n').unwrap().1;
    let stored: serde_json::Value = serde_json::from_str(body).unwrap();
    for name in ["root_key", "discovery_key"] {
        assert!(!log.contains(stored[name].as_str().unwrap()), "{name}");
    }
}

#[tokio::test]
async fn a_signal_presses_the_button() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut program = Program::start(home.path(), &upstream);
    let listening = program.event("listening").await;
    let code = program.event("code").await;
    let address = listening["address"].as_str().unwrap().parse().unwrap();
    let code = code["code"].as_str().unwrap();
    Client::new().pair(address, code).await.unwrap();
    program.event("paired").await;
    let pid = i32::try_from(program.child.id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::USR1).unwrap();
    program.event("window_opened").await;
    let fresh = program.event("code").await;
    let fresh = fresh["code"].as_str().unwrap();
    assert_ne!(fresh, code);
    Client::new().pair(address, fresh).await.unwrap();
}

#[tokio::test]
async fn a_state_directory_in_use_is_a_clear_error_and_a_failure() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut first = Program::start(home.path(), &upstream);
    first.event("listening").await;
    let mut second = Program::start(home.path(), &upstream);
    assert_eq!(second.child.wait().await.unwrap().code(), Some(1));
    let log = second.rest_of_log().await;
    assert!(log.contains("in use by another settle-device"), "{log}");
}
