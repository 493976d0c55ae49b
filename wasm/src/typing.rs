//! What can be said of a code while it is typed: how far it is, and where it is wrong. A text that
//! was pasted whole is judged when it is used.

use settle_protocol::code::typed::{GROUP, GROUPS, TypedError};
use settle_protocol::code::words::{WORDS, WordsError};
use settle_protocol::code::{Code, CodeError, Form};

use crate::names::names;
use crate::phrase::Phrase;
use crate::view::Text;

names! {
    /// How a text stands as a code.
    Standing {
        /// Right as far as it goes.
        Partial = "partial",
        /// Wrong somewhere.
        Wrong = "wrong",
        /// Complete and right.
        Right = "right",
    }
}

/// A text that looks like a code to be typed, seen so far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hint {
    /// How it stands.
    pub standing: Standing,
    /// What to say of it.
    pub text: Text,
}

/// Looks at a text; of what is not typed by hand there is nothing to say.
#[must_use]
pub fn look(text: &str) -> Option<Hint> {
    if !matches!(Form::of(text), Form::Typed | Form::Words) {
        return None;
    }
    let (standing, text) = match Code::parse(text) {
        Ok(_) => (Standing::Right, Text::say(Phrase::TypedRight)),
        Err(CodeError::Typed(TypedError::Short { symbols })) => {
            let all = GROUP * GROUPS;
            partial(Phrase::TypedSymbols, symbols, all)
        }
        Err(CodeError::Words(WordsError::Short { words })) => {
            partial(Phrase::TypedWords, words, WORDS)
        }
        Err(CodeError::Typed(TypedError::Symbol { group, .. } | TypedError::Group { group })) => {
            wrong(Text::say_of(Phrase::TypedGroup, &[&group]))
        }
        Err(CodeError::Words(WordsError::Unknown { word } | WordsError::Word { word })) => {
            wrong(Text::say_of(Phrase::TypedWord, &[&word]))
        }
        Err(CodeError::Typed(TypedError::Long) | CodeError::Words(WordsError::Long)) => {
            wrong(Text::say(Phrase::TypedLong))
        }
        Err(
            CodeError::Typed(TypedError::Check)
            | CodeError::Words(WordsError::Check)
            | CodeError::Material(_),
        ) => wrong(Text::say(Phrase::TypedCheck)),
    };
    Some(Hint { standing, text })
}

fn partial(phrase: Phrase, have: usize, all: usize) -> (Standing, Text) {
    (Standing::Partial, Text::say_of(phrase, &[&have, &all]))
}

const fn wrong(text: Text) -> (Standing, Text) {
    (Standing::Wrong, text)
}

#[cfg(test)]
mod tests {
    use settle_protocol::code::{typed, words};
    use settle_protocol::secret::PairingSecret;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn said(text: &str) -> Option<(Standing, String)> {
        let hint = look(text)?;
        let text = serde_json::to_value(&hint.text).unwrap().to_string();
        Some((hint.standing, text))
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_is_followed_symbol_by_symbol_and_word_by_word() {
        let secret = PairingSecret::new([7; 16]);
        for whole in [typed::write(&secret), words::write(&secret)] {
            // The last word is known by its first letters.
            let last = whole.rfind(['-', ' ']).unwrap();
            for end in 1..last {
                let (standing, _) = said(whole.get(..end).unwrap()).unwrap();
                assert_ne!(standing, Standing::Right, "{end}");
            }
            assert_eq!(said(&whole).unwrap().0, Standing::Right);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_wrong_group_and_the_wrong_word_are_named() {
        let secret = PairingSecret::new([7; 16]);
        let mut symbols: Vec<char> = typed::write(&secret).chars().collect();
        let third = symbols.get_mut(11).unwrap();
        *third = if *third == '7' { '8' } else { '7' };
        let (standing, text) = said(&symbols.iter().collect::<String>()).unwrap();
        assert_eq!(standing, Standing::Wrong);
        assert!(
            text.contains("typed_group") && text.contains("\"3\""),
            "{text}"
        );

        let written = words::write(&secret);
        let mut chosen: Vec<&str> = written.split(' ').collect();
        *chosen.get_mut(5).unwrap() = "zoo";
        let (standing, text) = said(&chosen.join(" ")).unwrap();
        assert_eq!(standing, Standing::Wrong);
        assert!(
            text.contains("typed_word") && text.contains("\"6\""),
            "{text}"
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn of_what_is_pasted_there_is_nothing_to_say() {
        for text in ["", "SETTLE:AAAA", "https://example.com/", "WIFI:S:guest;;"] {
            assert_eq!(look(text), None, "{text}");
        }
    }
}
