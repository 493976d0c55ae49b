//! A fingerprint for people's eyes (docs/pairing.md §5.8): six words and a small picture, the same on the device's own
//! screen and in the browser. For comparing only: neither is read again, and neither is a secret.

use alloc::string::String;

use super::KeyFingerprint;
use crate::code::words;

/// How many words: 66 bits, so that a key with the words of another one cannot be had by trying.
const WORDS: usize = 6;
/// The picture's cells from left to right; its right half mirrors the left one.
const COLUMNS: usize = 9;
/// Its cells from top to bottom.
const ROWS: usize = 8;

/// Columns that are not mirrored.
const FREE: usize = COLUMNS.div_ceil(2);

impl KeyFingerprint {
    /// Words of the English list of BIP 39, with a space between them: the first 66 bits, eleven a word.
    #[must_use]
    pub fn to_words(self) -> String {
        let mut text = String::new();
        for place in 0..WORDS {
            if place > 0 {
                text.push(' ');
            }
            let number = (0..11).fold(0, |number, bit| number * 2 + self.bit(11 * place + bit));
            text.push_str(words::list().get(number).copied().unwrap_or_default());
        }
        text
    }

    /// A picture of nine by eight cells in four lines of text: each character is two cells, one above the
    /// other. The 40 bits behind those of the words, row after row.
    #[must_use]
    pub fn to_picture(self) -> String {
        let is_set = |row: usize, column: usize| {
            let column = column.min(COLUMNS - 1 - column);
            self.bit(11 * WORDS + FREE * row + column) == 1
        };
        let mut text = String::new();
        for row in (0..ROWS).step_by(2) {
            if row > 0 {
                text.push('\n');
            }
            text.extend((0..COLUMNS).map(|column| {
                match (is_set(row, column), is_set(row + 1, column)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                }
            }));
        }
        text
    }

    /// A bit of the digest, the most significant of the first byte at 0.
    fn bit(self, place: usize) -> usize {
        let byte = self.0.get(place / 8).copied().unwrap_or_default();
        usize::from(byte >> (7 - place % 8) & 1)
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn words_and_picture_are_those_of_the_specification() {
        // docs/pairing.md §5.8.
        let fingerprint = KeyFingerprint::of_spki(b"");
        assert_eq!(
            fingerprint.to_hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            fingerprint.to_words(),
            "together mail awful cradle scrub apart"
        );
        assert_eq!(
            fingerprint.to_picture(),
            " ██▄█▄██ \n█▄█▀█▀█▄█\n ▄▀▀ ▀▀▄ \n▀ ▄▀█▀▄ ▀"
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn each_of_the_bits_that_are_shown_changes_what_is_shown() {
        let shown = |digest| {
            let fingerprint = KeyFingerprint::from_digest(digest);
            (fingerprint.to_words(), fingerprint.to_picture())
        };
        let usual = shown([0; 32]);
        for bit in 0..11 * WORDS + FREE * ROWS {
            let mut digest = [0; 32];
            digest[bit / 8] = 0x80 >> (bit % 8);
            let (words, picture) = shown(digest);
            assert_eq!(words != usual.0, bit < 11 * WORDS, "{bit}");
            assert_eq!(picture != usual.1, bit >= 11 * WORDS, "{bit}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_picture_is_the_same_from_both_sides() {
        let picture = KeyFingerprint::of_spki(b"a root key").to_picture();
        assert_eq!(picture.lines().count(), ROWS / 2);
        for line in picture.lines() {
            assert_eq!(line.chars().count(), COLUMNS);
            assert!(line.chars().eq(line.chars().rev()), "{line}");
        }
    }
}
