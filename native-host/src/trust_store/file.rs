//! The store's file on the disk: read with a bound, replaced whole, and put back if need be.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// 10,000 anchors are 7 MB; what is ten times larger is no trust store.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Reads the file; `None` when there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(bytes))
}

/// A file that was replaced and can still be put back.
#[must_use]
pub(super) struct Replaced {
    path: PathBuf,
    former: Option<PathBuf>,
}

/// Puts `bytes` in the place of the file, which is whole at every moment.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<Replaced> {
    let new = beside(path, ".new");
    let replaced = write_through(&new, bytes).and_then(|()| put(path, &new));
    if replaced.is_err() {
        // On a full disk, half a file would only take the room of the next one.
        drop(remove(&new));
    }
    replaced
}

fn put(path: &Path, new: &Path) -> io::Result<Replaced> {
    let former = beside(path, ".former");
    remove(&former)?;
    let former = match fs::hard_link(path, &former) {
        Ok(()) => Some(former),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    fs::rename(new, path)?;
    let replaced = Replaced {
        path: path.to_owned(),
        former,
    };
    if let Err(error) = sync_directory(path) {
        replaced.undo()?;
        return Err(error);
    }
    Ok(replaced)
}

/// Removes what a crash may have left beside the file.
pub(super) fn tidy(path: &Path) {
    for left in [beside(path, ".new"), beside(path, ".former")] {
        if let Err(error) = remove(&left) {
            tracing::warn!(%error, "what a crash left cannot be removed yet");
        }
    }
}

/// The whole name stays, so that two files in one directory have nothing in common.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Replaced {
    /// Drops the former file.
    pub(super) fn keep(self) -> io::Result<()> {
        self.former.as_deref().map_or(Ok(()), remove)
    }

    /// Puts the former file back.
    pub(super) fn undo(self) -> io::Result<()> {
        match self.former {
            Some(former) => fs::rename(former, &self.path)?,
            None => fs::remove_file(&self.path)?,
        }
        sync_directory(&self.path)
    }
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn two_files_that_differ_in_their_ending_alone_are_replaced_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (store, key) = (folder.path().join("store"), folder.path().join("store.key"));
        for (path, bytes) in [(&store, b"store 1"), (&key, b"key 1..")] {
            replace(path, bytes).unwrap().keep().unwrap();
        }
        let replaced = replace(&store, b"store 2").unwrap();
        let other = replace(&key, b"key 2..").unwrap();
        replaced.undo().unwrap();
        assert_eq!(read(&store).unwrap().unwrap(), b"store 1");
        other.keep().unwrap();
        assert_eq!(read(&key).unwrap().unwrap(), b"key 2..");
        assert_eq!(names(folder.path()), ["store", "store.key"]);
    }

    #[test]
    fn what_cannot_be_replaced_is_left_and_so_is_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        // A directory can neither be linked to nor be replaced by a file.
        fs::create_dir(&store).unwrap();
        assert!(replace(&store, b"store").is_err());
        assert_eq!(names(folder.path()), ["store"]);
    }

    #[test]
    fn what_a_crash_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        for name in ["store", "store.new", "store.former"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        tidy(&store);
        assert_eq!(names(folder.path()), ["store"]);
    }
}
