//! Files in directories that belong to others: written so that they are whole at every moment, and
//! taken away with the directories that were made for them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that browsers of any user may read.
pub const PUBLIC: u32 = 0o644;
/// A file that is nobody else's business.
pub const PRIVATE: u32 = 0o600;

/// Writes a file that is whole at every moment, after a power cut too; its directory exists.
///
/// # Errors
/// Of the file system. What was there before is still there then.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let new = beside(path)?;
    // What a crash left behind, be it a link to elsewhere, must not be written through.
    remove(&new)?;
    let written = write_new(&new, bytes, mode).and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        // The first error is the one that says what to do.
        return remove(&new).and(Err(error));
    }
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    // The mode above is subject to the user's mask, and a browser has to be able to read this.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidFilename)?
        .to_owned();
    name.push(".settle-new");
    Ok(path.with_file_name(name))
}

/// Removes a file, if it is there.
///
/// # Errors
/// Of the file system.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The directories that have to be made for `directory` to exist, the outermost first.
#[must_use]
pub fn missing(directory: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = directory
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty())
        // A link to nowhere is there, and making a directory in its place fails with the reason.
        .take_while(|ancestor| fs::symlink_metadata(ancestor).is_err())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// Removes those of `directories` that are empty, the innermost first; the others are in use.
///
/// # Errors
/// Of the file system.
pub fn remove_empty<'a>(directories: impl IntoIterator<Item = &'a PathBuf>) -> io::Result<()> {
    let mut directories: Vec<&PathBuf> = directories.into_iter().collect();
    directories.sort_by_key(|directory| std::cmp::Reverse(directory.components().count()));
    for directory in directories {
        match fs::remove_dir(directory) {
            Err(error)
                if ![
                    io::ErrorKind::NotFound,
                    io::ErrorKind::DirectoryNotEmpty,
                    // Another program has put something else in its place.
                    io::ErrorKind::NotADirectory,
                ]
                .contains(&error.kind()) =>
            {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, b"one", PUBLIC).unwrap();
        write_whole(&path, b"two", PUBLIC).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PUBLIC);
    }

    #[test]
    fn a_directory_in_the_place_of_the_file_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::create_dir(&path).unwrap();
        let error = write_whole(&path, b"one", PUBLIC).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_that_somebody_planted_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, b"kept").unwrap();
        let path = folder.path().join("a.json");
        std::os::unix::fs::symlink(&victim, folder.path().join("a.json.settle-new")).unwrap();
        write_whole(&path, b"one", PUBLIC).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"kept");
    }

    #[test]
    fn only_what_is_missing_is_made_and_only_what_is_empty_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b/c");
        fs::create_dir(folder.path().join("a")).unwrap();
        let made = missing(&inner);
        assert_eq!(made, [folder.path().join("a/b"), inner.clone()]);
        fs::create_dir_all(&inner).unwrap();
        fs::write(folder.path().join("a/b/theirs"), b"").unwrap();
        remove_empty(&made).unwrap();
        assert!(!inner.exists());
        assert!(folder.path().join("a/b/theirs").exists());
    }
}
