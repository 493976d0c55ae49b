//! Pairing material: what a device shows and the user carries across, as QR text (docs/pairing.md §2.1).
//!
//! `SETTLE:` ‖ base32(RFC 4648 §6, unpadded, upper case) ‖ of one CBOR map. It never travels over
//! the network. What a device does with its codes (expiry, attempts) is not here.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use data_encoding::BASE32_NOPAD;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::fingerprint::KeyFingerprint;
use crate::name::{Label, LocalName, NameError};
use crate::secret::PairingSecret;
use crate::spake2::Suite;

/// What every code starts with; read case-insensitively.
pub const PREFIX: &str = "SETTLE:";
/// The version of the CBOR map that this code reads and writes.
pub const VERSION: u8 = 1;
/// The longest code taken, in characters; a QR code of 40-L in alphanumeric mode holds 4,296.
pub const MAX_CODE: usize = 1024;
/// How many address hints a code may carry.
pub const MAX_ADDRESSES: usize = 4;

/// What is paired with.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One device, trusted for its own names.
    #[n(0)]
    Device,
    /// A local trust broker (Track B), trusted for the local namespaces.
    #[n(1)]
    Referee,
}

/// How long a code lives (docs/pairing.md §2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Lifetime {
    /// Shown on a screen; dies on success or expiry.
    #[n(0)]
    OneTime,
    /// Printed on the device; admits only while the device has no administrator or a window is open.
    #[n(1)]
    Printed,
}

/// Everything that a device's code says.
#[derive(Debug)]
pub struct PairingMaterial {
    /// The secret that both sides prove to know.
    pub secret: PairingSecret,
    /// The fingerprint of the device's root key: a second barrier beside the secret.
    pub root: KeyFingerprint,
    /// What is paired with.
    pub kind: Kind,
    /// The label that the device goes by, `printer` for `printer.local`.
    pub label: Label,
    /// The name that is the device's alone.
    pub unique_name: LocalName,
    /// The TCP port of its TLS listener.
    pub port: u16,
    /// Where it was reachable when the code was made: hints, tried first, never trusted.
    pub addresses: Vec<SocketAddr>,
    /// The SPAKE2 suites it speaks, the preferred one first; unknown and repeated ones are left out.
    pub suites: Vec<Suite>,
    /// Seconds since the Unix epoch after which the code is dead.
    pub expires_at: Option<u64>,
    /// How long the code lives.
    pub lifetime: Lifetime,
}

/// Why a text is no usable code. Every variant is something the user can act on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MaterialError {
    /// It does not start with `SETTLE:`: some other QR code.
    #[error("this is not a Settle code: a Settle code starts with SETTLE:")]
    Foreign,
    /// Longer than any code is.
    #[error("the code is too long: a Settle code has at most {MAX_CODE} characters")]
    TooLong,
    /// Characters are missing, added or changed.
    #[error("the code is damaged or incomplete: copy or scan the whole of it again")]
    Damaged,
    /// Made by a newer Settle.
    #[error("the code has version {0}, and this Settle reads version {VERSION}: update Settle")]
    UnsupportedVersion(u8),
    /// No suite in common.
    #[error("the device offers no pairing method that this Settle knows: update Settle")]
    NoCommonSuite,
    /// A name in it breaks the rules for names.
    #[error("the code holds an unusable name: {0}")]
    BadName(#[from] NameError),
}

/// The CBOR map (docs/pairing.md §2.1): keys are numbers and unknown keys are skipped.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Wire {
    #[n(0)]
    version: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    secret: [u8; 16],
    #[n(2)]
    root: KeyFingerprint,
    #[n(3)]
    kind: Kind,
    #[n(4)]
    label: String,
    #[n(5)]
    unique_name: String,
    #[n(6)]
    port: u16,
    #[n(7)]
    addresses: Vec<SocketAddr>,
    #[n(8)]
    suites: Vec<u8>,
    #[n(9)]
    expires_at: Option<u64>,
    #[n(10)]
    lifetime: Lifetime,
}

/// Only the version: read first, so that a newer map gives a clear answer.
#[derive(Decode)]
#[cbor(map)]
struct WireVersion {
    #[n(0)]
    version: u8,
}

impl PairingMaterial {
    /// Writes the code's text.
    #[must_use]
    pub fn to_code(&self) -> String {
        let wire = Wire {
            version: VERSION,
            secret: *self.secret.expose(),
            root: self.root,
            kind: self.kind,
            label: self.label.as_str().into(),
            unique_name: self.unique_name.as_str().into(),
            port: self.port,
            addresses: self.addresses.iter().take(MAX_ADDRESSES).copied().collect(),
            suites: self.suites.iter().map(|suite| suite.number()).collect(),
            expires_at: self.expires_at,
            lifetime: self.lifetime,
        };
        let mut code = String::from(PREFIX);
        code.push_str(&BASE32_NOPAD.encode(&crate::wire::encode(&wire)));
        code
    }

    /// Reads a code's text; spaces, line breaks and case do not matter.
    ///
    /// # Errors
    /// [`MaterialError`]; nothing is read from a code that has an error anywhere.
    pub fn parse(text: &str) -> Result<Self, MaterialError> {
        let text = compact(text)?;
        let body = text.strip_prefix(PREFIX).ok_or(MaterialError::Foreign)?;
        let cbor = BASE32_NOPAD
            .decode(body.as_bytes())
            .map_err(|_| MaterialError::Damaged)?;
        let WireVersion { version } =
            minicbor::decode(&cbor).map_err(|_| MaterialError::Damaged)?;
        if version != VERSION {
            return Err(MaterialError::UnsupportedVersion(version));
        }
        Self::from_wire(crate::wire::decode(&cbor).map_err(|_| MaterialError::Damaged)?)
    }

    fn from_wire(wire: Wire) -> Result<Self, MaterialError> {
        if wire.addresses.len() > MAX_ADDRESSES || wire.port == 0 {
            return Err(MaterialError::Damaged);
        }
        let mut suites = Vec::new();
        for suite in wire.suites.into_iter().filter_map(Suite::from_number) {
            // The client makes a share for each, so a suite that is named often must not cost often.
            if !suites.contains(&suite) {
                suites.push(suite);
            }
        }
        if suites.is_empty() {
            return Err(MaterialError::NoCommonSuite);
        }
        Ok(Self {
            secret: PairingSecret::new(wire.secret),
            root: wire.root,
            kind: wire.kind,
            label: Label::parse(&wire.label)?,
            unique_name: LocalName::parse(&wire.unique_name)?,
            port: wire.port,
            addresses: wire.addresses,
            suites,
            expires_at: wire.expires_at,
            lifetime: wire.lifetime,
        })
    }
}

/// Drops white space and folds case, with the length bounded before anything is stored.
fn compact(text: &str) -> Result<String, MaterialError> {
    let mut compact = String::new();
    for symbol in text.chars().filter(|symbol| !symbol.is_whitespace()) {
        if compact.len() >= MAX_CODE {
            return Err(MaterialError::TooLong);
        }
        compact.push(symbol.to_ascii_uppercase());
    }
    Ok(compact)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn material() -> PairingMaterial {
        let root = KeyFingerprint::of_spki(b"a root key");
        let label = Label::parse("printer").unwrap();
        PairingMaterial {
            secret: PairingSecret::new([7; 16]),
            root,
            kind: Kind::Device,
            unique_name: label.unique(&root),
            label,
            port: 8443,
            addresses: vec![
                "192.0.2.7:8443".parse().unwrap(),
                "[fe80::1]:8443".parse().unwrap(),
            ],
            suites: vec![Suite::P256],
            expires_at: Some(1_900_000_000),
            lifetime: Lifetime::OneTime,
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_reads_back_as_it_was_written() {
        let code = material().to_code();
        let read = PairingMaterial::parse(&code).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", material()));
        assert_eq!(read.secret.expose(), material().secret.expose());
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_uses_the_alphanumeric_mode_of_qr() {
        let code = material().to_code();
        assert!(
            code.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b':')
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn case_and_white_space_do_not_matter() {
        let code = material().to_code().to_lowercase();
        let (front, back) = code.split_at(40);
        assert!(PairingMaterial::parse(&format!("  {front}\r\n {back}\n")).is_ok());
    }

    #[test]
    #[wasm_bindgen_test]
    fn every_truncation_is_refused() {
        let code = material().to_code();
        for end in PREFIX.len()..code.len() {
            assert_eq!(
                PairingMaterial::parse(code.get(..end).unwrap()).unwrap_err(),
                MaterialError::Damaged,
                "{end}"
            );
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn foreign_long_and_newer_codes_each_get_their_own_error() {
        assert_eq!(
            PairingMaterial::parse("https://example.com/").unwrap_err(),
            MaterialError::Foreign
        );
        let long = format!("{PREFIX}{}", "A".repeat(MAX_CODE));
        assert_eq!(
            PairingMaterial::parse(&long).unwrap_err(),
            MaterialError::TooLong
        );
        // {0: 2}
        let newer = format!("{PREFIX}{}", BASE32_NOPAD.encode(&[0xa1, 0x00, 0x02]));
        assert_eq!(
            PairingMaterial::parse(&newer).unwrap_err(),
            MaterialError::UnsupportedVersion(2)
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn unknown_fields_are_ignored() {
        let code = material().to_code();
        let mut cbor = BASE32_NOPAD
            .decode(code.strip_prefix(PREFIX).unwrap().as_bytes())
            .unwrap();
        assert_eq!(cbor[0], 0xab, "a map of eleven");
        cbor[0] = 0xac;
        cbor.extend([0x18, 0x63, 0x63, b'n', b'e', b'w']);
        let code = format!("{PREFIX}{}", BASE32_NOPAD.encode(&cbor));
        assert!(PairingMaterial::parse(&code).is_ok());
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_suite_counts_once_however_often_it_is_named() {
        let mut suites = Suite::SUPPORTED.repeat(100);
        suites.reverse();
        let code = PairingMaterial {
            suites,
            ..material()
        };
        let read = PairingMaterial::parse(&code.to_code()).unwrap();
        let mut once = Suite::SUPPORTED.to_vec();
        once.reverse();
        assert_eq!(read.suites, once);
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_secret_is_in_no_debug_text() {
        assert!(!format!("{:?}", material()).contains("7, 7"));
    }
}
