//! Reads the QR codes of a picture or of a camera's frame: makes it small and black and white
//! (`grey.rs`, `ink.rs`), and looks for codes in that (`look.rs`); what shows none is looked at again with more
//! care. A crate of its own, so that only the pairing page's worker loads it, and the extension's
//! background starts without it. What the codes say is judged in `settle-wasm`.

mod grey;
mod ink;
mod look;

use wasm_bindgen::prelude::wasm_bindgen;

pub use self::grey::Grey;
use self::ink::{Ink, Reach};

/// The texts of all QR codes in a picture of four bytes a pixel; none when the size does not fit.
#[wasm_bindgen(js_name = readCodes)]
#[must_use]
pub fn read_rgba(width: u32, height: u32, rgba: &[u8]) -> Vec<String> {
    Grey::from_rgba(width, height, rgba)
        .as_ref()
        .map(read_codes)
        .unwrap_or_default()
}

/// The same of one frame of a camera, the `number`th: in a hurry, since the next one comes soon.
#[wasm_bindgen(js_name = readFrame)]
#[must_use]
pub fn read_frame_of_rgba(width: u32, height: u32, rgba: &[u8], number: u32) -> Vec<String> {
    Grey::from_rgba(width, height, rgba)
        .map(|frame| read_frame(&frame, number))
        .unwrap_or_default()
}

/// How a picture is made black and white.
type Version = fn(&Grey) -> Option<Ink>;

/// In the order of their cost: a quarter of the pixels shows most codes, and has half of the noise.
const VERSIONS: [Version; 3] = [
    |picture| Ink::of(&picture.half(), Reach::Near),
    |picture| Ink::of(&picture.blurred(), Reach::Near),
    |picture| Ink::of(&picture.blurred(), Reach::Far),
];

/// Every how manyth frame is also looked at for light codes on dark ground, as terminals show them.
const INVERTED: u32 = 4;

/// The texts of all QR codes that can be read in a camera's frame.
#[must_use]
pub fn read_frame(frame: &Grey, number: u32) -> Vec<String> {
    read(frame, number.is_multiple_of(INVERTED))
}

/// The texts of all QR codes that can be read, without duplicates.
#[must_use]
pub fn read_codes(picture: &Grey) -> Vec<String> {
    read(picture, true)
}

/// The first version of the picture that shows any code decides.
fn read(picture: &Grey, inverted_too: bool) -> Vec<String> {
    let versions = VERSIONS.iter().filter_map(|version| version(picture));
    let mut codes = versions.map(|mut ink| {
        let codes = look::codes(&ink);
        if codes.is_empty() && inverted_too {
            ink.invert();
            return look::codes(&ink);
        }
        codes
    });
    let found = codes.find(|codes| !codes.is_empty());
    found.unwrap_or_default().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    /// A text as long as a Settle code and in its alphabet.
    fn code_text(seed: usize) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let letters = (0..220).map(|i| char::from(alphabet[(i * 7 + seed * i) % 32]));
        "SETTLE:".chars().chain(letters).collect()
    }

    /// A picture of a code: white ground, `scale` pixels a module, the shades of `dark` and `light`.
    fn picture(text: &str, scale: usize, dark: u8, light: u8) -> Grey {
        let code = qrcode::QrCode::new(text).unwrap();
        let modules = code.to_colors();
        let side = code.width() + 8;
        let width = side * scale;
        let mut pixels = vec![light; width * width];
        for y in 0..width {
            for x in 0..width {
                let (column, row) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
                if column < code.width()
                    && row < code.width()
                    && modules[row * code.width() + column] == qrcode::Color::Dark
                {
                    pixels[y * width + x] = dark;
                }
            }
        }
        Grey {
            width,
            height: width,
            pixels,
        }
    }

    fn beside(left: &Grey, right: &Grey) -> Grey {
        assert_eq!(left.height, right.height);
        let rows = left
            .pixels
            .chunks(left.width)
            .zip(right.pixels.chunks(right.width));
        Grey {
            width: left.width + right.width,
            height: left.height,
            pixels: rows.flat_map(|(l, r)| [l, r].concat()).collect(),
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn reads_a_clear_a_pale_and_an_inverted_code() {
        let text = code_text(1);
        for (dark, light) in [(0, 255), (120, 150), (255, 0)] {
            let codes = read_codes(&picture(&text, 4, dark, light));
            assert_eq!(codes, std::slice::from_ref(&text), "{dark} on {light}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn reads_a_noisy_code() {
        let text = code_text(1);
        let mut noisy = picture(&text, 6, 60, 190);
        let mut state = 1_u32;
        for pixel in &mut noisy.pixels {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = u8::try_from((state >> 24) / 3).unwrap();
            *pixel = pixel.saturating_add(noise).saturating_sub(42);
        }
        assert_eq!(read_codes(&noisy), [text]);
    }

    #[test]
    #[wasm_bindgen_test]
    fn reads_two_codes_of_one_picture() {
        let (one, two) = (code_text(1), code_text(2));
        let both = beside(&picture(&one, 4, 0, 255), &picture(&two, 4, 0, 255));
        let mut want = [one, two];
        want.sort();
        assert_eq!(read_codes(&both), want);
    }

    #[test]
    #[wasm_bindgen_test]
    fn finds_nothing_where_nothing_is() {
        for (width, height) in [(1, 1), (20, 20), (3, 400), (64, 64), (301, 199)] {
            let blank = Grey {
                width,
                height,
                pixels: vec![90; width * height],
            };
            assert!(read_codes(&blank).is_empty());
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn takes_only_pixels_that_fit_the_size() {
        assert!(Grey::from_rgba(2, 2, &[0; 16]).is_some());
        assert!(Grey::from_rgba(2, 2, &[0; 15]).is_none());
        assert!(Grey::from_rgba(2, 2, &[0; 20]).is_none());
        assert!(Grey::from_rgba(0, 0, &[]).is_none());
        assert!(Grey::from_rgba(u32::MAX, u32::MAX, &[0; 4]).is_none());
    }

    #[test]
    #[wasm_bindgen_test]
    fn transparency_counts_as_white() {
        let pixels = [0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255];
        let grey = Grey::from_rgba(3, 1, &pixels).unwrap();
        assert_eq!(grey.pixels, [255, 0, 255]);
    }
}
