//! Looks for QR codes in a picture of black and white: finder patterns (`finder.rs`), three of them that could belong
//! together, and the modules between those (`grid.rs`), which `rxing` decodes.

use std::collections::BTreeSet;

use rxing::common::BitMatrix;
use rxing::qrcode::cpp_port::decoder::Decode;

use crate::Grey;
use crate::finder;
use crate::grid::{self, Grid};
use crate::ink::Ink;

/// The smallest QR code has 21 by 21 modules (ISO/IEC 18004 §5.3).
const SMALLEST: u32 = 21;

/// How many threes of finder patterns are looked at.
const MOST_TRIPLES: usize = 60;

/// A picture to look at.
pub(crate) struct Seen {
    pub(crate) ink: Ink,
    /// What it was made of.
    pub(crate) grey: Grey,
}

impl Seen {
    pub(crate) fn of(grey: Grey, ink: Option<Ink>) -> Option<Self> {
        ink.map(|ink| Self { ink, grey })
    }

    pub(crate) fn invert(&mut self) {
        self.ink.invert();
        self.grey.invert();
    }

    /// The texts of all codes.
    pub(crate) fn codes(&self) -> BTreeSet<String> {
        let Ink(picture) = &self.ink;
        let mut texts = BTreeSet::new();
        if picture.width() < SMALLEST || picture.height() < SMALLEST {
            return texts;
        }
        let finders = finder::patterns(picture);
        let mut used = Vec::new();
        for triple in finder::triples(&finders).iter().take(MOST_TRIPLES) {
            if triple.numbers.iter().any(|number| used.contains(number)) {
                continue;
            }
            if let Some(text) = grid::find(picture, triple).and_then(|grid| self.text(&grid)) {
                texts.insert(text);
                used.extend(triple.numbers);
            }
        }
        texts
    }

    /// What stands in the modules as they are, or else as they may be behind a blur.
    fn text(&self, grid: &Grid<'_>) -> Option<String> {
        let decode = |modules: BitMatrix| Decode(&modules).ok().filter(|text| text.isValid());
        let read = grid.modules().and_then(decode);
        let read = read.or_else(|| grid.sharpened(&self.grey).and_then(decode));
        read.map(|read| read.text())
    }
}
