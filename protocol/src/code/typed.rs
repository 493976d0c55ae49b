//! The typed code (docs/pairing.md §2.3): 26 symbols of the secret and 6 check symbols, shown as 8
//! groups of 4.
//!
//! The alphabet is Crockford's base32: no U, and O, I and L are read as 0, 1 and 1. The check is the
//! polynomial of bech32m (BIP 350) over the symbols' values: any four wrong symbols are detected,
//! and up to two, which is every swap too, are located. Nothing is ever corrected: the user looks
//! again.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::secret::PairingSecret;

/// How many symbols one group has.
pub const GROUP: usize = 4;
/// How many groups a code has.
pub const GROUPS: usize = 8;

const SYMBOLS: usize = GROUP * GROUPS;
/// 128 bits in symbols of 5, the last of which carries two zero bits.
const DATA: usize = 26;
const CHECK: usize = SYMBOLS - DATA;
/// More than this is not taken for a code that was typed with a slip.
const MAX_SYMBOLS: usize = SYMBOLS + 8;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// BIP 173: the generator of the check polynomial.
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
/// BIP 350: what the check of a right code comes to.
const RIGHT: u32 = 0x2bc8_30a3;
/// BIP 173's expansion of the prefix `settle`, which is never typed: a code of another kind with the
/// same check does not pass.
const PREFIX: [u8; 13] = [3, 3, 3, 3, 3, 3, 0, 19, 5, 20, 20, 12, 5];

/// Why a text is no typed code. Groups count from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TypedError {
    /// A character that no code has.
    #[error("group {group} holds a character that no code has: {symbol:?}")]
    Symbol {
        /// The group.
        group: usize,
        /// The character.
        symbol: char,
    },
    /// Symbols are missing.
    #[error("the code is not complete: {symbols} of {SYMBOLS} characters are there")]
    Short {
        /// How many are there.
        symbols: usize,
    },
    /// There are too many.
    #[error("the code is too long: it has {SYMBOLS} characters")]
    Long,
    /// Up to two symbols are wrong, or two stand in each other's place.
    #[error("group {group} is not right: compare it with the code")]
    Group {
        /// The first group that is wrong.
        group: usize,
    },
    /// More is wrong than can be located.
    #[error("the code is not right: compare all groups with it")]
    Check,
}

/// Writes a secret in groups: `XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX`.
#[must_use]
pub fn write(secret: &PairingSecret) -> String {
    let mut symbols = data_symbols(secret);
    let residue = residue(&symbols, CHECK) ^ RIGHT;
    symbols.extend(
        (0..CHECK)
            .rev()
            .map(|place| low_symbol(residue >> (5 * place))),
    );
    let mut text = String::with_capacity(SYMBOLS + GROUPS);
    for (place, symbol) in symbols.iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.push(character(*symbol));
    }
    text
}

/// Reads a typed code.
///
/// # Errors
/// [`TypedError`], which says where to look.
pub fn parse(text: &str) -> Result<PairingSecret, TypedError> {
    let symbols = symbols_of(text)?;
    if symbols.len() < SYMBOLS {
        return Err(TypedError::Short {
            symbols: symbols.len(),
        });
    }
    match residue(&symbols, 0) ^ RIGHT {
        0 => secret_of(&symbols).ok_or(TypedError::Check),
        error => Err(
            locate(error).map_or(TypedError::Check, |place| TypedError::Group {
                group: group_of(place),
            }),
        ),
    }
}

/// Whether a text may be a typed code, or the beginning of one.
pub(super) fn look_alike(text: &str) -> bool {
    let mut symbols = 0_usize;
    for character in text.chars().filter(|character| !is_separator(*character)) {
        if !character.is_alphanumeric() {
            return false;
        }
        symbols += 1;
    }
    (1..=MAX_SYMBOLS).contains(&symbols)
}

/// The values of the symbols, with the first character that is none, or too many, as an error.
fn symbols_of(text: &str) -> Result<Zeroizing<Vec<u8>>, TypedError> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(SYMBOLS));
    for symbol in text.chars().filter(|symbol| !is_separator(*symbol)) {
        if symbols.len() == SYMBOLS {
            return Err(TypedError::Long);
        }
        let group = group_of(symbols.len());
        symbols.push(value(symbol).ok_or(TypedError::Symbol { group, symbol })?);
    }
    Ok(symbols)
}

/// What people put between groups: white space and any dash.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn value(symbol: char) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET
        .iter()
        .position(|known| char::from(*known) == symbol)?;
    u8::try_from(place).ok()
}

fn character(value: u8) -> char {
    ALPHABET
        .get(usize::from(value))
        .map_or('0', |byte| char::from(*byte))
}

const fn group_of(place: usize) -> usize {
    place / GROUP + 1
}

fn data_symbols(secret: &PairingSecret) -> Zeroizing<Vec<u8>> {
    // 128 bits and two zero bits behind them.
    let bits = u128::from_be_bytes(*secret.expose());
    let mut symbols = Zeroizing::new(Vec::with_capacity(SYMBOLS));
    symbols.extend((0..DATA - 1).map(|place| low_symbol_wide(bits >> (123 - 5 * place))));
    symbols.push(low_symbol_wide(bits << 2));
    symbols
}

fn secret_of(symbols: &[u8]) -> Option<PairingSecret> {
    let (last, others) = symbols.get(..DATA)?.split_last()?;
    let high = others
        .iter()
        .fold(0_u128, |bits, symbol| bits << 5 | u128::from(*symbol));
    let bits = high << 3 | u128::from(last >> 2);
    (last & 0b11 == 0).then(|| PairingSecret::new(bits.to_be_bytes()))
}

fn low_symbol(bits: u32) -> u8 {
    u8::try_from(bits & 31).unwrap_or_default()
}

fn low_symbol_wide(bits: u128) -> u8 {
    u8::try_from(bits & 31).unwrap_or_default()
}

/// BIP 173's polynomial over the prefix, the symbols and `zeros` more.
fn residue(symbols: &[u8], zeros: usize) -> u32 {
    let start = PREFIX.iter().fold(1, |state, symbol| step(state, *symbol));
    let behind = symbols
        .iter()
        .fold(start, |state, symbol| step(state, *symbol));
    (0..zeros).fold(behind, |state, _| step(state, 0))
}

fn step(state: u32, symbol: u8) -> u32 {
    let top = state >> 25;
    let shifted = (state & 0x01ff_ffff) << 5 ^ u32::from(symbol);
    GENERATOR
        .iter()
        .enumerate()
        .filter(|(bit, _)| top >> bit & 1 == 1)
        .fold(shifted, |state, (_, generator)| state ^ generator)
}

/// What each wrong symbol does to the residue, with its place. The polynomial is linear, so two do
/// what each of them does.
fn effects() -> Vec<(u32, usize)> {
    let of_difference = |difference: u8| {
        let at_the_end = Some(u32::from(difference));
        let effects = core::iter::successors(at_the_end, |effect| Some(step(*effect, 0)));
        effects.zip((0..SYMBOLS).rev())
    };
    (1..32).flat_map(of_difference).collect()
}

/// The first place that is wrong when one or two symbols are. The check has distance 5 at this
/// length, so no other one or two symbols lead to the same residue.
fn locate(error: u32) -> Option<usize> {
    let mut effects = effects();
    effects.sort_unstable();
    let place_of = |wanted: u32| {
        let found = effects.binary_search_by_key(&wanted, |(effect, _)| *effect);
        found.ok().and_then(|index| effects.get(index))
    };
    if let Some((_, place)) = place_of(error) {
        return Some(*place);
    }
    effects.iter().find_map(|(effect, one)| {
        let (_, other) = place_of(error ^ effect)?;
        Some((*one).min(*other))
    })
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn secret(seed: u8) -> PairingSecret {
        PairingSecret::new(core::array::from_fn(|place| {
            seed.wrapping_mul(167)
                .wrapping_add(u8::try_from(place).unwrap().wrapping_mul(59))
        }))
    }

    fn symbols(seed: u8) -> Vec<char> {
        write(&secret(seed)).chars().filter(|c| *c != '-').collect()
    }

    fn read(symbols: &[char]) -> Result<PairingSecret, TypedError> {
        parse(&symbols.iter().collect::<String>())
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_code_reads_back_in_every_way_of_writing_it() {
        for seed in 0..=255 {
            let code = write(&secret(seed));
            assert_eq!(code.len(), 39);
            let sloppy = code
                .to_lowercase()
                .replace('-', " \u{2013} ")
                .replace('0', "o")
                .replace('1', "l");
            for text in [
                code.clone(),
                code.replace('-', ""),
                sloppy,
                code.replace('1', "I"),
            ] {
                assert!(
                    parse(&text).unwrap().matches(secret(seed).expose()),
                    "{text}"
                );
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn every_single_wrong_symbol_is_detected_and_its_group_named() {
        let right = symbols(7);
        for place in 0..SYMBOLS {
            for value in 0..32 {
                let mut wrong = right.clone();
                wrong[place] = character(value);
                if wrong == right {
                    continue;
                }
                let group = place / GROUP + 1;
                assert_eq!(read(&wrong).unwrap_err(), TypedError::Group { group });
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn every_swap_is_detected_and_its_first_group_named() {
        for seed in 0..3 {
            let right = symbols(seed);
            for one in 0..SYMBOLS {
                for other in one + 1..SYMBOLS {
                    let mut wrong = right.clone();
                    wrong.swap(one, other);
                    if wrong == right {
                        continue;
                    }
                    let group = one / GROUP + 1;
                    assert_eq!(read(&wrong).unwrap_err(), TypedError::Group { group });
                }
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn any_two_wrong_symbols_are_told_from_any_other_two() {
        // Distance 5: no two sets of two places and differences come to the same residue. So it
        // suffices that none of the sums of two effects is the sum of two others.
        let mut effects = effects();
        effects.sort_unstable_by_key(|(_, place)| *place);
        let mut sums: Vec<u32> = effects.iter().map(|(effect, _)| *effect).collect();
        for (index, (one, _)) in effects.iter().enumerate() {
            // Another symbol at the same place is one difference and not two.
            let next = (index / 31 + 1) * 31;
            sums.extend(effects[next..].iter().map(|(other, _)| one ^ other));
        }
        let all = sums.len();
        assert_eq!(all, 992 + 496 * 31 * 31);
        sums.sort_unstable();
        sums.dedup();
        assert_eq!(sums.len(), all);
        assert!(!sums.contains(&0));
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_first_thing_wrong_is_named_while_typing() {
        let code = write(&secret(3));
        assert_eq!(parse("").unwrap_err(), TypedError::Short { symbols: 0 });
        assert_eq!(
            parse(code.get(..12).unwrap()).unwrap_err(),
            TypedError::Short { symbols: 10 }
        );
        assert_eq!(
            parse(&format!("{}U", code.get(..11).unwrap())).unwrap_err(),
            TypedError::Symbol {
                group: 3,
                symbol: 'U'
            }
        );
        assert_eq!(parse(&format!("{code}0")).unwrap_err(), TypedError::Long);
        let all_wrong = "2".repeat(SYMBOLS);
        assert!(parse(&all_wrong).is_err());
    }

    #[test]
    #[wasm_bindgen_test]
    fn bits_behind_the_secret_must_be_zero() {
        let mut symbols = data_symbols(&secret(1));
        symbols[DATA - 1] |= 1;
        let check = residue(&symbols, CHECK) ^ RIGHT;
        symbols.extend(
            (0..CHECK)
                .rev()
                .map(|place| low_symbol(check >> (5 * place))),
        );
        let text: String = symbols.iter().map(|symbol| character(*symbol)).collect();
        assert_eq!(parse(&text).unwrap_err(), TypedError::Check);
    }

    #[test]
    #[wasm_bindgen_test]
    fn errors_say_where_to_look() {
        assert_eq!(
            TypedError::Group { group: 3 }.to_string(),
            "group 3 is not right: compare it with the code"
        );
    }
}
