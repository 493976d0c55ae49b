//! When the bridge authority gives way to the next one: a decision out of times alone.
//!
//! Browsers read their certificate store when they start. So the next authority is made long before
//! the current one ends and is put beside it into every store, and it signs only when it has been in all
//! of them for a while. Who carries the steps out is `core/rotation.rs`.

use std::time::{Duration, SystemTime};

use settle_transport::certificate;

/// The next authority is made when the current one has no more than this left.
const MAKE_BEFORE: Duration = days(90);
/// It signs when the current one has no more than this left…
const SWITCH_BEFORE: Duration = days(30);
/// …and it has been in every store for so long that browsers have been started anew.
const KNOWN_FOR: Duration = days(14);

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

/// From when to when an authority can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Life {
    from: SystemTime,
    until: SystemTime,
}

impl Life {
    /// That of a certificate, or `None` when the bytes are none.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let from = SystemTime::UNIX_EPOCH + certificate::not_before(certificate)?;
        let until = certificate::not_after(certificate)?;
        Some(Self { from, until })
    }

    fn is_on(&self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it can be used, and for longer than `rest`.
    fn lasts(&self, now: SystemTime, rest: Duration) -> bool {
        self.is_on(now) && now + rest < self.until
    }
}

/// The authority that comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Next {
    /// Its own time.
    pub life: Life,
    /// Since when every store has it that has the current one; `None` while one has not, and when
    /// there is no store.
    pub known_since: Option<SystemTime>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Make the next authority, in the place of one that is of no use any more.
    Make,
    /// See to it that every store has both.
    Offer,
    /// Sign with the next, and destroy the key of the current one.
    Switch,
}

/// What is to be done at `now`. An authority that no store has signs only when the current one has
/// ended: then nothing is lost by it.
#[must_use]
pub fn rotation(now: SystemTime, current: Life, next: Option<Next>) -> Step {
    let next = next.filter(|next| next.life.lasts(now, MAKE_BEFORE));
    let Some(next) = next else {
        return if current.lasts(now, MAKE_BEFORE) {
            Step::Rest
        } else {
            Step::Make
        };
    };
    let is_known = next
        .known_since
        .is_some_and(|since| since + KNOWN_FOR <= now);
    // A clock that was wrong may have made a current one that has not begun.
    if !current.is_on(now) || (is_known && !current.lasts(now, SWITCH_BEFORE)) {
        Step::Switch
    } else {
        Step::Offer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day 0 is the one on which the current authority was made; it ends on day 730.
    fn day(day: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + days(10_000 + day)
    }

    fn life(made: u64) -> Life {
        Life {
            from: day(made) - days(1),
            until: day(made + 730),
        }
    }

    fn next(made: u64, known: Option<u64>) -> Option<Next> {
        Some(Next {
            life: life(made),
            known_since: known.map(day),
        })
    }

    #[test]
    fn each_step_has_its_time() {
        let table = [
            (0, None, Step::Rest),
            (639, None, Step::Rest),
            (640, None, Step::Make),
            (729, None, Step::Make),
            (900, None, Step::Make),
            (640, next(640, None), Step::Offer),
            (699, next(640, Some(640)), Step::Offer),
            (700, next(640, Some(640)), Step::Switch),
            // It was made late, so browsers get their time first.
            (700, next(695, Some(695)), Step::Offer),
            (708, next(695, Some(695)), Step::Offer),
            (709, next(695, Some(695)), Step::Switch),
            // Later than that, and no time is left to give.
            (729, next(725, Some(725)), Step::Offer),
            (730, next(725, Some(725)), Step::Switch),
            // A store that cannot be written has the current one to its end, and no longer.
            (729, next(640, None), Step::Offer),
            (730, next(640, None), Step::Switch),
            (900, next(640, None), Step::Switch),
        ];
        for (now, next, step) in table {
            assert_eq!(rotation(day(now), life(0), next), step, "day {now}");
        }
    }

    #[test]
    fn a_next_authority_that_has_come_to_its_own_end_is_made_anew() {
        // Nobody was there for years.
        assert_eq!(
            rotation(day(2000), life(0), next(640, Some(640))),
            Step::Make
        );
        assert_eq!(
            rotation(day(1300), life(0), next(640, Some(640))),
            Step::Make
        );
    }

    #[test]
    fn what_a_wrong_clock_has_made_is_replaced_when_the_clock_is_right_again() {
        assert_eq!(rotation(day(0), life(5000), None), Step::Make);
        assert_eq!(rotation(day(0), life(5000), next(0, None)), Step::Switch);
        let bogus = next(5000, Some(5000));
        assert_eq!(rotation(day(0), life(0), bogus), Step::Rest);
        assert_eq!(rotation(day(650), life(0), bogus), Step::Make);
        // Known in the future is not known for long.
        assert_eq!(
            rotation(day(705), life(0), next(650, Some(5000))),
            Step::Offer
        );
    }
}
