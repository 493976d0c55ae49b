//! The store on a real disk with a keyring in memory: what it keeps, and what it refuses. Here is what its tests have in
//! common, and what belongs to none of their topics.

use std::fs;
use std::path::Path;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::Label;
use settle_protocol::pairing::client::Consented;
use settle_protocol::pairing::message::{Grant, Role};
use settle_protocol::pairing::{Binding, client, device};
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::secret::{Entropy, PairingSecret, Secret, SecretBytes};
use settle_protocol::spake2::Suite;
use tempfile::TempDir;

use super::memory::Memory;
use super::record::{Bridge, Ours, Paired, TrustedAnchor};
use super::*;

mod backups;
mod damage;
mod devices;
mod makers;
mod rollover;
mod unverified;
mod versions;
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
