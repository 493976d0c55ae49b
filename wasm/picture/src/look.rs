//! Looks for QR codes in a picture of black and white, with the detector and the decoder of `rxing`: finder
//! patterns, then three of them that could belong together, then what is between them.

use std::collections::BTreeSet;

use rxing::common::DetectorRXingResult as _;
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{
    FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR,
};

use crate::ink::Ink;

/// The smallest QR code has 21 by 21 modules (ISO/IEC 18004 §5.3).
const SMALLEST: u32 = 21;

/// What looks like finder patterns can be printed in any number, so that a picture takes for ever.
const MOST_PATTERNS: usize = 200;
const MOST_SETS: usize = 60;

/// The texts of all codes.
pub(crate) fn codes(Ink(picture): &Ink) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    if picture.width() < SMALLEST || picture.height() < SMALLEST {
        return texts;
    }
    let mut patterns = FindFinderPatterns(picture, true, 0);
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.size));
    patterns.truncate(MOST_PATTERNS);
    let mut used = Vec::new();
    for FinderPatternSet { bl, tl, tr } in GenerateFinderPatternSets(&mut patterns)
        .into_iter()
        .take(MOST_SETS)
    {
        let set = [bl, tl, tr];
        if set.iter().any(|pattern| used.contains(pattern)) {
            continue;
        }
        let sampled = SampleQR(picture, &FinderPatternSet { bl, tl, tr });
        let decoded = sampled.and_then(|sampled| Decode(sampled.getBits()));
        if let Some(decoded) = decoded.ok().filter(|decoded| decoded.isValid()) {
            texts.insert(decoded.text());
            used.extend(set);
        }
    }
    texts
}
