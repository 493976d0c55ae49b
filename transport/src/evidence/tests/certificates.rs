//! The rules for the certificates of maker, device and signer.

use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SigningKey,
};
use rustls_pki_types::CertificateDer;
use webpki::Error;

use super::maker::{Change, DAY, Different, Holder, RIGHT, World, printable, serial_number};
use crate::anchor::BrokenRule;
use crate::evidence::{EvidenceError, MakerAnchor, Part};

fn of_device(change: Change) -> EvidenceError {
    let different = Different {
        device: change,
        ..RIGHT
    };
    broken(&World::new(different))
}

/// The voucher is right for another device, since none can be made for some: it is read last.
fn broken(world: &World) -> EvidenceError {
    let voucher = world.cms(&World::right().content(|_| {}));
    world.judge(&world.present(voucher)).unwrap_err()
}

fn of_signer(change: Change) -> EvidenceError {
    let different = Different {
        signer: change,
        ..RIGHT
    };
    World::new(different).judged().unwrap_err()
}

fn rule(part: Part, error: EvidenceError) -> BrokenRule {
    let EvidenceError::Certificate { part: of, rule } = error else {
        panic!("{error:?}");
    };
    assert_eq!(of, part);
    rule
}

fn unknown_extension() -> CustomExtension {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

#[test]
fn a_chain_that_names_another_maker_is_not_this_ones() {
    let mut world = World::right();
    world.authority = Holder::authority("another", RIGHT.algorithm, |_| {});
    assert_eq!(world.judged().unwrap_err(), EvidenceError::OtherMaker);
}

#[test]
fn a_chain_that_only_names_the_maker_does_not_lead_to_it() {
    let mut world = World::right();
    world.authority = Holder::authority("maker", RIGHT.algorithm, |_| {});
    let rule = rule(Part::Device, world.judged().unwrap_err());
    let path = BrokenRule::Path(Error::InvalidSignatureForPublicKey);
    assert_eq!(rule, path);
}

#[test]
fn the_times_of_every_certificate_count() {
    let late: Change = |params| params.not_before += 2 * DAY;
    let over: Change = |params| params.not_after = params.not_before + DAY / 2;
    for change in [late, over] {
        let device = EvidenceError::OutOfTime(Part::Device);
        assert_eq!(of_device(change), device);
        let signer = EvidenceError::OutOfTime(Part::Signer);
        assert_eq!(of_signer(change), signer);
        let authority = change;
        let world = World::new(Different { authority, ..RIGHT });
        let maker = EvidenceError::OutOfTime(Part::Maker);
        assert_eq!(world.judged().unwrap_err(), maker);
    }
}

#[test]
fn a_certificate_without_an_end_is_taken() {
    let forever: Change = |params| params.not_after = rcgen::date_time_ymd(9999, 12, 31);
    let different = Different {
        authority: forever,
        device: forever,
        ..RIGHT
    };
    World::new(different).judged().unwrap();
}

#[test]
fn the_subject_has_exactly_one_serial_number_that_can_be_shown() {
    let none = of_device(|params| {
        params.distinguished_name.remove(serial_number());
    });
    assert_eq!(none, EvidenceError::SerialNumbers);

    let mut world = World::right();
    // The common name is made a second one: 2.5.4.3 becomes 2.5.4.5.
    world.device.certificate = resigned(
        &world,
        b"\x06\x03\x55\x04\x03\x0c\x06device",
        b"\x06\x03\x55\x04\x05\x0c\x06device",
    );
    assert_eq!(broken(&world), EvidenceError::SerialNumbers);

    let strange = of_device(|params| {
        let name = &mut params.distinguished_name;
        name.remove(serial_number());
        name.push(serial_number(), "SN\u{202e}1");
    });
    assert!(matches!(strange, EvidenceError::SerialNumber(_)));
    let long = of_device(|params| {
        let name = &mut params.distinguished_name;
        name.remove(serial_number());
        name.push(serial_number(), printable(&"1".repeat(65)));
    });
    assert!(matches!(long, EvidenceError::SerialNumber(_)));
}

/// The device's certificate with some octets of its signed part exchanged, signed anew.
fn resigned(world: &World, from: &[u8], to: &[u8]) -> CertificateDer<'static> {
    let (_, parsed) = x509_parser::parse_x509_certificate(&world.device.certificate).unwrap();
    let old = parsed.tbs_certificate.as_ref();
    let at = old.windows(from.len()).position(|found| found == from);
    let mut new = old.to_vec();
    new[at.unwrap()..][..to.len()].copy_from_slice(to);
    let signature = world.authority.key.sign(&new).unwrap();
    // ecdsa-with-SHA256, RFC 5758 §3.2.
    let algorithm = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let signature = element(0x03, &[&[0], signature.as_slice()].concat());
    element(0x30, &[&new, algorithm.as_slice(), &signature].concat()).into()
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match (high, low) {
        (0, low) if low < 0x80 => vec![tag, low],
        (high, low) => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}

#[test]
fn a_device_names_the_key_of_its_issuer() {
    let error = of_device(|params| params.use_authority_key_identifier_extension = false);
    assert_eq!(error, EvidenceError::NoAuthorityKey);
}

#[test]
fn no_certificate_of_a_device_or_signer_breaks_a_rule_for_end_entities() {
    let cases: [(Change, BrokenRule); 5] = [
        (
            |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            BrokenRule::Path(Error::CaUsedAsEndEntity),
        ),
        (
            |params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement],
            BrokenRule::KeyUsage,
        ),
        (
            |params| params.key_usages.push(KeyUsagePurpose::KeyCertSign),
            BrokenRule::KeyUsage,
        ),
        (
            |params| params.custom_extensions = vec![unknown_extension()],
            BrokenRule::Path(Error::UnsupportedCriticalExtension),
        ),
        (
            |params| params.serial_number = Some(vec![0].into()),
            BrokenRule::Serial,
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(rule(Part::Device, of_device(change)), expected);
        assert_eq!(rule(Part::Signer, of_signer(change)), expected);
    }
}

#[test]
fn a_certificate_for_servers_alone_is_no_devices() {
    let broken = rule(
        Part::Device,
        of_device(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
    );
    assert!(matches!(
        broken,
        BrokenRule::Path(Error::RequiredEkuNotFoundContext(_))
    ));
    let clients = Different {
        device: |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        },
        ..RIGHT
    };
    World::new(clients).judged().unwrap();
}

#[test]
fn no_device_signs_vouchers_not_even_its_own() {
    let world = World::right();
    let voucher = world.device.cms(&world.content(|_| {}));
    let verdict = world.judge(&world.present(voucher));
    assert_eq!(verdict, Err(EvidenceError::NotASigner));

    let servers = of_signer(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert!(matches!(
        rule(Part::Signer, servers),
        BrokenRule::Path(Error::RequiredEkuNotFoundContext(_))
    ));
    let any = of_signer(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]);
    assert!(matches!(
        rule(Part::Signer, any),
        BrokenRule::Path(Error::RequiredEkuNotFoundContext(_))
    ));
}

#[test]
fn no_other_maker_signs_vouchers() {
    let world = World::right();
    let other = Holder::authority("maker", RIGHT.algorithm, |_| {});
    let signer = other.signer(RIGHT.algorithm, |_| {});
    let voucher = signer.cms(&world.content(|_| {}));
    let verdict = world.judge(&world.present(voucher)).unwrap_err();
    let path = BrokenRule::Path(Error::InvalidSignatureForPublicKey);
    assert_eq!(rule(Part::Signer, verdict), path);
}

#[test]
fn authorities_between_device_and_maker_keep_their_rules() {
    let through = |authority: Change, between: Change| {
        let mut world = World::new(Different { authority, ..RIGHT });
        let below = world.authority.below("below", between);
        world.device = below.device(RIGHT.algorithm, |_| {});
        world.between = vec![below.certificate];
        world.judged()
    };
    through(|_| {}, |_| {}).unwrap();
    let only_direct: Change = |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let broken = through(only_direct, |_| {}).unwrap_err();
    assert_eq!(rule(Part::Device, broken), BrokenRule::PathTooLong);
    let broken = through(
        |_| {},
        |params| params.key_usages = vec![KeyUsagePurpose::CrlSign],
    );
    assert_eq!(
        rule(Part::Device, broken.unwrap_err()),
        BrokenRule::MayNotSign
    );
    let broken = through(|_| {}, |params| params.is_ca = IsCa::ExplicitNoCa);
    let path = BrokenRule::Path(Error::EndEntityUsedAsCa);
    assert_eq!(rule(Part::Device, broken.unwrap_err()), path);
}

#[test]
fn a_makers_certificate_is_an_authoritys_with_an_accepted_key() {
    let read = |algorithm, change| {
        let holder = Holder::authority("maker", algorithm, change);
        MakerAnchor::from_der(&holder.certificate).map(drop)
    };
    read(RIGHT.algorithm, |_| {}).unwrap();
    let refused = read(&rcgen::PKCS_ECDSA_P521_SHA512, |_| {});
    assert_eq!(refused, Err(BrokenRule::Key));
    let no_authority: Change = |params| params.is_ca = IsCa::ExplicitNoCa;
    let refused = read(RIGHT.algorithm, no_authority);
    assert_eq!(refused, Err(BrokenRule::NoAuthority));
    let may_not: Change = |params| params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let refused = read(RIGHT.algorithm, may_not);
    assert_eq!(refused, Err(BrokenRule::MayNotSign));
    assert_eq!(
        MakerAnchor::from_der(&CertificateDer::from_slice(b"none")).map(drop),
        Err(BrokenRule::Unreadable)
    );
}

#[test]
fn weaker_or_stronger_signatures_than_the_accepted_are_refused() {
    // A device's key of P-521 proves nothing, whatever its signature.
    let world = World::right();
    let strange = world
        .authority
        .device(&rcgen::PKCS_ECDSA_P521_SHA512, |_| {});
    let mut other = World::right();
    let voucher = world.cms(&world.content(|_| {}));
    other.authority = world.authority;
    other.device = strange;
    let verdict = other.judge(&other.present(voucher));
    assert_eq!(verdict, Err(EvidenceError::NotPossessed));
}
