//! Whatever is shown: outside of its scope an anchor accepts nothing.

use std::time::SystemTime;

use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::LocalName;
use settle_protocol::scope::{Namespace, NamespaceScope};

use super::maker::{NAME, PORT, root, scope, unix};
use crate::anchor::{Anchor, AnchorError, Authority};

#[test]
fn every_kind_of_anchor_refuses_another_name_and_another_port() {
    let root = root(|_| {});
    // Good for all the names that are asked for, so that the scope alone decides.
    let leaf = root.server(|params| {
        for name in ["other.local", "a.nas.local", "nas.alt"] {
            let name = rcgen::SanType::DnsName(name.try_into().unwrap());
            params.subject_alt_names.push(name);
        }
    });
    let authority = Authority::from_der(&root.der).unwrap();
    let alt = NamespaceScope::new([Namespace::parse("home.arpa").unwrap()]);
    let leaf_pin = CertificateFingerprint::of_der(&leaf);
    for anchor in [
        Anchor::device(&root.der, scope()).unwrap(),
        Anchor::imported(authority, scope()),
        Anchor::certificate(leaf_pin, scope()),
        Anchor::referee(&root.der, alt).unwrap(),
    ] {
        for (name, port) in [
            ("other.local", PORT),
            ("a.nas.local", PORT),
            ("nas.alt", PORT),
            (NAME, PORT + 1),
            (NAME, 0),
        ] {
            let name = LocalName::parse(name).unwrap();
            let now = unix(SystemTime::now());
            let answer = anchor.verify(&leaf, &[], &name, port, now);
            let expected = AnchorError::OutOfScope { name, port };
            assert_eq!(answer, Err(expected), "{anchor:?}");
        }
    }
}

#[test]
fn a_scope_of_nothing_is_asked_about_nothing() {
    let root = root(|_| {});
    let anchor = Anchor::referee(&root.der, NamespaceScope::new([])).unwrap();
    let name = LocalName::parse(NAME).unwrap();
    let answer = anchor.verify(
        &root.server(|_| {}),
        &[],
        &name,
        PORT,
        unix(SystemTime::now()),
    );
    assert!(matches!(answer, Err(AnchorError::OutOfScope { .. })));
}
