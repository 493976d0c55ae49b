//! Maps between planes seen in perspective: from the modules of a code to the pixels of a picture.

/// A point of a plane: right, then down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    pub(crate) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    pub(crate) fn to(self, other: Self) -> Self {
        Self::new(other.x - self.x, other.y - self.y)
    }

    /// The point at this part of the way to another.
    pub(crate) fn towards(self, other: Self, part: f64) -> Self {
        let way = self.to(other);
        Self::new(self.x + part * way.x, self.y + part * way.y)
    }

    /// Positive when `other` is clockwise of it, as pictures are seen.
    pub(crate) fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    pub(crate) fn length(self) -> f64 {
        self.x.hypot(self.y)
    }
}

/// A projective map: the rows of a matrix of three by three whose last entry is 1.
pub(crate) struct Homography([f64; 8]);

impl Homography {
    /// The map that brings the first point of each pair closest to the second, by least squares. `None` with too few
    /// pairs, or with such that do not span a plane.
    pub(crate) fn fit(pairs: &[(Point, Point)]) -> Option<Self> {
        let mut sums = [[0.0; 9]; 8];
        for (from, to) in pairs {
            let Point { x, y } = *from;
            let rows = [
                [x, y, 1.0, 0.0, 0.0, 0.0, -x * to.x, -y * to.x, to.x],
                [0.0, 0.0, 0.0, x, y, 1.0, -x * to.y, -y * to.y, to.y],
            ];
            for row in rows {
                for (sums, factor) in sums.iter_mut().zip(row) {
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum += factor * value;
                    }
                }
            }
        }
        solve(sums).map(Self)
    }

    pub(crate) fn map(&self, Point { x, y }: Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let scale = g * x + h * y + 1.0;
        Point::new((a * x + b * y + c) / scale, (d * x + e * y + f) / scale)
    }
}

/// Gauss-Jordan elimination with pivoting; each row ends with its right side.
#[expect(
    clippy::indexing_slicing,
    reason = "all indices are below the fixed sizes"
)]
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let best =
            (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, best);
        let divisor = rows[column][column];
        if divisor == 0.0 || !divisor.is_finite() {
            return None;
        }
        let pivot = rows[column].map(|value| value / divisor);
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
    Some(rows.map(|row| row[8]))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn a_map_brings_each_point_to_its_partner() {
        let from = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
        let to = [(3.0, 4.0), (90.0, 20.0), (70.0, 95.0), (11.0, 60.0)];
        let point = |(x, y)| Point::new(x, y);
        let pairs: Vec<_> = from.map(point).into_iter().zip(to.map(point)).collect();
        let map = Homography::fit(&pairs).unwrap();
        for (from, to) in &pairs {
            assert!(map.map(*from).to(*to).length() < 1e-6);
        }
        // The diagonals of one are those of the other.
        let middle = map.map(Point::new(5.0, 5.0));
        let (a, c) = (pairs[0].1, pairs[2].1);
        assert!(a.to(middle).cross(a.to(c)).abs() < 1e-6);
    }

    #[test]
    #[wasm_bindgen_test]
    fn points_of_one_line_span_no_plane() {
        let on_a_line = [0.0, 1.0, 2.0, 3.0].map(|x| (Point::new(x, x), Point::new(x, x)));
        assert!(
            Homography::fit(&on_a_line).is_none_or(|map| !map.map(on_a_line[1].0).x.is_finite())
        );
        assert!(Homography::fit(&on_a_line[..2]).is_none());
    }
}
