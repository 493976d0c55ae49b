//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037): read, told apart by their thumbprint (RFC 7638), and
//! verifying. What is no member of its kind of key is not kept.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A modulus of 2048 bits and one of 8192, in octets.
const RSA_OCTETS: std::ops::RangeInclusive<usize> = 256..=1024;

/// What a signature is made with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a key of its kind.
    #[error("the key cannot be used")]
    Unusable,
    /// The algorithm is that of another kind of key.
    #[error("the algorithm is not one of this key")]
    OtherAlgorithm,
}

/// A public key. Two are the same when their members are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kty")]
pub enum Jwk {
    /// RFC 7518 §6.2.1.
    #[serde(rename = "EC")]
    Ec {
        /// `P-256` or `P-384`.
        crv: String,
        /// Of the point, in base64url.
        x: String,
        /// Likewise.
        y: String,
    },
    /// RFC 8037 §2.
    #[serde(rename = "OKP")]
    Okp {
        /// `Ed25519`.
        crv: String,
        /// The key, in base64url.
        x: String,
    },
    /// RFC 7518 §6.3.1.
    #[serde(rename = "RSA")]
    Rsa {
        /// The modulus, in base64url.
        n: String,
        /// The exponent, likewise.
        e: String,
    },
}

impl Algorithm {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" => Self::EdDsa,
            "RS256" => Self::Rs256,
            _ => return None,
        })
    }
}

impl Jwk {
    /// Its thumbprint by RFC 7638, with SHA-256, in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // RFC 7638 §3.2: the members that are required, sorted, without white space. All are base64url or a
        // name once the key has verified anything, so none needs an escape.
        let text = match self {
            Self::Ec { crv, x, y } => {
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Okp { crv, x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        };
        BASE64URL_NOPAD.encode(&Sha256::digest(text))
    }

    /// Whether it is the key of a certificate.
    #[must_use]
    pub fn is_key_of(&self, key: &SubjectPublicKeyInfo<'_>) -> bool {
        let bits = &key.subject_public_key.data;
        match (self, key.parsed()) {
            (Self::Ec { x, y, .. }, Ok(PublicKey::EC(_))) => {
                let length = bits.len() / 2;
                point(x, y, length).is_ok_and(|point| point == **bits)
            }
            (Self::Okp { x, .. }, _) if key.algorithm.algorithm == OID_SIG_ED25519 => {
                octets(x, 32).is_ok_and(|octets| octets == **bits)
            }
            (Self::Rsa { n, e }, Ok(PublicKey::RSA(rsa))) => {
                let is = |text: &str, octets: &[u8]| {
                    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
                    let significant = octets.get(zeros..);
                    number(text).is_ok_and(|number| Some(number.as_slice()) == significant)
                };
                is(n, rsa.modulus) && is(e, rsa.exponent)
            }
            (Self::Ec { .. } | Self::Okp { .. } | Self::Rsa { .. }, _) => false,
        }
    }

    /// Whether the key has signed a message; an error where it cannot have.
    pub(super) fn verifies(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, KeyError> {
        let by = |verifying: &'static dyn VerificationAlgorithm, key: Vec<u8>| {
            Ok(UnparsedPublicKey::new(verifying, key)
                .verify(message, signature)
                .is_ok())
        };
        match (self, algorithm) {
            (Self::Ec { crv, x, y }, Algorithm::Es256) if crv == "P-256" => {
                by(&ECDSA_P256_SHA256_FIXED, point(x, y, 32)?)
            }
            (Self::Ec { crv, x, y }, Algorithm::Es384) if crv == "P-384" => {
                by(&ECDSA_P384_SHA384_FIXED, point(x, y, 48)?)
            }
            (Self::Okp { crv, x }, Algorithm::EdDsa) if crv == "Ed25519" => {
                by(&ED25519, octets(x, 32)?)
            }
            (Self::Rsa { n, e }, Algorithm::Rs256) => {
                let (n, e) = (number(n)?, number(e)?);
                if !RSA_OCTETS.contains(&n.len()) {
                    return Err(KeyError::Unusable);
                }
                let key = RsaPublicKeyComponents { n, e };
                let verified = key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature);
                Ok(verified.is_ok())
            }
            (Self::Ec { .. } | Self::Okp { .. } | Self::Rsa { .. }, _) => {
                Err(KeyError::OtherAlgorithm)
            }
        }
    }
}

/// SEC 1 §2.3.3, uncompressed.
fn point(x: &str, y: &str, length: usize) -> Result<Vec<u8>, KeyError> {
    Ok([vec![4], octets(x, length)?, octets(y, length)?].concat())
}

fn octets(text: &str, length: usize) -> Result<Vec<u8>, KeyError> {
    let octets = BASE64URL_NOPAD.decode(text.as_bytes());
    let octets = octets.ok().filter(|octets| octets.len() == length);
    octets.ok_or(KeyError::Unusable)
}

/// RFC 7518 §2: without leading zeros, so that one key has one thumbprint.
fn number(text: &str) -> Result<Vec<u8>, KeyError> {
    let octets = BASE64URL_NOPAD.decode(text.as_bytes());
    let octets = octets
        .ok()
        .filter(|octets| octets.first().is_some_and(|first| *first != 0));
    octets.ok_or(KeyError::Unusable)
}
