//! Taking a file away with its content: overwritten, on the disk, and only then unlinked.
//!
//! That is worth what the storage makes of it (docs/device.md, "Reset"): where a block is written elsewhere
//! instead of over the old one, on flash or on a file system that copies on write, the old one stays.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

const ZEROS: [u8; 4096] = [0; 4096];

/// Overwrites a file and removes it. Of what is no plain file only the name goes: a socket has no
/// content, and that of a link's target is not ours.
pub(crate) fn wipe(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_file() {
        overwrite(OpenOptions::new().write(true).open(path)?)?;
    }
    fs::remove_file(path)
}

/// Overwrites an open file, whatever it is called by now.
pub(crate) fn overwrite(mut file: File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    while left > 0 {
        let piece = usize::try_from(left)
            .unwrap_or(ZEROS.len())
            .min(ZEROS.len());
        file.write_all(ZEROS.get(..piece).unwrap_or(&ZEROS))?;
        left = left.saturating_sub(piece as u64);
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_of_the_content_is_left_to_who_still_has_the_file_open() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("secret");
        fs::write(&path, vec![7; 10_000]).unwrap();
        let mut open = File::open(&path).unwrap();
        wipe(&path).unwrap();
        assert!(!path.exists());
        let mut left = Vec::new();
        open.read_to_end(&mut left).unwrap();
        assert_eq!(left, vec![0; 10_000]);
    }

    #[test]
    fn a_links_target_is_nobodys_to_overwrite() {
        let temp = tempfile::tempdir().unwrap();
        let (target, link) = (temp.path().join("target"), temp.path().join("link"));
        fs::write(&target, "theirs").unwrap();
        symlink(&target, &link).unwrap();
        wipe(&link).unwrap();
        assert!(!link.exists());
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
    }
}
