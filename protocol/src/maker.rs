//! What is said of makers (manufacturers): the names that users give them, serial numbers, and the
//! pattern that limits which of them a maker is believed about.
//!
//! Texts only. What a maker's statement is, and when it holds, is `settle_transport::evidence`'s.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The longest of these texts, in characters.
const MAX_CHARS: usize = 64;
/// Stands for any run of characters in a pattern; no serial number has it in it.
const ANY: char = '*';

/// Why a text is none of these.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MakerTextError {
    /// Nothing, or over 64 characters.
    #[error("it has no character, or more than {MAX_CHARS}")]
    Length,
    /// Something that could be shown as something else.
    #[error("the character {0:?} cannot be in it")]
    Character(char),
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident: $allowed:path;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// [`MakerTextError`].
            pub fn parse(text: &str) -> Result<Self, MakerTextError> {
                check(text, $allowed).map(|()| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MakerTextError;

            fn try_from(text: String) -> Result<Self, MakerTextError> {
                check(&text, $allowed).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

texts! {
    /// The user's name for a maker: letters and digits of any script, spaces and a few marks.
    MakerName: in_name;
    /// A device's serial number, as its certificate has it (X.520 §6.2.9): a `PrintableString`.
    SerialNumber: in_serial_number;
    /// The serial numbers that a maker is believed about: `*` stands for any run of characters.
    SerialPattern: in_pattern;
}

impl SerialPattern {
    /// The pattern of every serial number.
    #[must_use]
    pub fn all() -> Self {
        Self(ANY.into())
    }

    /// Whether a serial number is one of these. Takes time that is linear in the product of the two
    /// lengths at most, whatever the pattern.
    #[must_use]
    pub fn matches(&self, serial_number: &SerialNumber) -> bool {
        let mut pieces = self.0.split(ANY);
        // There is one at least, and without a `*` no other.
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = serial_number.0.strip_prefix(first) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        // The earliest place leaves the most for what follows.
        for piece in pieces {
            match rest.split_once(piece) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

fn check(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), MakerTextError> {
    if text.is_empty() || text.chars().count() > MAX_CHARS {
        return Err(MakerTextError::Length);
    }
    match text.chars().find(|character| !allowed(*character)) {
        Some(character) => Err(MakerTextError::Character(character)),
        None => Ok(()),
    }
}

fn in_name(character: char) -> bool {
    character.is_alphanumeric() || " .,&-+()'".contains(character)
}

/// X.680 §41.4.
fn in_serial_number(character: char) -> bool {
    character.is_ascii_alphanumeric() || " '()+,-./:=?".contains(character)
}

fn in_pattern(character: char) -> bool {
    character == ANY || in_serial_number(character)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn matches(pattern: &str, serial_number: &str) -> bool {
        let serial_number = SerialNumber::parse(serial_number).unwrap();
        SerialPattern::parse(pattern)
            .unwrap()
            .matches(&serial_number)
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, serial_number) in [
            ("*", "A1"),
            ("A*", "A1"),
            ("A*", "A"),
            ("*1", "A1"),
            ("A*1", "A1"),
            ("A*B*C", "AxBBxC"),
            ("A**C", "AC"),
            ("*ab*ab", "abab"),
            ("A1", "A1"),
        ] {
            assert!(matches(pattern, serial_number), "{pattern} {serial_number}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn everything_else_stands_for_itself() {
        for (pattern, serial_number) in [
            ("A", "A1"),
            ("A*", "B1"),
            ("A*", "a1"),
            ("*1", "A12"),
            ("AB*BC", "ABC"),
            ("*ab*ab", "ab"),
            ("A?", "A1"),
            ("A*B*C", "AxCxB"),
        ] {
            assert!(
                !matches(pattern, serial_number),
                "{pattern} {serial_number}"
            );
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = "*a".repeat(MAX_CHARS / 2);
        assert!(!matches(&pattern, &"a".repeat(31)));
        assert!(matches(&pattern, &"a".repeat(MAX_CHARS)));
    }

    #[test]
    #[wasm_bindgen_test]
    fn nothing_that_could_be_shown_as_something_else_is_read() {
        for text in ["", "a\u{202e}b", "a\nb", "a\u{200b}", "<b>", "a\u{0}"] {
            assert!(MakerName::parse(text).is_err(), "{text:?}");
            assert!(SerialNumber::parse(text).is_err(), "{text:?}");
        }
        assert!(SerialNumber::parse("A*").is_err());
        assert!(SerialNumber::parse("Ä1").is_err());
        assert!(MakerName::parse("Müller & Söhne (Köln)").is_ok());
        assert!(MakerName::parse(&"a".repeat(MAX_CHARS + 1)).is_err());
    }
}
