//! A code in any of its forms (docs/pairing.md §2): the whole material as text, as a QR code has
//! it, or the secret alone, as symbols to be typed or as words.
//!
//! A typed code says nothing of the device but how to recognize it: see [`crate::discovery`].

pub mod typed;
pub mod words;

use alloc::string::String;

use self::typed::TypedError;
use self::words::WordsError;
use crate::fingerprint::KeyFingerprint;
use crate::material::{MaterialError, PREFIX, PairingMaterial};
use crate::secret::PairingSecret;
use crate::spake2::Suite;

/// The longest text that is looked at for symbols and words, in bytes.
const MAX_TEXT: usize = 2048;

/// What a code says.
#[derive(Debug)]
pub enum Code {
    /// Everything.
    Material(PairingMaterial),
    /// The secret alone.
    Secret(PairingSecret),
}

/// Why a text is no usable code.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CodeError {
    /// A text of a device's QR code that is not right.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// A typed code that is not right.
    #[error(transparent)]
    Typed(#[from] TypedError),
    /// Words that are not right.
    #[error(transparent)]
    Words(#[from] WordsError),
}

/// What a text looks like, whether it is right or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// It begins with `SETTLE:`.
    Material,
    /// Letters and digits in groups.
    Typed,
    /// Words of the list.
    Words,
    /// None of them.
    Foreign,
}

impl Form {
    /// Tells the form by what it begins with, so that it can be told while the text is typed.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        let is_material = text
            .get(..PREFIX.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        if is_material {
            Self::Material
        } else if text.len() > MAX_TEXT {
            Self::Foreign
        } else if words::look_alike(text) {
            Self::Words
        } else if typed::look_alike(text) {
            Self::Typed
        } else {
            Self::Foreign
        }
    }
}

impl Code {
    /// Reads a code in any form; case and white space do not matter.
    ///
    /// # Errors
    /// [`CodeError`]; nothing is read from a code that has an error anywhere.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        match Form::of(text) {
            Form::Foreign => Err(MaterialError::Foreign.into()),
            Form::Material => Ok(Self::Material(PairingMaterial::parse(text)?)),
            Form::Typed => Ok(Self::Secret(typed::parse(text)?)),
            Form::Words => Ok(Self::Secret(words::parse(text)?)),
        }
    }

    /// The secret that both sides prove to know.
    #[must_use]
    pub const fn secret(&self) -> &PairingSecret {
        match self {
            Self::Material(material) => &material.secret,
            Self::Secret(secret) => secret,
        }
    }

    /// The whole material, where the code has it.
    #[must_use]
    pub const fn material(&self) -> Option<&PairingMaterial> {
        match self {
            Self::Material(material) => Some(material),
            Self::Secret(_) => None,
        }
    }

    /// The fingerprint of the root key, where the code names it.
    #[must_use]
    pub fn root(&self) -> Option<KeyFingerprint> {
        self.material().map(|material| material.root)
    }

    /// The suites to offer to the device.
    #[must_use]
    pub fn suites(&self) -> &[Suite] {
        self.material()
            .map_or(&Suite::SUPPORTED, |material| &material.suites)
    }

    /// Seconds since the Unix epoch after which the code is dead, where it says so.
    #[must_use]
    pub fn expires_at(&self) -> Option<u64> {
        self.material()?.expires_at
    }
}

/// The secret in groups of symbols and in words, for a person to read off.
#[must_use]
pub fn forms_to_read(secret: &PairingSecret) -> (String, String) {
    (typed::write(secret), words::write(secret))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn every_form_of_a_secret_is_told_and_read() {
        for byte in 0..=255 {
            let secret = PairingSecret::new([byte; 16]);
            let (typed, words) = forms_to_read(&secret);
            for (text, form) in [(typed, Form::Typed), (words, Form::Words)] {
                assert_eq!(Form::of(&text), form, "{text}");
                let code = Code::parse(&format!(" {text}\n")).unwrap();
                assert!(code.secret().matches(secret.expose()), "{text}");
                assert!(code.root().is_none());
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_is_no_code_is_foreign() {
        for text in [
            "",
            "https://example.com/",
            "WIFI:S:guest;T:nopass;;",
            "\u{202e}ETTLES:",
            "0123 4567 89AB CDEF GHJK MNPQ RSTV WXYZ 0123 4567 89AB CDEF",
            "tel:+491234567",
        ] {
            assert_eq!(Form::of(text), Form::Foreign, "{text}");
            assert_eq!(
                Code::parse(text).unwrap_err(),
                CodeError::Material(MaterialError::Foreign)
            );
        }
    }
}
