//! What a camera or a file shows: whatever the pixels are, reading them ends, and a text comes out of a code alone.

use settle_picture::{Grey, read_codes, read_frame};

/// Pictures as wide as this, and no larger than it squared: a code of version 1 has 29 modules with its margin.
const MAX_SIDE: usize = 96;

/// Takes a width, the number of a frame, and a byte a pixel.
pub fn run(data: &[u8]) {
    let [width, number, pixels @ ..] = data else {
        return;
    };
    let width = usize::from(*width).clamp(1, MAX_SIDE);
    let height = (pixels.len() / width).min(MAX_SIDE);
    let rgba: Vec<u8> = pixels
        .iter()
        .take(width * height)
        .flat_map(|pixel| [*pixel, *pixel, *pixel, 255])
        .collect();
    let side = |side: usize| u32::try_from(side).expect("at most MAX_SIDE");
    let Some(picture) = Grey::from_rgba(side(width), side(height), &rgba) else {
        assert!(height == 0, "a size that fits is taken");
        return;
    };
    // Version 40 holds 4296 characters (ISO/IEC 18004, table 7).
    let mut codes = read_codes(&picture);
    codes.extend(read_frame(&picture, u32::from(*number)));
    assert!(codes.iter().all(|code| code.len() <= 4 * 4296));
}
