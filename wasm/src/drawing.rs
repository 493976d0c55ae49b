//! Codes as QR pictures, for the page to draw: the modules as one path, in units of a module. The device draws its
//! own in `device/src/picture.rs`.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

/// Modules of light around the code, which readers need (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// A picture of dark on light.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// Its width, which is its height too.
    side: usize,
    /// What is dark, as the `d` of an SVG path.
    path: String,
}

impl Drawing {
    /// A text as a QR code; nothing where it is too long for one.
    #[must_use]
    pub fn qr(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (row, modules) in code.to_colors().chunks(width).enumerate() {
            let dark = modules.iter().enumerate();
            let dark = dark.filter(|(_, module)| **module == Color::Dark);
            for (column, _) in dark {
                let (x, y) = (column + QUIET, row + QUIET);
                // Writing to a string cannot fail.
                write!(path, "M{x} {y}h1v1h-1z").unwrap_or_default();
            }
        }
        let side = width + 2 * QUIET;
        Some(Self { side, path })
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn a_code_has_its_finder_patterns_and_a_quiet_zone() {
        let drawing = Drawing::qr("SETTLE:AAAA").unwrap();
        let dark = |x: usize, y: usize| drawing.path.contains(&format!("M{x} {y}h1"));
        let last = drawing.side - 1;
        for corner in [(4, 4), (last - 4, 4), (4, last - 4)] {
            assert!(dark(corner.0, corner.1), "{corner:?}");
        }
        assert!(!(0..=last).any(|at| dark(at, 3) || dark(3, at) || dark(at, last - 3)));
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_fits_no_code_has_no_drawing() {
        assert_eq!(Drawing::qr(&"A".repeat(5000)), None);
    }
}
