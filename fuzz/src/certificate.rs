//! Certificates of a peer: what reads as an authority is one by its key; a root vouches for no key
//! but those that it signed, and has no successor that it did not name; and no anchor of any kind accepts
//! anything outside of its scope.

use std::time::Duration;

use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::LocalName;
use settle_protocol::scope::{ExactScope, Namespace, NamespaceScope};
use settle_transport::anchor::{Anchor, AnchorError, Authority};
use settle_transport::certificate;
use settle_transport::import::{self, ImportedKind};
use settle_transport::succession::{Shown, former_keys};

/// A device's root, and the one leaf that it issued; nobody has their private keys.
const ROOT: &[u8] = include_bytes!("../corpus/certificate/seed-root");
const LEAF: &[u8] = include_bytes!("../corpus/certificate/seed-leaf");
const NAME: &str = "printer.local";
const PORT: u16 = 443;

/// Takes DER.
pub fn run(data: &[u8]) {
    let key = certificate::fingerprint(data);
    let times = (certificate::not_before(data), certificate::not_after(data));
    if key.is_none() {
        assert_eq!(times, (None, None));
    }
    let der = data.into();
    let root = Authority::from_der(&ROOT.into()).expect("it is one");
    if root.issued(&der) {
        assert_eq!(key, certificate::fingerprint(LEAF));
    }
    if let Ok(authority) = Authority::from_der(&der) {
        assert_eq!(key, Some(authority.fingerprint()));
        assert!(!authority.issued(&b"no certificate".as_slice().into()));
        assert!(!authority.issued(&der), "an authority passed for a leaf");
        if authority.issued(&LEAF.into()) {
            assert_eq!(authority.fingerprint(), root.fingerprint());
        }
    }
    shown(data);
    linked(data);
    imported(data);
}

/// The bytes as a leaf, as a root and as either half of a link: the root has named nobody, so it is followed
/// nowhere, and no chain leads back from it.
fn linked(data: &[u8]) {
    let (name, port) = (LocalName::parse(NAME).expect("it is one"), PORT);
    let scope = ExactScope::new([name.clone()], [port]);
    let anchor = Anchor::device(&ROOT.into(), scope).expect("it is one");
    let begin = certificate::not_before(LEAF).map_or(Duration::ZERO, |begin| begin);
    let now = rustls_pki_types::UnixTime::since_unix_epoch(begin);
    for chain in [
        [data, data, data, ROOT],
        [data, ROOT, data, ROOT],
        [LEAF, data, data, ROOT],
    ] {
        let [leaf, others @ ..] = chain.map(Into::into);
        let followed = anchor.follow(&leaf, &others, &name, port, now);
        assert!(!matches!(followed, Ok(Some(_))), "a successor");
        let shown = Shown::of(&others).expect("a root");
        assert!(former_keys(&shown).is_err(), "former keys");
    }
}

/// The bytes as the certificate of a server.
fn shown(data: &[u8]) {
    let name = LocalName::parse(NAME).expect("it is one");
    let exact = || ExactScope::new([name.clone()], [PORT]);
    let root = ROOT.into();
    let authority = Authority::from_der(&root).expect("it is one");
    let local = Namespace::parse("local");
    let issuers = [
        Anchor::device(&root, exact()).expect("it is one"),
        Anchor::referee(&root, NamespaceScope::new(local)).expect("it is one"),
        Anchor::imported(authority, exact()),
    ];
    for anchor in &issuers {
        if verify(anchor, data, &name) && data != ROOT {
            assert_eq!(
                certificate::fingerprint(data),
                certificate::fingerprint(LEAF)
            );
        }
    }
    let pin = Anchor::certificate(CertificateFingerprint::of_der(LEAF), exact());
    assert_eq!(verify(&pin, data, &name), data == LEAF);
}

/// Whether it is accepted for the name, having asked for others before.
fn verify(anchor: &Anchor, data: &[u8], name: &LocalName) -> bool {
    let leaf = data.into();
    let others = [data.into(), ROOT.into()];
    let begin = certificate::not_before(LEAF).map_or(Duration::ZERO, |begin| begin);
    let ask = |name: &LocalName, port| {
        let now = rustls_pki_types::UnixTime::since_unix_epoch(begin);
        anchor.verify(&leaf, &others, name, port, now)
    };
    let other = LocalName::parse("nas.alt").expect("it is one");
    let outside = ask(&other, PORT);
    assert!(matches!(outside, Err(AnchorError::OutOfScope { .. })));
    if !anchor.scope().covers(name, PORT + 1) {
        assert!(ask(name, PORT + 1).is_err());
    }
    ask(name, PORT).is_ok()
}

/// The bytes as what a user imports.
fn imported(data: &[u8]) {
    if let Ok(imported) = import::read_der(data.to_vec().into()) {
        assert_eq!(Some(imported.key), certificate::fingerprint(data));
        let whole = CertificateFingerprint::of_der(data);
        assert_eq!(imported.fingerprint, whole);
        if let ImportedKind::Authority(authority) = &imported.kind {
            assert_eq!(authority.certificate(), whole);
        }
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(imported) = import::read_pem(text)
    {
        assert!(text.contains("BEGIN CERTIFICATE"));
        assert!(certificate::fingerprint(&imported.certificate).is_some());
    }
}
