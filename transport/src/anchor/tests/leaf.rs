//! Rules for the server's own certificate.

use std::net::IpAddr;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType, SerialNumber,
    SubjectPublicKeyInfo,
};
use webpki::Error;

use super::maker::{
    DAY, SERIAL, ask, broken, named, root, scope, standard, unknown_extension, verify,
};
use crate::anchor::{Anchor, AnchorError, Authority, BrokenRule};
use crate::certificate;

#[test]
fn a_server_that_keeps_every_rule_passes() {
    let root = root(|_| {});
    assert_eq!(verify(&root, &root.server(|_| {}), &[]), Ok(()));
    let more = root.server(|params| {
        named(&["diskstation", "NAS.Local", "*.local"])(params);
        let address: IpAddr = "192.168.1.2".parse().unwrap();
        params.subject_alt_names.push(SanType::IpAddress(address));
        params.custom_extensions.push(unknown_extension(false));
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ClientAuth);
    });
    assert_eq!(verify(&root, &more, &[]), Ok(()));
}

#[test]
fn an_authority_is_no_server() {
    let root = root(|_| {});
    let ca = root.server(|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    });
    let rule = broken(&root, &ca);
    assert_eq!(rule, BrokenRule::Path(Error::CaUsedAsEndEntity));
}

#[test]
fn what_only_an_authority_has_no_server_has() {
    let root = root(|_| {});
    let signs = root.server(|params| params.key_usages.push(KeyUsagePurpose::KeyCertSign));
    assert_eq!(broken(&root, &signs), BrokenRule::KeyUsage);
    let constrains = root.server(|params| {
        let content = b"\x30\x0d\xa0\x0b\x30\x09\x82\x07invalid";
        params.custom_extensions.push(standard(30, false, content));
    });
    assert_eq!(broken(&root, &constrains), BrokenRule::NotAnAuthoritys);
    let long = root.server(|params| {
        params.is_ca = IsCa::NoCa;
        let content = b"\x30\x03\x02\x01\x00";
        params.custom_extensions.push(standard(19, true, content));
    });
    assert_eq!(broken(&root, &long), BrokenRule::NotAnAuthoritys);
}

#[test]
fn its_key_has_to_be_for_signatures_where_a_usage_is_given() {
    let root = root(|_| {});
    let none = root.server(|params| params.key_usages.clear());
    assert_eq!(verify(&root, &none, &[]), Ok(()));
    let agrees = root.server(|params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement]);
    assert_eq!(broken(&root, &agrees), BrokenRule::KeyUsage);
}

#[test]
fn its_key_is_not_weak() {
    let root = root(|_| {});
    let weak = include_bytes!("fixtures/rsa-1024.der");
    let (_, weak) = x509_parser::parse_x509_certificate(weak).unwrap();
    let weak = SubjectPublicKeyInfo::from_der(weak.public_key().raw).unwrap();
    assert_eq!(broken(&root, &root.server_with(&weak)), BrokenRule::Key);
}

#[test]
fn its_signature_is_not_of_sha_1() {
    // Made by OpenSSL, which still signs so: one root, one key, two hashes.
    let root: &[u8] = include_bytes!("fixtures/hash-root.der");
    let sha256: &[u8] = include_bytes!("fixtures/hash-sha256.der");
    let sha1: &[u8] = include_bytes!("fixtures/hash-sha1.der");
    let authority = Authority::from_der(&root.into()).unwrap();
    let anchor = Anchor::imported(authority, scope());
    // The fixtures begin on the day on which they were made, whatever the clock says.
    let now = SystemTime::UNIX_EPOCH + certificate::not_before(sha1).unwrap() + DAY;
    assert_eq!(ask(&anchor, &sha256.into(), &[], now), Ok(()));
    let error = ask(&anchor, &sha1.into(), &[], now).unwrap_err();
    let unknown = |error: &Error| matches!(error, Error::UnsupportedSignatureAlgorithmContext(_));
    assert!(
        matches!(&error, AnchorError::Unacceptable(BrokenRule::Path(path)) if unknown(path)),
        "{error:?}"
    );
}

#[test]
fn it_has_to_be_meant_for_servers() {
    let root = root(|_| {});
    let silent = root.server(|params| params.extended_key_usages.clear());
    assert_eq!(broken(&root, &silent), BrokenRule::Purpose);
    for usage in [
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::Any,
    ] {
        let other = root.server(|params| params.extended_key_usages = vec![usage]);
        let rule = broken(&root, &other);
        let wrong = matches!(rule, BrokenRule::Path(Error::RequiredEkuNotFoundContext(_)));
        assert!(wrong, "{rule:?}");
    }
}

#[test]
fn a_critical_extension_that_is_not_processed_refuses_it() {
    let root = root(|_| {});
    let unknown = root.server(|params| params.custom_extensions = vec![unknown_extension(true)]);
    let rule = broken(&root, &unknown);
    assert_eq!(rule, BrokenRule::Path(Error::UnsupportedCriticalExtension));
    // Known to webpki, and processed by nobody.
    let point = b"\x30\x15\x30\x13\xa0\x11\xa0\x0f\x86\x0dhttp://a/crl/";
    let point = root.server(|params| params.custom_extensions = vec![standard(31, true, point)]);
    assert_eq!(broken(&root, &point), BrokenRule::CriticalExtension);
}

#[test]
fn policy_constraints_refuse_it_critical_or_not() {
    let root = root(|_| {});
    let content = b"\x30\x03\x80\x01\x00";
    let policies = root.server(|params| {
        params.custom_extensions = vec![standard(36, false, content)];
    });
    assert_eq!(broken(&root, &policies), BrokenRule::Policies);
}

#[test]
fn no_extension_stands_twice_and_every_one_can_be_read() {
    let root = root(|_| {});
    let twice = root.server(|params| {
        params.custom_extensions = vec![unknown_extension(false), unknown_extension(false)];
    });
    assert_eq!(broken(&root, &twice), BrokenRule::DuplicateExtension);
    let garbage = root.server(|params| {
        params.key_usages.clear();
        params.custom_extensions = vec![standard(15, false, b"\x05\x00")];
    });
    assert_eq!(broken(&root, &garbage), BrokenRule::UnreadableExtension);
}

#[test]
fn its_serial_number_is_positive_and_short() {
    let root = root(|_| {});
    let numbered = |serial: &[u8]| {
        let serial = SerialNumber::from_slice(serial);
        root.server(|params| params.serial_number = Some(serial))
    };
    assert_eq!(verify(&root, &numbered(&[0x7f; 20]), &[]), Ok(()));
    assert_eq!(broken(&root, &numbered(&[0])), BrokenRule::Serial);
    assert_eq!(broken(&root, &numbered(&[0x7f; 21])), BrokenRule::Serial);
    let mut negative = SERIAL;
    negative[0] |= 0x80;
    let negative = root.resigned(&numbered(&SERIAL), &SERIAL, &negative);
    assert_eq!(broken(&root, &negative), BrokenRule::Serial);
}

#[test]
fn only_version_3_has_extensions() {
    let root = root(|_| {});
    let (v3, v2) = (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01");
    let leaf = root.server(|_| {});
    assert_eq!(verify(&root, &root.resigned(&leaf, v3, v3), &[]), Ok(()));
    let rule = broken(&root, &root.resigned(&leaf, v3, v2));
    assert_eq!(rule, BrokenRule::Path(Error::UnsupportedCertVersion));
}

#[test]
fn it_is_valid_at_its_time_alone() {
    let root = root(|_| {});
    let over = root.server(|params| params.not_after = params.not_before + DAY / 2);
    let later = root.server(|params| params.not_before += 2 * DAY);
    for leaf in [over, later] {
        assert_eq!(verify(&root, &leaf, &[]), Err(AnchorError::Expired));
    }
}

#[test]
fn nothing_stands_behind_it() {
    let root = root(|_| {});
    let mut leaf = root.server(|_| {}).to_vec();
    leaf.push(0);
    assert!(verify(&root, &leaf.into(), &[]).is_err());
}
