//! A code as a QR picture: for a terminal, and as PNG.
//!
//! Dark on light with the quiet zone that scanners need (ISO/IEC 18004 §6.3.8), whatever colours
//! the terminal has.

use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// Modules of light around the code.
const QUIET: usize = 4;
/// Pixels a module has in the PNG.
const PIXELS: usize = 10;
/// Black on white by the fixed part of the 256-colour palette, which no theme changes.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The text does not fit a QR code.
    #[error("the code does not fit a QR picture: {0}")]
    Qr(QrError),
    /// The encoder failed.
    #[error("cannot encode the picture: {0}")]
    Png(#[from] png::EncodingError),
    /// The picture is larger than the format allows.
    #[error("the picture is too large")]
    TooLarge,
}

/// The code's modules with the quiet zone around them.
struct Modules {
    side: usize,
    /// Row by row; true is dark.
    dark: Vec<bool>,
}

impl Modules {
    fn of(text: &str, level: EcLevel) -> Result<Self, PictureError> {
        let code = QrCode::with_error_correction_level(text, level).map_err(PictureError::Qr)?;
        let width = code.width();
        let side = width + 2 * QUIET;
        let colors = code.into_colors();
        let mut dark = vec![false; QUIET * side];
        for row in colors.chunks(width) {
            dark.extend([false; QUIET]);
            dark.extend(row.iter().map(|module| *module == Color::Dark));
            dark.extend([false; QUIET]);
        }
        dark.resize(side * side, false);
        Ok(Self { side, dark })
    }

    fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.dark.chunks(self.side)
    }
}

/// The picture for a terminal: two modules a character, one above the other.
///
/// # Errors
/// [`PictureError::Qr`] for a text that is too long.
pub(crate) fn for_terminal(text: &str) -> Result<Zeroizing<String>, PictureError> {
    // A screen has no scratches, and a smaller picture fits more terminals.
    let modules = Modules::of(text, EcLevel::L)?;
    let mut picture = Zeroizing::new(String::new());
    let rows: Vec<&[bool]> = modules.rows().collect();
    for pair in rows.chunks(2) {
        let (upper, lower) = match pair {
            [upper, lower] => (*upper, Some(*lower)),
            [upper] => (*upper, None),
            _ => continue,
        };
        picture.push_str(BLACK_ON_WHITE);
        for (column, upper) in upper.iter().enumerate() {
            let lower = lower.and_then(|row| row.get(column)).copied();
            picture.push(half_blocks(*upper, lower.unwrap_or_default()));
        }
        // Writing to a string cannot fail.
        writeln!(picture, "{RESET}").unwrap_or_default();
    }
    Ok(picture)
}

const fn half_blocks(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

/// The picture as a PNG file's content.
///
/// # Errors
/// [`PictureError`].
pub(crate) fn png(text: &str) -> Result<Zeroizing<Vec<u8>>, PictureError> {
    let modules = Modules::of(text, EcLevel::M)?;
    let side = modules.side * PIXELS;
    let mut pixels = Zeroizing::new(Vec::with_capacity(side * side));
    for row in modules.rows() {
        let line: Vec<u8> = row
            .iter()
            .flat_map(|dark| [if *dark { 0x00 } else { 0xff }; PIXELS])
            .collect();
        for _ in 0..PIXELS {
            pixels.extend_from_slice(&line);
        }
    }
    let side = u32::try_from(side).map_err(|_| PictureError::TooLarge)?;
    let mut file = Zeroizing::new(Vec::new());
    let mut encoder = png::Encoder::new(&mut *file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "SETTLE:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    fn modules_of_terminal(picture: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in picture.lines() {
            let line = line.strip_prefix(BLACK_ON_WHITE).unwrap();
            let line = line.strip_suffix(RESET).unwrap();
            rows.push(line.chars().map(|c| matches!(c, '█' | '▀')).collect());
            rows.push(line.chars().map(|c| matches!(c, '█' | '▄')).collect());
        }
        rows
    }

    #[test]
    fn the_terminal_shows_every_module_and_the_quiet_zone() {
        let picture = for_terminal(TEXT).unwrap();
        let wanted = Modules::of(TEXT, EcLevel::L).unwrap();
        let shown = modules_of_terminal(&picture);
        for (row, wanted) in shown.iter().zip(wanted.rows()) {
            assert_eq!(row, wanted);
        }
        assert!(shown.len() >= wanted.side);
        assert!(shown[..QUIET].iter().flatten().all(|dark| !dark));
        assert!(shown.iter().all(|row| !row[0] && !row[QUIET - 1]));
    }

    #[test]
    fn the_file_is_a_png_with_large_modules_and_a_quiet_zone() {
        let file = png(TEXT).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&*file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = usize::try_from(info.width).unwrap();
        assert_eq!(side % PIXELS, 0);
        let wanted = Modules::of(TEXT, EcLevel::M).unwrap();
        assert_eq!(wanted.side * PIXELS, side);
        for (y, row) in wanted.rows().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let middle = (y * PIXELS + PIXELS / 2) * side + x * PIXELS + PIXELS / 2;
                assert_eq!(pixels[middle] == 0, *dark, "{x} {y}");
            }
        }
    }

    #[test]
    fn the_longest_code_still_fits() {
        let longest = "A".repeat(settle_protocol::material::MAX_CODE);
        assert!(for_terminal(&longest).is_ok() && png(&longest).is_ok());
    }
}
