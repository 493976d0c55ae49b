//! Pictures in black and white: each pixel against what is around it, so that shadows, lamps and grey on grey do
//! no harm. Where nothing stands out, everything is white, so that nobody looks for codes in noise.

use rxing::common::{BitArray, BitMatrix};

use crate::Grey;

/// The side of the squares that a picture is divided into, in pixels.
const BLOCK: usize = 8;

/// How many blocks each way are looked at around one.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    /// What is beside the paper does not count.
    Near = 1,
    /// Together they are wider than the largest square of one shade in a code that fills a frame, the middle of its
    /// finder patterns.
    Far = 2,
}

/// Less of a difference than this, in shades, is nothing that anybody printed.
const LEAST_CONTRAST: u8 = 16;

/// Black pixels are set.
pub(crate) struct Ink(pub(crate) BitMatrix);

impl Ink {
    /// `None` for a picture of no pixels.
    pub(crate) fn of(picture: &Grey, reach: Reach) -> Option<Self> {
        let size = |side: usize| u32::try_from(side).ok();
        let mut matrix = BitMatrix::new(size(picture.width)?, size(picture.height)?).ok()?;
        let across = picture.width.div_ceil(BLOCK);
        let limits = limits(picture, across, reach as usize);
        let lines = limits.chunks(across).flat_map(|line| [line; BLOCK]);
        let rows = picture.pixels.chunks_exact(picture.width);
        let mut bits = BitArray::with_size(picture.width);
        for ((y, row), limits) in (0..).zip(rows).zip(lines) {
            let words = row.chunks(WORD).zip(limits.chunks(WORD / BLOCK));
            for ((pixels, limits), start) in words.zip((0..).step_by(WORD)) {
                bits.setBulk(start, darker(pixels, limits));
            }
            matrix.setRow(y, &bits);
        }
        Some(Self(matrix))
    }

    pub(crate) fn invert(&mut self) {
        self.0.flip_self();
    }
}

/// Pixels in a word of a row of bits.
const WORD: usize = usize::BITS as usize;

/// The pixels below the limits of their blocks, the first one as the lowest bit.
fn darker(pixels: &[u8], limits: &[u8]) -> usize {
    let blocks = pixels.chunks(BLOCK).zip(limits).zip((0..).step_by(BLOCK));
    blocks.fold(0, |word, ((block, limit), shift)| {
        word | (darker_of_block(block, *limit) << shift)
    })
}

fn darker_of_block(block: &[u8], limit: u8) -> usize {
    let bits = block.iter().zip(0_u32..);
    bits.fold(0, |bits, (pixel, place)| {
        bits | (usize::from(*pixel < limit) << place)
    })
}

/// Below which shade a pixel is black, for each block: the middle between the darkest and the lightest
/// around it.
fn limits(picture: &Grey, across: usize, reach: usize) -> Vec<u8> {
    let (mut darkest, mut lightest) = (Vec::new(), Vec::new());
    for rows in picture.pixels.chunks(BLOCK * picture.width) {
        darkest.extend(of_blocks(rows, picture.width, u8::min));
        lightest.extend(of_blocks(rows, picture.width, u8::max));
    }
    let darkest = around(&darkest, across, reach, u8::min);
    let lightest = around(&lightest, across, reach, u8::max);
    let both = darkest.into_iter().zip(lightest);
    both.map(|(darkest, lightest)| {
        if lightest - darkest < LEAST_CONTRAST {
            0
        } else {
            darkest.midpoint(lightest)
        }
    })
    .collect()
}

/// The least or the largest shade of each block of a line of blocks.
fn of_blocks(rows: &[u8], width: usize, which: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    let mut rows = rows.chunks_exact(width);
    let mut line = rows.next().unwrap_or_default().to_vec();
    for row in rows {
        for (value, pixel) in line.iter_mut().zip(row) {
            *value = which(*value, *pixel);
        }
    }
    let blocks = line.chunks(BLOCK);
    blocks
        .filter_map(|block| block.iter().copied().reduce(which))
        .collect()
}

/// The least or the largest value of each block and those around it.
fn around(
    blocks: &[u8],
    across: usize,
    reach: usize,
    which: impl Fn(u8, u8) -> u8 + Copy,
) -> Vec<u8> {
    let lines: Vec<Vec<u8>> = blocks
        .chunks(across)
        .map(|line| beside(line, reach, which))
        .collect();
    let near = |at: usize| {
        lines
            .iter()
            .skip(at.saturating_sub(reach))
            .take(reach + 1 + at.min(reach))
    };
    (0..lines.len())
        .flat_map(|at| {
            let mut near = near(at);
            let mut result = near.next().cloned().unwrap_or_default();
            for line in near {
                for (value, other) in result.iter_mut().zip(line) {
                    *value = which(*value, *other);
                }
            }
            result
        })
        .collect()
}

/// The same along one line.
fn beside(line: &[u8], reach: usize, which: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    (0..line.len())
        .filter_map(|at| {
            let near = line.iter().skip(at.saturating_sub(reach));
            near.take(reach + 1 + at.min(reach)).copied().reduce(which)
        })
        .collect()
}
