//! Runs the programs of NSS, which are made for people: told nothing, they ask without end.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::NssError;

/// A call takes a tenth of a second; a browser may hold the database for a moment.
const LIMIT: Duration = Duration::from_secs(20);
/// Of what a program says.
const MAX_SAID: u64 = 256 * 1024;

/// What a program said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: ExitStatus,
    pub(super) output: String,
    pub(super) errors: String,
}

impl Said {
    /// For the user: errors, or if there are none, what was said otherwise.
    pub(super) fn complaint(&self) -> String {
        let errors = self.errors.trim();
        let said = if errors.is_empty() {
            self.output.trim()
        } else {
            errors
        };
        said.to_owned()
    }
}

/// `certutil` on a database. A password that is needed is not there: then it fails and asks nobody.
pub(super) fn certutil(
    database: &Path,
    arguments: &[&str],
    input: Option<&str>,
) -> Result<Said, NssError> {
    let mut command = Command::new("certutil");
    command.args(arguments).args(["-f", "/dev/null"]);
    run(
        in_database(&mut command, database),
        "certutil",
        database,
        input,
    )
}

/// `vfychain` on a database, given the certificate to be judged; `None` when it is not installed.
pub(super) fn vfychain(database: &Path, pem: &str) -> Result<Option<Said>, NssError> {
    // Fedora keeps it out of the way.
    let places = [
        "vfychain",
        "/usr/lib64/nss/unsupported-tools/vfychain",
        "/usr/lib/nss/unsupported-tools/vfychain",
    ];
    for place in places {
        let mut command = Command::new(place);
        // The file comes last: it takes no option after it.
        in_database(&mut command, database).args(["-u", "1", "-a", "/dev/stdin"]);
        match run(&mut command, "vfychain", database, Some(pem)) {
            Err(NssError::Missing) => {}
            said => return said.map(Some),
        }
    }
    Ok(None)
}

fn in_database<'a>(command: &'a mut Command, database: &Path) -> &'a mut Command {
    command.arg("-d").arg(format!("sql:{}", database.display()))
}

fn run(
    command: &mut Command,
    tool: &'static str,
    database: &Path,
    input: Option<&str>,
) -> Result<Said, NssError> {
    let mut child = command
        .stdin(input.map_or_else(|| Ok(Stdio::null()), in_a_file)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                NssError::Missing
            } else {
                NssError::Run(error)
            }
        })?;
    let output = child.stdout.take().map(gather);
    let errors = child.stderr.take().map(gather);
    if !ends_in_time(&child)? {
        child.kill()?;
        child.wait()?;
        return Err(NssError::Stuck {
            tool,
            database: PathBuf::from(database),
        });
    }
    Ok(Said {
        status: child.wait()?,
        output: output.map(said).unwrap_or_default(),
        errors: errors.map(said).unwrap_or_default(),
    })
}

/// `vfychain` asks how long its input is, which only a file can say.
fn in_a_file(text: &str) -> io::Result<Stdio> {
    let mut file = File::from(memfd_create("certificate", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

fn gather(pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends what is said; the exit status decides.
        match pipe.take(MAX_SAID).read_to_end(&mut bytes) {
            Ok(_) | Err(_) => bytes,
        }
    })
}

fn said(pipe: thread::JoinHandle<Vec<u8>>) -> String {
    let bytes = pipe.join().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for the end of a process, but not for ever.
fn ends_in_time(child: &Child) -> io::Result<bool> {
    let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let number = number.ok_or(io::ErrorKind::InvalidInput)?;
    let process = pidfd_open(number, PidfdFlags::empty())?;
    let mut events = [PollFd::new(&process, PollFlags::IN)];
    let limit = Timespec::try_from(LIMIT).map_err(io::Error::other)?;
    Ok(poll(&mut events, Some(&limit))? > 0)
}
