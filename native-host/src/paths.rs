//! Where Settle keeps its files: the XDG base directories, read from the environment that `main`
//! hands in. Nothing is created here but directories, and those are private to the user.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The places of one user.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The home directory, where browsers keep their settings.
    pub home: PathBuf,
    /// `$XDG_DATA_HOME`, where NSS may keep its database.
    pub data_home: PathBuf,
    /// `$XDG_CONFIG_HOME`.
    pub config_home: PathBuf,
    /// Holds the trust store and the daemon's lock.
    pub data: PathBuf,
    /// Holds the daemon's socket.
    pub runtime: PathBuf,
    /// Holds the daemon's log.
    pub state: PathBuf,
    /// Below which the computer's own files are: `/`, or `$SETTLE_ROOT` for an image or a test.
    pub root: PathBuf,
}

/// The environment does not say where the user's files are.
#[derive(Debug, thiserror::Error)]
#[error("HOME is not set: Settle does not know where to keep the trust store")]
pub struct NoHome;

impl Paths {
    /// Reads the places from environment variables (XDG Base Directory Specification 0.8).
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn from_environment(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        // A relative path is to be ignored, by the specification.
        let absolute = |name: &str| {
            get(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = absolute("HOME").ok_or(NoHome)?;
        let data_home = absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
        let state_home = absolute("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state"));
        let data = data_home.join("settle");
        Ok(Self {
            config_home: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            runtime: absolute("XDG_RUNTIME_DIR")
                .map_or_else(|| data.join("run"), |runtime| runtime.join("settle")),
            state: state_home.join("settle"),
            root: absolute("SETTLE_ROOT").unwrap_or_else(|| PathBuf::from("/")),
            data,
            data_home,
            home,
        })
    }

    /// Makes the directories that are Settle's own.
    ///
    /// # Errors
    /// Of the file system.
    pub fn create(&self) -> io::Result<()> {
        [&self.data, &self.runtime, &self.state]
            .into_iter()
            .try_for_each(|directory| private_directory(directory))
    }

    /// The sealed trust store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.data.join("trust-store")
    }

    /// The trust store's key, sealed with a passphrase, where the user chose that over the keyring.
    #[must_use]
    pub fn sealed_key(&self) -> PathBuf {
        self.data.join("trust-store.key")
    }

    /// The socket of the daemon.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("daemon.sock")
    }

    /// Held by the one running daemon.
    #[must_use]
    pub fn daemon_lock(&self) -> PathBuf {
        self.data.join("daemon.lock")
    }

    /// Held by whoever is starting the daemon.
    #[must_use]
    pub fn start_lock(&self) -> PathBuf {
        self.data.join("start.lock")
    }

    /// The daemon's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("daemon.log")
    }
}

/// Makes a directory that only its owner can enter, with the parents that are missing.
///
/// # Errors
/// Of the file system.
pub fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Result<Paths, NoHome> {
        Paths::from_environment(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_specification_fills_in_for_what_is_not_set() {
        let paths = paths(&[("HOME", "/h")]).unwrap();
        assert_eq!(
            paths.store(),
            Path::new("/h/.local/share/settle/trust-store")
        );
        assert_eq!(paths.log(), Path::new("/h/.local/state/settle/daemon.log"));
        assert_eq!(
            paths.socket(),
            Path::new("/h/.local/share/settle/run/daemon.sock")
        );
    }

    #[test]
    fn variables_that_are_set_decide_unless_they_are_relative() {
        let variables = [
            ("HOME", "/h"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("XDG_DATA_HOME", "d"),
        ];
        let paths = paths(&variables).unwrap();
        assert_eq!(paths.socket(), Path::new("/r/settle/daemon.sock"));
        assert_eq!(paths.data, Path::new("/h/.local/share/settle"));
    }

    #[test]
    fn without_a_home_there_is_nothing_to_start_from() {
        assert!(paths(&[]).is_err());
    }
}
