//! A PostgreSQL of a test's own: a fresh one in a folder that goes with it, reached by a socket there alone.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::eventually;

/// Who runs it where the test's user is root, as which it would not: `nobody`.
const UNPRIVILEGED: u32 = 65534;
const DATA: &str = "data";

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    address: String,
    server: Child,
    folder: TempDir,
}

impl Postgres {
    /// Makes one and waits until it takes connections.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a PostgreSQL");
        let path = folder.path();
        if fs::metadata(path).expect("a PostgreSQL").uid() == 0 {
            chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("a PostgreSQL");
        }
        let mut init = command(path, "initdb");
        init.args(["--pgdata", DATA]);
        init.args(["--username=referee", "--auth=trust"]);
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C"]);
        assert!(init.status().expect("a PostgreSQL").success(), "initdb");
        let postgres = Self {
            address: format!(
                "postgres://referee@localhost/postgres?host={}",
                path.display()
            ),
            server: serve(path),
            folder,
        };
        postgres.wait();
        postgres
    }

    /// Has it end at once, with nothing brought in order, and come up again.
    pub fn crash(&mut self) {
        self.end(Signal::QUIT);
        self.server = serve(self.folder.path());
        self.wait();
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it answers to a question with one answer.
    #[must_use]
    pub fn ask(&self, question: &str) -> String {
        let mut asked = Command::new(programs().join("psql"));
        asked.args([&self.address, "-tA", "-c", question]);
        let said = asked.output().expect("psql").stdout;
        String::from_utf8_lossy(&said).trim().to_owned()
    }

    fn end(&mut self, signal: Signal) {
        let id = i32::try_from(self.server.id()).ok();
        if let Some(id) = id.and_then(Pid::from_raw)
            && let Err(error) = kill_process(id, signal)
        {
            assert_eq!(error, Errno::SRCH, "it may have ended by itself");
        }
        drop(self.server.wait());
    }

    /// Until somebody is let in.
    fn wait(&self) {
        eventually("PostgreSQL answers", || {
            let mut asked = Command::new(programs().join("psql"));
            asked.args([&self.address, "-c", "SELECT 1"]);
            asked.stdout(Stdio::null()).stderr(Stdio::null());
            asked.status().is_ok_and(|status| status.success())
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // By this signal its own processes go first.
        self.end(Signal::INT);
    }
}

fn serve(folder: &Path) -> Child {
    let mut server = command(folder, "postgres");
    server.args(["-D", DATA, "-k"]).arg(folder);
    server.args(["-c", "listen_addresses=", "-c", "max_connections=50"]);
    server.spawn().expect("a PostgreSQL")
}

/// One of its programs, as whom the folder belongs to.
fn command(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    command
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if fs::metadata(folder).expect("a PostgreSQL").uid() == UNPRIVILEGED {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

/// Debian has them in a folder of each version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let mut folders: Vec<PathBuf> = versions
        .map(|folder| folder.expect("a PostgreSQL").path())
        .collect();
    folders.sort();
    let newest: &Path = folders.last().expect("a version");
    newest.join("bin")
}
