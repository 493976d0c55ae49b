//! Pictures in shades of grey, and what is made of them before they become black and white. The loops are
//! written so that the compiler does many pixels at once.

/// A picture in shades of grey, one byte a pixel, row after row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
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

    /// Light for dark.
    pub(crate) fn invert(&mut self) {
        self.pixels.iter_mut().for_each(|pixel| *pixel = !*pixel);
    }

    /// Half the width and height, each pixel the mean of four.
    pub(crate) fn half(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        let mut rows = self.pixels.chunks_exact(self.width.max(1));
        while let (Some(upper), Some(lower)) = (rows.next(), rows.next()) {
            let pairs = upper
                .as_chunks::<2>()
                .0
                .iter()
                .zip(lower.as_chunks::<2>().0);
            pixels.extend(pairs.map(|([a, b], [c, d])| {
                octet((u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d) + 2) / 4)
            }));
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// A blur over three by three pixels (1 2 1 each way): it takes away the noise of a camera.
    pub(crate) fn blurred(&self) -> Self {
        let row = |y: usize| {
            let start = y.min(self.height - 1) * self.width;
            self.pixels
                .get(start..start + self.width)
                .unwrap_or_default()
        };
        let mut pixels = Vec::with_capacity(self.pixels.len());
        let mut sums = vec![0_u16; self.width + 2];
        for y in 0..self.height {
            let rows = row(y.saturating_sub(1)).iter().zip(row(y)).zip(row(y + 1));
            for (sum, ((above, here), below)) in sums.iter_mut().skip(1).zip(rows) {
                *sum = u16::from(*above) + 2 * u16::from(*here) + u16::from(*below);
            }
            // Beyond its edges the picture goes on as it ends.
            if let [before, first, .., last, after] = sums.as_mut_slice() {
                (*before, *after) = (*first, *last);
            }
            pixels.extend(sums.windows(3).map(|three| match three {
                [left, here, right] => octet((left + 2 * here + right + 8) / 16),
                _ => 0,
            }));
        }
        Self { pixels, ..*self }
    }
}

/// The luma of ITU-R BT.601, over a white ground.
fn shade([red, green, blue, alpha]: [u8; 4]) -> u8 {
    let luma = (77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue)) >> 8;
    let alpha = u32::from(alpha);
    let shade = ((luma * alpha + 255 * (255 - alpha) + 127) * 257) >> 16;
    u8::try_from(shade).unwrap_or(u8::MAX)
}

fn octet(value: u16) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
