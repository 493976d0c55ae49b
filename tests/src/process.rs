//! Programs of the workspace, found beside the test, and processes that end with their values.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

/// How long anything on one machine may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The file of a program of this workspace: in `SETTLE_BIN_DIR`, else where this program was built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let folder = env::var_os("SETTLE_BIN_DIR").map_or_else(build_folder, PathBuf::from);
    let file = folder.join(name);
    assert!(
        file.is_file(),
        "{} is not built: run `cargo build --workspace --bins`",
        file.display()
    );
    file
}

/// `target/debug` of `target/debug/deps/pairing-…` and of `target/debug/settle-home` alike.
fn build_folder() -> PathBuf {
    let own = env::current_exe().expect("the path of this program");
    let folder = own.parent().expect("a folder");
    let is_deps = folder.ends_with("deps");
    let folder = if is_deps {
        folder.parent()
    } else {
        Some(folder)
    };
    folder.expect("a folder").to_owned()
}

/// A process that is ended, and waited for, when this goes.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts a command.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_owned();
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!("{} cannot be started: {error}", name.display()),
        }
    }

    /// Its process number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// The process itself, for its pipes.
    pub const fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Makes it crash. Returns whether the system kept its memory in a core file (core(5)).
    ///
    /// # Panics
    /// When it goes on, or ended before.
    pub fn crash(&mut self) -> bool {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::ABORT).expect("a process");
        let status = self.0.wait().expect("an end");
        assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
        status.core_dumped()
    }

    /// Waits until it has ended by itself, or panics after [`PATIENCE`].
    pub fn wait_for_end(&mut self) {
        eventually("the process ends", || {
            self.0.try_wait().is_ok_and(|status| status.is_some())
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|status| status.is_some()) {
            return;
        }
        end(self.0.id(), || {
            self.0.try_wait().is_ok_and(|status| status.is_some())
        });
        // Nothing is left to be done for a process that could not be ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Kills a process as a power cut does: it gets no say.
pub fn kill(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw)
        && let Err(error) = kill_process(pid, Signal::KILL)
    {
        // It may have ended by itself.
        assert_eq!(error, Errno::SRCH);
    }
    eventually("the killed process is gone", || has_ended(id));
}

/// Stops processes where they are, as the sleep of a computer does, or lets them go on.
///
/// # Panics
/// When one of them has ended.
pub fn set_asleep(ids: &[u32], asleep: bool) {
    let signal = if asleep { Signal::STOP } else { Signal::CONT };
    for id in ids {
        let pid = i32::try_from(*id).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a number"), signal).expect("a process");
    }
}

/// Ends a process that is no child of ours.
pub(crate) fn end_stranger(id: u32) {
    end(id, || has_ended(id));
}

/// Asks a process to end, waits, and insists.
fn end(id: u32, mut ended: impl FnMut() -> bool) {
    let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
        return;
    };
    for signal in [Signal::TERM, Signal::KILL] {
        if kill_process(pid, signal).is_err() {
            return;
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(3) {
            if ended() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Gone, or waiting for a parent to notice; not while a thread of it still holds its sockets open.
fn has_ended(id: u32) -> bool {
    let process = Path::new("/proc").join(id.to_string());
    let Ok(stat) = fs::read_to_string(process.join("stat")) else {
        return true;
    };
    let rest = stat.rsplit(") ").next();
    let threads = fs::read_dir(process.join("task")).map_or(0, Iterator::count);
    rest.is_some_and(|rest| rest.starts_with('Z')) && threads <= 1
}

/// Waits for a condition, looking every few milliseconds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
