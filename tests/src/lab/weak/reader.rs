//! A reader of codes as one writes it in an afternoon: it takes as much memory as a code says to need, prints
//! what is in it as it comes, goes by what a name looks like, and pairs at once with whoever the code leads to.

use std::collections::BTreeMap;

use data_encoding::BASE32_NOPAD;
use serde_json::Value;
use settle_protocol::material::PREFIX;

use crate::second;

/// Its memory after all codes until now.
#[derive(Debug, Default)]
pub struct Reader {
    printed: String,
    trusted: BTreeMap<String, String>,
}

impl Reader {
    /// Prints whose a code is.
    ///
    /// # Panics
    /// At what is not as it should be: nobody has thought of that.
    pub fn show(&mut self, code: &str) -> String {
        let label = label_in(code);
        self.printed += &format!("Found {label}\n");
        label
    }

    /// The same, and pairs by it as the second implementation does, which asks nobody.
    ///
    /// # Panics
    /// Likewise.
    pub fn read(&mut self, code: &str) {
        let label = self.show(code);
        let told = second::host(&["--code", code], "");
        let unique_name = told.first().and_then(|paired| paired.get("unique_name"));
        if let Some(Value::String(unique_name)) = unique_name {
            self.trusted.insert(look_of(&label), unique_name.clone());
        }
    }

    /// What it has printed.
    #[must_use]
    pub fn printed(&self) -> &str {
        &self.printed
    }

    /// Whose page its user opens by what a name looks like: the unique name of a device.
    #[must_use]
    pub fn trusted(&self, name: &str) -> Option<&str> {
        self.trusted.get(&look_of(name)).map(String::as_str)
    }
}

/// The label in a code (docs/pairing.md §2.1).
///
/// # Panics
/// When there is none.
#[must_use]
pub fn label_in(code: &str) -> String {
    let body = code.strip_prefix(PREFIX).expect("a code");
    let cbor = BASE32_NOPAD.decode(body.as_bytes()).expect("base32");
    let Item::Map(pairs) = item(&mut cbor.as_slice()) else {
        panic!("a code is a map");
    };
    let label = pairs.into_iter().find_map(|pair| match pair {
        (Item::Number(4), Item::Octets(label)) => Some(label),
        (_, _) => None,
    });
    String::from_utf8_lossy(&label.expect("a label")).into_owned()
}

/// What people take for the same, Cyrillic letters for Latin ones.
fn look_of(name: &str) -> String {
    let look = |symbol| match symbol {
        '\u{430}' => 'a',
        '\u{435}' => 'e',
        '\u{456}' => 'i',
        '\u{43e}' | '0' => 'o',
        '\u{440}' => 'p',
        '\u{441}' => 'c',
        '1' => 'l',
        other => other,
    };
    name.chars().map(look).collect()
}

/// Of CBOR (RFC 8949 §3) what a code has.
enum Item {
    Number(u64),
    /// Text too.
    Octets(Vec<u8>),
    List,
    Map(Vec<(Self, Self)>),
}

fn item(input: &mut &[u8]) -> Item {
    let (kind, size) = head(input);
    let count = usize::try_from(size).expect("a size");
    match kind {
        2 | 3 => {
            // As much as is said, before it is looked whether it comes.
            let mut octets = vec![b' '; count];
            let there = count.min(input.len());
            let (taken, rest) = input.split_at(there);
            octets.splice(..there, taken.iter().copied());
            *input = rest;
            Item::Octets(octets)
        }
        4 => {
            (0..count).for_each(|_| drop(item(input)));
            Item::List
        }
        5 => Item::Map((0..count).map(|_| (item(input), item(input))).collect()),
        _ => Item::Number(size),
    }
}

/// The major type, and the argument.
fn head(input: &mut &[u8]) -> (u8, u64) {
    let (first, rest) = input.split_first().expect("another item");
    let length = match first & 31 {
        more @ 24..=27 => 1 << (more - 24),
        small => {
            *input = rest;
            return (first >> 5, u64::from(small));
        }
    };
    let (argument, rest) = rest.split_at(length);
    *input = rest;
    let argument = argument
        .iter()
        .fold(0, |sum, octet| sum << 8 | u64::from(*octet));
    (first >> 5, argument)
}
