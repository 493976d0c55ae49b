//! The rules for the CMS form.

use cms::cert::x509::der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use cms::cert::x509::der::{Any, Decode, Encode, Tag};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::revocation::RevocationInfoChoices;
use cms::signed_data::{SignedData, SignerInfo, SignerInfos};
use rcgen::SigningKey;

use super::maker::{Holder, RIGHT, World};
use crate::evidence::cms::{
    CONTENT_TYPE, MESSAGE_DIGEST, VOUCHER, assemble, attribute, attributes_for, to_sign, write,
};
use crate::evidence::{CmsError, EvidenceError};

/// `id-data`, RFC 5652 §4.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");

fn verdict(world: &World, voucher: Vec<u8>) -> CmsError {
    match world.judge(&world.present(voucher)) {
        Err(EvidenceError::Cms(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A right voucher, changed after it was signed.
fn altered(change: impl FnOnce(&mut SignedData)) -> CmsError {
    let world = World::right();
    let voucher = world.cms(&world.content(|_| {}));
    let info = ContentInfo::from_der(&voucher).unwrap();
    let mut data: SignedData = info.content.decode_as().unwrap();
    change(&mut data);
    verdict(&world, write(&data).unwrap())
}

fn altered_signer(change: impl FnOnce(&mut SignerInfo)) -> CmsError {
    altered(|data| {
        let mut signer = data.signer_infos.0.get(0).unwrap().clone();
        change(&mut signer);
        data.signer_infos = SignerInfos(SetOfVec::try_from(vec![signer]).unwrap());
    })
}

/// A voucher whose signer has signed other attributes.
fn signed_with(change: impl FnOnce(&mut Vec<cms::cert::x509::attr::Attribute>)) -> CmsError {
    let world = World::right();
    let content = world.content(|_| {});
    let algorithm = world.signer.algorithm();
    let mut attributes = attributes_for(&content, algorithm).unwrap().into_vec();
    change(&mut attributes);
    let attributes = SetOfVec::try_from(attributes).unwrap();
    let signature = world.signer.key.sign(&to_sign(&attributes).unwrap());
    let chain = [world.signer.certificate.clone()];
    let data = assemble(&content, algorithm, attributes, &signature.unwrap(), &chain);
    verdict(&world, write(&data.unwrap()).unwrap())
}

fn octets(octets: &[u8]) -> Any {
    Any::new(Tag::OctetString, octets).unwrap()
}

#[test]
fn it_is_signed_data_and_nothing_else() {
    let world = World::right();
    let right = world.cms(&world.content(|_| {}));
    let behind = [right.as_slice(), &[5, 0]].concat();
    assert_eq!(verdict(&world, behind), CmsError::Malformed);
    let mut info = ContentInfo::from_der(&right).unwrap();
    info.content_type = DATA;
    let other = info.to_der().unwrap();
    assert_eq!(verdict(&world, other), CmsError::Malformed);
    assert_eq!(verdict(&world, b"{}".to_vec()), CmsError::Malformed);
}

#[test]
fn its_versions_are_those_of_its_parts() {
    let error = altered(|data| data.version = CmsVersion::V1);
    assert_eq!(error, CmsError::Version);
    let error = altered_signer(|signer| signer.version = CmsVersion::V3);
    assert_eq!(error, CmsError::Version);
}

#[test]
fn its_content_is_a_voucher_and_there() {
    let error = altered(|data| data.encap_content_info.econtent_type = DATA);
    assert_eq!(error, CmsError::Content);
    let error = altered(|data| data.encap_content_info.econtent = None);
    assert_eq!(error, CmsError::Content);
    let text = Any::new(Tag::Utf8String, b"{}".as_slice()).unwrap();
    let error = altered(|data| data.encap_content_info.econtent = Some(text));
    assert_eq!(error, CmsError::Content);
}

#[test]
fn it_has_one_signer() {
    let error = altered(|data| data.signer_infos = SignerInfos(SetOfVec::new()));
    assert_eq!(error, CmsError::Signers);
    let error = altered(|data| {
        let signer = data.signer_infos.0.get(0).unwrap().clone();
        let mut second = signer.clone();
        second.signature = OctetString::new(b"x".as_slice()).unwrap();
        data.signer_infos = SignerInfos(SetOfVec::try_from(vec![signer, second]).unwrap());
    });
    assert_eq!(error, CmsError::Signers);
}

#[test]
fn its_signers_certificate_is_there_among_a_few() {
    let error = altered(|data| data.certificates = None);
    assert_eq!(error, CmsError::Certificates);
    let others = |count: usize, with_signer: bool| {
        altered(|data| {
            let certificates = data.certificates.as_mut().unwrap();
            let mut all = Vec::new();
            if with_signer {
                all.extend(certificates.0.iter().cloned());
            }
            for _ in 0..count {
                let other = Holder::authority("other", RIGHT.algorithm, |_| {}).certificate;
                let other = cms::cert::x509::Certificate::from_der(&other).unwrap();
                all.push(cms::cert::CertificateChoices::Certificate(other));
            }
            certificates.0 = SetOfVec::try_from(all).unwrap();
        })
    };
    assert_eq!(others(1, false), CmsError::Certificates);
    assert_eq!(others(4, true), CmsError::Certificates);
}

#[test]
fn it_has_no_part_that_is_not_processed() {
    let none = SetOfVec::new();
    let error = altered(|data| data.crls = Some(RevocationInfoChoices(none)));
    assert_eq!(error, CmsError::Excess);
    let error = altered_signer(|signer| {
        let unsigned = attribute(CONTENT_TYPE, octets(b"x")).unwrap();
        signer.unsigned_attrs = Some(SetOfVec::try_from(vec![unsigned]).unwrap());
    });
    assert_eq!(error, CmsError::Excess);
}

#[test]
fn its_algorithms_belong_together() {
    let error = altered_signer(|signer| signer.digest_alg.oid = SHA_1);
    assert_eq!(error, CmsError::Algorithm);
    let error = altered_signer(|signer| signer.signature_algorithm.oid = SHA_1);
    assert_eq!(error, CmsError::Algorithm);
    let error = altered_signer(|signer| {
        signer.signature_algorithm.parameters = Some(Any::null());
    });
    assert_eq!(error, CmsError::Algorithm);
    let error = altered(|data| data.digest_algorithms = SetOfVec::new());
    assert_eq!(error, CmsError::Algorithm);
    let error = altered(|data| {
        let mut second = data.digest_algorithms.get(0).unwrap().clone();
        second.oid = SHA_1;
        data.digest_algorithms.insert(second).unwrap();
    });
    assert_eq!(error, CmsError::Algorithm);
}

#[test]
fn what_was_signed_is_its_attributes() {
    let error = altered_signer(|signer| signer.signed_attrs = None);
    assert_eq!(error, CmsError::Attributes);
    let error = altered_signer(|signer| {
        signer.signature = OctetString::new(b"x".as_slice()).unwrap();
    });
    assert_eq!(error, CmsError::Signature);
}

#[test]
fn type_and_digest_are_signed_once_each() {
    for kind in [CONTENT_TYPE, MESSAGE_DIGEST] {
        let error = signed_with(|attributes| attributes.retain(|one| one.oid != kind));
        assert_eq!(error, CmsError::Attributes);
        let error = signed_with(|attributes| {
            attributes.push(attribute(kind, octets(b"another")).unwrap());
        });
        assert_eq!(error, CmsError::Attributes);
        let error = signed_with(|attributes| {
            let meant = attributes.iter_mut().find(|one| one.oid == kind);
            meant.unwrap().values.insert(octets(b"another")).unwrap();
        });
        assert_eq!(error, CmsError::Attributes);
    }
}

#[test]
fn they_are_those_of_the_content() {
    let replace = |kind, value: Any| {
        signed_with(|attributes| {
            attributes.retain(|one| one.oid != kind);
            attributes.push(attribute(kind, value).unwrap());
        })
    };
    let data = Any::encode_from(&DATA).unwrap();
    assert_eq!(replace(CONTENT_TYPE, data), CmsError::ContentType);
    assert_eq!(replace(MESSAGE_DIGEST, octets(&[0; 32])), CmsError::Digest);
    let voucher = Any::encode_from(&VOUCHER).unwrap();
    assert_eq!(replace(MESSAGE_DIGEST, voucher), CmsError::Digest);
    let error = altered(|data| data.encap_content_info.econtent = Some(octets(b"{}")));
    assert_eq!(error, CmsError::Digest);
}
