//! What a referee vouches for: what it takes to get into the store, what outranks it, and with what it goes.

use std::net::SocketAddr;

use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::{DeviceAnchor, Refusal};
use settle_transport::certificate::{PrivateKey, bridge_authority, bridge_leaf, fingerprint};
use settle_transport::tls::{Always, local_server};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::discovery::Discovery;
use crate::proxy::upstream::{WitnessError, Witnessed};

/// A referee's authority; a bridge authority has the same namespaces.
struct Authority {
    key: PrivateKey,
    root: CertificateDer<'static>,
}

impl Authority {
    fn make() -> Self {
        let key = PrivateKey::make().unwrap();
        let root = bridge_authority(&key, SystemTime::now()).unwrap();
        Self { key, root }
    }

    fn fingerprint(&self) -> KeyFingerprint {
        fingerprint(&self.root).unwrap()
    }

    /// Pairs with a referee that issues under it.
    fn pair(&self, store: &mut TrustStore) -> String {
        let consented = consented_as("referee", b"referee root", &[], Some(self.root.to_vec()));
        let device = store.insert(consented, ours("referee"), NOW).unwrap();
        device.id.clone()
    }

    /// A server that shows a certificate by it for `name`, once.
    async fn serve(&self, name: &str) -> SocketAddr {
        let key = PrivateKey::make().unwrap();
        let leaf = bridge_leaf(&self.key, &self.root, &key, name, SystemTime::now()).unwrap();
        let shown = Always(Arc::new(key.certified(vec![leaf]).unwrap()));
        let acceptor = TlsAcceptor::from(Arc::new(local_server(Arc::new(shown), &[]).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who does not like the certificate breaks off.
                drop(acceptor.accept(stream).await);
            }
        });
        address
    }
}

fn name(text: &str) -> LocalName {
    LocalName::parse(text).unwrap()
}

/// Looks for a server by the only referee in the store.
async fn look(
    store: &TrustStore,
    text: &str,
    address: SocketAddr,
) -> Result<Witnessed, WitnessError> {
    let label = Label::parse(text.split_once('.').unwrap().0).unwrap();
    let candidates = store
        .contents()
        .candidates(&name(text), &label, address.port());
    let [mut candidate]: [_; 1] = candidates.try_into().unwrap();
    candidate.addresses = vec![address];
    Witnessed::look(candidate, Discovery::default()).await
}

async fn vouch(store: &mut TrustStore, by: &Authority, text: &str) -> Result<(), InsertError> {
    let witnessed = look(store, text, by.serve(text).await).await.unwrap();
    store.vouch(witnessed, SystemTime::now()).map(drop)
}

fn vouched(store: &TrustStore) -> &TrustedDevice {
    let mut devices = store.contents().devices.iter();
    devices.find(|device| device.is_vouched()).unwrap()
}

fn trusted(store: &TrustStore) -> Vec<String> {
    let devices = store.contents().devices.iter();
    let mut names: Vec<String> = devices.map(|device| device.name().to_string()).collect();
    names.sort();
    names
}

fn told(store: &TrustStore, count: usize) -> Vec<AuditEvent> {
    let entries = store.audit(None, count).entries.into_iter();
    entries.map(|entry| entry.event).collect()
}

#[tokio::test]
async fn what_a_referee_vouches_for_is_kept_and_told() {
    let (fixture, authority) = (Fixture::new(), Authority::make());
    let mut store = fixture.open().unwrap();
    let referee = authority.pair(&mut store);
    vouch(&mut store, &authority, "nas.local").await.unwrap();
    drop(store);
    let store = fixture.open().unwrap();
    assert_eq!(trusted(&store), ["nas.local", "referee.local"]);
    let nas = vouched(&store).view();
    let expected = DeviceAnchor::Vouched {
        referee,
        authority: authority.fingerprint(),
    };
    assert_eq!((nas.anchor, nas.names), (expected, vec![name("nas.local")]));
    let expected = AuditEvent::Vouched {
        name: name("nas.local"),
        referee: name("referee.local"),
        authority: authority.fingerprint(),
    };
    assert_eq!(told(&store, 1), [expected]);
}

#[tokio::test]
async fn a_certificate_by_another_authority_or_for_another_name_proves_nothing() {
    let (fixture, authority) = (Fixture::new(), Authority::make());
    let mut store = fixture.open().unwrap();
    authority.pair(&mut store);
    let stranger = Authority::make().serve("nas.local").await;
    let seen = look(&store, "nas.local", stranger).await;
    assert!(matches!(
        seen,
        Err(WitnessError::Refused(Refusal::WrongKey { .. }))
    ));
    let other = authority.serve("hub.local").await;
    let seen = look(&store, "nas.local", other).await;
    assert!(matches!(
        seen,
        Err(WitnessError::Refused(Refusal::BrokenRule { .. }))
    ));
}

#[tokio::test]
async fn revoking_the_referee_drops_all_that_it_vouched_for() {
    let (fixture, authority) = (Fixture::with_printer(), Authority::make());
    let mut store = fixture.open().unwrap();
    let referee = authority.pair(&mut store);
    vouch(&mut store, &authority, "nas.local").await.unwrap();
    vouch(&mut store, &authority, "hub.home.arpa")
        .await
        .unwrap();
    let late = authority.serve("late.local").await;
    let late = look(&store, "late.local", late).await.unwrap();
    store.remove(&referee, Removal::Revoked, NOW).unwrap();
    assert_eq!(trusted(&store), ["printer.local"]);
    let events = told(&store, 3);
    let gone = |event: &&AuditEvent| matches!(event, AuditEvent::VouchedNoMore { .. });
    assert_eq!(events.iter().filter(gone).count(), 2);
    // Witnessed before, and too late.
    let error = store.vouch(late, NOW).unwrap_err();
    assert!(matches!(error, InsertError::Unknown));
}

#[tokio::test]
async fn a_device_of_its_own_outranks_what_a_referee_says() {
    let (fixture, authority) = (Fixture::new(), Authority::make());
    let mut store = fixture.open().unwrap();
    authority.pair(&mut store);
    insert(&mut store, "mail", b"mail root").unwrap();
    for taken in ["mail.local", "mai1.local", "mail.home.arpa"] {
        let error = vouch(&mut store, &authority, taken).await.unwrap_err();
        assert!(matches!(error, InsertError::NameTaken(_)), "{taken}");
    }
    // The other way round: it is there first, and gives way.
    vouch(&mut store, &authority, "nas.local").await.unwrap();
    vouch(&mut store, &authority, "hub.local").await.unwrap();
    let nas = insert(&mut store, "nas", b"nas root").unwrap();
    let petname = Label::parse("hub").unwrap();
    store.rename(&nas, petname, NOW).unwrap();
    assert_eq!(
        trusted(&store),
        ["hub.local", "mail.local", "referee.local"]
    );
    assert!(
        !store
            .contents()
            .devices
            .iter()
            .any(|device| device.is_vouched())
    );
}

#[tokio::test]
async fn a_referee_that_is_paired_anew_takes_its_names_along() {
    let fixture = Fixture::new();
    let [first, second] = [Authority::make(), Authority::make()];
    let mut store = fixture.open().unwrap();
    first.pair(&mut store);
    vouch(&mut store, &first, "nas.local").await.unwrap();
    let late = look(&store, "hub.local", first.serve("hub.local").await).await;
    let referee = second.pair(&mut store);
    let nas = vouched(&store).view();
    let expected = DeviceAnchor::Vouched {
        referee,
        authority: second.fingerprint(),
    };
    assert_eq!(nas.anchor, expected);
    // Under an authority that is not the referee's any more.
    let error = store.vouch(late.unwrap(), NOW).unwrap_err();
    assert!(matches!(error, InsertError::Unknown));
}

#[tokio::test]
async fn a_backup_holds_what_the_user_consented_to_alone() {
    let (fixture, authority) = (Fixture::new(), Authority::make());
    let mut store = fixture.open().unwrap();
    authority.pair(&mut store);
    vouch(&mut store, &authority, "nas.local").await.unwrap();
    let passphrase = Passphrase::new("correct horse battery staple");
    let sealed = backup::seal(&store.contents().devices, &passphrase).unwrap();
    let other = Fixture::new();
    let mut store = other.open().unwrap();
    let opened = backup::open(&sealed, &passphrase).unwrap();
    store.restore(&opened.consent(), NOW).unwrap();
    assert_eq!(trusted(&store), ["referee.local"]);
    assert_eq!(
        first(&store).authority().unwrap().fingerprint,
        authority.fingerprint()
    );
}

#[tokio::test]
async fn no_more_than_so_many_are_kept_and_the_oldest_go() {
    let (fixture, authority) = (Fixture::with_printer(), Authority::make());
    let mut store = fixture.open().unwrap();
    authority.pair(&mut store);
    vouch(&mut store, &authority, "nas.local").await.unwrap();
    let first = vouched(&store).clone();
    let mut contents = store.contents().clone();
    for number in 0..2000_u16 {
        let mut other = first.clone();
        other.id = format!("other-{number}");
        other.last_verified_at = Some(u64::from(number));
        contents.devices.insert(other);
    }
    contents.keep_vouched(10);
    assert_eq!(contents.devices.len(), 12);
    assert!(contents.devices.get(&first.id).is_some());
    assert!(contents.devices.get("other-1999").is_some());
    assert!(contents.devices.get("other-0").is_none());
}
