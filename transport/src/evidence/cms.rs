//! A voucher as CMS `SignedData` (RFC 5652, RFC 8366 §5.4): opened by rules that leave one way to read it, and
//! made. The crate has the structures and verifies nothing.

use cms::cert::x509::Certificate;
use cms::cert::x509::attr::Attribute;
use cms::cert::x509::der::asn1::{ObjectIdentifier, OctetString, OctetStringRef, SetOfVec};
use cms::cert::x509::der::{self, Any, Decode, Encode, Tag, Tagged};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier,
    SignerInfo, SignerInfos,
};
use rustls_pki_types::CertificateDer;
use settle_protocol::pairing::evidence::MAX_CHAIN;

use super::algorithm::{Algorithm, of_certificate, verify_by};
use super::{CmsError, Signed};

/// RFC 5652 §5.1.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// `id-ct-animaJSONVoucher`, RFC 8366 §8.4.
pub(super) const VOUCHER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.40");
/// RFC 5652 §11.1, §11.2.
pub(super) const CONTENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// RFC 5280 §4.2.1.2.
const SUBJECT_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");

/// Opens it: what one signer has signed, with the signature verified by the signer's certificate,
/// which nobody has judged yet.
pub(super) fn open(voucher: &[u8]) -> Result<Signed, CmsError> {
    let data = read(voucher)?;
    // RFC 5652 §5.1: any content but plain data.
    if data.version != CmsVersion::V3 {
        return Err(CmsError::Version);
    }
    if data.crls.is_some() {
        return Err(CmsError::Excess);
    }
    let content = content_of(&data.encap_content_info)?;
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(CmsError::Signers);
    };
    let (certificate, others) = certificates_of(&data, signer)?;
    let algorithm = algorithm_of(&data, signer, &certificate)?;
    if signer.unsigned_attrs.is_some() {
        return Err(CmsError::Excess);
    }
    let attributes = signer.signed_attrs.as_ref().ok_or(CmsError::Attributes)?;
    check_attributes(attributes, algorithm, content)?;
    let signed = to_sign(attributes).map_err(|_| CmsError::Malformed)?;
    if !verify_by(&certificate, &signed, signer.signature.as_bytes()) {
        return Err(CmsError::Signature);
    }
    Ok(Signed {
        content: content.to_vec(),
        signer: certificate,
        others,
    })
}

fn read(voucher: &[u8]) -> Result<SignedData, CmsError> {
    let info = ContentInfo::from_der(voucher).map_err(|_| CmsError::Malformed)?;
    if info.content_type != SIGNED_DATA {
        return Err(CmsError::Malformed);
    }
    info.content.decode_as().map_err(|_| CmsError::Malformed)
}

fn content_of(info: &EncapsulatedContentInfo) -> Result<&[u8], CmsError> {
    if info.econtent_type != VOUCHER {
        return Err(CmsError::Content);
    }
    let content = info.econtent.as_ref().ok_or(CmsError::Content)?;
    let octets = content.decode_as::<OctetStringRef<'_>>();
    octets.map_err(|_| CmsError::Content)?;
    Ok(content.value())
}

/// The certificate that the signer's identifier means, and the rest.
fn certificates_of(
    data: &SignedData,
    signer: &SignerInfo,
) -> Result<(CertificateDer<'static>, Vec<CertificateDer<'static>>), CmsError> {
    let shown = data.certificates.as_ref().ok_or(CmsError::Certificates)?;
    let shown = shown.0.as_slice();
    if shown.len() > MAX_CHAIN {
        return Err(CmsError::Certificates);
    }
    let mut meant = Vec::new();
    let mut others = Vec::new();
    for choice in shown {
        let CertificateChoices::Certificate(certificate) = choice else {
            return Err(CmsError::Certificates);
        };
        let der = certificate.to_der().map_err(|_| CmsError::Certificates)?;
        match is_meant(&signer.sid, certificate) {
            true => meant.push(CertificateDer::from(der)),
            false => others.push(CertificateDer::from(der)),
        }
    }
    let (Some(certificate), true) = (meant.pop(), meant.is_empty()) else {
        return Err(CmsError::Certificates);
    };
    // RFC 5652 §5.3.
    let version = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    if signer.version != version {
        return Err(CmsError::Version);
    }
    Ok((certificate, others))
}

fn is_meant(signer: &SignerIdentifier, certificate: &Certificate) -> bool {
    let fields = &certificate.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            named.issuer == fields.issuer && named.serial_number == fields.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(key) => {
            let mut extensions = fields.extensions.iter().flatten();
            let identifier = extensions.find(|extension| extension.extn_id == SUBJECT_KEY);
            identifier.is_some_and(|identifier| {
                OctetString::from_der(identifier.extn_value.as_bytes()).as_ref() == Ok(&key.0)
            })
        }
    }
}

/// The signer's algorithm: the one that its key is for, named alike in all three places.
fn algorithm_of(
    data: &SignedData,
    signer: &SignerInfo,
    certificate: &CertificateDer<'_>,
) -> Result<Algorithm, CmsError> {
    let algorithm = of_certificate(certificate).ok_or(CmsError::Algorithm)?;
    let [digest] = data.digest_algorithms.as_slice() else {
        return Err(CmsError::Algorithm);
    };
    // RFC 5754 §2, §3.3 and RFC 8419 §3.1: without parameters.
    let is = |named: &AlgorithmIdentifierOwned, oid| named.oid == oid && named.parameters.is_none();
    let fits = is(digest, algorithm.digest_oid())
        && is(&signer.digest_alg, algorithm.digest_oid())
        && is(&signer.signature_algorithm, algorithm.signature_oid());
    fits.then_some(algorithm).ok_or(CmsError::Algorithm)
}

fn check_attributes(
    attributes: &SignedAttributes,
    algorithm: Algorithm,
    content: &[u8],
) -> Result<(), CmsError> {
    let kind = only_value(attributes, CONTENT_TYPE)?.decode_as::<ObjectIdentifier>();
    if kind != Ok(VOUCHER) {
        return Err(CmsError::ContentType);
    }
    let digest = only_value(attributes, MESSAGE_DIGEST)?;
    let is_octets = digest.tag() == Tag::OctetString;
    if !is_octets || digest.value() != algorithm.digest(content) {
        return Err(CmsError::Digest);
    }
    Ok(())
}

/// RFC 5652 §5.3, §11.1, §11.2: one attribute of the kind, with one value.
fn only_value(attributes: &SignedAttributes, kind: ObjectIdentifier) -> Result<&Any, CmsError> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == kind);
    let (Some(attribute), None) = (found.next(), found.next()) else {
        return Err(CmsError::Attributes);
    };
    let [value] = attribute.values.as_slice() else {
        return Err(CmsError::Attributes);
    };
    Ok(value)
}

/// RFC 5652 §5.4: the DER of the attributes as a SET OF, and not as they are tagged in the message.
pub(super) fn to_sign(attributes: &SignedAttributes) -> der::Result<Vec<u8>> {
    attributes.to_der()
}

/// What is to be signed of a voucher.
pub(super) fn attributes_for(
    content: &[u8],
    algorithm: Algorithm,
) -> der::Result<SignedAttributes> {
    let digest = Any::new(Tag::OctetString, algorithm.digest(content))?;
    SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&VOUCHER)?)?,
        attribute(MESSAGE_DIGEST, digest)?,
    ])
}

pub(super) fn attribute(oid: ObjectIdentifier, value: Any) -> der::Result<Attribute> {
    let values = SetOfVec::try_from(vec![value])?;
    Ok(Attribute { oid, values })
}

/// Puts together what was signed, with the signer's certificate first in `chain`.
pub(super) fn assemble(
    content: &[u8],
    algorithm: Algorithm,
    attributes: SignedAttributes,
    signature: &[u8],
    chain: &[CertificateDer<'_>],
) -> der::Result<SignedData> {
    let certificates: Vec<Certificate> = chain
        .iter()
        .map(|certificate| Certificate::from_der(certificate))
        .collect::<Result<_, _>>()?;
    let signer = certificates.first().ok_or(der::ErrorKind::Failed)?;
    let fields = &signer.tbs_certificate;
    let named = |oid| AlgorithmIdentifierOwned {
        oid,
        parameters: None,
    };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: fields.issuer.clone(),
            serial_number: fields.serial_number.clone(),
        }),
        digest_alg: named(algorithm.digest_oid()),
        signed_attrs: Some(attributes),
        signature_algorithm: named(algorithm.signature_oid()),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = certificates
        .into_iter()
        .map(CertificateChoices::Certificate)
        .collect::<Vec<_>>();
    Ok(SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![named(algorithm.digest_oid())])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: VOUCHER,
            econtent: Some(Any::new(Tag::OctetString, content)?),
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
    })
}

/// The whole of it, DER.
pub(super) fn write(data: &SignedData) -> der::Result<Vec<u8>> {
    ContentInfo {
        content_type: SIGNED_DATA,
        content: Any::encode_from(data)?,
    }
    .to_der()
}
