//! Somebody who has the day's announcements before them, and says for each which later one is the same
//! device's. What is likest by some measure is chosen, and of equals any.

use fastrand::Rng;
use settle_device::{Service, WORN};

use super::observed::Sighting;

/// How much later the other one may have begun, in seconds: a device has put on others by then.
const HORIZON: f64 = 30.0 * 60.0;

/// How like two announcements are; what is greater is liker.
type Likeness = fn(&Sighting, &Sighting) -> f64;

/// What the attacker goes by.
pub(super) const STRATEGIES: &[(&str, Likeness)] = &[
    ("equality", equality),
    ("marks", marks),
    ("resemblance", resemblance),
    ("form", form),
    ("soonest", |one, other| one.begin - other.begin),
    ("handover", |one, other| -(other.begin - one.end).abs()),
    ("overlap", |one, other| one.end.min(other.end) - other.begin),
    ("mean gap", |one, other| {
        -(other.begin - one.begin - 240.0).abs()
    }),
    ("longest gap", |one, other| {
        -(other.begin - one.begin - 840.0).abs()
    }),
    ("rhythm", |one, other| rhythm(other.begin - one.begin)),
    ("all", |one, other| {
        equality(one, other) + resemblance(one, other) + form(one, other)
            - (other.begin - one.end).abs() / WORN.as_secs_f64()
    }),
];

/// One choice.
pub(super) struct Guess {
    pub(super) is_right: bool,
    /// That a blind choice is right.
    pub(super) chance: f64,
}

/// Chooses for every announcement whose device has another one soon after it.
pub(super) fn guess(sightings: &[Sighting], likeness: Likeness, seed: u64) -> Vec<Guess> {
    let mut random = Rng::with_seed(seed);
    let mut sightings: Vec<&Sighting> = sightings.iter().collect();
    sightings.sort_by(|one, other| one.begin.total_cmp(&other.begin));
    let mut guesses = Vec::new();
    for (index, one) in sightings.iter().enumerate() {
        let later = sightings.get(index + 1..).unwrap_or_default();
        let near = later.partition_point(|other| other.begin - one.begin <= HORIZON);
        let pool = later.get(..near).unwrap_or_default();
        let right = pool.iter().filter(|other| other.device == one.device);
        let right = right.count();
        if right == 0 {
            continue;
        }
        let chance = share(right, pool.len());
        let scored = pool
            .iter()
            .map(|other| (likeness(one, other), random.u32(..), other));
        let best = scored
            .max_by(|(a, toss, _), (b, other, _)| a.total_cmp(b).then_with(|| toss.cmp(other)));
        guesses.extend(best.map(|(_, _, other)| Guess {
            is_right: other.device == one.device,
            chance,
        }));
    }
    guesses
}

fn share(some: usize, all: usize) -> f64 {
    let float = |count| u32::try_from(count).map_or(f64::NAN, f64::from);
    float(some) / float(all)
}

/// How many things that are said are the same.
fn equality(one: &Sighting, other: &Sighting) -> f64 {
    let (one, other) = (&one.service, &other.service);
    let values = one.text.iter().filter(|text| other.text.contains(text));
    let same = [
        one.instance == other.instance,
        one.host == other.host,
        one.port == other.port,
    ];
    share(
        values.count() + same.iter().filter(|same| **same).count(),
        1,
    )
}

/// How many marks are the same, in whatever place.
fn marks(one: &Sighting, other: &Sighting) -> f64 {
    let (mut same, mut others) = (0, other.marks.iter().peekable());
    for mark in &one.marks {
        while others.next_if(|other| *other < mark).is_some() {}
        same += usize::from(others.next_if_eq(&mark).is_some());
    }
    share(same, 1)
}

/// How many octets are the same in the same place.
fn resemblance(one: &Sighting, other: &Sighting) -> f64 {
    let (one, other) = (&one.said, &other.said);
    let same = one.iter().zip(other).filter(|(a, b)| a == b);
    share(same.count(), one.len().max(other.len()))
}

/// Whether what is said has the same form: lengths, keys, their order, the port.
fn form(one: &Sighting, other: &Sighting) -> f64 {
    let form = |service: &Service| {
        let text: Vec<_> = service
            .text
            .iter()
            .map(|(key, value)| (*key, value.len()))
            .collect();
        (
            service.instance.len(),
            service.host.len(),
            service.port,
            text,
        )
    };
    f64::from(u8::from(form(&one.service) == form(&other.service)))
}

/// Whether the time between is that of something that comes again.
fn rhythm(gap: f64) -> f64 {
    let off = |period: f64| (gap / period - (gap / period).round()).abs() * period;
    let periods = [60.0, 240.0, WORN.as_secs_f64()];
    -periods.into_iter().map(off).fold(f64::INFINITY, f64::min)
}
