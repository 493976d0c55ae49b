//! The signature algorithms of a maker's evidence, and no others: ES256, ES384 and Ed25519.

use cms::cert::x509::der::asn1::{ObjectIdentifier, SequenceOf, UintRef};
use cms::cert::x509::der::{Decode, Encode};
use rustls_pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest, Sha256, Sha384, Sha512};
use webpki::aws_lc_rs::{ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_SIG_ED25519,
};
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::anchor::rules;

/// What webpki may verify certificates by.
pub(super) const ACCEPTED: &[&dyn SignatureVerificationAlgorithm] =
    &[ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519];

/// RFC 5758 §2.
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
/// RFC 5758 §3.2.
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
/// RFC 8410 §3.
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Octets of r and of s for P-256.
const P256_SCALAR: usize = 32;

/// One of the three.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Algorithm {
    Es256,
    Es384,
    Ed25519,
}

impl Algorithm {
    /// The one that a key is for; P-256 is for SHA-256 and P-384 for SHA-384.
    pub(super) fn of_key(key: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let algorithm = &key.algorithm.algorithm;
        if *algorithm == OID_SIG_ED25519 {
            return Some(Self::Ed25519);
        }
        if *algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
            return None;
        }
        let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
        if curve == OID_EC_P256 {
            Some(Self::Es256)
        } else if curve == OID_NIST_EC_P384 {
            Some(Self::Es384)
        } else {
            None
        }
    }

    /// How CMS names it.
    pub(super) const fn signature_oid(self) -> ObjectIdentifier {
        match self {
            Self::Es256 => ECDSA_SHA_256,
            Self::Es384 => ECDSA_SHA_384,
            Self::Ed25519 => ID_ED25519,
        }
    }

    /// The digest of a CMS content; RFC 8419 §3.1 for Ed25519.
    pub(super) const fn digest_oid(self) -> ObjectIdentifier {
        match self {
            Self::Es256 => SHA_256,
            Self::Es384 => SHA_384,
            Self::Ed25519 => SHA_512,
        }
    }

    /// That digest.
    pub(super) fn digest(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256 => Sha256::digest(content).to_vec(),
            Self::Es384 => Sha384::digest(content).to_vec(),
            Self::Ed25519 => Sha512::digest(content).to_vec(),
        }
    }

    fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let verifier = match self {
            Self::Es256 => ECDSA_P256_SHA256,
            Self::Es384 => ECDSA_P384_SHA384,
            Self::Ed25519 => ED25519,
        };
        verifier.verify_signature(key, message, signature).is_ok()
    }
}

/// The algorithm that a certificate's key is for.
pub(super) fn of_certificate(certificate: &[u8]) -> Option<Algorithm> {
    let parsed = rules::read(certificate).ok()?;
    Algorithm::of_key(parsed.public_key())
}

/// Whether the key of a certificate made this signature (ECDSA's as in RFC 3279 §2.2.3).
pub(super) fn verify_by(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(parsed) = rules::read(certificate) else {
        return false;
    };
    let key = parsed.public_key();
    Algorithm::of_key(key)
        .is_some_and(|algorithm| algorithm.verify(&key.subject_public_key.data, message, signature))
}

/// An ECDSA signature as X.509 and CMS have it: r and s (RFC 3279 §2.2.3).
type EcdsaSignature<'a> = SequenceOf<UintRef<'a>, 2>;

/// JOSE's form of a P-256 signature (RFC 7518 §3.4), as X.509 has it.
pub(super) fn from_jose(signature: &[u8]) -> Option<Vec<u8>> {
    if signature.len() != 2 * P256_SCALAR {
        return None;
    }
    let mut der = EcdsaSignature::new();
    for scalar in signature.chunks(P256_SCALAR) {
        der.add(UintRef::new(scalar).ok()?).ok()?;
    }
    der.to_der().ok()
}

/// A P-256 signature as X.509 has it, in JOSE's form.
pub(super) fn to_jose(signature: &[u8]) -> Option<[u8; 2 * P256_SCALAR]> {
    let der = EcdsaSignature::from_der(signature).ok()?;
    let mut jose = [0; 2 * P256_SCALAR];
    for (place, scalar) in jose.chunks_mut(P256_SCALAR).zip(der.iter()) {
        let scalar = scalar.as_bytes();
        let start = P256_SCALAR.checked_sub(scalar.len())?;
        place.get_mut(start..)?.copy_from_slice(scalar);
    }
    (der.len() == 2).then_some(jose)
}
