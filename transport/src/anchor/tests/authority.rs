//! Rules for the anchor and for what stands between it and the server.

use std::time::SystemTime;

use rcgen::{
    BasicConstraints, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SerialNumber,
};
use rustls_pki_types::CertificateDer;
use webpki::Error;

use super::maker::{Ca, DAY, ask, element, root, scope, standard, unknown_extension, verify};
use crate::anchor::{Anchor, AnchorError, Authority, BrokenRule};

fn unusable(root: &Ca) -> BrokenRule {
    match Authority::from_der(&root.der) {
        Err(AnchorError::UnusableAnchor(rule)) => rule,
        other => panic!("{other:?}"),
    }
}

fn below(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Result<(), AnchorError> {
    let root = root(|_| {});
    let middle = root.below("middle", change);
    verify(&root, &middle.server(|_| {}), &[&middle])
}

fn refused(rule: BrokenRule) -> Result<(), AnchorError> {
    Err(AnchorError::Unacceptable(rule))
}

#[test]
fn an_intermediate_that_keeps_every_rule_passes() {
    assert_eq!(below(|_| {}), Ok(()));
    let usage = ExtendedKeyUsagePurpose::ServerAuth;
    assert_eq!(
        below(|params| params.extended_key_usages = vec![usage]),
        Ok(())
    );
    assert_eq!(below(|params| params.key_usages.clear()), Ok(()));
}

#[test]
fn an_intermediate_that_is_not_shown_is_missed() {
    let root = root(|_| {});
    let middle = root.below("middle", |_| {});
    let error = verify(&root, &middle.server(|_| {}), &[]).unwrap_err();
    assert!(matches!(error, AnchorError::WrongKey { .. }), "{error:?}");
}

#[test]
fn a_bad_intermediate_does_not_hide_a_good_one_of_the_same_name_and_key() {
    let root = root(|_| {});
    let bad = root.below("middle", |params| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    // The critical key usage: from cRLSign to keyCertSign.
    let usage = b"\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x01\x02";
    let signs = b"\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x02\x04";
    let good = root.resigned(&bad.der, usage, signs);
    let leaf = bad.server(|_| {});
    assert_eq!(
        verify(&root, &leaf, &[&bad]),
        refused(BrokenRule::MayNotSign)
    );
    let anchor = Anchor::imported(Authority::from_der(&root.der).unwrap(), scope());
    let shown = [bad.der, good];
    assert_eq!(ask(&anchor, &leaf, &shown, SystemTime::now()), Ok(()));
}

#[test]
fn an_end_entity_is_no_intermediate() {
    let is_none = Error::EndEntityUsedAsCa;
    let no = below(|params| {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    assert_eq!(no, refused(BrokenRule::Path(is_none.clone())));
    let silent = below(|params| params.is_ca = IsCa::NoCa);
    assert_eq!(silent, refused(BrokenRule::Path(is_none)));
}

#[test]
fn an_intermediate_may_sign_certificates_for_servers() {
    let signs = below(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert_eq!(signs, refused(BrokenRule::MayNotSign));
    let mail = below(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    });
    assert!(
        matches!(mail, Err(AnchorError::Unacceptable(BrokenRule::Path(_)))),
        "{mail:?}"
    );
}

#[test]
fn an_intermediate_is_judged_by_the_common_rules_too() {
    let serial = below(|params| params.serial_number = Some(SerialNumber::from_slice(&[0])));
    assert_eq!(serial, refused(BrokenRule::Serial));
    let unknown = below(|params| params.custom_extensions = vec![unknown_extension(true)]);
    let critical = BrokenRule::Path(Error::UnsupportedCriticalExtension);
    assert_eq!(unknown, refused(critical));
    let twice = vec![unknown_extension(false), unknown_extension(false)];
    let twice = below(|params| params.custom_extensions = twice);
    assert_eq!(twice, refused(BrokenRule::DuplicateExtension));
    let policies = vec![standard(36, true, b"\x30\x03\x80\x01\x00")];
    let policies = below(|params| params.custom_extensions = policies);
    assert!(policies.is_err());
    let expired = below(|params| params.not_after = params.not_before + DAY / 2);
    assert_eq!(expired, Err(AnchorError::Expired));
}

#[test]
fn path_lengths_count_from_each_authority_and_from_the_anchor() {
    let limited = |length| {
        move |params: &mut rcgen::CertificateParams| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        }
    };
    for (of_root, of_first, expected) in [
        (2, 1, Ok(())),
        (1, 1, refused(BrokenRule::PathTooLong)),
        (0, 1, refused(BrokenRule::PathTooLong)),
        (
            2,
            0,
            refused(BrokenRule::Path(Error::PathLenConstraintViolated)),
        ),
    ] {
        let root = root(limited(of_root));
        let first = root.below("first", limited(of_first));
        let second = first.below("second", |_| {});
        let leaf = second.server(|_| {});
        let answer = verify(&root, &leaf, &[&second, &first]);
        assert_eq!(answer, expected, "{of_root} {of_first}");
    }
    let root = root(limited(0));
    assert_eq!(verify(&root, &root.server(|_| {}), &[]), Ok(()));
}

#[test]
fn an_anchor_that_breaks_a_rule_is_none() {
    let no = root(|params| params.is_ca = IsCa::NoCa);
    assert_eq!(unusable(&no), BrokenRule::NoAuthority);
    let crl = root(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert_eq!(unusable(&crl), BrokenRule::MayNotSign);
    let unknown = root(|params| params.custom_extensions = vec![unknown_extension(true)]);
    assert_eq!(unusable(&unknown), BrokenRule::CriticalExtension);
    let nameless = root(|params| params.distinguished_name = DistinguishedName::new());
    assert_eq!(unusable(&nameless), BrokenRule::Nameless);
    let usage = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let clients = root(|params| params.extended_key_usages = usage);
    assert_eq!(unusable(&clients), BrokenRule::Purpose);
    let policies = vec![standard(36, true, b"\x30\x03\x80\x01\x00")];
    let policies = root(|params| params.custom_extensions = policies);
    assert_eq!(unusable(&policies), BrokenRule::Policies);
    let mut behind = root(|_| {});
    behind.der = [behind.der.as_ref(), &[0]].concat().into();
    assert_eq!(unusable(&behind), BrokenRule::Unreadable);
    let nothing = Authority::from_der(&CertificateDer::from(element(0x30, &[])));
    assert!(nothing.is_err());
}

#[test]
fn old_private_authorities_have_the_number_0_and_no_key_usage() {
    let old = root(|params| {
        params.serial_number = Some(SerialNumber::from_slice(&[0]));
        params.key_usages.clear();
        let content = b"\x30\x03\x01\x01\xff";
        params.is_ca = IsCa::NoCa;
        params.custom_extensions = vec![standard(19, false, content)];
    });
    assert_eq!(verify(&old, &old.server(|_| {}), &[]), Ok(()));
}

#[test]
fn an_anchor_outside_its_time_vouches_for_nothing() {
    let over = root(|params| params.not_after = params.not_before + DAY / 2);
    let later = root(|params| params.not_before += 2 * DAY);
    for root in [over, later] {
        let answer = verify(&root, &root.server(|_| {}), &[]);
        assert_eq!(answer, Err(AnchorError::Expired));
    }
}

#[test]
fn an_authority_of_the_same_name_and_another_key_is_another() {
    let (ours, theirs) = (root(|_| {}), root(|_| {}));
    let error = verify(&ours, &theirs.server(|_| {}), &[&theirs]).unwrap_err();
    let key = |ca: &Ca| crate::certificate::fingerprint(&ca.der).unwrap();
    let (expected, seen) = (key(&ours), Some(key(&theirs)));
    assert_eq!(error, AnchorError::WrongKey { expected, seen });
    let other = root(|params| params.distinguished_name.push(DnType::CommonName, "other"));
    let error = verify(&ours, &other.server(|_| {}), &[]).unwrap_err();
    assert!(matches!(error, AnchorError::WrongKey { .. }), "{error:?}");
}
