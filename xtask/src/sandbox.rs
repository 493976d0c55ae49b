//! A network, a mount table and a process table of our own: everything that runs a browser, a
//! daemon or a device runs in them.
//!
//! Nothing inside reaches another machine, nobody outside is heard, the names that are asked for
//! can be counted, and what was started ends with the process table. It is no security boundary:
//! files and the display's socket stay usable.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, thread};

use anyhow::{Context as _, bail};

use crate::capture::Capture;
use crate::process;
use crate::resolver;

/// Where programs inside find the log of DNS questions.
const DNS_LOG: &str = "SETTLE_DNS_LOG";

/// Runs a task of this program in a sandbox, which must call [`enter`] first.
pub(crate) fn run_task(task: &[OsString]) -> anyhow::Result<()> {
    finish(task_command(task)?)
}

/// Starts a command of [`command`] and waits for its end.
pub(crate) fn finish(mut command: Command) -> anyhow::Result<()> {
    let mut sandbox = command.spawn()?;
    // Kept open: its end tells the sandbox that this process has gone.
    let _pipe = sandbox.stdin.take();
    if !sandbox.wait()?.success() {
        bail!("the task inside the private network failed");
    }
    Ok(())
}

/// A command that runs a program in a sandbox. Its standard input is a pipe that must stay open.
pub(crate) fn command(program: &[OsString]) -> anyhow::Result<Command> {
    let mut task = vec![OsString::from("inside"), "--".into()];
    task.extend_from_slice(program);
    task_command(&task)
}

fn task_command(task: &[OsString]) -> anyhow::Result<Command> {
    let mut unshare = process::command("unshare");
    unshare.args(["--net", "--mount", "--pid", "--fork"]);
    unshare.args(["--kill-child=KILL", "--mount-proc"]);
    if !is_root()? {
        unshare.args(["--user", "--map-root-user"]);
        if !process::succeeds(process::command("unshare").args(["--user", "--net", "true"])) {
            bail!(
                "this system forbids networks of one's own (unprivileged user namespaces); \
                 allow them, or run this as root"
            );
        }
    }
    // The shell is the first process inside: it waits for those whose parents are gone. What it
    // starts in the background would lose the pipe, but for the copy.
    unshare
        .args(["sh", "-c", r#"exec 3<&0; "$@" <&3 3<&- & wait $!"#, "sh"])
        .arg(env::current_exe()?)
        .args(task)
        .stdin(Stdio::piped());
    Ok(unshare)
}

/// What a task inside needs to keep as long as it runs.
#[derive(Debug)]
pub(crate) struct Inside {
    /// Who asked for which name.
    pub(crate) capture: Capture,
    _folder: Folder,
}

/// Makes the namespaces of this process, fresh from [`command`], a private network.
pub(crate) fn enter() -> anyhow::Result<Inside> {
    let ip = process::find("ip").context("ip is missing")?;
    let links = process::output(process::command(&ip).args(["-oneline", "link"]))?;
    if links.lines().count() != 1 || !links.contains("state DOWN") {
        bail!("this is not a fresh network of our own");
    }
    end_with_the_parent();
    let folder = Folder::new()?;
    for line in [
        "link set lo up",
        "link set lo multicast on",
        "route add 224.0.0.0/4 dev lo",
        // Addresses of a home network that are this computer's own: what leads to the loopback is not reached
        // under a name that nobody verifies.
        "route add local 192.168.177.0/24 dev lo",
    ] {
        process::run(process::command(&ip).args(line.split(' ')))?;
    }
    for (file, content) in [
        ("/etc/resolv.conf", "nameserver 127.0.0.1\n"),
        ("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
        (
            "/etc/nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\n",
        ),
    ] {
        let own = folder.0.join(file.replace('/', "-"));
        fs::write(&own, content)?;
        if fs::exists(file)? {
            process::run(process::command("mount").arg("--bind").arg(&own).arg(file))?;
        }
    }
    // What killed programs leave there is named by their numbers, which are given out anew here.
    let shared = ["-t", "tmpfs", "tmpfs", "/dev/shm"];
    process::run(process::command("mount").args(shared))?;
    resolver::start()?;
    let capture = Capture::start(folder.0.join("dns.jsonl"))?;
    Ok(Inside {
        capture,
        _folder: folder,
    })
}

/// The task `inside`.
pub(crate) fn run_inside(command: &[OsString]) -> anyhow::Result<()> {
    let inside = enter()?;
    let [program, arguments @ ..] = command else {
        bail!("no program is given");
    };
    process::run(
        process::command(program)
            .args(arguments)
            .env(DNS_LOG, inside.capture.log())
            .stdin(Stdio::null()),
    )
}

/// The first process of the table outlives a terminal's interrupt: the pipe from outside does not.
fn end_with_the_parent() {
    thread::spawn(|| {
        let mut nothing = [0; 1];
        while std::io::stdin()
            .read(&mut nothing)
            .is_ok_and(|read| read > 0)
        {}
        #[expect(clippy::exit, reason = "the parent is gone: nobody is left to tell")]
        std::process::exit(130);
    });
}

fn is_root() -> anyhow::Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// A folder that goes with the value.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let made = process::output(Command::new("mktemp").args(["-d", "-t", "settle-XXXXXX"]))?;
        Ok(Self(made.trim().into()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind, it is only an old temporary folder.
        drop(fs::remove_dir_all(&self.0));
    }
}
