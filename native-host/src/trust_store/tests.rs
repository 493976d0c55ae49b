//! The store on a real disk with a keyring in memory: what it keeps, and what it refuses.

use std::fs;
use std::path::Path;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::maker::{MakerName, SerialPattern};
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::Label;
use settle_protocol::origin::Origin;
use settle_protocol::pairing::client::Consented;
use settle_protocol::pairing::message::{Grant, Role};
use settle_protocol::pairing::{Binding, client, device};
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::secret::{Entropy, PairingSecret, Secret, SecretBytes};
use settle_protocol::spake2::Suite;
use settle_transport::envelope::EnvelopeError;
use tempfile::TempDir;

use super::memory::Memory;
use super::record::{Bridge, Devices, MAX_MAKERS, Maker, Ours, Paired, TrustedAnchor};
use super::*;

mod rollover;
mod unverified;
mod vouch;

/// Runs a whole ceremony in memory: there is no other way to a proof.
fn consented(label: &str, root: &[u8]) -> Consented {
    consented_after(label, root, &[])
}

/// The same with a device that had other roots before.
fn consented_after(label: &str, root: &[u8], former: &[KeyFingerprint]) -> Consented {
    consented_as(label, root, former, None)
}

/// The same with a referee, which brings the root that it issues under.
fn consented_as(
    label: &str,
    root: &[u8],
    former: &[KeyFingerprint],
    authority: Option<Vec<u8>>,
) -> Consented {
    // Most of these roots are no certificates.
    let key = |root: &[u8]| {
        let key = settle_transport::certificate::fingerprint(root);
        key.unwrap_or_else(|| KeyFingerprint::of_spki(root))
    };
    let fingerprint = key(root);
    let label = Label::parse(label).unwrap();
    let binding = || Binding {
        exporter: Secret::new([1; 32]),
        client: KeyFingerprint::of_spki(b"client"),
        device: fingerprint,
        former: former.to_vec(),
    };
    let secret = PairingSecret::new([7; 16]);
    let entropy = Entropy::new([4; 64]);
    let offer = client::Offer {
        secret: &secret,
        suites: &[Suite::P256],
        label: "laptop",
        role: Role::Admin,
    };
    let (host, hello) = client::begin(&offer, binding(), &entropy);
    let offered = device::AwaitingHello::new(binding())
        .receive(&hello)
        .unwrap();
    let (device, [hello, confirmation]) = offered.answer(&secret, &Entropy::new([5; 64])).unwrap();
    let host = host.receive(&hello).unwrap();
    let (host, confirmation) = host.receive(&confirmation).unwrap();
    let grant = Grant {
        root: root.to_vec(),
        label: label.as_str().to_owned(),
        unique_name: label
            .unique(former.first().unwrap_or(&fingerprint))
            .as_str()
            .to_owned(),
        port: 8443,
        kind: match authority {
            Some(_) => Kind::Referee,
            None => Kind::Device,
        },
        role: Role::Admin,
        discovery_key: [9; 32],
        code: Lifetime::OneTime,
        evidence: None,
        authority,
    };
    let (_, grant) = device.receive(&confirmation).unwrap().grant(grant);
    let deciding = host.receive(&grant, |der| Some(key(der))).unwrap();
    deciding.consent().1
}

fn ours(petname: &str) -> Ours {
    Ours {
        petname: Label::parse(petname).unwrap(),
        client_key: SecretBytes::new(vec![1; 16]),
        client_certificate: vec![2; 16],
        address: "127.0.0.1:8443".parse().unwrap(),
        maker: None,
    }
}

struct Fixture {
    directory: TempDir,
    keyring: Memory,
}

impl Fixture {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            keyring: Memory::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("trust-store")
    }

    fn open(&self) -> Result<TrustStore, StoreError> {
        TrustStore::open(self.path(), Box::new(self.keyring.clone()))
    }

    /// A store with one device in it, closed again.
    fn with_printer() -> Self {
        let fixture = Self::new();
        insert(&mut fixture.open().unwrap(), "printer", b"printer root").unwrap();
        fixture
    }
}

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn insert(store: &mut TrustStore, name: &str, root: &[u8]) -> Result<String, InsertError> {
    let device = store.insert(consented(name, root), ours(name), SystemTime::now());
    device.map(|device| device.id.clone())
}

fn first(store: &TrustStore) -> &TrustedDevice {
    store.contents().devices.iter().next().unwrap()
}

fn paired(device: &TrustedDevice) -> &Paired {
    match &device.anchor {
        TrustedAnchor::Paired(paired) => paired,
        TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => panic!("it was paired"),
    }
}

fn is_tampered(opened: &Result<TrustStore, StoreError>) -> bool {
    matches!(opened, Err(StoreError::Tampered { .. }))
}

fn files(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn what_is_stored_is_there_after_a_restart() {
    let fixture = Fixture::with_printer();
    let store = fixture.open().unwrap();
    let device = first(&store);
    let paired = paired(device);
    assert_eq!(device.petname.as_str(), "printer");
    assert_eq!(paired.root, b"printer root");
    assert_eq!(paired.client_key.expose(), [1; 16]);
    assert!(!device.is_confirmed());
    // The store and its audit log.
    assert_eq!(files(fixture.directory.path()), 2);
}

#[test]
fn a_contact_confirms_a_device_and_moves_its_address_to_the_front() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    let address = "127.0.0.9:1".parse().unwrap();
    store
        .verified(&id, Some(address), SystemTime::now())
        .unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    let device = store.contents().devices.get(&id).unwrap();
    assert!(device.is_confirmed() && device.last_verified_at.is_some());
    assert_eq!(
        device.addresses,
        [address, "127.0.0.1:8443".parse().unwrap()]
    );
}

#[test]
fn a_removed_device_is_gone_and_its_key_with_it() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    assert!(store.remove(&id, Removal::Revoked, NOW).unwrap());
    assert!(!store.remove(&id, Removal::Revoked, NOW).unwrap());
    drop(store);
    assert!(fixture.open().unwrap().contents().devices.is_empty());
}

#[test]
fn a_second_device_does_not_get_the_first_ones_name() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    for name in ["printer", "PRINTER"] {
        let refused = insert(&mut store, name, b"another root");
        assert!(matches!(refused, Err(InsertError::NameTaken(_))));
    }
    insert(&mut store, "room1", b"a third root").unwrap();
    let alike = insert(&mut store, "rooml", b"another root");
    assert!(matches!(alike, Err(InsertError::NameTaken(_))));
    assert_eq!(store.contents().devices.len(), 2);
}

#[test]
fn a_device_that_is_paired_again_replaces_its_own_record() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    insert(&mut store, "printer", b"printer root").unwrap();
    assert_eq!(store.contents().devices.len(), 1);
}

#[test]
fn every_flipped_byte_of_the_file_is_an_alarm() {
    let fixture = Fixture::with_printer();
    let file = fs::read(fixture.path()).unwrap();
    for position in 0..file.len() {
        let mut changed = file.clone();
        changed[position] ^= 0x10;
        fs::write(fixture.path(), changed).unwrap();
        let opened = fixture.open();
        assert!(
            matches!(
                opened,
                Err(StoreError::Tampered { .. } | StoreError::Newer(_))
            ),
            "{position}"
        );
    }
    fs::write(fixture.path(), file).unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 1);
}

#[test]
fn an_old_copy_a_missing_file_and_a_missing_key_are_alarms() {
    let fixture = Fixture::with_printer();
    let old = fs::read(fixture.path()).unwrap();
    insert(&mut fixture.open().unwrap(), "nas", b"nas root").unwrap();
    let new = fs::read(fixture.path()).unwrap();
    fs::write(fixture.path(), &old).unwrap();
    assert!(is_tampered(&fixture.open()));
    fs::remove_file(fixture.path()).unwrap();
    assert!(is_tampered(&fixture.open()));
    fs::write(fixture.path(), &new).unwrap();
    let item = fixture.keyring.item();
    fixture.keyring.set_item(None);
    assert!(is_tampered(&fixture.open()));
    fixture.keyring.set_item(item);
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
}

#[test]
fn another_stores_file_is_an_alarm() {
    let (fixture, other) = (Fixture::with_printer(), Fixture::with_printer());
    fs::copy(other.path(), fixture.path()).unwrap();
    assert!(is_tampered(&fixture.open()));
}

#[test]
fn a_crash_between_file_and_keyring_loses_nothing() {
    let fixture = Fixture::with_printer();
    let before = fixture.keyring.item();
    insert(&mut fixture.open().unwrap(), "nas", b"nas root").unwrap();
    fixture.keyring.set_item(before);
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
    // It was taken up, so what came before is old from now on.
    insert(&mut fixture.open().unwrap(), "camera", b"camera root").unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 3);
}

#[test]
fn a_crash_at_the_very_first_write_leaves_a_usable_store() {
    let fixture = Fixture::new();
    drop(fixture.open().unwrap());
    assert!(!fixture.path().exists());
    assert!(fixture.open().unwrap().contents().devices.is_empty());
}

#[test]
fn a_keyring_that_locks_changes_nothing() {
    let fixture = Fixture::with_printer();
    let file = fs::read(fixture.path()).unwrap();
    let mut store = fixture.open().unwrap();
    fixture.keyring.lock(true);
    let refused = insert(&mut store, "nas", b"nas root");
    let locked = StoreError::Slot(SlotError::Locked);
    assert_eq!(refused.unwrap_err().to_string(), locked.to_string());
    assert_eq!(store.contents().devices.len(), 1);
    assert_eq!(fs::read(fixture.path()).unwrap(), file);
    fixture.keyring.lock(false);
    insert(&mut store, "nas", b"nas root").unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
}

#[test]
fn an_answer_of_the_keyring_that_is_lost_is_no_alarm() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    fixture.keyring.lose_answers();
    insert(&mut store, "nas", b"nas root").unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
}

#[test]
fn a_directory_that_takes_no_file_changes_nothing() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    // A directory where the new file should be: the write fails, whoever runs the test.
    fs::create_dir(fixture.path().with_extension("new")).unwrap();
    let refused = insert(&mut store, "nas", b"nas root");
    assert!(matches!(
        refused,
        Err(InsertError::Store(StoreError::File { .. }))
    ));
    assert_eq!(store.contents().devices.len(), 1);
    fs::remove_dir(fixture.path().with_extension("new")).unwrap();
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 1);
}

#[test]
fn a_store_of_version_1_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("fixtures/v1.store")).unwrap();
    let item = include_bytes!("fixtures/v1.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    let names = |store: &TrustStore| {
        let devices = store.contents().devices.iter();
        let mut names: Vec<String> = devices.map(|device| device.petname.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&store), ["nas", "printer"]);
    let devices = &store.contents().devices;
    let printer = devices.iter().find(|device| device.is_confirmed()).unwrap();
    assert_eq!(paired(printer).root, b"printer root");
    assert_eq!(paired(printer).discovery_key.expose(), [9; 32]);
    assert_eq!(printer.addresses.len(), 2);
    assert_eq!(store.contents().proxy.as_ref().unwrap().port, 4711);
    assert_eq!(
        store.contents().bridge.as_ref().unwrap().certificate,
        [7; 16]
    );
    insert(&mut store, "camera", b"camera root").unwrap();
    drop(store);
    assert_eq!(
        names(&fixture.open().unwrap()),
        ["camera", "nas", "printer"]
    );
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

#[test]
fn a_store_of_version_4_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("fixtures/v4.store")).unwrap();
    let item = include_bytes!("fixtures/v4.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).root, b"printer root");
    assert!(paired(first(&store)).authority.is_none());
    assert_eq!(first(&store).allowed_origins.len(), 1);
    insert(&mut store, "camera", b"camera root").unwrap();
    drop(store);
    assert_eq!(fixture.open().unwrap().contents().devices.len(), 2);
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

#[test]
fn a_store_of_version_3_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("fixtures/v3.store")).unwrap();
    let item = include_bytes!("fixtures/v3.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).root, b"printer root");
    assert_eq!(paired(first(&store)).former, []);
    assert_eq!(store.contents().makers.len(), 1);
    let id = first(&store).id.clone();
    let petname = Label::parse("study").unwrap();
    store.rename(&id, petname, NOW).unwrap();
    drop(store);
    assert_eq!(first(&fixture.open().unwrap()).petname.as_str(), "study");
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

#[test]
fn a_store_of_version_2_is_read_and_written_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), include_bytes!("fixtures/v2.store")).unwrap();
    let item = include_bytes!("fixtures/v2.item").to_vec();
    fixture.keyring.set_item(Some(item));
    let mut store = fixture.open().unwrap();
    assert_eq!(paired(first(&store)).root, b"printer root");
    assert!(store.contents().makers.is_empty());
    store.add_maker(maker("Works", 1), NOW).unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    assert_eq!(store.contents().makers.len(), 1);
    assert_eq!(store.contents().devices.len(), 1);
    assert_eq!(fs::read(fixture.path()).unwrap()[12], 5);
}

fn maker(name: &str, certificate: u8) -> Maker {
    Maker {
        name: MakerName::parse(name).unwrap(),
        certificate: vec![certificate; 8],
        serial_numbers: SerialPattern::all(),
        kinds: vec![Kind::Device],
        added_at: 1,
    }
}

#[test]
fn a_maker_is_on_the_list_once_until_it_is_taken_off() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    store.add_maker(maker("Works", 1), NOW).unwrap();
    for same in [maker("Works", 2), maker("Other", 1)] {
        let error = store.add_maker(same, NOW).unwrap_err();
        assert!(matches!(error, InsertError::MakerKnown));
    }
    let other = MakerName::parse("Other").unwrap();
    assert!(!store.remove_maker(&other, NOW).unwrap());
    let works = MakerName::parse("Works").unwrap();
    assert!(store.remove_maker(&works, NOW).unwrap());
    drop(store);
    let store = fixture.open().unwrap();
    assert!(store.contents().makers.is_empty());
    assert_eq!(store.contents().devices.len(), 1);
    let told: Vec<AuditEvent> = store
        .audit(None, 2)
        .entries
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    assert!(matches!(
        &told[..],
        [
            AuditEvent::MakerRemoved { .. },
            AuditEvent::MakerAdded { .. }
        ]
    ));
}

#[test]
fn the_list_of_makers_has_an_end() {
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    for number in 0..MAX_MAKERS {
        let number = u8::try_from(number).unwrap();
        store
            .add_maker(maker(&format!("Works {number}"), number), NOW)
            .unwrap();
    }
    let error = store.add_maker(maker("Works", 255), NOW).unwrap_err();
    assert!(matches!(error, InsertError::MakerKnown));
}

#[test]
fn the_next_authority_is_kept_beside_the_current_one_and_takes_its_place() {
    let fixture = Fixture::with_printer();
    let bridge = |byte| Bridge {
        key: Arc::new(SecretBytes::new(vec![byte; 8])),
        certificate: vec![byte; 8],
    };
    let key = |bridge: &Option<Bridge>| bridge.as_ref().map(|bridge| bridge.key.expose()[0]);
    let keys = |store: &TrustStore| {
        let contents = store.contents();
        (key(&contents.bridge), key(&contents.next_bridge))
    };
    let mut store = fixture.open().unwrap();
    store.set_bridge(Some(bridge(1)), NOW).unwrap();
    store.switch_bridge(NOW).unwrap();
    assert_eq!(keys(&store), (Some(1), None));
    store.set_next_bridge(bridge(2), NOW).unwrap();
    drop(store);
    let mut store = fixture.open().unwrap();
    assert_eq!(keys(&store), (Some(1), Some(2)));
    store.switch_bridge(NOW).unwrap();
    drop(store);
    let mut store = fixture.open().unwrap();
    assert_eq!(keys(&store), (Some(2), None));
    store.set_next_bridge(bridge(3), NOW).unwrap();
    store.set_bridge(None, NOW).unwrap();
    assert_eq!(keys(&store), (None, None));
}

#[test]
fn a_device_gets_another_name_unless_another_has_it() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    insert(&mut store, "nas", b"nas root").unwrap();
    let taken = store.rename(&id, Label::parse("nas").unwrap(), NOW);
    assert!(matches!(taken, Err(InsertError::NameTaken(_))));
    let unknown = store.rename("0", Label::parse("x").unwrap(), NOW);
    assert!(matches!(unknown, Err(InsertError::Unknown)));
    store
        .rename(&id, Label::parse("office").unwrap(), NOW)
        .unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    let device = store.contents().devices.get(&id).unwrap();
    assert_eq!(device.names()[0].as_str(), "office.local");
}

#[test]
fn an_allowed_origin_is_kept_once_and_can_be_denied() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let id = first(&store).id.clone();
    let site = Origin::parse("https://cloud.example").unwrap();
    store.set_origin(&id, &site, true, NOW).unwrap();
    store.set_origin(&id, &site, true, NOW).unwrap();
    drop(store);
    let mut store = fixture.open().unwrap();
    assert_eq!(first(&store).allowed_origins, std::slice::from_ref(&site));
    store.set_origin(&id, &site, false, NOW).unwrap();
    assert!(first(&store).allowed_origins.is_empty());
}

#[test]
fn what_is_read_stays_as_it_was_while_the_store_changes() {
    let fixture = Fixture::with_printer();
    let mut store = fixture.open().unwrap();
    let before = store.contents().clone();
    let id = first(&store).id.clone();
    store
        .rename(&id, Label::parse("office").unwrap(), NOW)
        .unwrap();
    let name = |contents: &Contents| contents.devices.get(&id).unwrap().petname.to_string();
    assert_eq!(name(&before), "printer");
    assert_eq!(name(store.contents()), "office");
}

#[test]
fn a_backup_opens_with_its_passphrase_alone_and_every_changed_byte_closes_it() {
    let fixture = Fixture::with_printer();
    let devices = fixture.open().unwrap().contents().devices.clone();
    let passphrase = Passphrase::new("correct horse  battery staple ");
    let sealed = backup::seal(&devices, &passphrase).unwrap();
    let again = Passphrase::new("correct horse battery staple");
    assert!(backup::open(&sealed, &again).is_ok());
    let other = backup::open(&sealed, &Passphrase::new("correct horse battery stapler"));
    assert_eq!(other.unwrap_err(), EnvelopeError::Sealed);
    let short = backup::seal(&devices, &Passphrase::new("short"));
    assert_eq!(short.unwrap_err(), EnvelopeError::TooShort);
    // Each costs a derivation, so not all of them: the header, and some of what is sealed.
    for position in (0..20).chain((20..sealed.len()).step_by(60)) {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert!(backup::open(&changed, &again).is_err(), "{position}");
    }
    for end in [0, 12, 13, 40, sealed.len() - 1] {
        assert!(backup::open(&sealed[..end], &again).is_err(), "{end}");
    }
}

#[test]
fn a_backup_that_would_cost_too_much_is_not_begun() {
    let devices = Devices::default();
    let passphrase = Passphrase::new("correct horse battery staple");
    let mut sealed = backup::seal(&devices, &passphrase).unwrap();
    sealed[14..18].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(
        backup::open(&sealed, &passphrase).unwrap_err(),
        EnvelopeError::Foreign
    );
}

#[test]
fn a_restored_backup_adds_what_is_missing_and_changes_nothing_else() {
    let (old, new) = (Fixture::with_printer(), Fixture::with_printer());
    let mut store = old.open().unwrap();
    insert(&mut store, "nas", b"nas root").unwrap();
    insert(&mut store, "camera", b"camera root").unwrap();
    let passphrase = Passphrase::new("correct horse battery staple");
    let sealed = backup::seal(&store.contents().devices, &passphrase).unwrap();

    let mut store = new.open().unwrap();
    insert(&mut store, "camera", b"another camera's root").unwrap();
    let opened = backup::open(&sealed, &passphrase).unwrap();
    let decision = opened.decision(store.contents());
    assert_eq!(decision.added.len(), 1);
    assert_eq!(decision.added[0].name.as_str(), "nas.local");
    assert_eq!(decision.kept[0].as_str(), "printer.local");
    assert_eq!(decision.name_taken[0].as_str(), "camera.local");
    store.restore(&opened.consent(), NOW).unwrap();
    drop(store);
    let store = new.open().unwrap();
    assert_eq!(store.contents().devices.len(), 3);
    let told = store.audit(None, 1).entries.remove(0).event;
    assert!(matches!(told, AuditEvent::Restored { name, .. } if name.as_str() == "nas.local"));
}

#[test]
fn of_two_devices_of_one_name_in_a_backup_one_comes_back() {
    let mut both = Devices::default();
    for root in [b"one root".as_slice(), b"another root"] {
        let fixture = Fixture::new();
        let mut store = fixture.open().unwrap();
        insert(&mut store, "nas", root).unwrap();
        both.insert(first(&store).clone());
    }
    let passphrase = Passphrase::new("correct horse battery staple");
    let sealed = backup::seal(&both, &passphrase).unwrap();
    let fixture = Fixture::new();
    let mut store = fixture.open().unwrap();
    let opened = backup::open(&sealed, &passphrase).unwrap();
    let decision = opened.decision(store.contents());
    assert_eq!((decision.added.len(), decision.name_taken.len()), (1, 1));
    store.restore(&opened.consent(), NOW).unwrap();
    assert_eq!(store.contents().devices.len(), 1);
}

#[test]
fn no_secret_is_in_any_debug_text() {
    let fixture = Fixture::with_printer();
    let text = format!("{:?}", fixture.open().unwrap());
    // Long enough that no random key or digest has it in itself.
    for secret in [1, 9] {
        let shown = format!("{:?}", [secret; 16]);
        let shown = shown.trim_matches(['[', ']']);
        assert!(!text.contains(shown), "{text}");
    }
}
