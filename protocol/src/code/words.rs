//! The code in words (docs/pairing.md §2.4): twelve words of the secret and two check words, out of
//! the English list of BIP 39.
//!
//! That list's words are told apart by their first four letters, which is all that has to be given.
//! The check is not BIP 39's, which misses one wrong word in sixteen: it is a Reed-Solomon code over
//! GF(2^11), a word being a symbol, so every wrong word is detected and located, every pair of
//! wrong words and every swap detected.

use alloc::string::String;
use alloc::vec::Vec;

use bip39::Language;
use zeroize::Zeroizing;

use crate::secret::PairingSecret;

/// How many words a code has.
pub const WORDS: usize = 14;

/// 128 bits in words of 11, the last of which carries four zero bits.
const DATA: usize = 12;
/// x^11 + x^2 + 1, which is primitive.
const MODULUS: u16 = 0b1000_0000_0101;
/// Letters that tell the words of the list apart.
const STEM: usize = 4;

/// Why a text is no code in words. Words count from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WordsError {
    /// A word that is not in the list.
    #[error("word {word} is in no code: compare it with the code")]
    Unknown {
        /// Which.
        word: usize,
    },
    /// Words are missing.
    #[error("the code is not complete: {words} of {WORDS} words are there")]
    Short {
        /// How many are there.
        words: usize,
    },
    /// There are too many.
    #[error("the code is too long: it has {WORDS} words")]
    Long,
    /// One word is wrong.
    #[error("word {word} is not right: compare it with the code")]
    Word {
        /// Which.
        word: usize,
    },
    /// More than one is wrong, or the order is.
    #[error("the words are not right: compare all of them and their order with the code")]
    Check,
}

/// Writes a secret as words with a space between them.
#[must_use]
pub fn write(secret: &PairingSecret) -> String {
    let bits = u128::from_be_bytes(*secret.expose());
    let mut numbers = Zeroizing::new(Vec::with_capacity(WORDS));
    numbers.extend((0..DATA - 1).map(|place| low_bits(bits >> (117 - 11 * place))));
    numbers.push(low_bits(bits << 4));
    let check = check(&numbers);
    numbers.extend(check);
    let mut text = String::with_capacity(WORDS * 9);
    for number in numbers.iter() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word_of(*number));
    }
    text
}

/// Reads a code in words; case, white space, commas and what follows four letters do not matter.
///
/// # Errors
/// [`WordsError`], which says where to look.
pub fn parse(text: &str) -> Result<PairingSecret, WordsError> {
    let mut numbers = Zeroizing::new(Vec::with_capacity(WORDS));
    for word in split(text) {
        if numbers.len() == WORDS {
            return Err(WordsError::Long);
        }
        let place = numbers.len() + 1;
        numbers.push(number_of(word).ok_or(WordsError::Unknown { word: place })?);
    }
    if numbers.len() < WORDS {
        return Err(WordsError::Short {
            words: numbers.len(),
        });
    }
    match syndromes(&numbers) {
        (0, 0) => secret_of(&numbers).ok_or(WordsError::Check),
        (sum, weighted) => Err(locate(sum, weighted)),
    }
}

/// Whether a text may be a code in words, or the beginning of one: letters alone, of which most
/// are words of the list.
pub(super) fn look_alike(text: &str) -> bool {
    let (mut words, mut known) = (0_usize, 0_usize);
    for word in split(text) {
        if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return false;
        }
        words += 1;
        known += usize::from(number_of(word).is_some());
    }
    known * 2 > words
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| character.is_whitespace() || matches!(character, ',' | '-'))
        .filter(|word| !word.is_empty())
}

/// The list, by this function alone: others of `bip39` bring another copy of it into the extension.
pub(crate) fn list() -> &'static [&'static str; 2048] {
    Language::English.word_list()
}

fn word_of(number: u16) -> &'static str {
    list().get(usize::from(number)).copied().unwrap_or_default()
}

/// The number of a word, given whole or by at least its first four letters.
fn number_of(word: &str) -> Option<u16> {
    // No word of the list is longer.
    if word.len() > 8 || !word.is_ascii() {
        return None;
    }
    let word = Zeroizing::new(word.to_ascii_lowercase());
    let number = match list().binary_search(&word.as_str()) {
        Ok(number) => number,
        // The list is in order, so what begins with it would be here.
        Err(number) => {
            let next = list().get(number)?;
            (word.len() >= STEM && next.starts_with(word.as_str())).then_some(number)?
        }
    };
    u16::try_from(number).ok()
}

fn secret_of(numbers: &[u16]) -> Option<PairingSecret> {
    let (last, others) = numbers.get(..DATA)?.split_last()?;
    let high = others
        .iter()
        .fold(0_u128, |bits, number| bits << 11 | u128::from(*number));
    let bits = high << 7 | u128::from(last >> 4);
    (last & 0b1111 == 0).then(|| PairingSecret::new(bits.to_be_bytes()))
}

fn low_bits(bits: u128) -> u16 {
    u16::try_from(bits & 0x7ff).unwrap_or_default()
}

/// The check words: those with which both syndromes are zero. With a, b at the places 12 and 13:
/// a + b = s and a g^12 + b g^13 = t, so b = (t + s g^12) / (g^12 + g^13).
fn check(data: &[u16]) -> [u16; 2] {
    let (sum, weighted) = syndromes(data);
    let (one, other) = (power(DATA), power(DATA + 1));
    let b = multiply(weighted ^ multiply(sum, one), inverse(one ^ other));
    [sum ^ b, b]
}

/// The sum of all words, and the sum of each times g^place, with the generator g = x.
fn syndromes(numbers: &[u16]) -> (u16, u16) {
    let weighted = numbers.iter().enumerate().fold(0, |sum, (place, number)| {
        sum ^ multiply(*number, power(place))
    });
    (numbers.iter().fold(0, |sum, number| sum ^ number), weighted)
}

/// A single wrong word at `place` with the difference e leads to (e, e g^place).
fn locate(sum: u16, weighted: u16) -> WordsError {
    let place = (0..WORDS).find(|place| sum != 0 && multiply(sum, power(*place)) == weighted);
    place.map_or(WordsError::Check, |place| WordsError::Word {
        word: place + 1,
    })
}

fn power(exponent: usize) -> u16 {
    (0..exponent).fold(1, |power, _| double(power))
}

const fn double(a: u16) -> u16 {
    let doubled = a << 1;
    // Without a branch on what may be secret.
    doubled ^ (MODULUS * (doubled >> 11 & 1))
}

const fn multiply(a: u16, b: u16) -> u16 {
    let (mut product, mut shifted, mut bit) = (0, a, 0);
    while bit < 11 {
        product ^= shifted * (b >> bit & 1);
        shifted = double(shifted);
        bit += 1;
    }
    product
}

/// a^(2^11 - 2).
fn inverse(a: u16) -> u16 {
    let square = |a| multiply(a, a);
    (1..11)
        .fold((1, square(a)), |(product, power), _| {
            (multiply(product, power), square(power))
        })
        .0
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn secret(seed: u8) -> PairingSecret {
        PairingSecret::new(core::array::from_fn(|place| {
            seed.wrapping_mul(167)
                .wrapping_add(u8::try_from(place).unwrap().wrapping_mul(59))
        }))
    }

    fn words(seed: u8) -> Vec<&'static str> {
        let text = write(&secret(seed));
        split(&text)
            .map(|word| word_of(number_of(word).unwrap()))
            .collect()
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_field_is_a_field() {
        assert_eq!(power(2047), 1);
        assert!(
            (1..2047)
                .all(|exponent| exponent % 23 != 0 && exponent % 89 != 0 || power(exponent) != 1)
        );
        for a in 1..2048 {
            assert_eq!(multiply(a, inverse(a)), 1);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_reads_back_whole_by_four_letters_and_in_any_case() {
        for seed in 0..=255 {
            let text = write(&secret(seed));
            assert_eq!(split(&text).count(), WORDS);
            let stems: Vec<&str> = split(&text)
                .map(|word| word.get(..4).unwrap_or(word))
                .collect();
            for given in [text.clone(), text.to_uppercase(), stems.join(", ")] {
                assert!(
                    parse(&given).unwrap().matches(secret(seed).expose()),
                    "{given}"
                );
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn every_wrong_word_is_detected_and_named() {
        let right = words(9);
        for place in 0..WORDS {
            for wrong_word in list() {
                let mut wrong = right.clone();
                wrong[place] = wrong_word;
                if wrong == right {
                    continue;
                }
                let word = place + 1;
                assert_eq!(
                    parse(&wrong.join(" ")).unwrap_err(),
                    WordsError::Word { word }
                );
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn every_swap_and_two_wrong_words_are_detected() {
        for seed in 0..50 {
            let right = words(seed);
            for one in 0..WORDS {
                for other in one + 1..WORDS {
                    let mut wrong = right.clone();
                    wrong.swap(one, other);
                    if wrong == right {
                        continue;
                    }
                    assert_eq!(parse(&wrong.join(" ")).unwrap_err(), WordsError::Check);
                    wrong[one] = "abandon";
                    wrong[other] = "zoo";
                    assert!(parse(&wrong.join(" ")).is_err() || wrong == right);
                }
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_first_thing_wrong_is_named_while_typing() {
        let right = words(2);
        assert_eq!(parse("").unwrap_err(), WordsError::Short { words: 0 });
        assert_eq!(
            parse(&right[..5].join(" ")).unwrap_err(),
            WordsError::Short { words: 5 }
        );
        let mut unknown = right.clone();
        unknown[4] = "printer";
        assert_eq!(
            parse(&unknown.join(" ")).unwrap_err(),
            WordsError::Unknown { word: 5 }
        );
        // Three letters are no stem, and letters behind the stem must be the word's own.
        for bad in ["aba", "abanxxx", "abandoned", "\u{e4}bandon"] {
            assert_eq!(number_of(bad), None, "{bad}");
        }
        let long = [right.as_slice(), &["zoo"]].concat().join(" ");
        assert_eq!(parse(&long).unwrap_err(), WordsError::Long);
    }

    #[test]
    #[wasm_bindgen_test]
    fn bits_behind_the_secret_must_be_zero() {
        let mut numbers = vec![0; DATA];
        numbers[DATA - 1] = 1;
        let check = check(&numbers);
        numbers.extend(check);
        let text: Vec<&str> = numbers.iter().map(|number| word_of(*number)).collect();
        assert_eq!(parse(&text.join(" ")).unwrap_err(), WordsError::Check);
    }
}
