//! A PostgreSQL of a test's own: a fresh one in a folder that goes with it, reached by a socket there alone.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Who runs it where the test's user is root, as which it would not: `nobody`.
const UNPRIVILEGED: u32 = 65534;

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    address: String,
    server: Child,
    _folder: TempDir,
}

impl Postgres {
    /// Makes one and waits until it takes connections.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (path, data) = (folder.path(), folder.path().join("data"));
        let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap()) == 0;
        if is_root {
            std::os::unix::fs::chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
        }
        let command = |name: &str| {
            let mut command = Command::new(programs().join(name));
            command
                .current_dir(path)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if is_root {
                command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
            }
            command
        };
        let mut init = command("initdb");
        init.arg("--pgdata")
            .arg(&data)
            .args(["--username=referee", "--auth=trust"]);
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C"]);
        assert!(init.status().unwrap().success(), "initdb");
        let mut server = command("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(path);
        server.args(["-c", "listen_addresses=", "-c", "max_connections=50"]);
        let server = server.spawn().unwrap();
        let postgres = Self {
            address: format!(
                "postgres://referee@localhost/postgres?host={}",
                path.display()
            ),
            server,
            _folder: folder,
        };
        postgres.wait();
        postgres
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Until somebody is let in.
    fn wait(&self) {
        let ready = || {
            let mut asked = Command::new(programs().join("psql"));
            asked.args([&self.address, "-c", "SELECT 1"]);
            asked.stdout(Stdio::null()).stderr(Stdio::null());
            asked.status().unwrap().success()
        };
        let begin = std::time::Instant::now();
        while !ready() {
            assert!(begin.elapsed().as_secs() < 40, "PostgreSQL does not answer");
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // By this signal its own processes go first.
        let id = i32::try_from(self.server.id()).ok();
        if let Some(id) = id.and_then(Pid::from_raw)
            && let Err(error) = kill_process(id, Signal::INT)
        {
            eprintln!("PostgreSQL cannot be ended: {error}");
        }
        drop(self.server.wait());
    }
}

/// Debian has them in a folder of each version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let mut folders: Vec<PathBuf> = versions.map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    let newest: &Path = folders.last().expect("a version");
    newest.join("bin")
}
