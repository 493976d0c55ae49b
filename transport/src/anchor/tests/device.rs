//! A paired device: its root, and the leaf that it issued itself.

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::scope::ExactScope;

use super::maker::{self, DAY, PORT, unix};
use crate::anchor::{Anchor, AnchorError, Authority, BrokenRule};
use crate::certificate::{self, DEVICE_LEAF_LIFE, PrivateKey, device_leaf, device_root};

struct Device {
    root: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    name: LocalName,
}

fn device(now: SystemTime) -> Device {
    let (root_key, key) = (PrivateKey::make().unwrap(), PrivateKey::make().unwrap());
    let name = Label::parse("printer").unwrap().dot_local();
    let names = std::slice::from_ref(&name);
    let root = device_root(&root_key, names).unwrap();
    let leaf = device_leaf(&root_key, &root, &key, names, now).unwrap();
    Device { root, leaf, name }
}

fn verify(
    anchor: &Device,
    shown: &Device,
    name: &LocalName,
    at: SystemTime,
) -> Option<AnchorError> {
    let chain = std::slice::from_ref(&shown.root);
    let scope = ExactScope::new([name.clone()], [PORT]);
    Anchor::device(&anchor.root, scope)
        .unwrap()
        .verify(&shown.leaf, chain, name, PORT, unix(at))
        .err()
}

#[test]
fn a_devices_own_leaf_passes_for_its_own_name_only() {
    let (device, now) = (device(SystemTime::now()), SystemTime::now());
    assert_eq!(verify(&device, &device, &device.name, now), None);
    for other in ["nas.local", "a.printer.local"] {
        let other = LocalName::parse(other).unwrap();
        let error = verify(&device, &device, &other, now);
        let expected = AnchorError::Unacceptable(BrokenRule::OtherName);
        assert_eq!(error, Some(expected), "{other}");
    }
}

#[test]
fn another_devices_leaf_names_both_keys() {
    let (trusted, twin) = (device(SystemTime::now()), device(SystemTime::now()));
    let error = verify(&trusted, &twin, &trusted.name, SystemTime::now());
    let fingerprint = |root: &CertificateDer<'_>| certificate::fingerprint(root);
    assert_eq!(
        error,
        Some(AnchorError::WrongKey {
            expected: fingerprint(&trusted.root).unwrap(),
            seen: fingerprint(&twin.root),
        })
    );
}

#[test]
fn a_leaf_passes_for_thirty_days_and_for_hosts_that_are_behind() {
    let (device, now) = (device(SystemTime::now()), SystemTime::now());
    for at in [now + DEVICE_LEAF_LIFE + DAY, now + 10_000 * DAY] {
        let error = verify(&device, &device, &device.name, at);
        assert_eq!(error, Some(AnchorError::Expired));
    }
    for at in [SystemTime::UNIX_EPOCH, now - 10_000 * DAY, now - 3 * DAY] {
        assert_eq!(verify(&device, &device, &device.name, at), None);
    }
}

#[test]
fn a_device_that_cannot_know_the_time_passes_at_any() {
    // A minute after it was switched on for the first time.
    let device = device(SystemTime::UNIX_EPOCH + Duration::from_secs(60));
    let now = SystemTime::now();
    for at in [SystemTime::UNIX_EPOCH, now, now + 1_000_000 * DAY] {
        assert_eq!(verify(&device, &device, &device.name, at), None);
    }
}

#[test]
fn a_root_vouches_for_what_it_issued_and_for_nothing_else() {
    let (device, other) = (device(SystemTime::now()), device(SystemTime::now()));
    let root = Authority::from_der(&device.root).unwrap();
    assert!(root.issued(&device.leaf));
    assert!(!root.issued(&other.leaf));
}

#[test]
fn a_leaf_is_no_anchor() {
    let error = Authority::from_der(&device(SystemTime::now()).leaf).unwrap_err();
    let expected = AnchorError::UnusableAnchor(BrokenRule::NoAuthority);
    assert_eq!(error, expected);
}

#[test]
fn a_device_has_no_authorities_below_its_root() {
    let root = maker::root(|_| {});
    let middle = root.below("middle", |_| {});
    let leaf = middle.server(|_| {});
    let anchor = Anchor::device(&root.der, maker::scope()).unwrap();
    let shown = [middle.der.clone()];
    let error = maker::ask(&anchor, &leaf, &shown, SystemTime::now()).unwrap_err();
    assert!(matches!(error, AnchorError::WrongKey { .. }), "{error:?}");
}
