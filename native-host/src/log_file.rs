//! The daemon's log: lines appended to a private file, which makes room for the next one when it is
//! full. The daemon does not depend on it: what cannot be written, on a full disk, is lost.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A file is full at this size.
const FULL: u64 = 1024 * 1024;
/// How many full ones are kept.
const KEPT: usize = 2;

/// The file; each write is one line or several whole ones.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: Option<File>,
    length: u64,
    full: u64,
}

impl LogFile {
    /// Goes on with the file that is there, or begins it.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        Self::with_limit(path, FULL)
    }

    fn with_limit(path: PathBuf, full: u64) -> Self {
        let mut log = Self {
            path,
            file: None,
            length: 0,
            full,
        };
        // Without a file now, there may be one at the next line.
        drop(log.reopen());
        log
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.length >= self.full {
            self.make_room()?;
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        if let Err(error) = file.write_all(lines) {
            // Half a line must not be continued by the next one.
            file.set_len(self.length)?;
            return Err(error);
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    fn make_room(&mut self) -> io::Result<()> {
        let former = self.file.take();
        // A daemon on its way out writes to the same file as the next one, which may have been faster.
        if former.is_some_and(|former| is_at(&former, &self.path)) {
            for number in (1..KEPT).rev() {
                rename(&full(&self.path, number), &full(&self.path, number + 1))?;
            }
            rename(&self.path, &full(&self.path, 1))?;
        }
        self.reopen()
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let options = options.create(true).append(true).mode(0o600);
        let file = options.open(&self.path)?;
        // An older one may have been made by something else.
        file.set_permissions(Permissions::from_mode(0o600))?;
        self.length = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        // Nobody could do anything about an error, and its report would be one more line.
        drop(self.append(lines));
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name of a full file; 1 is the newest.
fn full(path: &Path, number: usize) -> PathBuf {
    path.with_extension(format!("{number}.log"))
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(file), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (file.dev(), file.ino()) == (there.dev(), there.ino())
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn folder() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.log");
        (folder, path)
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_follow_those_of_an_earlier_daemon() {
        let (_folder, path) = folder();
        fs::write(&path, "one\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        LogFile::open(path.clone()).write_all(b"two\n").unwrap();
        assert_eq!(text(&path), "one\ntwo\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_full_file_makes_room_and_two_older_ones_are_kept() {
        let (folder, path) = folder();
        let mut log = LogFile::with_limit(path.clone(), 4);
        for line in ["a..\n", "b..\n", "c..\n", "d..\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        let kept = [path.clone(), full(&path, 1), full(&path, 2)].map(|file| text(&file));
        assert_eq!(kept, ["d..\n", "c..\n", "b..\n"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        // One that is full from the start makes room as well.
        LogFile::with_limit(path.clone(), 4)
            .write_all(b"e\n")
            .unwrap();
        assert_eq!(
            (text(&path), text(&full(&path, 1))),
            ("e\n".into(), "d..\n".into())
        );
    }

    #[test]
    fn two_daemons_at_once_make_room_once() {
        let (_folder, path) = folder();
        let mut logs = [(); 2].map(|()| LogFile::with_limit(path.clone(), 4));
        for log in &mut logs {
            log.write_all(b"a..\n").unwrap();
        }
        for log in &mut logs {
            log.write_all(b"b\n").unwrap();
        }
        assert_eq!(text(&path), "b\nb\n");
        assert_eq!(text(&full(&path, 1)), "a..\na..\n");
    }

    #[test]
    fn a_disk_that_takes_nothing_fails_nobody_and_is_tried_again() {
        let mut full_disk = LogFile::open(PathBuf::from("/dev/full"));
        full_disk.write_all(b"lost\n").unwrap();
        let (folder, _) = folder();
        let path = folder.path().join("later/daemon.log");
        let mut log = LogFile::open(path.clone());
        log.write_all(b"lost\n").unwrap();
        fs::create_dir(folder.path().join("later")).unwrap();
        log.write_all(b"kept\n").unwrap();
        assert_eq!(text(&path), "kept\n");
    }
}
