//! T12: whoever starts a native messaging host, and what they send: to a host without a guard, and to Settle's.

use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ChildStdin, Stdio};
use std::thread::{self, JoinHandle};

use settle_protocol::name::LocalName;
use settle_protocol::rpc::{
    Call, Devices, Empty, ErrorKind, FromDaemon, Outcome, RpcError, UnverifiedName,
};
use settle_tests::census::{daemons_of, memory};
use settle_tests::connector::ORIGIN;
use settle_tests::process::{PATIENCE, Running, eventually, program};
use settle_tests::{Connector, Home, Keyring};

use super::floods::{BOUND, answer, frame};

/// Started like Settle's; `lab::weak::messenger` has what it does.
const WEAK: &str = "settle-weak-host";
const SETTLE: &str = "settle";
const STRANGER: &str = "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/";

/// What a caller gets to know of the house.
fn spy(caller: &mut Connector) -> Result<Vec<UnverifiedName>, RpcError> {
    caller.hello()?;
    let devices: Devices = caller.call(Call::ListDevices {})?;
    Ok(devices.unverified)
}

#[test]
fn a_stranger_is_answered_by_a_host_that_does_not_look_and_not_by_settle() {
    let home = Home::new(Keyring::Unlocked);
    let mut ours = Connector::start(&home);
    let name = LocalName::parse("cam.local").unwrap();
    let Empty {} = ours.call(Call::AddUnverified { name }).unwrap();
    assert_eq!(spy(&mut ours).unwrap().len(), 1);
    // As Chromium names extensions, and as Firefox does.
    for caller in [&[STRANGER][..], &["/org.settle.host.json", "x@y.example"]] {
        let mut stranger = Connector::run(&home, home.command(WEAK).args(caller));
        assert_eq!(spy(&mut stranger).unwrap().len(), 1);

        let mut stranger = Connector::run(&home, home.command(SETTLE).args(caller));
        let refused = spy(&mut stranger).unwrap_err();
        assert_eq!(refused.data.kind, ErrorKind::CallerRefused);
        stranger.wait_for_end();
    }
}

/// Whether a host that has no more than half a gigabyte outlives the announcement of a whole one.
fn is_measured(home: &Home, host: &str, origin: &str) -> bool {
    let mut confined = home.command_of(Path::new("prlimit"));
    let confined = confined.arg("--as=536870912").arg(program(host));
    let mut host = Connector::run(home, confined.arg(origin));
    host.send_raw(&(1_u32 << 30).to_ne_bytes()).unwrap();
    host.wait_for_end();
    let end = host.process().child().wait().unwrap();
    // What gets no memory aborts.
    end.signal().is_none()
}

#[test]
fn a_length_kills_a_host_that_believes_it_and_ends_a_session_of_settle() {
    let home = Home::new(Keyring::Unlocked);
    let mut other = Connector::start(&home);
    let daemon = daemons_of(home.path()).remove(0);
    let before = memory(daemon, "VmRSS");
    for origin in [ORIGIN, STRANGER] {
        assert!(!is_measured(&home, WEAK, origin));
        assert!(is_measured(&home, SETTLE, origin));
    }
    assert!(other.devices().is_empty());
    assert_eq!(daemons_of(home.path()), [daemon]);
    let most = memory(daemon, "VmHWM");
    assert!(most < before + BOUND, "{before} KiB, {most} KiB");
}

#[test]
fn what_is_no_message_ends_a_host_that_expects_none_and_is_answered_by_settle() {
    let home = Home::new(Keyring::Unlocked);
    let mut settle = Connector::start(&home);
    for text in [&b"{"[..], b"\xff\xff", b"[]", b""] {
        let mut weak = Connector::run(&home, home.command(WEAK).arg(ORIGIN));
        weak.hello().unwrap();
        weak.send(text).unwrap();
        weak.wait_for_end();

        settle.send(text).unwrap();
        let Some(FromDaemon::Response(answer)) = settle.next_frame(PATIENCE) else {
            panic!("no answer");
        };
        assert!(matches!(answer.outcome, Outcome::Error(_)), "{answer:?}");
        assert!(settle.devices().is_empty());
    }
}

const CALLS: usize = 10_000;
const LIST: &str = r#"{"jsonrpc":"2.0","id":7,"method":"devices.list","params":{}}"#;
const HELLO: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"flood"}}"#;

/// Starts a host, says hello, and sends it many calls of 4 KiB without listening to what it answers.
fn flood(home: &Home, host: &str) -> (Running, JoinHandle<io::Result<ChildStdin>>) {
    let mut command = home.command(host);
    command.arg(ORIGIN).stdin(Stdio::piped());
    command.stdout(Stdio::piped());
    let mut flooded = Running::start(command.stderr(home.log("flooded.log")));
    let mut input = flooded.child().stdin.take().unwrap();
    input.write_all(&frame(HELLO)).unwrap();
    answer(flooded.child().stdout.as_mut().unwrap()).unwrap();
    let sender = thread::spawn(move || {
        let call = frame(&format!("{LIST:4096}"));
        (0..CALLS).try_for_each(|_| input.write_all(&call))?;
        // Closed, it would be no flood any more.
        Ok(input)
    });
    (flooded, sender)
}

#[test]
fn calls_of_one_that_does_not_listen_fill_a_host_that_takes_them_all_and_wait_at_settle() {
    let home = Home::new(Keyring::Unlocked);
    let mut other = Connector::start(&home);
    let daemon = daemons_of(home.path()).remove(0);
    let idle = [daemon, other.process_id()].map(|id| memory(id, "VmRSS"));

    let (weak, sender) = flood(&home, WEAK);
    eventually("all calls are taken", || sender.is_finished());
    // But for those few whose answers had room in the pipe.
    let most = u64::try_from(CALLS).unwrap() * 3;
    eventually("they are kept", || memory(weak.id(), "VmRSS") > most);

    let (mut settle, sender) = flood(&home, SETTLE);
    for _ in 0..200 {
        assert!(other.devices().is_empty());
    }
    assert!(!sender.is_finished(), "everything was taken at once");
    for (id, before) in [daemon, settle.id()].into_iter().zip(idle) {
        let most = memory(id, "VmHWM");
        assert!(most < before + BOUND, "{before} KiB, {most} KiB");
    }
    // It listens after all: every call has its answer.
    let output = settle.child().stdout.as_mut().unwrap();
    for _ in 0..CALLS {
        let answer = answer(output).unwrap();
        assert_eq!(answer["id"], 7);
        assert!(answer["result"].is_object() || answer["error"]["data"]["kind"] == "busy");
    }
    sender.join().unwrap().unwrap();
}
