//! One file of the audit log: a first line that says what it follows, then its entries.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use data_encoding::HEXLOWER;
use settle_protocol::rpc::audit::AuditEntry;

use super::chain::{ChainKey, Link, check};

/// A file holds at most a line more than a full one; what is much larger is none of ours.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    /// Of the file system.
    #[error(transparent)]
    File(#[from] io::Error),
    /// Somebody else wrote in it, or something took a part away.
    #[error("{0}")]
    Damaged(&'static str),
}

/// The file that is appended to.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    length: u64,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Found {
    /// What its first entry follows.
    pub(super) begin: Link,
    pub(super) links: Vec<Link>,
    pub(super) entries: Vec<AuditEntry>,
    /// Up to the end of the last whole line.
    length: u64,
}

impl Found {
    /// What the next entry follows.
    pub(super) fn end(&self) -> Link {
        self.links.last().copied().unwrap_or(self.begin)
    }
}

impl Segment {
    /// Begins a file whose first entry follows `begin`.
    pub(super) fn create(path: &Path, begin: Link) -> io::Result<Self> {
        let first = format!("begin {} {}", begin.number, HEXLOWER.encode(&begin.code));
        let mut segment = Self {
            file: options().create(true).truncate(true).open(path)?,
            length: 0,
        };
        segment.append(&[first])?;
        Ok(segment)
    }

    /// Goes on with a file whose contents were read; half a line at its end goes.
    pub(super) fn resume(path: &Path, found: &Found) -> io::Result<Self> {
        let file = options().open(path)?;
        file.set_len(found.length)?;
        let mut segment = Self {
            file,
            length: found.length,
        };
        io::Seek::seek(&mut segment.file, io::SeekFrom::End(0))?;
        Ok(segment)
    }

    /// Appends lines, all or none, and waits for the disk.
    pub(super) fn append(&mut self, lines: &[String]) -> io::Result<()> {
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        let written = self.file.write_all(text.as_bytes());
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            // Half a line must not be continued by the next one.
            self.file.set_len(self.length)?;
            io::Seek::seek(&mut self.file, io::SeekFrom::End(0))?;
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Reads a file and checks its chain; `None` when there is none, or nothing in it yet.
pub(super) fn read(path: &Path, key: &ChainKey) -> Result<Option<Found>, SegmentError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(whole.map_or(0, |last| last + 1));
    if bytes.is_empty() {
        // Begun by a program that was killed before its first line: as good as none.
        return Ok(None);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| SegmentError::Damaged("it is no text"))?;
    let mut lines = text.lines();
    let begin = lines
        .next()
        .and_then(first_line)
        .ok_or(SegmentError::Damaged("its first line is missing"))?;
    let mut found = Found {
        begin,
        links: Vec::new(),
        entries: Vec::new(),
        length: bytes.len() as u64,
    };
    for line in lines {
        let (link, entry) = check(key, found.end(), line).ok_or(SegmentError::Damaged(
            "an entry is missing, altered, or written by something else",
        ))?;
        found.links.push(link);
        found.entries.push(entry);
    }
    Ok(Some(found))
}

fn first_line(line: &str) -> Option<Link> {
    let (number, code) = line.strip_prefix("begin ")?.split_once(' ')?;
    Some(Link {
        number: number.parse().ok()?,
        code: HEXLOWER.decode(code.as_bytes()).ok()?.try_into().ok()?,
    })
}
