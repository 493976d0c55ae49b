//! A root that gives way to the next: what the store then trusts, keeps and refuses.

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::scope::ExactScope;
use settle_transport::anchor::{Anchor, Successor};
use settle_transport::certificate::{PrivateKey, device_leaf, device_root, rollover};
use settle_transport::succession::{Link, chain};

use super::*;

/// A device with real certificates and all of its roots.
struct Printer {
    names: [settle_protocol::name::LocalName; 2],
    keys: Vec<PrivateKey>,
    roots: Vec<CertificateDer<'static>>,
    links: Vec<Link>,
}

impl Printer {
    fn after(rollovers: usize) -> Self {
        let key = PrivateKey::make().unwrap();
        let label = Label::parse("printer").unwrap();
        let names = [label.dot_local(), label.unique(&key.fingerprint())];
        let mut printer = Self {
            roots: vec![device_root(&key, &names).unwrap()],
            keys: vec![key],
            links: Vec::new(),
            names,
        };
        for _ in 0..rollovers {
            let next = PrivateKey::make().unwrap();
            let (key, root) = (printer.keys.last().unwrap(), printer.roots.last().unwrap());
            let made = rollover(key, root, &next, &printer.names).unwrap();
            printer.keys.push(next);
            printer.roots.push(made.root);
            printer.links.push(made.link);
        }
        printer
    }

    fn fingerprint(&self, root: usize) -> KeyFingerprint {
        self.keys[root].fingerprint()
    }

    /// What a host finds that trusts the root of this number.
    fn successor_of(&self, root: usize) -> Successor {
        let (key, now) = (PrivateKey::make().unwrap(), SystemTime::now());
        let (by, newest) = (self.keys.last().unwrap(), self.roots.last().unwrap());
        let leaf = device_leaf(by, newest, &key, &self.names, now).unwrap();
        let shown = chain(leaf, newest, self.links.iter());
        let name = &self.names[1];
        let scope = ExactScope::new([name.clone()], [8443]);
        let anchor = Anchor::device(&self.roots[root], scope).unwrap();
        let followed = anchor.follow(&shown[0], &shown[1..], name, 8443, UnixTime::now());
        followed.unwrap().unwrap()
    }

    /// Pairs with it as it was when it had the root of this number.
    fn pair_at(&self, store: &mut TrustStore, root: usize) -> Result<String, InsertError> {
        let former: Vec<_> = (0..root).map(|root| self.fingerprint(root)).collect();
        let consented = consented_after("printer", &self.roots[root], &former);
        let device = store.insert(consented, ours("printer"), NOW);
        device.map(|device| device.id.clone())
    }
}

#[test]
fn the_next_root_takes_the_place_and_the_former_is_history() {
    let (fixture, printer) = (Fixture::new(), Printer::after(3));
    let mut store = fixture.open().unwrap();
    let id = printer.pair_at(&mut store, 0).unwrap();
    let before = store.contents().devices.get(&id).unwrap().view();
    assert!(store.roll_over(&id, &printer.successor_of(0), NOW).unwrap());
    drop(store);
    let mut store = fixture.open().unwrap();
    let device = store.contents().devices.get(&id).unwrap();
    assert_eq!(paired(device).root, printer.roots[3].as_ref());
    assert_eq!(paired(device).fingerprint, printer.fingerprint(3));
    let former = [0, 1, 2].map(|root| printer.fingerprint(root));
    assert_eq!(paired(device).former, former);
    assert_eq!(device.names(), before.names);
    let told = store.audit(None, 1).entries.remove(0).event;
    let expected = AuditEvent::RolledOver {
        name: device.name(),
        was: printer.fingerprint(0),
        fingerprint: printer.fingerprint(3),
    };
    assert_eq!(told, expected);
    // What was followed from a root that is trusted no more leads nowhere.
    for root in 0..3 {
        let late = printer.successor_of(root);
        assert!(!store.roll_over(&id, &late, NOW).unwrap());
    }
    assert!(
        !store
            .roll_over("nobody", &printer.successor_of(0), NOW)
            .unwrap()
    );
}

#[test]
fn a_successor_that_cannot_be_stored_leaves_the_root_as_it_was() {
    let (fixture, printer) = (Fixture::new(), Printer::after(1));
    let mut store = fixture.open().unwrap();
    let id = printer.pair_at(&mut store, 0).unwrap();
    fixture.keyring.lock(true);
    let successor = printer.successor_of(0);
    let error = store.roll_over(&id, &successor, NOW).unwrap_err();
    assert!(matches!(error, StoreError::Slot(SlotError::Locked)));
    assert_eq!(paired(first(&store)).fingerprint, printer.fingerprint(0));
    fixture.keyring.lock(false);
    drop(store);
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).fingerprint, printer.fingerprint(0));
    assert!(store.roll_over(&id, &successor, NOW).unwrap());
}

#[test]
fn another_devices_successor_changes_nothing() {
    let (fixture, printer, other) = (Fixture::new(), Printer::after(1), Printer::after(1));
    let mut store = fixture.open().unwrap();
    let id = printer.pair_at(&mut store, 0).unwrap();
    assert!(!store.roll_over(&id, &other.successor_of(0), NOW).unwrap());
    assert_eq!(paired(first(&store)).fingerprint, printer.fingerprint(0));
}

#[test]
fn a_device_that_is_paired_again_takes_its_own_place_whichever_root_it_had() {
    let printer = Printer::after(2);
    for (first_root, then) in [(0, 2), (2, 0), (1, 1)] {
        let fixture = Fixture::new();
        let mut store = fixture.open().unwrap();
        printer.pair_at(&mut store, first_root).unwrap();
        let id = printer.pair_at(&mut store, then).unwrap();
        assert_eq!(store.contents().devices.len(), 1);
        let device = store.contents().devices.get(&id).unwrap();
        assert_eq!(paired(device).fingerprint, printer.fingerprint(then));
    }
}

/// Who has stolen the first root key forks the line there, and so has the name.
#[test]
fn two_lines_from_one_root_are_never_both_trusted() {
    let (fixture, printer) = (Fixture::new(), Printer::after(1));
    let mut store = fixture.open().unwrap();
    printer.pair_at(&mut store, 1).unwrap();
    let fork = consented_after("printer", b"a fork", &[printer.fingerprint(0)]);
    let refused = store.insert(fork, ours("other"), NOW);
    assert!(matches!(refused, Err(InsertError::NameTaken(_))));
}

#[test]
fn a_backup_from_before_a_rollover_adds_no_second_device() {
    let (fixture, printer) = (Fixture::new(), Printer::after(1));
    let mut store = fixture.open().unwrap();
    let id = printer.pair_at(&mut store, 0).unwrap();
    let passphrase = || Passphrase::new("correct horse battery staple");
    let sealed = backup::seal(&store.contents().devices, &passphrase()).unwrap();
    assert!(store.roll_over(&id, &printer.successor_of(0), NOW).unwrap());
    let opened = backup::open(&sealed, &passphrase()).unwrap();
    let decision = opened.decision(store.contents());
    assert_eq!((decision.added.len(), decision.kept.len()), (0, 1));
    store.restore(&opened.consent(), NOW).unwrap();
    assert_eq!(paired(first(&store)).fingerprint, printer.fingerprint(1));
    // Where nothing is, the old root comes back, and follows by the same links.
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    let opened = backup::open(&sealed, &passphrase()).unwrap();
    store.restore(&opened.consent(), NOW).unwrap();
    let id = first(&store).id.clone();
    assert!(store.roll_over(&id, &printer.successor_of(0), NOW).unwrap());
}
