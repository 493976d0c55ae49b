//! A request for a certificate (PKCS #10, RFC 2986), read for the two things that an authority takes from it:
//! the key, and the names, to be compared with what was ordered. Whatever else it asks for is not kept.

use std::collections::BTreeSet;

use rcgen::SubjectPublicKeyInfo;
use rustls_pki_types::SignatureVerificationAlgorithm;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::LocalName;
use webpki::aws_lc_rs as algorithms;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_NIST_EC_P384, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA,
    OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;

use super::PrivateKey;
use crate::anchor::{BrokenRule, rules};

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Not one request and nothing behind it.
    #[error("this is no certification request in DER")]
    Encoding,
    /// A key that hosts do not accept.
    #[error(
        "the key is none that is accepted: take P-256, P-384, Ed25519, or RSA of 2048 bits and more"
    )]
    Key(#[source] BrokenRule),
    /// Not signed by its own key.
    #[error("the request is not signed by its own key")]
    Signature,
    /// A name of another kind, or one that no local server has.
    #[error("the request names something that is no server of the local network: {0}")]
    Name(String),
}

/// What an authority takes from a request.
#[derive(Debug)]
pub struct CertificateRequest {
    names: BTreeSet<LocalName>,
    key: SubjectPublicKeyInfo,
    fingerprint: KeyFingerprint,
}

impl CertificateRequest {
    /// Reads one, whose signature proves that who made it has the key.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let (rest, request) =
            X509CertificationRequest::from_der(der).map_err(|_| RequestError::Encoding)?;
        if !rest.is_empty() {
            return Err(RequestError::Encoding);
        }
        let info = &request.certification_request_info;
        rules::key(&info.subject_pki).map_err(RequestError::Key)?;
        let verified = algorithm(&request).is_some_and(|algorithm| {
            let (key, signature) = (
                &info.subject_pki.subject_public_key,
                &request.signature_value,
            );
            algorithm
                .verify_signature(&key.data, info.raw, &signature.data)
                .is_ok()
        });
        if !verified {
            return Err(RequestError::Signature);
        }
        let raw = info.subject_pki.raw;
        Ok(Self {
            names: names(&request)?,
            key: SubjectPublicKeyInfo::from_der(raw).map_err(|_| RequestError::Encoding)?,
            fingerprint: KeyFingerprint::of_spki(raw),
        })
    }

    /// That of a key of one's own, for which there is nothing to prove.
    ///
    /// # Errors
    /// [`RequestError::Encoding`], which would be a defect.
    pub fn own(key: &PrivateKey) -> Result<Self, RequestError> {
        use rcgen::PublicKeyData as _;
        let raw = key.pair.subject_public_key_info();
        Ok(Self {
            names: BTreeSet::new(),
            key: SubjectPublicKeyInfo::from_der(&raw).map_err(|_| RequestError::Encoding)?,
            fingerprint: key.fingerprint(),
        })
    }

    /// Every name that it asks for, once.
    #[must_use]
    pub const fn names(&self) -> &BTreeSet<LocalName> {
        &self.names
    }

    /// The fingerprint of its key.
    #[must_use]
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    pub(super) const fn public_key(&self) -> &SubjectPublicKeyInfo {
        &self.key
    }
}

/// The subject alternative names, and the common name, which is one of them where there is one (RFC 8555
/// §7.4).
fn names(request: &X509CertificationRequest<'_>) -> Result<BTreeSet<LocalName>, RequestError> {
    let mut names = BTreeSet::new();
    let mut add = |text: &str| {
        let name = LocalName::parse(text).map_err(|_| RequestError::Name(text.to_owned()))?;
        names.insert(name);
        Ok(())
    };
    let subject = &request.certification_request_info.subject;
    for common in subject.iter_common_name() {
        let text = common.as_str().map_err(|_| RequestError::Encoding)?;
        add(text)?;
    }
    for extension in request.requested_extensions().into_iter().flatten() {
        let ParsedExtension::SubjectAlternativeName(asked) = extension else {
            continue;
        };
        for name in &asked.general_names {
            let GeneralName::DNSName(text) = name else {
                return Err(RequestError::Name(name.to_string()));
            };
            add(text)?;
        }
    }
    Ok(names)
}

/// How a request is to be verified, by what it says and what its key is.
fn algorithm(
    request: &X509CertificationRequest<'_>,
) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let key = &request.certification_request_info.subject_pki.algorithm;
    let curve = key.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let signed = &request.signature_algorithm.algorithm;
    let is = |oid, of| *signed == oid && curve.as_ref() == Some(&of);
    if is(OID_SIG_ECDSA_WITH_SHA256, OID_EC_P256) {
        return Some(algorithms::ECDSA_P256_SHA256);
    }
    if is(OID_SIG_ECDSA_WITH_SHA384, OID_EC_P256) {
        return Some(algorithms::ECDSA_P256_SHA384);
    }
    if is(OID_SIG_ECDSA_WITH_SHA256, OID_NIST_EC_P384) {
        return Some(algorithms::ECDSA_P384_SHA256);
    }
    if is(OID_SIG_ECDSA_WITH_SHA384, OID_NIST_EC_P384) {
        return Some(algorithms::ECDSA_P384_SHA384);
    }
    let rsa = [
        (
            OID_PKCS1_SHA256WITHRSA,
            algorithms::RSA_PKCS1_2048_8192_SHA256,
        ),
        (
            OID_PKCS1_SHA384WITHRSA,
            algorithms::RSA_PKCS1_2048_8192_SHA384,
        ),
        (
            OID_PKCS1_SHA512WITHRSA,
            algorithms::RSA_PKCS1_2048_8192_SHA512,
        ),
        (OID_SIG_ED25519, algorithms::ED25519),
    ];
    let found = rsa.into_iter().find(|(oid, _)| signed == oid);
    found.map(|(_, algorithm)| algorithm)
}
