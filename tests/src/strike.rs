//! Kills a process right before one of its system calls, which is not made any more: what a power cut
//! does, at a moment that is chosen and no matter of luck. `strace` counts the calls.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::home::Home;
use crate::process::{Running, program};

/// The calls that change files, by the names that they have on different machines.
pub const ON_FILES: [&str; 7] = [
    "?open,openat",
    "write",
    "fsync",
    "fdatasync",
    "?link,linkat",
    "?rename,?renameat,renameat2",
    "?unlink,unlinkat",
];
/// The calls by which a program talks to a keyring.
pub const ON_SOCKETS: [&str; 2] = ["connect", "sendmsg"];

/// A moment: before a thread makes a call for the `nth` time.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// One of [`ON_FILES`] or [`ON_SOCKETS`].
    pub call: &'static str,
    /// From 1 on.
    pub nth: usize,
}

impl Point {
    /// `paths` are the files whose calls count; calls on sockets count whatever they lead to.
    fn arguments(self, paths: &[PathBuf]) -> Vec<OsString> {
        let Self { call, nth } = self;
        let mut arguments: Vec<OsString> = ["-f", "-o", "/dev/null"].map(Into::into).into();
        arguments.extend(["-e".into(), format!("trace={call}").into()]);
        let inject = format!("inject={call}:signal=SIGKILL:when={nth}");
        arguments.extend(["-e".into(), inject.into()]);
        let counted = if ON_SOCKETS.contains(&call) {
            &[]
        } else {
            paths
        };
        for path in counted {
            arguments.extend(["-P".into(), path.into()]);
        }
        arguments
    }
}

/// A process that will be killed, unless this goes before it gets there.
#[derive(Debug)]
pub struct Strike(Running);

impl Strike {
    /// Watches a process that runs.
    ///
    /// # Panics
    /// If it cannot be watched.
    #[must_use]
    pub fn plan(process: u32, point: Point, paths: &[PathBuf]) -> Self {
        let mut command = Command::new("strace");
        command.args(point.arguments(paths));
        command.args(["-p", &process.to_string()]);
        let mut strace = Running::start(command.stdin(Stdio::null()).stderr(Stdio::piped()));
        let said = strace.child().stderr.take().expect("a pipe");
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let attached = lines.any(|line| line.contains("attached"));
        assert!(attached, "strace cannot watch process {process}");
        Self(strace)
    }

    /// Starts a program of this workspace that is watched from its beginning.
    #[must_use]
    pub fn start(
        home: &Home,
        name: &str,
        arguments: &[&str],
        point: Point,
        paths: &[PathBuf],
    ) -> Self {
        let mut command = home.command_of("strace".as_ref());
        command.args(point.arguments(paths)).arg(program(name));
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(Running::start(&mut command))
    }

    /// Waits until the process has ended, killed or by itself.
    pub fn wait_for_end(&mut self) {
        self.0.wait_for_end();
    }

    /// Whether it was killed: `strace` ends in the same way.
    pub fn was_killed(&mut self) -> bool {
        let status = self.0.child().wait().expect("the end of a process");
        status.signal().is_some()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0
            .child()
            .try_wait()
            .is_ok_and(|status| status.is_some())
    }
}
