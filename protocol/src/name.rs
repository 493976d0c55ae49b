//! Names of the local namespaces: what may stand before and after the dot.
//!
//! Names never identify a device; keys do. A name only says where to look and what to show.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

use crate::fingerprint::KeyFingerprint;

/// The namespaces reserved for local or non-DNS use (REQ-NAME-02): RFC 6762, RFC 8375, RFC 9476.
///
/// The one definition: proxy rules, redirects, scopes and name constraints all start from it.
pub const LOCAL_NAMESPACES: [&str; 3] = ["local", "home.arpa", "alt"];

/// RFC 1035 §2.3.4: octets in one label.
const MAX_LABEL: usize = 63;
/// RFC 1035 §2.3.4: octets in a whole name, as text without the final dot.
const MAX_NAME: usize = 253;
/// Octets of the key's hash in a unique name: 80 bits, above the 50 that docs/pairing.md §6 asks.
const UNIQUE_HASH_OCTETS: usize = 10;

/// Why a text is no usable local name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("the name is empty")]
    Empty,
    /// Over 63 octets in one label, or over 253 in all.
    #[error("the name is too long: a label has at most 63 characters, a name 253")]
    TooLong,
    /// A character outside a–z, 0–9 and the hyphen, or a hyphen at an end (RFC 952, RFC 1123 §2.1).
    #[error("the label {0:?} may hold only letters, digits and inner hyphens")]
    BadLabel(String),
    /// Hyphens in the third and fourth place (RFC 5890 §2.3.1), as in `xn--…`: browsers may show
    /// such a label in other letters, which can look like another device's.
    #[error("the label {0:?} may not have hyphens in its third and fourth place")]
    Reserved(String),
    /// The name ends in none of the local namespaces.
    #[error("{0:?} is not a local name: local names end in .local, .home.arpa or .alt")]
    NotLocal(String),
}

/// One DNS label by the LDH rule, in lower case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// Reads a label; upper case is folded.
    ///
    /// # Errors
    /// [`NameError`] when the text is no LDH label.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_label(text)?;
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The label's text, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the two are easily taken for one another: `printer1` and `printerl`, `rn` and `m`,
    /// after the skeletons of Unicode TS #39 §4, as far as they concern the LDH letters.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        self.skeleton() == other.skeleton()
    }

    /// What labels that are easily taken for one another have in common.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let folded = self.0.replace('0', "o").replace('1', "l");
        folded.replace('m', "rn").replace('w', "vv")
    }

    /// The name `<label>.local` (RFC 6762 §3).
    #[must_use]
    pub fn dot_local(&self) -> LocalName {
        LocalName(format!("{}.local", self.0))
    }

    /// The unique name of a device (REQ-NAME-01): `<label>-<16 base32 characters>.local`, with
    /// 80 bits of the root key's fingerprint. A long label is cut so that the whole fits.
    #[must_use]
    pub fn unique(&self, root: &KeyFingerprint) -> LocalName {
        let hash: &[u8] = root
            .as_bytes()
            .get(..UNIQUE_HASH_OCTETS)
            .unwrap_or_default();
        // RFC 4648 §6 in lower case: all of it may stand in a DNS label.
        let hash = BASE32_NOPAD.encode(hash).to_ascii_lowercase();
        let room = MAX_LABEL - 1 - hash.len();
        let stem = self.0.get(..room).unwrap_or(&self.0).trim_end_matches('-');
        LocalName(format!("{stem}-{hash}.local"))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Label {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

/// A host name inside one of the local namespaces, in lower case and without a final dot.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalName(String);

impl LocalName {
    /// Reads a host name; upper case is folded and one final dot is dropped.
    ///
    /// # Errors
    /// [`NameError`] when a label breaks the LDH rule, or the name is outside the namespaces.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        text.split('.').try_for_each(check_label)?;
        let name = text.to_ascii_lowercase();
        if !is_local(&name) {
            return Err(NameError::NotLocal(name));
        }
        Ok(Self(name))
    }

    /// The name's text, in lower case, without a final dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LocalName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<LocalName> for String {
    fn from(name: LocalName) -> Self {
        name.0
    }
}

fn is_local(name: &str) -> bool {
    LOCAL_NAMESPACES.iter().any(|namespace| {
        name.strip_suffix(namespace)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|rest| !rest.is_empty())
    })
}

fn check_label(label: &str) -> Result<(), NameError> {
    if label.is_empty() {
        return Err(NameError::Empty);
    }
    if label.len() > MAX_LABEL {
        return Err(NameError::TooLong);
    }
    let ldh = label
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !ldh || label.starts_with('-') || label.ends_with('-') {
        return Err(NameError::BadLabel(label.to_owned()));
    }
    if label.get(2..4) == Some("--") {
        return Err(NameError::Reserved(label.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn takes_names_of_every_local_namespace_in_any_case() {
        for (given, want) in [
            ("printer.local", "printer.local"),
            ("Printer.LOCAL.", "printer.local"),
            ("a.b.home.arpa", "a.b.home.arpa"),
            ("x1-y.alt", "x1-y.alt"),
        ] {
            assert_eq!(LocalName::parse(given).unwrap().as_str(), want);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn refuses_names_outside_the_namespaces() {
        for given in [
            "example.com",
            "local",
            "arpa",
            "home.arpa",
            "alt",
            "printer.locale",
            "xlocal",
        ] {
            assert!(
                matches!(LocalName::parse(given), Err(NameError::NotLocal(_))),
                "{given}"
            );
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn refuses_what_is_no_ldh_label() {
        for given in [
            "-a.local",
            "a-.local",
            "a_b.local",
            "a..local",
            "\u{202e}a.local",
            "a b.local",
            "*.local",
            "pr\u{456}nter.local",
            "xn--prnter-3of.local",
            "ab--c.local",
            "printer\n.local",
            "",
        ] {
            assert!(LocalName::parse(given).is_err(), "{given:?}");
        }
        let long = format!("{}.local", "a".repeat(64));
        assert_eq!(LocalName::parse(&long), Err(NameError::TooLong));
    }

    #[test]
    #[wasm_bindgen_test]
    fn labels_that_look_alike_are_told() {
        let label = |text| Label::parse(text).unwrap();
        for (one, other) in [
            ("printer1", "printerl"),
            ("room", "roorn"),
            ("n0vel", "novel"),
            ("wine", "vvine"),
        ] {
            assert!(label(one).looks_like(&label(other)), "{one} {other}");
        }
        for (one, other) in [("printer", "printer-2"), ("nas", "nase"), ("pi", "pl")] {
            assert!(!label(one).looks_like(&label(other)), "{one} {other}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_unique_name_fits_one_label_and_carries_80_bits() {
        let root = KeyFingerprint::from_digest([0xff; 32]);
        let long = Label::parse(&"a".repeat(63)).unwrap();
        let name = long.unique(&root);
        let label = name.as_str().strip_suffix(".local").unwrap();
        assert_eq!(label.len(), 63);
        assert!(label.ends_with("-7777777777777777"));
        assert_eq!(LocalName::parse(name.as_str()).unwrap(), name);
        assert_eq!(
            Label::parse("printer").unwrap().unique(&root).as_str(),
            "printer-7777777777777777.local"
        );
    }
}
