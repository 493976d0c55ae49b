//! Which processes belong to a home, and what they use, as the kernel tells (proc(5)).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// A process of a home.
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Its program and arguments.
    pub arguments: Vec<OsString>,
}

/// Everything that runs with this home in its environment, but zombies.
#[must_use]
pub fn processes_of(home: &Path) -> Vec<Process> {
    let mark = [b"HOME=", home.as_os_str().as_bytes()].concat();
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let found = ids.filter_map(|id: u32| {
        let folder = Path::new("/proc").join(id.to_string());
        let environment = fs::read(folder.join("environ")).ok()?;
        let is_ours = environment.split(|byte| *byte == 0).any(|one| one == mark);
        let arguments = fs::read(folder.join("cmdline")).ok()?;
        let arguments = arguments.split(|byte| *byte == 0);
        let arguments = arguments.map(|one| OsString::from_vec(one.to_vec()));
        is_ours.then(|| Process {
            id,
            arguments: arguments.filter(|one| !one.is_empty()).collect(),
        })
    });
    found.collect()
}

/// The daemons of a home.
#[must_use]
pub fn daemons_of(home: &Path) -> Vec<u32> {
    let is_daemon = |process: &Process| {
        process
            .arguments
            .last()
            .is_some_and(|last| last == "daemon")
    };
    let processes = processes_of(home).into_iter();
    processes
        .filter(is_daemon)
        .map(|process| process.id)
        .collect()
}

/// A line of a process's `status` in KiB: `VmRSS` is what it has in memory, `VmHWM` the most that it
/// had, `RssAnon` the part that is no file.
///
/// # Panics
/// When there is no such line.
#[must_use]
pub fn memory(id: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("a process");
    let value = status
        .lines()
        .find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
    let value = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok());
    value.expect("a size")
}

/// How many descriptors a process has open.
///
/// # Panics
/// When it is gone.
#[must_use]
pub fn descriptors(id: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{id}/fd")).expect("a process");
    open.count()
}
