//! A log on a disk that fills, breaks off, and is altered by others; and what its verifier finds.

use rustls_pki_types::CertificateDer;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use settle_transport::certificate::{self, PrivateKey};

use super::*;
use crate::audit::{AuditFault, SignedHead, verify};

const NOW: u64 = 1_900_000_000;

struct Fixture {
    _temp: tempfile::TempDir,
    dir: StateDir,
    key: PrivateKey,
    root: CertificateDer<'static>,
    journal: Journal,
}

impl Fixture {
    fn new(entries: u64) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let key = PrivateKey::make().unwrap();
        let names = [Label::parse("printer").unwrap().dot_local()];
        let root = certificate::device_root(&key, &names).unwrap();
        let mut fixture = Self {
            _temp: temp,
            dir,
            key,
            root,
            journal: Journal::default(),
        };
        fixture.add(entries);
        fixture
    }

    fn add(&mut self, entries: u64) {
        for number in 0..entries {
            let until = NOW + number;
            let event = AuditEvent::WindowOpened { until };
            self.journal.add(NOW, By::Owner, event);
            self.journal.make_room(&self.dir).unwrap();
        }
    }

    fn all(&self) -> Vec<AuditEntry> {
        self.journal.all(&self.dir).unwrap()
    }

    fn head(&self) -> SignedHead {
        let head = self.journal.head(self.key.fingerprint(), NOW);
        head.sign(&self.key).unwrap()
    }

    fn judge(&self, entries: &[AuditEntry]) -> Result<(), AuditFault> {
        verify(&self.root, &self.head(), entries)
    }
}

#[test]
fn a_log_stays_verifiable_however_long_it_gets() {
    let mut fixture = Fixture::new(0);
    assert_eq!(fixture.judge(&[]), Ok(()));
    for step in [1, 40, 100, 3000] {
        fixture.add(step);
        let entries = fixture.all();
        assert_eq!(fixture.judge(&entries), Ok(()), "{step}");
        assert!(entries.len() <= KEPT + MOST_RECENT);
    }
    assert!(fixture.journal.first > 1);
    assert!(fixture.journal.recent.len() <= MOST_RECENT);
    assert_eq!(fixture.all().last().unwrap().number, 3141);
}

#[test]
fn whatever_was_done_to_a_log_is_found() {
    let fixture = Fixture::new(50);
    let good = fixture.all();
    assert_eq!(fixture.judge(&good), Ok(()));

    let mut altered = good.clone();
    altered[20].by = By::Button;
    assert_eq!(fixture.judge(&altered), Err(AuditFault::Broken(22)));
    let mut end_altered = good.clone();
    end_altered[49].at += 1;
    assert_eq!(fixture.judge(&end_altered), Err(AuditFault::OtherEnd));

    for cut in [&good[1..], &good[..49], &[]] {
        let found = fixture.judge(cut);
        assert!(matches!(found, Err(AuditFault::Cut { .. })), "{found:?}");
    }
    let mut taken_out = good.clone();
    taken_out.remove(10);
    assert_eq!(fixture.judge(&taken_out), Err(AuditFault::Broken(12)));
    let mut reordered = good.clone();
    reordered.swap(10, 11);
    assert_eq!(fixture.judge(&reordered), Err(AuditFault::Broken(12)));

    // Whole in itself, and another's.
    let forged = Fixture::new(50);
    assert_eq!(forged.judge(&forged.all()), Ok(()));
    let others = verify(&fixture.root, &forged.head(), &forged.all());
    assert_eq!(others, Err(AuditFault::NotSigned));
    let mut claimed = forged.head();
    claimed.head.device = fixture.key.fingerprint();
    assert_eq!(
        verify(&fixture.root, &claimed, &good),
        Err(AuditFault::NotSigned)
    );
    let mut shortened = fixture.head();
    shortened.head.last = 49;
    assert_eq!(
        verify(&fixture.root, &shortened, &good[..49]),
        Err(AuditFault::NotSigned)
    );
}

#[test]
fn a_crash_between_the_two_files_loses_nothing() {
    for entries in [32, 40, KEPT as u64, KEPT as u64 + 32] {
        let mut fixture = Fixture::new(entries);
        while fixture.journal.recent.len() < MOST_RECENT {
            fixture.add(1);
        }
        let register = fixture.journal.clone();
        let mut all = register.all(&fixture.dir).unwrap();
        all.drain(..all.len().saturating_sub(KEPT));
        fixture.dir.store(FILE, &Archive { entries: all }).unwrap();
        fixture.journal = register;
        restore(&mut fixture.journal, &fixture.dir, NOW).unwrap();
        assert_eq!(fixture.judge(&fixture.all()), Ok(()), "{entries}");
        fixture.add(100);
        assert_eq!(fixture.judge(&fixture.all()), Ok(()), "{entries}");
    }
}

#[test]
fn a_log_that_was_altered_on_the_disk_is_put_aside_and_says_so() {
    type Harm = fn(&mut Vec<AuditEntry>);
    let harms: [Harm; 4] = [
        |entries| entries[3].at += 1,
        |entries| drop(entries.pop()),
        |entries| drop(entries.remove(0)),
        |entries| entries.swap(1, 2),
    ];
    for harm in harms {
        let mut fixture = Fixture::new(40);
        let mut archive: Archive = fixture.dir.load(FILE).unwrap().unwrap();
        harm(&mut archive.entries);
        fixture.dir.store(FILE, &archive).unwrap();
        restored(&mut fixture);
    }
    let mut damaged = Fixture::new(40);
    std::fs::write(damaged.dir.path_of(FILE), "no state file").unwrap();
    restored(&mut damaged);
    let mut missing = Fixture::new(40);
    std::fs::remove_file(missing.dir.path_of(FILE)).unwrap();
    restored(&mut missing);
}

fn restored(fixture: &mut Fixture) {
    restore(&mut fixture.journal, &fixture.dir, NOW).unwrap();
    let entries = fixture.all();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].number, 41);
    assert_eq!(entries[0].event, AuditEvent::LogDamaged { last: 40 });
    fixture.add(40);
    assert_eq!(fixture.judge(&fixture.all()), Ok(()));
}

#[test]
fn a_head_of_nothing_is_a_signed_one_too() {
    let fixture = Fixture::new(0);
    let device = KeyFingerprint::of_spki(b"another");
    let head = Journal::default().head(device, NOW).sign(&fixture.key);
    assert!(!head.unwrap().is_signed_by(&fixture.root));
    assert!(fixture.head().is_signed_by(&fixture.root));
}
