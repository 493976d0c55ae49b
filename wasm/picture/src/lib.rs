//! Reads the QR codes of a picture, also of a bad one: four versions of it are tried in the order
//! of their cost; of a camera's frames, one version each in turn. A crate of its own, so that only the pairing page's worker loads it, and the
//! extension's background starts without it. What the codes say is judged in `settle-wasm`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader;
use rxing::multi::qrcode::QRCodeMultiReader;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8Source, MultiFormatReader, Reader};
use wasm_bindgen::prelude::wasm_bindgen;

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

/// A picture in shades of grey, one byte a pixel, row after row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Grey {
    /// Takes pixels of four bytes (red, green, blue, alpha); transparency becomes white. A length
    /// that does not fit the size is `None`.
    #[must_use]
    pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Option<Self> {
        let width = usize::try_from(width).ok()?;
        let height = usize::try_from(height).ok()?;
        let (pixels, tail) = rgba.as_chunks::<4>();
        if !tail.is_empty() || width.checked_mul(height)? != pixels.len() || pixels.is_empty() {
            return None;
        }
        Some(Self {
            width,
            height,
            pixels: pixels.iter().map(|pixel| shade(*pixel)).collect(),
        })
    }

    /// Half the width and height, each pixel the mean of four.
    fn half(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let sum = self.at(2 * x, 2 * y)
                    + self.at(2 * x + 1, 2 * y)
                    + self.at(2 * x, 2 * y + 1)
                    + self.at(2 * x + 1, 2 * y + 1);
                pixels.push(octet(sum / 4));
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// A blur over three by three pixels: it takes away the noise of a camera.
    fn blurred(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            let rows = [y.saturating_sub(1), y, (y + 1).min(self.height - 1)];
            for x in 0..self.width {
                let columns = [x.saturating_sub(1), x, (x + 1).min(self.width - 1)];
                let sum: u32 = rows
                    .iter()
                    .flat_map(|row| columns.iter().map(move |column| self.at(*column, *row)))
                    .sum();
                pixels.push(octet(sum / 9));
            }
        }
        Self { pixels, ..*self }
    }

    /// Stretches the shades so that the darkest hundredth is black and the lightest is white.
    fn stretched(&self) -> Self {
        let mut counts = [0_usize; 256];
        for pixel in &self.pixels {
            if let Some(count) = counts.get_mut(usize::from(*pixel)) {
                *count += 1;
            }
        }
        let rare = self.pixels.len() / 100;
        let low = bound((0..=255).zip(counts.iter().copied()), rare);
        let high = bound((0..=255).rev().zip(counts.iter().rev().copied()), rare);
        if high <= low {
            return self.clone();
        }
        let stretch = |pixel: u8| {
            let above = u32::from(pixel.clamp(low, high) - low);
            octet(above * 255 / u32::from(high - low))
        };
        Self {
            pixels: self.pixels.iter().copied().map(stretch).collect(),
            ..*self
        }
    }

    fn at(&self, x: usize, y: usize) -> u32 {
        let pixel = self.pixels.get(y * self.width + x).copied();
        u32::from(pixel.unwrap_or(u8::MAX))
    }
}

/// What a picture is made into before it is looked at.
type Version = fn(&Grey) -> Cow<'_, Grey>;

/// In the order of their cost.
const VERSIONS: [Version; 4] = [
    |picture| Cow::Borrowed(picture),
    |picture| Cow::Owned(picture.half()),
    |picture| Cow::Owned(picture.half().blurred().stretched()),
    |picture| Cow::Owned(picture.blurred().blurred().stretched()),
];

/// The texts of all QR codes that can be read in one version of a camera's frame.
#[must_use]
pub fn read_frame(frame: &Grey, number: u32) -> Vec<String> {
    let turn = usize::try_from(number).unwrap_or(0) % VERSIONS.len();
    let version = VERSIONS.get(turn).map(|version| version(frame));
    let codes = version.map(|version| read_version(&version));
    codes.unwrap_or_default().into_iter().collect()
}

/// The texts of all QR codes that can be read, without duplicates; the first version of the
/// picture that shows any decides.
#[must_use]
pub fn read_codes(picture: &Grey) -> Vec<String> {
    VERSIONS
        .iter()
        .map(|version| read_version(&version(picture)))
        .find(|codes| !codes.is_empty())
        .unwrap_or_default()
        .into_iter()
        .collect()
}

/// One pass with the reader for several codes, which wants a clear picture, and one with the
/// reader for a single code, which tries harder and also takes light codes on dark ground.
fn read_version(picture: &Grey) -> BTreeSet<String> {
    let (Ok(width), Ok(height)) = (u32::try_from(picture.width), u32::try_from(picture.height))
    else {
        return BTreeSet::new();
    };
    if width < 21 || height < 21 {
        // ISO/IEC 18004 §5.3: the smallest QR code has 21 by 21 modules.
        return BTreeSet::new();
    }
    let hints = DecodeHints {
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        ..DecodeHints::default()
    };
    let Ok(source) = Luma8Source::new_with_slice(&picture.pixels, width, height) else {
        return BTreeSet::new();
    };
    let bitmap = || BinaryBitmap::new(HybridBinarizer::new(source.clone()));
    let several = QRCodeMultiReader::new().decode_multiple_with_hints(&mut bitmap(), &hints);
    let single = MultiFormatReader::default().decode_with_hints(&mut bitmap(), &hints);
    several
        .unwrap_or_default()
        .into_iter()
        .chain(single)
        .map(|code| code.getText().to_owned())
        .collect()
}

/// The luma of ITU-R BT.601, over a white ground.
fn shade([red, green, blue, alpha]: [u8; 4]) -> u8 {
    let luma = (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000;
    let alpha = u32::from(alpha);
    octet((luma * alpha + 255 * (255 - alpha)) / 255)
}

/// The first shade beyond the `rare` ones.
fn bound(counts: impl Iterator<Item = (u8, usize)>, rare: usize) -> u8 {
    let mut seen = 0;
    for (value, count) in counts {
        seen += count;
        if seen > rare {
            return value;
        }
    }
    0
}

fn octet(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
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
