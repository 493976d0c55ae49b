//! Exactly one certificate, and an authority's certificate that its server uses itself.

use std::slice::from_ref;
use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use settle_protocol::fingerprint::CertificateFingerprint;

use super::maker::{DAY, ask, root, scope, self_signed, unknown_extension};
use crate::anchor::{Anchor, AnchorError, Authority, BrokenRule};

fn pinned(certificate: &[u8]) -> Anchor {
    Anchor::certificate(CertificateFingerprint::of_der(certificate), scope())
}

/// A device's certificate as they are: no name that is asked for, and an authority by mistake.
fn of_a_nas(params: &mut CertificateParams) {
    params.subject_alt_names.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages.clear();
    params.custom_extensions = vec![unknown_extension(true)];
}

#[test]
fn the_pinned_certificate_passes_whatever_it_says_of_itself() {
    let now = SystemTime::now();
    for (certificate, _) in [self_signed(|_| {}), self_signed(of_a_nas)] {
        assert_eq!(ask(&pinned(&certificate), &certificate, &[], now), Ok(()));
    }
    let issued = root(|_| {}).server(|_| {});
    assert_eq!(ask(&pinned(&issued), &issued, &[], now), Ok(()));
}

#[test]
fn another_certificate_of_the_same_key_is_another() {
    let key = KeyPair::generate().unwrap();
    let make = |name: &str| {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().clone()
    };
    let (ours, theirs) = (make("nas.local"), make("nas.alt"));
    let error = ask(&pinned(&ours), &theirs, from_ref(&ours), SystemTime::now());
    let fingerprint = CertificateFingerprint::of_der;
    let (expected, seen) = (fingerprint(&ours), fingerprint(&theirs));
    assert_eq!(error, Err(AnchorError::WrongCertificate { expected, seen }));
}

#[test]
fn a_pin_ends_with_its_certificate() {
    let (certificate, _) = self_signed(|_| {});
    let now = SystemTime::now();
    for at in [now - 2 * DAY, now + 31 * DAY] {
        let answer = ask(&pinned(&certificate), &certificate, &[], at);
        assert_eq!(answer, Err(AnchorError::Expired));
    }
}

#[test]
fn what_is_no_certificate_is_no_pin_and_a_weak_key_is_named() {
    let now = SystemTime::now();
    let unreadable = AnchorError::Unacceptable(BrokenRule::Unreadable);
    let nothing = CertificateDer::from(b"no certificate".as_slice());
    assert_eq!(ask(&pinned(&nothing), &nothing, &[], now), Err(unreadable));
    let short = CertificateDer::from(include_bytes!("fixtures/rsa-1024.der").as_slice());
    let weak = AnchorError::Unacceptable(BrokenRule::Key);
    assert_eq!(ask(&pinned(&short), &short, &[], now), Err(weak));
}

#[test]
fn a_pinned_certificate_vouches_for_nothing_else() {
    let root = root(|_| {});
    let leaf = root.server(|_| {});
    let error = ask(
        &pinned(&root.der),
        &leaf,
        from_ref(&root.der),
        SystemTime::now(),
    );
    assert!(matches!(error, Err(AnchorError::WrongCertificate { .. })));
}

#[test]
fn an_imported_authority_may_be_the_servers_own_certificate() {
    let (root, now) = (root(|_| {}), SystemTime::now());
    let authority = Authority::from_der(&root.der).unwrap();
    let anchor = Anchor::imported(authority, scope());
    assert_eq!(ask(&anchor, &root.der, &[], now), Ok(()));
    assert_eq!(ask(&anchor, &root.server(|_| {}), &[], now), Ok(()));
    let expired = ask(&anchor, &root.der, &[], now + 31 * DAY);
    assert_eq!(expired, Err(AnchorError::Expired));
}
