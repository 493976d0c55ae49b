//! The audit log: one line an entry, appended and never changed, each authenticated together with all
//! before it by a key that is derived from the store's.
//!
//! Where it ends is noted in the sealed store whenever that is written, so nobody without the keyring
//! can write an entry, change one, or cut off what was there at the last write. What comes after that
//! (refusals) is noted at the next. A line is `<HMAC-SHA256, hex> <JSON>`; a full file makes room for
//! the next by changing its name, and the oldest goes.

mod chain;
mod segment;

use std::io;
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use settle_protocol::rpc::audit::{Audit, AuditEntry, AuditEvent};

pub(super) use self::chain::ChainKey;
use self::chain::{Link, sign};
use self::segment::{Segment, SegmentError};

/// A file is full at this size.
const FULL: u64 = 1024 * 1024;
/// How many full ones are kept.
const KEPT: usize = 8;

/// The end of the log as the sealed store knows it, and its last lines, for the case that they were
/// not written any more.
#[derive(Clone, Debug, Default, Eq, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Pending {
    /// Of the last entry.
    #[n(0)]
    pub(super) link: Link,
    /// The lines that may be missing, without their ends.
    #[n(1)]
    pub(super) lines: Vec<String>,
}

/// The open log; one writer.
#[derive(Debug)]
pub(super) struct AuditLog {
    path: PathBuf,
    key: ChainKey,
    end: Link,
    /// Lines that could not be written yet.
    owed: Vec<String>,
    segment: Segment,
    /// A file is full at this size.
    full: u64,
}

impl AuditLog {
    /// Opens the log, which has to go at least as far as the store knows; one line less is written now,
    /// whatever else is amiss puts the file aside and begins another that says so.
    ///
    /// # Errors
    /// Of the file system.
    pub(super) fn open(
        path: PathBuf,
        key: ChainKey,
        known: Option<&Pending>,
        now: u64,
    ) -> io::Result<Self> {
        let known = known.cloned().unwrap_or_default();
        match resume(&path, &key, &known) {
            Ok((segment, end)) => Ok(Self {
                path,
                key,
                end,
                owed: Vec::new(),
                segment,
                full: FULL,
            }),
            Err(SegmentError::File(error)) => Err(error),
            Err(SegmentError::Damaged(found)) => {
                tracing::error!(found, "the audit log is damaged and begun anew");
                put_aside(&path, now)?;
                let mut log = Self {
                    segment: Segment::create(&path, known.link)?,
                    end: known.link,
                    owed: Vec::new(),
                    path,
                    key,
                    full: FULL,
                };
                let found = found.to_owned();
                let told = log.prepare(vec![AuditEvent::LogDamaged { found }], now);
                log.append(&told)?;
                Ok(log)
            }
        }
    }

    /// The next entries, as they will be once they are appended, after what is still owed.
    pub(super) fn prepare(&self, events: Vec<AuditEvent>, now: u64) -> Pending {
        let mut next = Pending {
            link: self.end,
            lines: self.owed.clone(),
        };
        for event in events {
            let entry = AuditEntry {
                number: next.link.number + 1,
                at: now,
                event,
            };
            let (link, line) = sign(&self.key, next.link, &entry);
            next.link = link;
            next.lines.push(line);
        }
        next
    }

    /// Appends what [`Self::prepare`] gave.
    ///
    /// # Errors
    /// Of the file system; the log ends as before then.
    pub(super) fn append(&mut self, next: &Pending) -> io::Result<()> {
        if self.segment.length() >= self.full && self.owed.is_empty() {
            // Begun before the full one makes room: on a full disk all stays where it is.
            let next = self.path.with_extension("next.log");
            let segment = Segment::create(&next, self.end)?;
            make_room(&self.path)?;
            rename(&next, &self.path)?;
            self.segment = segment;
        }
        self.segment.append(&next.lines)?;
        self.end = next.link;
        self.owed.clear();
        Ok(())
    }

    /// The log ends with entries that could not be written yet and that the store keeps meanwhile.
    pub(super) fn owe(&mut self, next: Pending) {
        self.end = next.link;
        self.owed = next.lines;
    }

    /// Whether the store knows where it ends.
    pub(super) fn is_noted(&self, known: Option<&Pending>) -> bool {
        known.map(|known| known.link).unwrap_or_default() == self.end
    }

    /// Reads entries, newest first, and checks all of them.
    pub(super) fn read(&self, before: Option<u64>, limit: usize) -> Audit {
        let mut audit = Audit::default();
        let mut checked = 0;
        let files = (1..=KEPT).rev().map(|number| full(&self.path, number));
        let mut end: Option<Link> = None;
        for file in files.chain([self.path.clone()]) {
            let found = match segment::read(&file, &self.key) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(error) => {
                    audit.damage = Some(format!("{}: {error}", file.display()));
                    continue;
                }
            };
            if end.is_some_and(|end| end != found.begin) {
                audit.damage = Some(format!("{} does not follow", file.display()));
            }
            end = Some(found.end());
            checked += found.entries.len() as u64;
            audit.entries.extend(found.entries);
        }
        if end.unwrap_or_default() != self.end {
            audit.damage = Some("its end is missing".to_owned());
        }
        audit.verified = audit.damage.is_none().then_some(checked);
        let wanted = |entry: &AuditEntry| before.is_none_or(|before| entry.number < before);
        audit.entries.retain(wanted);
        audit.entries.reverse();
        audit.entries.truncate(limit);
        audit
    }
}

/// Goes on with the log that is there, which has to go as far as the store knows.
fn resume(path: &Path, key: &ChainKey, known: &Pending) -> Result<(Segment, Link), SegmentError> {
    let Some(found) = segment::read(path, key)? else {
        return begin(path, key, known);
    };
    let segment = Segment::resume(path, &found)?;
    if found.begin == known.link || found.links.contains(&known.link) {
        return Ok((segment, found.end()));
    }
    continue_to(segment, found.end(), key, known)
}

/// Begins the first file, or the one after a full one.
fn begin(path: &Path, key: &ChainKey, known: &Pending) -> Result<(Segment, Link), SegmentError> {
    let full = segment::read(&full(path, 1), key)?;
    let end = full.map_or_else(Link::default, |full| full.end());
    let segment = Segment::create(path, end)?;
    if end == known.link {
        return Ok((segment, end));
    }
    continue_to(segment, end, key, known)
}

/// Writes the lines that a crash between the store's file and this one has left out.
fn continue_to(
    mut segment: Segment,
    mut end: Link,
    key: &ChainKey,
    known: &Pending,
) -> Result<(Segment, Link), SegmentError> {
    let mut missing = Vec::new();
    for line in &known.lines {
        // Those that were written before do not follow the end.
        if let Some((link, _)) = chain::check(key, end, line) {
            end = link;
            missing.push(line.clone());
        }
    }
    if end != known.link {
        return Err(SegmentError::Damaged(
            "it does not go as far as the trust store knows",
        ));
    }
    segment.append(&missing)?;
    Ok((segment, end))
}

/// The name of a full file; 1 is the newest.
fn full(path: &Path, number: usize) -> PathBuf {
    path.with_extension(format!("{number}.log"))
}

fn make_room(path: &Path) -> io::Result<()> {
    for number in (1..KEPT).rev() {
        rename(&full(path, number), &full(path, number + 1))?;
    }
    rename(path, &full(path, 1))
}

fn put_aside(path: &Path, now: u64) -> io::Result<()> {
    rename(path, &path.with_extension(format!("damaged-{now}.log")))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
