//! Takes back what an installation did, and on demand all that Settle is on this computer.
//!
//! It works without a daemon and without a keyring as far as it can: each step says how it went, and
//! what was not removed is still remembered.

use std::fs;
use std::path::Path;

use settle_keyring::{KeySlot, Keyring, SlotError};
use settle_protocol::rpc::{Call, Empty};

use super::{InstallError, Installed, Step, file, files, manifest, nss};
use crate::client::Client;
use crate::core::BRIDGE_NICKNAME;
use crate::daemon::take_lock;
use crate::paths::Paths;
use crate::trust_store::passphrase::PassphraseFile;

/// Takes everything back, and destroys the bridge authority's key. What is trusted stays, sealed.
///
/// # Errors
/// [`InstallError`] when it is not known what was installed.
pub fn uninstall(paths: &Paths) -> Result<Vec<Step>, InstallError> {
    let mut steps = take_back(paths)?;
    // Without a store there is no key, and asking for it would make both.
    if paths.store().exists() {
        let key = "the bridge authority's key";
        steps.push(Step::new(key, destroy_bridge(paths)));
    }
    steps.extend(stop_daemon(paths));
    Ok(steps)
}

/// Takes everything back and destroys the trust store too: what is trusted, its key in the keyring,
/// and every file and directory of Settle's.
///
/// # Errors
/// [`InstallError`] when it is not known what was installed.
pub fn destroy_everything(paths: &Paths) -> Result<Vec<Step>, InstallError> {
    let mut steps = take_back(paths)?;
    if let Some(still_there) = stop_daemon(paths) {
        // It has the store open, and would write it again.
        steps.push(still_there);
        return Ok(steps);
    }
    let store = "the trust store and its key";
    steps.push(Step::new(store, destroy_store(paths)));
    if steps.iter().all(|step| step.result.is_ok()) {
        for directory in [&paths.state, &paths.runtime, &paths.data] {
            let result = remove_own(directory).map_err(file(directory));
            steps.push(Step::new(directory.display().to_string(), result));
        }
    }
    Ok(steps)
}

fn take_back(paths: &Paths) -> Result<Vec<Step>, InstallError> {
    let _alone = Installed::lock(paths)?;
    let mut installed = Installed::load(paths)?;
    let mut steps = Vec::new();
    for path in installed.manifests.clone() {
        let was_there = manifest::read(&path).is_some();
        let result = manifest::remove(&path).map_err(file(&path));
        if result.is_ok() {
            installed.manifests.remove(&path);
        }
        if was_there || result.is_err() {
            let what = format!("{:<12} {}", "manifest", path.display());
            steps.push(Step::new(what, result));
        }
    }
    steps.extend(remove_certificates(&mut installed, paths));
    for path in installed.handed_over.clone() {
        let result = files::remove(&path).map_err(file(&path));
        if result.is_ok() {
            installed.handed_over.remove(&path);
        } else {
            steps.push(Step::new(path.display().to_string(), result));
        }
    }
    match files::remove_empty(&installed.made) {
        // Those that are in use by now are somebody else's.
        Ok(()) if steps.iter().all(|step| step.result.is_ok()) => installed.made.clear(),
        Ok(()) => {}
        Err(error) => {
            let result = Err(file(&paths.home)(error));
            steps.push(Step::new("directories that were made", result));
        }
    }
    installed.save_rest(paths)?;
    Ok(steps)
}

fn remove_certificates(installed: &mut Installed, paths: &Paths) -> Vec<Step> {
    let mut databases = installed.databases.clone();
    // Firefox copies what a policy installs into its profiles, and keeps it there.
    let others = nss::stores(paths).into_iter().map(|store| store.database);
    databases.extend(
        others.filter(|database| nss::mentions(database, BRIDGE_NICKNAME).unwrap_or_default()),
    );
    let mut steps = Vec::new();
    for database in databases {
        let result = remove_certificate(&database, installed);
        if result.is_ok() {
            installed.databases.remove(&database);
            installed.held.remove(&database);
            installed.made_databases.remove(&database);
        }
        let what = format!("{:<12} {}", "certificate", database.display());
        steps.push(Step::new(what, result));
    }
    steps
}

fn remove_certificate(database: &Path, installed: &Installed) -> Result<(), InstallError> {
    let is_ours = installed.is_untouched(database);
    nss::remove(database, BRIDGE_NICKNAME)?;
    if is_ours && nss::is_empty(database)? {
        nss::remove_database(database)?;
    }
    Ok(())
}

fn destroy_bridge(paths: &Paths) -> Result<(), InstallError> {
    let Empty {} = Client::connect(paths)?.call(Call::DestroyBridge {})?;
    Ok(())
}

/// A step only where it fails: nobody asked for a daemon, so nobody needs to hear that it is gone.
fn stop_daemon(paths: &Paths) -> Option<Step> {
    let stopped = Client::stop_running(paths).map_err(InstallError::from);
    stopped
        .err()
        .map(|error| Step::new("the running daemon", Err(error)))
}

fn destroy_store(paths: &Paths) -> Result<(), InstallError> {
    if !paths.data.is_dir() {
        return forget_key(paths);
    }
    // Whoever holds these starts no daemon, and the one that was told to stop has gone.
    let _starting = take_lock(&paths.start_lock()).map_err(file(&paths.start_lock()))?;
    let _daemon = take_lock(&paths.daemon_lock()).map_err(file(&paths.daemon_lock()))?;
    // The key first: without it the file is noise, while a key without its file is an alarm.
    forget_key(paths)?;
    let store = paths.store();
    for path in [
        store.clone(),
        store.with_extension("new"),
        store.with_extension("former"),
    ] {
        files::remove(&path).map_err(file(&path))?;
    }
    Ok(())
}

/// Deletes the key from where the user has it.
fn forget_key(paths: &Paths) -> Result<(), InstallError> {
    let sealed = paths.sealed_key();
    if PassphraseFile::is_chosen(&sealed) {
        return files::remove(&sealed).map_err(file(&sealed));
    }
    match Keyring.forget() {
        // Nothing says that there ever was one.
        Err(SlotError::Missing(_)) if !paths.store().exists() => Ok(()),
        forgotten => Ok(forgotten?),
    }
}

/// Removes a directory that is Settle's own by its name; a link in its place, not what it leads to.
fn remove_own(directory: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(directory) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(directory),
        Ok(_) => fs::remove_file(directory),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
