//! The SHA-256 fingerprint of one whole certificate: what a user copies from a device's own screen,
//! or from `openssl x509 -fingerprint -sha256`, to trust exactly that certificate.

use alloc::string::String;
use core::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Digits of a SHA-1 fingerprint, which tools still show first.
const SHA1_DIGITS: usize = 40;

/// Why a text is no fingerprint of a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FingerprintError {
    /// Something besides hexadecimal digits, colons and spaces.
    #[error("a fingerprint consists of hexadecimal digits, with colons or spaces between them")]
    NotHex,
    /// 40 digits.
    #[error("this is a SHA-1 fingerprint, which can be forged: the SHA-256 one is needed")]
    Sha1,
    /// Another number of digits than 64.
    #[error("a SHA-256 fingerprint has 64 hexadecimal digits, this has {0}")]
    Length(usize),
}

/// SHA-256 over the DER encoding of a whole `Certificate` (RFC 5280 §4.1), 32 bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Encode, Decode)]
#[cbor(transparent)]
pub struct CertificateFingerprint(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl CertificateFingerprint {
    /// Hashes the DER encoding of a certificate.
    #[must_use]
    pub fn of_der(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// Takes a digest that was computed elsewhere.
    #[must_use]
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// Reads 64 hexadecimal digits of either case; colons and white space anywhere are dropped.
    ///
    /// # Errors
    /// [`FingerprintError`].
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        let digits: String = text
            .chars()
            .filter(|c| *c != ':' && !c.is_ascii_whitespace())
            .collect();
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(FingerprintError::NotHex);
        }
        if digits.len() == SHA1_DIGITS {
            return Err(FingerprintError::Sha1);
        }
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(FingerprintError::Length(digits.len()))
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateFingerprint({self})")
    }
}

/// As `openssl` and browsers show it: upper case, a colon between octets.
impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, octet) in self.0.iter().enumerate() {
            let colon = if place == 0 { "" } else { ":" };
            write!(f, "{colon}{octet:02X}")?;
        }
        Ok(())
    }
}

impl Serialize for CertificateFingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for CertificateFingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn is_read_as_tools_and_people_write_it() {
        let fingerprint = CertificateFingerprint::of_der(b"a certificate");
        let (colons, plain) = (fingerprint.to_string(), fingerprint.to_hex());
        assert_eq!(colons.len(), 95);
        for text in [
            colons.clone(),
            plain.clone(),
            plain.to_ascii_uppercase(),
            colons.replace(':', " "),
            alloc::format!(" {colons}\n"),
        ] {
            assert_eq!(CertificateFingerprint::parse(&text), Ok(fingerprint));
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn another_hash_and_what_is_none_are_told_apart() {
        let parse = CertificateFingerprint::parse;
        assert_eq!(parse(&"a".repeat(40)), Err(FingerprintError::Sha1));
        for length in [0, 1, 63, 65, 128] {
            let text = "a".repeat(length);
            assert_eq!(parse(&text), Err(FingerprintError::Length(length)));
        }
        for text in ["g", "aa-bb", "SHA256:aa", "ä"] {
            assert_eq!(parse(text), Err(FingerprintError::NotHex), "{text}");
        }
    }
}
