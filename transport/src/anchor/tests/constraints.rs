//! Name constraints: an authority's own and those of our scope, each enforced beside the other.

use std::net::IpAddr;
use std::time::SystemTime;

use rcgen::{CertificateParams, CidrSubnet, GeneralSubtree, NameConstraints, SanType};
use settle_protocol::scope::{Namespace, NamespaceScope};
use webpki::Error;

use super::maker::{Ca, ask, root, standard, verify};
use crate::anchor::{Anchor, AnchorError, Authority, BrokenRule};

fn constrained(
    permitted: &[&str],
    excluded: Vec<GeneralSubtree>,
) -> impl FnOnce(&mut CertificateParams) {
    let permitted = permitted.iter().map(|name| (*name).to_owned());
    let constraints = NameConstraints {
        permitted_subtrees: permitted.map(GeneralSubtree::DnsName).collect(),
        excluded_subtrees: excluded,
    };
    |params| params.name_constraints = Some(constraints)
}

fn violated() -> Result<(), AnchorError> {
    let rule = BrokenRule::Path(Error::NameConstraintViolation);
    Err(AnchorError::Unacceptable(rule))
}

fn referee(root: &Ca, namespace: &str) -> Anchor {
    let scope = NamespaceScope::new([Namespace::parse(namespace).unwrap()]);
    Anchor::referee(&root.der, scope).unwrap()
}

fn with_name(name: &str) -> impl FnOnce(&mut CertificateParams) {
    let name = SanType::DnsName(name.try_into().unwrap());
    |params| params.subject_alt_names.push(name)
}

fn with_address(address: &str) -> impl FnOnce(&mut CertificateParams) {
    let address: IpAddr = address.parse().unwrap();
    move |params| params.subject_alt_names.push(SanType::IpAddress(address))
}

#[test]
fn an_anchors_own_constraints_hold_for_every_name() {
    let fits = root(constrained(&["local"], vec![]));
    assert_eq!(verify(&fits, &fits.server(|_| {}), &[]), Ok(()));
    let beside = fits.server(with_name("nas.example.com"));
    assert_eq!(verify(&fits, &beside, &[]), violated());
    let not = root(constrained(&["printer.local"], vec![]));
    assert_eq!(verify(&not, &not.server(|_| {}), &[]), violated());
    let excluded = vec![GeneralSubtree::DnsName("nas.local".to_owned())];
    let excluded = root(constrained(&["local"], excluded));
    assert_eq!(verify(&excluded, &excluded.server(|_| {}), &[]), violated());
    let lan = CidrSubnet::from_v4_prefix([192, 168, 0, 0], 16);
    let lan = root(constrained(&[], vec![GeneralSubtree::IpAddress(lan)]));
    let inside = lan.server(with_address("192.168.1.2"));
    assert_eq!(verify(&lan, &inside, &[]), violated());
    let outside = lan.server(with_address("10.0.0.1"));
    assert_eq!(verify(&lan, &outside, &[]), Ok(()));
}

#[test]
fn an_intermediates_constraints_hold_below_it() {
    let root = root(|_| {});
    let middle = root.below("middle", constrained(&["printer.local"], vec![]));
    let answer = verify(&root, &middle.server(|_| {}), &[&middle]);
    assert_eq!(answer, violated());
}

#[test]
fn constraints_that_are_not_understood_refuse_their_authority() {
    let mail = GeneralSubtree::Rfc822Name("local".to_owned());
    let mail = root(constrained(&[], vec![mail]));
    let dotted = root(constrained(&[".local"], vec![]));
    let empty = root(|params| params.custom_extensions = vec![standard(30, true, b"\x30\x00")]);
    let holes = b"\x30\x0e\xa1\x0c\x30\x0a\x87\x08\x0a\x00\x00\x00\xff\x00\xff\x00";
    let holes = root(|params| params.custom_extensions = vec![standard(30, true, holes)]);
    for root in [mail, dotted, empty, holes] {
        let error = Authority::from_der(&root.der).unwrap_err();
        let expected = AnchorError::UnusableAnchor(BrokenRule::NameConstraints);
        assert_eq!(error, expected);
    }
}

#[test]
fn a_referee_vouches_inside_of_its_namespaces_and_for_no_address() {
    let (root, now) = (root(|_| {}), SystemTime::now());
    let anchor = referee(&root, "local");
    assert_eq!(ask(&anchor, &root.server(|_| {}), &[], now), Ok(()));
    for leaf in [
        root.server(with_name("nas.example.com")),
        root.server(with_name("nas.home.arpa")),
        root.server(with_address("192.168.1.2")),
        root.server(with_address("fe80::1")),
    ] {
        assert_eq!(ask(&anchor, &leaf, &[], now), violated());
    }
    // An import is for the names of its scope, whatever else the certificate is for.
    let both = root.server(with_address("192.168.1.2"));
    assert_eq!(verify(&root, &both, &[]), Ok(()));
}

#[test]
fn a_referees_own_constraints_are_not_replaced_by_ours() {
    let now = SystemTime::now();
    let narrow = root(constrained(&["printer.local"], vec![]));
    let anchor = referee(&narrow, "local");
    assert_eq!(ask(&anchor, &narrow.server(|_| {}), &[], now), violated());
    let wide = root(constrained(&["local", "example.com"], vec![]));
    let anchor = referee(&wide, "local");
    let leaf = wide.server(with_name("nas.example.com"));
    assert_eq!(ask(&anchor, &leaf, &[], now), violated());
    assert_eq!(ask(&anchor, &wide.server(|_| {}), &[], now), Ok(()));
}

#[test]
fn both_sets_hold_below_an_intermediate_too() {
    let (root, now) = (root(|_| {}), SystemTime::now());
    let middle = root.below("middle", |_| {});
    let shown = [middle.der.clone()];
    let anchor = referee(&root, "local");
    assert_eq!(ask(&anchor, &middle.server(|_| {}), &shown, now), Ok(()));
    let leaf = middle.server(with_name("nas.alt"));
    assert_eq!(ask(&anchor, &leaf, &shown, now), violated());
}

#[test]
fn a_referees_own_certificate_serves_nobody() {
    let (root, now) = (root(|_| {}), SystemTime::now());
    let error = ask(&referee(&root, "local"), &root.der, &[], now).unwrap_err();
    let expected = BrokenRule::Path(Error::CaUsedAsEndEntity);
    assert_eq!(error, AnchorError::Unacceptable(expected));
}
