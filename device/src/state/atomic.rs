//! Replacing a file whole: after a crash at any point there is the old file or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::{Gid, Uid, fchown};
use rustix::process::geteuid;
use settle_transport::random;

/// Writes beside the file, to the disk, then takes its place; mode 0600.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = name_beside(path)?;
    let written = write_new(&beside, content).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        // What is left of the attempt is of no use; the error that matters is the first one.
        drop(fs::remove_file(&beside));
        return Err(error);
    }
    sync_directory(directory_of(path))
}

/// Brings the names in a directory to the disk.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a file that must not be there yet, to the disk; mode 0600.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        // Never through a link or into a file that somebody else put there.
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    leave_to_owner(&file, directory_of(path))?;
    file.write_all(content)?;
    file.sync_all()
}

/// What the system's administrator writes into another user's directory is that user's: a service
/// could not read it otherwise.
pub(crate) fn leave_to_owner(file: &File, directory: &Path) -> io::Result<()> {
    let (own, owner) = (geteuid(), fs::metadata(directory)?);
    if !own.is_root() || own.as_raw() == owner.uid() {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
    Ok(fchown(file, Some(user), Some(group))?)
}

fn name_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let tag = HEXLOWER.encode(&random::make_bytes::<8>().map_err(io::Error::other)?);
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{tag}"));
    Ok(path.with_file_name(beside))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_content_takes_the_place_of_the_old_and_nothing_else_is_left() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_attempt_leaves_no_file_behind() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }
}
