//! A disk of a few hundred kilobytes, mounted over a folder of a home, that a test can fill up.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The disk, until this goes.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts it over a folder.
    ///
    /// # Panics
    /// Outside of a mount table that may be changed.
    #[must_use]
    pub fn over(folder: &Path) -> Self {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=512k,mode=700", "settle-disk"])
            .arg(folder)
            .status()
            .expect("mount");
        assert!(mounted.success(), "no disk over {}", folder.display());
        Self(folder.to_owned())
    }

    /// Leaves no room for a single byte.
    ///
    /// # Panics
    /// If the disk has no end.
    pub fn fill(&self) {
        let mut file = File::create(self.filling()).expect("a file");
        let full = (0..1024).any(|_| file.write_all(&[0; 4096]).is_err());
        assert!(full, "the disk has no end");
    }

    /// Gives the room back.
    pub fn make_room(&self) {
        fs::remove_file(self.filling()).expect("what filled it");
    }

    fn filling(&self) -> PathBuf {
        self.0.join("filling")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the daemon may still have its files open.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        drop(unmounted);
    }
}
