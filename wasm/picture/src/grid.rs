//! The modules of a code between three finder patterns, in perspective: how many there are, where, and which are black.
//! The patterns that every code has, beside the finders, tell how good a guess is and make it better (ISO/IEC 18004
//! §6.3).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers are brought into their range first, and a part of a pixel is left out"
)]

use rxing::common::BitMatrix;
use rxing::qrcode::common::{Version, VersionRef};

use crate::Grey;
use crate::finder::{Finder, RING, Triple};
use crate::plane::{Homography, Point};

/// From the code's edges to the middles of its finder patterns, in modules.
const MIDDLE: f64 = 3.5;

/// The row and the column of the timing patterns.
const TIMING: u32 = 6;

/// Which part of the timing patterns must be where it is thought to be.
const LEAST_TIMING: f64 = 0.7;

/// How far around the place where an alignment pattern should be it is looked for, in steps.
const REACH: i32 = 7;

/// Steps in a module.
const STEPS: f64 = 3.0;

/// How much of what a module has of one beside it is taken back, and how far a module is compared with others, in
/// modules.
const SHARPNESS: f64 = 0.2;
const AROUND: u32 = 4;

/// How many of the 25 modules of an alignment pattern may be wrong.
const MOST_WRONG: usize = 2;

/// Where the modules of a code are.
pub(crate) struct Grid<'a> {
    picture: &'a BitMatrix,
    side: u32,
    /// What is known: points of the code, in modules, and of the picture, in pixels.
    known: Vec<(Point, Point)>,
    to_pixels: Homography,
}

/// The grid of the code that has these finder patterns.
pub(crate) fn find<'a>(picture: &'a BitMatrix, triple: &Triple) -> Option<Grid<'a>> {
    let guess = (triple.distance + 2.0 * MIDDLE - 17.0) / 4.0;
    let guess = guess.round().clamp(1.0, 40.0) as u32;
    let versions = guess.saturating_sub(1).max(1)..=(guess + 1).min(40);
    let grids = versions.filter_map(|version| Version::Model2(version).ok());
    let grids = grids.filter_map(|version| Some((Grid::of(picture, triple, version)?, version)));
    let (mut grid, version) = grids.max_by(|(a, _), (b, _)| a.timing().total_cmp(&b.timing()))?;
    if grid.timing() < LEAST_TIMING {
        return None;
    }
    grid.align(version);
    Some(grid)
}

impl<'a> Grid<'a> {
    fn of(picture: &'a BitMatrix, triple: &Triple, version: VersionRef) -> Option<Self> {
        let side = version.getDimensionForVersion();
        let (near, far) = (MIDDLE, f64::from(side) - MIDDLE);
        let mut known = Vec::new();
        known.extend(corners(&triple.upper_left, near, near));
        known.extend(corners(&triple.upper_right, far, near));
        known.extend(corners(&triple.lower_left, near, far));
        let to_pixels = Homography::fit(&known)?;
        Some(Self {
            picture,
            side,
            known,
            to_pixels,
        })
    }

    /// What is at a point of the code; nothing when the picture ends before it.
    fn is_black(&self, at: Point) -> Option<bool> {
        let Point { x, y } = self.to_pixels.map(at);
        if x < 0.0 || y < 0.0 {
            return None;
        }
        self.picture.try_get(x as u32, y as u32)
    }

    /// How much of the timing patterns is as it should be.
    fn timing(&self) -> f64 {
        let (mut right, mut all) = (0.0, 0.0);
        for place in TIMING + 2..self.side - TIMING - 2 {
            for at in [middle(place, TIMING), middle(TIMING, place)] {
                all += 1.0;
                if self.is_black(at) == Some(place.is_multiple_of(2)) {
                    right += 1.0;
                }
            }
        }
        right / all
    }

    /// Finds the alignment patterns, from the known corner to the unknown one, and makes the map fit them.
    fn align(&mut self, version: VersionRef) {
        let places = version.getAlignmentPatternCenters();
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return;
        };
        let mut patterns: Vec<_> = (places.iter())
            .flat_map(|row| places.iter().map(move |column| (*column, *row)))
            .filter(|at| ![(*first, *first), (*first, *last), (*last, *first)].contains(at))
            .collect();
        patterns.sort_by_key(|(column, row)| column + row);
        for (column, row) in patterns {
            let at = middle(column, row);
            let Some(found) = self.alignment_pattern(at) else {
                continue;
            };
            self.known.push((at, self.to_pixels.map(found)));
            if let Some(better) = Homography::fit(&self.known) {
                self.to_pixels = better;
            }
        }
    }

    /// Where an alignment pattern is that should be here, in modules.
    fn alignment_pattern(&self, at: Point) -> Option<Point> {
        let mut fewest = MOST_WRONG;
        let mut best = Vec::new();
        for (down, right) in (-REACH..=REACH).flat_map(|y| (-REACH..=REACH).map(move |x| (y, x))) {
            let place = Point::new(
                at.x + f64::from(right) / STEPS,
                at.y + f64::from(down) / STEPS,
            );
            let Some(wrong) = self.wrong(place, fewest) else {
                continue;
            };
            if wrong < fewest {
                fewest = wrong;
                best.clear();
            }
            best.push(place);
        }
        mean(&best)
    }

    /// How many modules are not those of an alignment pattern, if they are not more than that.
    fn wrong(&self, at: Point, most: usize) -> Option<usize> {
        let mut wrong = 0;
        for (down, right) in (-2_i32..=2).flat_map(|y| (-2_i32..=2).map(move |x| (y, x))) {
            let place = Point::new(at.x + f64::from(right), at.y + f64::from(down));
            // A black ring and a black middle.
            let black = down.abs().max(right.abs()) != 1;
            if self.is_black(place) != Some(black) {
                wrong += 1;
                if wrong > most {
                    return None;
                }
            }
        }
        Some(wrong)
    }

    /// The modules as the picture in black and white has them; the decoder corrects what lies beyond it.
    pub(crate) fn modules(&self) -> Option<BitMatrix> {
        self.black(|column, row| self.is_black(middle(column, row)) == Some(true))
    }

    /// The modules out of the shades that they have: a blur makes each more like those beside it, which is taken
    /// back here.
    pub(crate) fn sharpened(&self, grey: &Grey) -> Option<BitMatrix> {
        let shades = self.shades(grey);
        self.black(|column, row| shades.is_black(column, row))
    }

    fn black(&self, is_black: impl Fn(u32, u32) -> bool) -> Option<BitMatrix> {
        let mut modules = BitMatrix::new(self.side, self.side).ok()?;
        for (column, row) in (0..self.side).flat_map(|row| (0..self.side).map(move |it| (it, row)))
        {
            if is_black(column, row) {
                modules.set(column, row);
            }
        }
        Some(modules)
    }

    /// The shade in the middle of each module; what lies beyond the picture is white.
    fn shades(&self, grey: &Grey) -> Shades {
        let shade = |column, row| {
            let Point { x, y } = self.to_pixels.map(middle(column, row));
            let (right, down) = (x as usize, y as usize);
            let inside = x >= 0.0 && y >= 0.0 && right < grey.width && down < grey.height;
            let shade = inside.then(|| grey.pixels.get(down * grey.width + right));
            shade.flatten().copied().unwrap_or(u8::MAX)
        };
        let side = self.side;
        let places = (0..side).flat_map(|row| (0..side).map(move |column| (column, row)));
        Shades {
            side,
            all: places.map(|(column, row)| shade(column, row)).collect(),
        }
    }
}

/// A shade for each module.
struct Shades {
    side: u32,
    all: Vec<u8>,
}

impl Shades {
    /// Of a module, if there is one.
    fn at(&self, column: u32, row: u32) -> Option<f64> {
        if column >= self.side || row >= self.side {
            return None;
        }
        let place = usize::try_from(row * self.side + column).ok()?;
        self.all.get(place).copied().map(f64::from)
    }

    /// Against the middle between the darkest and the brightest around it.
    fn is_black(&self, column: u32, row: u32) -> bool {
        let (mut darkest, mut brightest) = (f64::MAX, 0.0_f64);
        for near_row in row.saturating_sub(AROUND)..=row + AROUND {
            for near_column in column.saturating_sub(AROUND)..=column + AROUND {
                if let Some(shade) = self.at(near_column, near_row) {
                    darkest = darkest.min(shade);
                    brightest = brightest.max(shade);
                }
            }
        }
        let shade = |right: u32, down: u32| {
            let (column, row) = (column.wrapping_add(right), row.wrapping_add(down));
            // Around a code is light ground.
            self.at(column, row).unwrap_or(brightest)
        };
        let (here, back) = (shade(0, 0), 1_u32.wrapping_neg());
        let beside = shade(1, 0) + shade(back, 0) + shade(0, 1) + shade(0, back);
        here + SHARPNESS * (4.0 * here - beside) < f64::midpoint(darkest, brightest)
    }
}

/// The corners of a finder pattern's ring: in modules, and in pixels.
fn corners(finder: &Finder, x: f64, y: f64) -> impl Iterator<Item = (Point, Point)> {
    let around = [(-RING, -RING), (RING, -RING), (RING, RING), (-RING, RING)];
    let corners = around.map(|(right, down)| Point::new(x + right, y + down));
    corners.into_iter().zip(finder.corners)
}

/// The middle of a module.
fn middle(column: u32, row: u32) -> Point {
    Point::new(f64::from(column) + 0.5, f64::from(row) + 0.5)
}

/// The middle of points that lie together.
fn mean(points: &[Point]) -> Option<Point> {
    let count = points.iter().map(|_| 1.0).sum::<f64>();
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |(x, y), at| (x + at.x, y + at.y));
    let mean = Point::new(x / count, y / count);
    let together = points.iter().all(|point| point.to(mean).length() < 1.0);
    (count > 0.0 && together).then_some(mean)
}
