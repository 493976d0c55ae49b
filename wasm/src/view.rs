//! What a page shows, as data: which screen, which texts in which places, which parts at all.
//!
//! Not a tree of elements: the HTML files hold the structure, so that focus, scroll position and
//! typed text survive every change. `extension/page.js` puts a view on the page.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use settle_protocol::fingerprint::KeyFingerprint;

pub use self::words::{Action, Field, List, Mark, Part, Screen, Slot};
use crate::drawing::Drawing;
use crate::phrase::Phrase;

/// A text: a message in the user's language, or something that has no language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// A message of the locales with its arguments.
    Message {
        /// Its key.
        key: String,
        /// For `$1`, `$2` and so on.
        arguments: Vec<String>,
    },
    /// A name, a number, a command.
    Literal(String),
    /// A time in seconds since the Unix epoch, to be told as the user's language does.
    Time(u64),
}

impl Text {
    /// A sentence without arguments.
    #[must_use]
    pub fn say(phrase: Phrase) -> Self {
        Self::of_key(phrase.word().to_owned())
    }

    /// A sentence with its arguments, for `$1`, `$2` and so on.
    #[must_use]
    pub fn say_of(phrase: Phrase, arguments: &[&dyn std::fmt::Display]) -> Self {
        Self::Message {
            key: phrase.word().to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
        }
    }

    /// The sentence of a key that is made from a word.
    #[must_use]
    pub const fn of_key(key: String) -> Self {
        Self::Message {
            key,
            arguments: Vec::new(),
        }
    }

    /// A literal text.
    #[must_use]
    pub fn literal(text: &impl ToString) -> Self {
        Self::Literal(text.to_string())
    }

    /// A fingerprint in groups of four digits, all of it.
    #[must_use]
    pub fn fingerprint(digest: &[u8; 32]) -> Self {
        Self::Literal(groups(digest).join(" "))
    }

    /// The beginning of a fingerprint, enough to tell one's own devices apart, never to decide on.
    #[must_use]
    pub fn fingerprint_start(digest: &[u8; 32]) -> Self {
        let start: Vec<String> = groups(digest).into_iter().take(4).collect();
        Self::Literal(format!("{} …", start.join(" ")))
    }
}

/// One row of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The row's texts.
    pub texts: BTreeMap<Slot, Text>,
    /// The parts that are there.
    pub parts: BTreeSet<Part>,
    /// What goes along when one of the row's buttons is pressed.
    pub value: String,
}

/// What a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct View {
    /// The visible screen.
    pub screen: Screen,
    /// The title of the tab.
    pub title: Option<Text>,
    /// Texts by place.
    pub texts: BTreeMap<Slot, Text>,
    /// The parts that are there.
    pub parts: BTreeSet<Part>,
    /// Attributes.
    pub marks: BTreeMap<Mark, &'static str>,
    /// What the fields hold.
    pub fields: BTreeMap<Field, String>,
    /// The rows of the lists.
    pub lists: BTreeMap<List, Vec<Row>>,
    /// The one picture there is at times.
    pub drawing: Option<Drawing>,
}

impl View {
    /// An empty view of a screen.
    #[must_use]
    pub fn new(screen: Screen) -> Self {
        Self {
            screen,
            ..Self::default()
        }
    }

    /// Puts a text in its place.
    #[must_use]
    pub fn text(mut self, slot: Slot, text: Text) -> Self {
        self.texts.insert(slot, text);
        self
    }

    /// Shows a key in every form that people compare (docs/pairing.md §5.8).
    #[must_use]
    pub fn key(self, key: KeyFingerprint) -> Self {
        self.face(key.as_bytes())
    }

    /// The same for 32 bytes of another thing, as of a certificate.
    #[must_use]
    pub fn face(self, digest: &[u8; 32]) -> Self {
        let key = KeyFingerprint::from_digest(*digest);
        self.text(Slot::Fingerprint, Text::fingerprint(digest))
            .text(Slot::FingerprintWords, Text::literal(&key.to_words()))
            .text(Slot::FingerprintPicture, Text::literal(&key.to_picture()))
    }

    /// The same for the key that a referee issues under.
    #[must_use]
    pub fn authority(self, key: Option<KeyFingerprint>) -> Self {
        let view = self.part(Part::HasAuthority, key.is_some());
        let Some(key) = key else {
            return view;
        };
        view.text(Slot::Authority, Text::fingerprint(key.as_bytes()))
            .text(Slot::AuthorityWords, Text::literal(&key.to_words()))
            .text(Slot::AuthorityPicture, Text::literal(&key.to_picture()))
    }

    /// Puts a headline in its place, which is the tab's title too.
    #[must_use]
    pub fn titled(mut self, slot: Slot, text: Text) -> Self {
        self.title = Some(text.clone());
        self.text(slot, text)
    }

    /// Fills a field.
    #[must_use]
    pub fn field(mut self, field: Field, text: String) -> Self {
        self.fields.insert(field, text);
        self
    }

    /// Puts a text in its place if there is one.
    #[must_use]
    pub fn maybe(self, slot: Slot, text: Option<Text>) -> Self {
        match text {
            Some(text) => self.text(slot, text),
            None => self,
        }
    }

    /// Shows a part if `there`.
    #[must_use]
    pub fn part(mut self, part: Part, there: bool) -> Self {
        if there {
            self.parts.insert(part);
        }
        self
    }

    /// Fills a list.
    #[must_use]
    pub fn list(mut self, list: List, rows: Vec<Row>) -> Self {
        self.lists.insert(list, rows);
        self
    }

    /// Draws.
    #[must_use]
    pub fn drawing(self, drawing: Option<Drawing>) -> Self {
        Self { drawing, ..self }
    }

    /// Sets an attribute.
    #[must_use]
    pub fn mark(mut self, mark: Mark, value: &'static str) -> Self {
        self.marks.insert(mark, value);
        self
    }
}

fn groups(digest: &[u8; 32]) -> Vec<String> {
    let pairs = digest.as_chunks::<2>().0;
    pairs
        .iter()
        .map(|[high, low]| format!("{high:02x}{low:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn a_fingerprint_is_shown_whole_in_groups_of_four() {
        let fingerprint = KeyFingerprint::of_spki(b"a root key");
        let Text::Literal(text) = Text::fingerprint(fingerprint.as_bytes()) else {
            panic!("a fingerprint has no language");
        };
        assert_eq!(text.split(' ').count(), 16);
        assert!(text.split(' ').all(|group| group.len() == 4));
        assert_eq!(text.replace(' ', ""), fingerprint.to_hex());
    }
}
