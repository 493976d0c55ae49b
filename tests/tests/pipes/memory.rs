//! The memory of our programs stays theirs: a crash leaves no core file, and no other program of the same user reads
//! it. Every claim is held against a program that does nothing about it.

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};
use settle_tests::line::Lines;
use settle_tests::process::{Running, eventually, program};
use settle_tests::{Connector, Device, Home, Keyring, Referee, Upstream};

/// A crash of what is started from now on leaves a core file, if the program lets it.
fn let_cores_be_written() {
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    setrlimit(Resource::Core, unlimited).unwrap();
}

/// A program that keeps nothing to itself.
const CONTROL: [&str; 2] = ["sleep", "60"];

/// Starts the daemon as a child of the test, so that its end is told.
fn daemon(home: &Home, command: &mut Command) -> Running {
    let daemon = Running::start(command.arg("daemon"));
    eventually("the daemon listens", || {
        home.daemon_id() == Some(daemon.id())
    });
    daemon
}

/// A program without the rights of root, as users start theirs.
fn as_a_user(home: &Home, program: impl AsRef<Path>) -> Command {
    let mut command = home.command_of(Path::new("setpriv"));
    command.arg("--bounding-set=-all");
    command.arg(program.as_ref());
    command
}

/// Whether another program of the same user reads what is in a process.
fn is_read_by_others(home: &Home, process: &Running) -> bool {
    let mut reader = as_a_user(home, "cat");
    let read = reader.arg(format!("/proc/{}/environ", process.id()));
    read.output().unwrap().status.success()
}

#[test]
fn a_crash_of_any_of_our_programs_leaves_no_core_file() {
    let (home, upstream) = (Home::new(Keyring::Unlocked), Upstream::start());
    let_cores_be_written();
    let mut daemon = daemon(&home, &mut home.command("settle"));
    let mut connector = Connector::start(&home);
    let mut device = Device::start(&home, upstream.address());
    let mut referee = Referee::start(&home, "referee");
    for (what, process) in [
        ("connector", connector.process()),
        ("daemon", &mut daemon),
        ("device", device.process()),
        ("referee", referee.process()),
    ] {
        assert!(!process.crash(), "{what}");
    }
    // This system does write them.
    let [program, time] = CONTROL;
    let mut control = home.command_of(Path::new(program));
    assert!(Running::start(control.arg(time)).crash());
}

#[test]
fn no_other_program_of_the_user_reads_what_is_in_ours() {
    let (home, upstream) = (Home::new(Keyring::Unlocked), Upstream::start());
    let daemon = daemon(&home, &mut as_a_user(&home, program("settle")));
    let mut serve = as_a_user(&home, program("settle-device"));
    serve.args(["serve", "--json", "--no-announce", "--name", "printer"]);
    serve.args(["--listen", "127.0.0.1:0", "--upstream"]);
    serve.arg(format!("http://{}", upstream.address()));
    let mut device = Running::start(serve.stdout(Stdio::piped()));
    let mut events = Lines::of(device.child().stdout.take().unwrap());
    events.wait_for("listening", |line| line["event"] == "listening");
    for process in [&daemon, &device] {
        assert!(!is_read_by_others(&home, process));
    }
    let [program, time] = CONTROL;
    let control = Running::start(as_a_user(&home, program).arg(time));
    eventually("it is read", || is_read_by_others(&home, &control));
}
