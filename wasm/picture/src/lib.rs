//! Reads the QR codes of a picture or of a camera's frame: makes it small and black and white
//! (`grey.rs`, `ink.rs`), and looks for codes in that (`look.rs`); what shows none is looked at again with more
//! care. A crate of its own, so that only the pairing page's worker loads it, and the extension's
//! background starts without it. What the codes say is judged in `settle-wasm`.

mod finder;
mod grey;
mod grid;
mod ink;
mod look;
mod plane;

use wasm_bindgen::prelude::wasm_bindgen;

pub use self::grey::Grey;
use self::ink::{Ink, Reach};
use self::look::Seen;

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
type Version = fn(&Grey) -> Option<Seen>;

/// In the order of their cost: a quarter of the pixels shows most codes, and has half of the noise.
const VERSIONS: [Version; 3] = [
    |picture| {
        let half = picture.half();
        let ink = Ink::of(&half, Reach::Near);
        Seen::of(half, ink)
    },
    |picture| Seen::of(picture.clone(), Ink::of(&picture.blurred(), Reach::Near)),
    |picture| Seen::of(picture.clone(), Ink::of(&picture.blurred(), Reach::Far)),
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
    let mut codes = versions.map(|mut seen| {
        let codes = seen.codes();
        if codes.is_empty() && inverted_too {
            seen.invert();
            return seen.codes();
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

    /// A picture as a camera sees it from the side: its corners are at these places of a larger one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is inside of a picture fits"
    )]
    fn from_the_side(flat: &Grey, corners: [(f64, f64); 4], size: usize) -> Grey {
        let (right, bottom) = (flat.width as f64, flat.height as f64);
        let own = [(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)];
        let point = |(x, y)| plane::Point::new(x, y);
        let pairs: Vec<_> = corners.map(point).into_iter().zip(own.map(point)).collect();
        let back = plane::Homography::fit(&pairs).unwrap();
        let pixels = (0..size * size).map(|place| {
            let at = (place % size) as f64 + 0.5;
            let from = back.map(plane::Point::new(at, (place / size) as f64 + 0.5));
            let inside = (0.0..right).contains(&from.x) && (0.0..bottom).contains(&from.y);
            match inside {
                true => flat.pixels[from.y as usize * flat.width + from.x as usize],
                false => 200,
            }
        });
        Grey {
            width: size,
            height: size,
            pixels: pixels.collect(),
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn reads_a_code_from_every_side() {
        let text = code_text(5);
        let flat = picture(&text, 8, 20, 230);
        let mut corners = [(90.0, 80.0), (700.0, 190.0), (640.0, 600.0), (60.0, 720.0)];
        for _ in 0..4 {
            let seen = from_the_side(&flat, corners, 800);
            assert_eq!(
                read_codes(&seen),
                std::slice::from_ref(&text),
                "{corners:?}"
            );
            corners.rotate_left(1);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn reads_a_code_behind_a_blur() {
        let text = code_text(6);
        let mut seen = picture(&text, 5, 20, 230);
        for _ in 0..16 {
            seen = seen.blurred();
        }
        assert_eq!(read_codes(&seen), std::slice::from_ref(&text));
    }

    /// Whatever a camera is shown, the next frame is soon looked at.
    #[test]
    #[wasm_bindgen_test]
    fn a_wall_of_finder_patterns_is_no_code() {
        let pattern = |x: usize, y: usize| {
            let (x, y) = ((x % 9).abs_diff(4), (y % 9).abs_diff(4));
            matches!(x.max(y), 0 | 1 | 3)
        };
        let (width, scale) = (540, 4);
        let places = (0..width * width).map(|place| (place % width / scale, place / width / scale));
        let pixels = places.map(|(x, y)| if pattern(x, y) { 0 } else { 255 });
        let wall = Grey {
            width,
            height: width,
            pixels: pixels.collect(),
        };
        assert_eq!(read_codes(&wall), [""; 0]);
    }
}
