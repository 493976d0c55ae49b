//! When a portable device puts a mask on and takes it off: a function of time and randomness alone,
//! which the device and the measurement of its privacy both drive.
//!
//! Masks begin at moments that have no memory (a Poisson process) and each is worn for the same time,
//! so several are worn at once. When one begins or ends then says nothing of which others are the same
//! device's: a device that put on one mask as it took off the last would be followed by the clock.

use std::collections::VecDeque;
use std::time::Duration;

use settle_protocol::portable::Nonce;

/// How long a mask is worn.
pub const WORN: Duration = Duration::from_secs(15 * 60);
/// From one beginning to the next, on average, were it not for the longest time.
const MEAN: Duration = Duration::from_secs(4 * 60);
/// The longest time from one beginning to the next, so that the next is known before the last one ends.
const LONGEST: Duration = Duration::from_secs(14 * 60);
/// How many are worn at once; by chance alone there are so many once in years.
const MOST: usize = 12;

/// What is to be done now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// A mask with this nonce is put on.
    Begin(Nonce),
    /// It is taken off.
    End(Nonce),
}

/// The masks of one device; times are counted from its start.
#[derive(Debug, Default)]
pub struct Rotation {
    worn: VecDeque<(Nonce, Duration)>,
    next: Duration,
}

impl Rotation {
    /// When there is something to do next.
    #[must_use]
    pub fn due(&self) -> Duration {
        let end = self.worn.front().map(|(_, end)| *end);
        end.map_or(self.next, |end| end.min(self.next))
    }

    /// What is due at `now`; `draw` fills what it is given with randomness.
    ///
    /// # Errors
    /// Those of `draw`; it is as before then.
    pub fn advance<E>(
        &mut self,
        now: Duration,
        draw: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Vec<Step>, E> {
        let mut steps = Vec::new();
        if self.next <= now {
            let (mut mask, mut gap) = (Nonce::default(), [0; 4]);
            draw(&mut mask)?;
            draw(&mut gap)?;
            if self.worn.len() == MOST {
                steps.extend(self.worn.pop_front().map(|(mask, _)| Step::End(mask)));
            }
            self.worn.push_back((mask, now + WORN));
            self.next = now + gap_of(u32::from_le_bytes(gap));
            steps.push(Step::Begin(mask));
        }
        while let Some((mask, _)) = self.worn.pop_front_if(|(_, end)| *end <= now) {
            steps.push(Step::End(mask));
        }
        Ok(steps)
    }

    /// Lets the next mask begin at once: there is somebody who does not recognize those that are worn.
    pub fn hurry(&mut self) {
        self.next = Duration::ZERO;
    }

    /// Takes all off, and begins anew: the device is somewhere else.
    pub fn restart(&mut self) {
        *self = Self::default();
    }
}

/// The exponential distribution, cut at the longest time.
fn gap_of(draw: u32) -> Duration {
    let even = f64::from(draw) / (f64::from(u32::MAX) + 1.0);
    let mean = MEAN.as_secs_f64();
    let within = 1.0 - (-LONGEST.as_secs_f64() / mean).exp();
    Duration::from_secs_f64(-mean * (1.0 - even * within).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Any numbers that differ; a failure can be repeated.
    fn dice(mut state: u64) -> impl FnMut(&mut [u8]) -> Result<(), std::convert::Infallible> {
        move |bytes| {
            for byte in bytes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                *byte = state.to_be_bytes()[0];
            }
            Ok(())
        }
    }

    #[test]
    fn for_a_week_there_is_a_mask_and_none_is_worn_longer_than_its_time() {
        let (mut rotation, mut dice) = (Rotation::default(), dice(1));
        let mut worn: Vec<(Nonce, Duration)> = Vec::new();
        let mut begun = 0;
        while rotation.due() < Duration::from_secs(7 * 24 * 60 * 60) {
            let now = rotation.due();
            for step in rotation.advance(now, &mut dice).unwrap() {
                match step {
                    Step::Begin(mask) => {
                        assert!(worn.iter().all(|(other, _)| *other != mask));
                        worn.push((mask, now));
                        begun += 1;
                    }
                    Step::End(mask) => worn.retain(|(other, _)| *other != mask),
                }
            }
            assert!(!worn.is_empty() && worn.len() <= MOST);
            assert!(worn.iter().all(|(_, begin)| now - *begin < WORN));
        }
        assert!((2300..3100).contains(&begun), "{begun}");
    }

    #[test]
    fn a_gap_is_never_longer_than_the_longest_and_mostly_short() {
        assert_eq!(gap_of(0), Duration::ZERO);
        assert!(gap_of(u32::MAX) <= LONGEST);
        assert!(gap_of(u32::MAX / 2) < MEAN);
    }

    #[test]
    fn who_hurries_gets_a_mask_at_once_and_who_moved_has_no_old_one() {
        let (mut rotation, mut dice) = (Rotation::default(), dice(2));
        let second = Duration::from_secs(1);
        let steps = rotation.advance(second, &mut dice).unwrap();
        let [Step::Begin(first)] = steps[..] else {
            panic!("a first mask: {steps:?}");
        };
        assert_eq!(rotation.advance(second, &mut dice), Ok(vec![]));
        rotation.hurry();
        let steps = rotation.advance(second, &mut dice).unwrap();
        assert!(matches!(&steps[..], [Step::Begin(mask)] if *mask != first));
        rotation.restart();
        let steps = rotation.advance(second + WORN, &mut dice).unwrap();
        assert!(matches!(&steps[..], [Step::Begin(_)]), "{steps:?}");
    }
}
