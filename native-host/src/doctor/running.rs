//! Finds browsers that have been running since before the certificate was added: they read their
//! store once, when they start.

use std::fs;
use std::path::{Path, PathBuf};

use super::Check;
use crate::install::Installed;
use crate::install::authorities::Authorities;
use crate::install::browsers::{self, Family};
use crate::install::nss;
use crate::paths::Paths;

/// `/proc/stat` counts seconds, and the clock may have been set a little meanwhile.
const DOUBT: u64 = 2;

/// One line for each browser that has to be restarted, and none for the others.
pub(super) fn check(wanted: &Authorities, installed: &Installed, paths: &Paths) -> Vec<Check> {
    let mut old: Vec<&str> = Vec::new();
    for store in nss::stores(paths) {
        // Of the next authority it is enough that they know it when it signs.
        let current = wanted.certificates().first();
        let added = current.and_then(|one| installed.held_since(&store.database, one));
        let Some(added) = added else { continue };
        let is_shared = store.database.ends_with("nssdb");
        let running = if is_shared {
            chromiums(installed, paths)
        } else {
            vec![(store.browsers, store.database.join("lock"))]
        };
        for (name, lock) in running {
            let since = process_of(&lock).and_then(started);
            if since.is_some_and(|since| since.saturating_add(DOUBT) < added) {
                old.push(name);
            }
        }
    }
    old.sort_unstable();
    old.dedup();
    let wrong = |name: &str| {
        let problem = "it has been running since before the certificate was added".to_owned();
        Check::new(name, Err(problem), &format!("restart {name}"))
    };
    old.into_iter().map(wrong).collect()
}

/// The locks of all Chromiums, those outside the standard places by their manifests.
fn chromiums(installed: &Installed, paths: &Paths) -> Vec<(&'static str, PathBuf)> {
    let mut found = browsers::settings(paths, Family::Chromium);
    for path in &installed.manifests {
        let settings = path.parent().and_then(Path::parent);
        let known = |settings: &Path| found.iter().any(|(_, known)| known == settings);
        if let Some(settings) = settings.filter(|settings| !known(settings)) {
            found.push((browsers::name_of(path, paths), settings.to_owned()));
        }
    }
    let lock = |(name, settings): (&'static str, PathBuf)| (name, settings.join("SingletonLock"));
    found.into_iter().map(lock).collect()
}

/// Both write their process into a link: `host-123` Chromium, `127.0.1.1:+123` Firefox.
fn process_of(lock: &Path) -> Option<u32> {
    let target = fs::read_link(lock).ok()?;
    let target = target.to_str()?;
    target.rsplit(['-', '+']).next()?.parse().ok()
}

/// When a process started, in seconds of the Unix epoch (proc(5)).
fn started(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    // Field 22 of the line, of which two are before the rest.
    let ticks: u64 = rest.split(' ').nth(19)?.parse().ok()?;
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime "))?;
    let boot: u64 = boot.trim().parse().ok()?;
    Some(boot + ticks / rustix::param::clock_ticks_per_second())
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn this_process_has_started_a_moment_ago() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let since = started(std::process::id()).unwrap();
        assert!(now.as_secs().abs_diff(since) < 120, "{since}");
        assert_eq!(started(0), None);
    }

    #[test]
    fn the_locks_of_both_browsers_name_a_process() {
        let folder = tempfile::tempdir().unwrap();
        for (target, process) in [
            ("my-laptop-4711", Some(4711)),
            ("127.0.1.1:+815", Some(815)),
            ("nonsense", None),
        ] {
            let lock = folder.path().join(target);
            std::os::unix::fs::symlink(target, &lock).unwrap();
            assert_eq!(process_of(&lock), process, "{target}");
        }
        assert_eq!(process_of(&folder.path().join("absent")), None);
    }
}
