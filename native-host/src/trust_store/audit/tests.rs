//! The log on a real disk: what it keeps, and what it notices.

use std::fs;
use std::io::Write as _;

use settle_protocol::name::LocalName;
use settle_protocol::rpc::Refusal;
use tempfile::TempDir;

use super::*;
use crate::trust_store::seal::StoreKey;

struct Fixture {
    directory: TempDir,
    /// What the store knows.
    known: Option<Pending>,
}

impl Fixture {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            known: None,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("audit.log")
    }

    fn open(&self) -> AuditLog {
        AuditLog::open(self.path(), key(), self.known.as_ref(), 7).unwrap()
    }

    /// A log of so many entries, of which the store knows the last.
    fn with(count: usize) -> Self {
        let mut fixture = Self::new();
        let mut log = fixture.open();
        for _ in 0..count {
            append(&mut log);
        }
        fixture.known = Some(log.prepare(vec![], 0));
        fixture
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// Whether the log is found whole after its text was changed.
    fn is_whole_as(&self, text: &str) -> bool {
        let before = self.text();
        fs::write(self.path(), text).unwrap();
        let audit = self.open().read(None, 1);
        let told = matches!(
            audit.entries.first().map(|entry| &entry.event),
            Some(AuditEvent::LogDamaged { .. })
        );
        fs::write(self.path(), before).unwrap();
        !told
    }
}

fn key() -> ChainKey {
    ChainKey::derive(&StoreKey::new([3; 32]))
}

fn event() -> AuditEvent {
    AuditEvent::Refused {
        name: LocalName::parse("printer.local").unwrap(),
        refusal: Refusal::Unreachable {},
        times: 1,
    }
}

fn append(log: &mut AuditLog) -> Pending {
    let next = log.prepare(vec![event()], 5);
    log.append(&next).unwrap();
    next
}

#[test]
fn entries_are_there_after_a_restart_newest_first_and_by_parts() {
    let fixture = Fixture::with(5);
    let log = fixture.open();
    let audit = log.read(None, 2);
    let numbers: Vec<u64> = audit.entries.iter().map(|entry| entry.number).collect();
    assert_eq!((numbers.as_slice(), audit.verified), (&[5, 4][..], Some(5)));
    let older = log.read(Some(4), 10);
    assert_eq!(older.entries.len(), 3);
    assert_eq!(older.entries[0].event, event());
}

#[test]
fn every_changed_byte_is_noticed() {
    let fixture = Fixture::with(3);
    let text = fixture.text();
    assert!(fixture.is_whole_as(&text));
    for position in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[position] ^= 1;
        if let Ok(changed) = String::from_utf8(changed) {
            assert!(!fixture.is_whole_as(&changed), "{position}");
        }
    }
}

#[test]
fn a_missing_a_repeated_a_moved_and_a_foreign_line_are_noticed() {
    let fixture = Fixture::with(4);
    let text = fixture.text();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let order = |numbers: &[usize]| {
        numbers
            .iter()
            .map(|number| lines[*number])
            .collect::<String>()
    };
    assert!(fixture.is_whole_as(&order(&[0, 1, 2, 3, 4])));
    for other in [
        &[0, 1, 2, 3][..],
        &[0, 1, 3, 4],
        &[0, 1, 2, 2, 3, 4],
        &[0, 2, 1, 3, 4],
        &[1, 2, 3, 4],
        &[],
    ] {
        assert!(!fixture.is_whole_as(&order(other)), "{other:?}");
    }
    let other_key = ChainKey::derive(&StoreKey::new([4; 32]));
    let entry = AuditEntry {
        number: 5,
        at: 5,
        event: event(),
    };
    let (_, forged) = sign(&other_key, fixture.known.clone().unwrap().link, &entry);
    assert!(!fixture.is_whole_as(&format!("{text}{forged}\n")));
}

#[test]
fn a_damaged_log_is_put_aside_and_the_next_one_says_so() {
    let fixture = Fixture::with(4);
    fs::write(fixture.path(), "nothing of ours\n").unwrap();
    let audit = fixture.open().read(None, 10);
    assert_eq!((audit.entries.len(), audit.damage), (1, None));
    assert_eq!(audit.entries[0].number, 5);
    let aside = fixture.directory.path().join("audit.damaged-7.log");
    assert_eq!(fs::read_to_string(aside).unwrap(), "nothing of ours\n");
}

#[test]
fn half_a_line_of_a_crash_goes_and_what_follows_the_stores_note_stays() {
    let fixture = Fixture::with(2);
    let mut log = fixture.open();
    append(&mut log);
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(fixture.path())
        .unwrap();
    file.write_all(b"0123456789abcdef {\"numb").unwrap();
    let mut log = fixture.open();
    append(&mut log);
    let audit = fixture.open().read(None, 10);
    assert_eq!((audit.entries.len(), audit.verified), (4, Some(4)));
}

#[test]
fn lines_that_the_store_knows_and_the_file_does_not_are_written_now() {
    let mut fixture = Fixture::with(2);
    let mut log = fixture.open();
    let next = log.prepare(vec![event(); 3], 5);
    // The first of them was written before the crash.
    let first = Pending {
        link: next.link,
        lines: next.lines[..1].to_vec(),
    };
    log.append(&first).unwrap();
    fixture.known = Some(next);
    assert_eq!(fixture.open().read(None, 10).verified, Some(5));
    assert_eq!(fixture.open().read(None, 10).verified, Some(5));
}

#[test]
fn owed_lines_go_before_the_next_one() {
    let fixture = Fixture::with(1);
    let mut log = fixture.open();
    for _ in 0..2 {
        let owed = log.prepare(vec![event()], 5);
        log.owe(owed);
    }
    append(&mut log);
    assert_eq!(fixture.open().read(None, 10).verified, Some(4));
}

#[test]
fn a_full_file_makes_room_and_the_oldest_goes() {
    let mut fixture = Fixture::new();
    let mut log = fixture.open();
    log.full = 600;
    for _ in 0..10 * (KEPT + 2) {
        append(&mut log);
    }
    fixture.known = Some(log.prepare(vec![], 0));
    let kept = fs::read_dir(fixture.directory.path()).unwrap().count();
    assert_eq!(kept, KEPT + 1);
    let audit = fixture.open().read(None, 3);
    assert_eq!(audit.damage, None);
    let checked = audit.verified.unwrap();
    assert!(checked > KEPT as u64 && checked < audit.entries[0].number);
    // A file that is taken out of the middle is missed.
    fs::remove_file(full(&fixture.path(), 2)).unwrap();
    let audit = fixture.open().read(None, 3);
    assert!(audit.damage.is_some() && audit.verified.is_none());
}

#[test]
fn a_log_that_was_begun_and_not_written_is_begun_again() {
    let mut fixture = Fixture::new();
    for text in ["", "begin 0 00"] {
        fs::write(fixture.path(), text).unwrap();
        let audit = fixture.open().read(None, 1);
        assert_eq!((audit.damage, audit.verified), (None, Some(0)), "{text:?}");
    }
    // Not where the store knows more.
    append(&mut fixture.open());
    fixture.known = Some(fixture.open().prepare(vec![], 0));
    assert!(!fixture.is_whole_as(""));
}

#[test]
fn a_full_file_stays_where_no_other_can_be_begun() {
    let mut fixture = Fixture::with(1);
    let mut log = fixture.open();
    log.full = 1;
    // A directory where the new file should be: it cannot be begun, whoever runs the test.
    let next = fixture.path().with_extension("next.log");
    fs::create_dir(&next).unwrap();
    for _ in 0..3 {
        let told = log.prepare(vec![event()], 5);
        assert!(log.append(&told).is_err());
    }
    fs::remove_dir(&next).unwrap();
    append(&mut log);
    fixture.known = Some(log.prepare(vec![], 0));
    assert_eq!(fixture.open().read(None, 10).verified, Some(2));
}
