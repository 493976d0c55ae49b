//! What a camera sees of QR codes: frames with the faults that cameras and hands have, made from a
//! seed, so that the same seed gives the same frame. For the benchmark of readers and for cameras
//! that browsers only believe to have.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shades and places are brought into their range first, and a part of a pixel is left out"
)]

mod lens;

use std::io::{self, Write};

use fastrand::Rng;
use qrcode::{Color, QrCode};

use self::lens::Lens;

/// The pixels of a frame: those of a usual camera.
pub const WIDTH: usize = 1280;
/// See [`WIDTH`].
pub const HEIGHT: usize = 720;

/// White modules around a code (ISO/IEC 18004 §9.1).
const QUIET: usize = 4;

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing.
    Clear,
    /// The code is looked at from the side.
    Perspective,
    /// Out of focus, or moved.
    Blur,
    /// Too little light.
    Noise,
    /// Grey on grey.
    Pale,
    /// A lamp is reflected in the code.
    Glare,
    /// Two codes.
    Two,
    /// No code.
    Nothing,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Clear,
        Self::Perspective,
        Self::Blur,
        Self::Noise,
        Self::Pale,
        Self::Glare,
        Self::Two,
        Self::Nothing,
    ];

    /// How many codes a frame with it shows.
    #[must_use]
    pub const fn codes(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Two => 2,
            Self::Clear
            | Self::Perspective
            | Self::Blur
            | Self::Noise
            | Self::Pale
            | Self::Glare => 1,
        }
    }

    /// Its name in a table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Perspective => "perspective",
            Self::Blur => "blur",
            Self::Noise => "noise",
            Self::Pale => "pale",
            Self::Glare => "glare",
            Self::Two => "two",
            Self::Nothing => "nothing",
        }
    }
}

/// A frame in shades of grey, [`WIDTH`] by [`HEIGHT`], row after row.
#[derive(Clone, Debug)]
pub struct Frame(pub Vec<u8>);

/// A point of a frame, in pixels.
type Point = (f32, f32);

/// A code as it lies in front of the camera.
struct Lying {
    code: Vec<Color>,
    side: usize,
    /// From pixels to the code's modules.
    to_modules: Homography,
    dark: f32,
    light: f32,
}

impl Frame {
    /// A frame that shows `texts`, as far as `fault` has room for them.
    ///
    /// # Panics
    /// When a text is longer than a QR code.
    #[must_use]
    pub fn of(texts: &[String], fault: Fault, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let shown = fault.codes();
        let lying: Vec<Lying> = (texts.iter().take(shown).enumerate())
            .map(|(place, text)| Lying::put(text, fault, (place, shown), &mut rng))
            .collect();
        let ground = Ground::new(&mut rng);
        let mut shades: Vec<f32> = Vec::with_capacity(WIDTH * HEIGHT);
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                shades.push(sample(&lying, &ground, x as f32, y as f32));
            }
        }
        Self(Lens::of(fault, &mut rng).expose(shades, &mut rng))
    }
}

/// The mean of four points of a pixel.
fn sample(lying: &[Lying], ground: &Ground, x: f32, y: f32) -> f32 {
    let inside = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
    let shades = inside.map(|(dx, dy)| {
        let point = (x + dx, y + dy);
        let code = lying.iter().find_map(|it| it.shade(point));
        code.unwrap_or_else(|| ground.shade(point))
    });
    shades.iter().sum::<f32>() / 4.0
}

impl Lying {
    fn put(text: &str, fault: Fault, (place, places): (usize, usize), rng: &mut Rng) -> Self {
        let code = QrCode::new(text).expect("a text that fits a QR code");
        let side = code.width();
        let size = if places == 2 {
            0.28
        } else {
            0.35 + 0.45 * rng.f32()
        } * HEIGHT as f32;
        let slot = WIDTH as f32 / places as f32;
        let middle = (
            slot * (place as f32 + 0.5) + (slot - size) * 0.2 * (rng.f32() - 0.5),
            HEIGHT as f32 / 2.0 + (HEIGHT as f32 - size) * 0.2 * (rng.f32() - 0.5),
        );
        let lean = if fault == Fault::Perspective {
            0.28
        } else {
            0.05
        };
        let turn = if matches!(fault, Fault::Clear | Fault::Two) {
            0.15 * (rng.f32() - 0.5)
        } else {
            std::f32::consts::TAU * rng.f32()
        };
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(x, y)| {
            let (x, y): Point = (x + lean * (rng.f32() - 0.5), y + lean * (rng.f32() - 0.5));
            let (sin, cos) = turn.sin_cos();
            (
                middle.0 + size * (x * cos - y * sin),
                middle.1 + size * (x * sin + y * cos),
            )
        });
        let (dark, light) = if fault == Fault::Pale {
            (105.0 + 10.0 * rng.f32(), 130.0 + 15.0 * rng.f32())
        } else {
            (20.0 + 40.0 * rng.f32(), 190.0 + 50.0 * rng.f32())
        };
        Self {
            code: code.to_colors(),
            side,
            to_modules: Homography::onto(corners, (side + 2 * QUIET) as f32),
            dark,
            light,
        }
    }

    /// The shade at a pixel, where the code or its paper is.
    fn shade(&self, at: Point) -> Option<f32> {
        let (column, row) = self.to_modules.map(at);
        let paper = (self.side + 2 * QUIET) as f32;
        if !(0.0..paper).contains(&column) || !(0.0..paper).contains(&row) {
            return None;
        }
        let (column, row) = (column as usize, row as usize);
        let module = column
            .checked_sub(QUIET)
            .zip(row.checked_sub(QUIET))
            .filter(|(column, row)| *column < self.side && *row < self.side)
            .and_then(|(column, row)| self.code.get(row * self.side + column));
        Some(match module {
            Some(Color::Dark) => self.dark,
            Some(Color::Light) | None => self.light,
        })
    }
}

/// What lies around the codes: a desk with a pattern, lighter on one side.
struct Ground {
    shade: f32,
    slope: f32,
    waves: [(f32, f32); 3],
}

impl Ground {
    fn new(rng: &mut Rng) -> Self {
        Self {
            shade: 70.0 + 80.0 * rng.f32(),
            slope: 60.0 * (rng.f32() - 0.5),
            waves: std::array::from_fn(|_| (0.01 + 0.08 * rng.f32(), 0.01 + 0.08 * rng.f32())),
        }
    }

    fn shade(&self, (x, y): Point) -> f32 {
        let waves: f32 = self
            .waves
            .iter()
            .map(|(a, b)| 9.0 * (x * a + y * b).sin())
            .sum();
        self.shade + self.slope * (x / WIDTH as f32 - 0.5) + waves
    }
}

/// A projective map of the plane (rows of a matrix of three by three whose last entry is 1).
struct Homography([f32; 8]);

impl Homography {
    /// Maps the four corners, clockwise from the first, onto those of a square of this side.
    fn onto(corners: [Point; 4], side: f32) -> Self {
        let square = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)];
        let mut rows = Vec::with_capacity(8);
        for ((x, y), (u, v)) in corners.into_iter().zip(square) {
            rows.push([x, y, 1.0, 0.0, 0.0, 0.0, -x * u, -y * u, u]);
            rows.push([0.0, 0.0, 0.0, x, y, 1.0, -x * v, -y * v, v]);
        }
        Self(solve(rows))
    }

    fn map(&self, (x, y): Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let scale = g * x + h * y + 1.0;
        ((a * x + b * y + c) / scale, (d * x + e * y + f) / scale)
    }
}

/// Gauss-Jordan elimination with pivoting; each row ends with its right side.
#[expect(
    clippy::indexing_slicing,
    reason = "all indices are below the fixed sizes"
)]
fn solve(mut rows: Vec<[f32; 9]>) -> [f32; 8] {
    for column in 0..8 {
        let best =
            (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()));
        rows.swap(column, best.unwrap_or(column));
        let pivot = rows[column].map(|value| value / rows[column][column]);
        for (number, row) in rows.iter_mut().enumerate() {
            let factor = row[column];
            for (value, taken) in row.iter_mut().zip(pivot) {
                *value = if number == column {
                    taken
                } else {
                    *value - factor * taken
                };
            }
        }
    }
    std::array::from_fn(|row| rows[row][8])
}

/// Writes a film in YUV4MPEG2, which Chromium takes for what its camera sees.
///
/// # Errors
/// Those of `out`.
pub fn write(mut out: impl Write, frames: &[Frame]) -> io::Result<()> {
    writeln!(out, "YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg")?;
    for frame in frames {
        out.write_all(b"FRAME\n")?;
        out.write_all(&frame.0)?;
        out.write_all(&[128; WIDTH * HEIGHT / 2])?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_homography_maps_the_corners_onto_those_of_a_square() {
        let corners = [(100.0, 90.0), (400.0, 130.0), (420.0, 460.0), (80.0, 400.0)];
        let map = Homography::onto(corners, 33.0);
        for (corner, (u, v)) in
            corners
                .into_iter()
                .zip([(0.0, 0.0), (33.0, 0.0), (33.0, 33.0), (0.0, 33.0)])
        {
            let (x, y) = map.map(corner);
            assert!(
                (x - u).abs() < 0.01 && (y - v).abs() < 0.01,
                "{corner:?}: {x} {y}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_frame_and_another_another() {
        let texts = ["SETTLE:ABC".to_owned(), "SETTLE:DEF".to_owned()];
        for fault in Fault::ALL {
            let frame = Frame::of(&texts, fault, 1);
            assert_eq!(frame.0.len(), WIDTH * HEIGHT);
            assert_eq!(frame.0, Frame::of(&texts, fault, 1).0);
            assert_ne!(frame.0, Frame::of(&texts, fault, 2).0);
        }
    }
}
