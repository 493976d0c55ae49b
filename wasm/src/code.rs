//! From a pasted text or the codes of a picture to one code that is worth taking to the daemon.
//!
//! Everything that can be said of a code without a device is said here, so a wrong code gets its
//! answer even while the host is missing. The code itself goes on as text: no secret is kept apart.

use settle_protocol::code::{self, Form};
use settle_protocol::rpc::ErrorKind;

use crate::fault::{Fault, OwnFault};

/// A Settle code that reads without an error and has not expired. Its text is in no `Debug` output.
#[derive(Clone, Eq, PartialEq)]
pub struct Code(String);

impl Code {
    /// Reads a text that should be a code. `now` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The [`Fault`] that says why it is none.
    pub fn from_text(text: &str, now: u64) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(OwnFault::CodeEmpty.into());
        }
        let code = code::Code::parse(text).map_err(|error| ErrorKind::from(&error))?;
        if code.expires_at().is_some_and(|end| end <= now) {
            return Err(ErrorKind::CodeExpired.into());
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes the one Settle code among the codes of a picture; other codes beside it are ignored.
    ///
    /// # Errors
    /// The [`Fault`] that says why there is none.
    pub fn from_picture(codes: &[String], now: u64) -> Result<Self, Fault> {
        let mut ours: Vec<&String> = codes
            .iter()
            .filter(|code| Form::of(code) == Form::Material)
            .collect();
        ours.sort_unstable();
        ours.dedup();
        match (ours.as_slice(), codes) {
            ([code], _) => Self::from_text(code, now),
            ([], []) => Err(OwnFault::PictureWithoutCode.into()),
            ([], _) => Err(ErrorKind::CodeForeign.into()),
            _ => Err(OwnFault::SeveralCodes.into()),
        }
    }

    /// The text to hand to the daemon.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use settle_protocol::fingerprint::KeyFingerprint;
    use settle_protocol::material::{Kind, Lifetime, PREFIX, PairingMaterial};
    use settle_protocol::name::Label;
    use settle_protocol::secret::PairingSecret;
    use settle_protocol::spake2::Suite;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    /// When the codes of these tests expire.
    const END: u64 = 1_900_000_000;

    /// A code that a device named `printer` would show.
    pub(crate) fn code_text(secret: u8) -> String {
        let root = KeyFingerprint::of_spki(b"a root key");
        let label = Label::parse("printer").unwrap();
        PairingMaterial {
            secret: PairingSecret::new([secret; 16]),
            root,
            kind: Kind::Device,
            unique_name: label.unique(&root),
            label,
            port: 8443,
            addresses: vec!["192.0.2.7:8443".parse().unwrap()],
            suites: vec![Suite::P256],
            expires_at: Some(END),
            lifetime: Lifetime::OneTime,
        }
        .to_code()
    }

    #[test]
    #[wasm_bindgen_test]
    fn takes_a_code_in_any_case_and_with_space_around_it() {
        let text = format!("\n {} ", code_text(1).to_lowercase());
        assert!(Code::from_text(&text, END - 1).is_ok());
    }

    #[test]
    #[wasm_bindgen_test]
    fn says_what_is_wrong_with_a_text() {
        let code = code_text(1);
        let truncated = code.get(..code.len() - 9).unwrap();
        let endless = format!("{PREFIX}{}", "A".repeat(5000));
        for (text, want) in [
            ("  ", Fault::Own(OwnFault::CodeEmpty)),
            ("https://example.com/", ErrorKind::CodeForeign.into()),
            (&"x".repeat(5000), ErrorKind::CodeForeign.into()),
            ("\u{202e}ETTLES:", ErrorKind::CodeForeign.into()),
            (truncated, ErrorKind::CodeDamaged.into()),
            (&endless, ErrorKind::CodeDamaged.into()),
            // {0: 2}
            ("SETTLE:UEAAE", ErrorKind::CodeTooNew.into()),
        ] {
            assert_eq!(Code::from_text(text, 0).unwrap_err(), want, "{text}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_is_dead_from_its_last_second_on() {
        assert!(Code::from_text(&code_text(1), END - 1).is_ok());
        assert_eq!(
            Code::from_text(&code_text(1), END).unwrap_err(),
            ErrorKind::CodeExpired.into()
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn finds_the_one_settle_code_of_a_picture() {
        let other = "WIFI:S:guest;;".to_owned();
        let code = code_text(1);
        let read = |codes: &[&String]| {
            let codes: Vec<String> = codes.iter().copied().cloned().collect();
            Code::from_picture(&codes, 0).map(Code::into_text)
        };
        assert_eq!(read(&[&other, &code, &code]), Ok(code.clone()));
        assert_eq!(read(&[]), Err(OwnFault::PictureWithoutCode.into()));
        assert_eq!(read(&[&other]), Err(ErrorKind::CodeForeign.into()));
        assert_eq!(
            read(&[&code, &code_text(2)]),
            Err(OwnFault::SeveralCodes.into())
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_is_in_no_debug_text() {
        let code = Code::from_text(&code_text(1), 0).unwrap();
        assert_eq!(format!("{code:?}"), "Code(…)");
    }
}
