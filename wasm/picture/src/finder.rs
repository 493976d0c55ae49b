//! The finder patterns of a picture, and which three of them belong to one code. A straight line stays straight
//! in every perspective: the line between two patterns of a code leaves both through the middle of an edge.

use rxing::common::BitMatrix;
use rxing::common::cpp_essentials::FindConcentricPatternCorners;
use rxing::qrcode::cpp_port::detector::FindFinderPatterns;

use crate::plane::Point;

/// What looks like finder patterns can be printed in any number, so that a picture takes for ever.
const MOST: usize = 100;

/// From a finder pattern's middle to the middle of its black ring, in modules.
pub(crate) const RING: f64 = 3.0;

/// How far beside the middle of an edge the line to the next pattern may pass, where the edge is 1.
const ASIDE: f64 = 0.2;

/// The distances of finder patterns in the smallest and in the largest code, in modules, and a little
/// beyond (ISO/IEC 18004 §5.3).
const DISTANCES: std::ops::RangeInclusive<f64> = 12.0..=180.0;

/// By how much the two distances of a code may seem to differ.
const UNEQUAL: f64 = 0.25;

/// How many other patterns are considered beyond each edge of one.
const NEAREST: usize = 4;

/// A finder pattern.
#[derive(Clone, Copy)]
pub(crate) struct Finder {
    middle: Point,
    /// Of the square in the middle of its black ring, clockwise.
    pub(crate) corners: [Point; 4],
}

/// How a finder pattern lies to another: where the line between their middles crosses its ring.
#[derive(Clone, Copy)]
struct Crossing {
    /// The edge on this side; the first one begins at the first corner.
    edge: usize,
    near: Point,
    far: Point,
}

/// Another pattern of the same code.
struct Neighbour {
    number: usize,
    /// Which edges look at each other: that of the one whose neighbour it is, and its own.
    edges: (usize, usize),
    /// Between their middles, in modules.
    distance: f64,
}

/// Three finder patterns of a code, each turned so that its first corner is at the upper left.
pub(crate) struct Triple {
    pub(crate) upper_left: Finder,
    pub(crate) upper_right: Finder,
    pub(crate) lower_left: Finder,
    /// Between their middles, in modules.
    pub(crate) distance: f64,
    /// Their places among all patterns.
    pub(crate) numbers: [usize; 3],
}

/// All finder patterns of a picture.
pub(crate) fn patterns(picture: &BitMatrix) -> Vec<Finder> {
    let mut patterns = FindFinderPatterns(picture, true, 0);
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.size));
    let patterns = patterns.into_iter().take(MOST);
    let finders = patterns.filter_map(|pattern| {
        let corners = FindConcentricPatternCorners(picture, pattern.p, pattern.size, 2)?;
        Some(Finder::new(point(pattern.p), corners.0.map(point)))
    });
    finders.collect()
}

fn point(point: rxing::Point) -> Point {
    Point::new(point.x.into(), point.y.into())
}

/// All threes that could belong together, the closest first.
pub(crate) fn triples(finders: &[Finder]) -> Vec<Triple> {
    let mut triples = Vec::new();
    for (number, finder) in finders.iter().enumerate() {
        let beyond = [0, 1, 2, 3].map(|edge| neighbours(finders, number, edge));
        let clockwise = beyond.iter().zip(beyond.iter().cycle().skip(1));
        for (right, lower) in clockwise.flat_map(|(rights, lowers)| {
            (rights.iter()).flat_map(|right| lowers.iter().map(move |lower| (right, lower)))
        }) {
            triples.extend(Triple::of(finders, (number, finder), right, lower));
        }
    }
    triples.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    triples
}

/// What lies beyond an edge of one pattern, the nearest first.
fn neighbours(finders: &[Finder], number: usize, edge: usize) -> Vec<Neighbour> {
    let Some(finder) = finders.get(number) else {
        return Vec::new();
    };
    let others = finders.iter().enumerate().filter(|(it, _)| *it != number);
    let mut neighbours: Vec<_> = others
        .filter_map(|(number, other)| finder.neighbour(edge, (number, other)))
        .collect();
    neighbours.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    neighbours.truncate(NEAREST);
    neighbours
}

impl Finder {
    fn new(middle: Point, mut corners: [Point; 4]) -> Self {
        let [a, b, c, _] = corners;
        if a.to(b).cross(b.to(c)) < 0.0 {
            corners.reverse();
        }
        Self { middle, corners }
    }

    /// The same with another first corner.
    fn turned(mut self, first: usize) -> Self {
        self.corners.rotate_left(first % 4);
        self
    }

    /// The ends of an edge.
    fn edge(&self, edge: usize) -> (Point, Point) {
        let [first, second, ..] = self.turned(edge).corners;
        (first, second)
    }

    fn neighbour(&self, edge: usize, (number, other): (usize, &Self)) -> Option<Neighbour> {
        let here = self.crossing(edge, other.middle)?;
        let there = (0..4).find_map(|edge| other.crossing(edge, self.middle))?;
        // The cross-ratio of four points on a line is the same from everywhere: of these four, whose distances are
        // known in modules but for one, it tells that one.
        let between = here.near.to(there.near).length() * here.far.to(there.far).length();
        let across = here.near.to(here.far).length() * there.near.to(there.far).length();
        let distance = 2.0 * RING * (between / across + 1.0).sqrt();
        DISTANCES.contains(&distance).then_some(Neighbour {
            number,
            edges: (edge, there.edge),
            distance,
        })
    }

    /// Where the line to another's middle crosses this edge and the one behind, if it does so in their middles.
    fn crossing(&self, edge: usize, other: Point) -> Option<Crossing> {
        let ahead = self.middle.to(other);
        let cross = |edge| {
            let (start, end) = self.edge(edge);
            let (left, right) = (
                ahead.cross(self.middle.to(start)),
                ahead.cross(self.middle.to(end)),
            );
            let part = left / (left - right);
            let at = start.towards(end, part);
            ((part - 0.5).abs() < ASIDE).then_some((left, at))
        };
        let (left, near) = cross(edge)?;
        let (_, far) = cross(edge + 2)?;
        // Corners go clockwise, so that those of the edge ahead come from the left.
        (left < 0.0).then_some(Crossing { edge, near, far })
    }
}

impl Triple {
    fn of(
        finders: &[Finder],
        (number, upper_left): (usize, &Finder),
        right: &Neighbour,
        lower: &Neighbour,
    ) -> Option<Self> {
        let distance = f64::midpoint(right.distance, lower.distance);
        if (right.distance - lower.distance).abs() > UNEQUAL * distance {
            return None;
        }
        Some(Self {
            // The edge to the right begins at the second corner of four, the one to the left at the last, the
            // upper one at the first.
            upper_left: upper_left.turned(right.edges.0 + 3),
            upper_right: finders.get(right.number)?.turned(right.edges.1 + 1),
            lower_left: finders.get(lower.number)?.turned(lower.edges.1),
            distance,
            numbers: [number, right.number, lower.number],
        })
    }
}
