//! The time of day, and the time that lives are measured in; everything that judges time takes it as
//! an argument, in seconds since the Unix epoch.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// The time of day; zero for a clock that stands before the epoch.
pub(crate) fn unix_now() -> u64 {
    wall().as_secs()
}

/// The time by a clock that nobody sets: it shows the time of day when the program begins, and counts on
/// through sleep and whatever is done to the time of day. A code that is shown when a new device
/// learns what year it is neither dies of it nor lives on.
pub(crate) fn steady_now() -> u64 {
    BEGINNING.steady(since_boot()).as_secs()
}

/// What the time of day is, or will be, when the steady clock shows this.
pub(crate) fn to_wall(steady: u64) -> u64 {
    unix_now()
        .saturating_add(steady)
        .saturating_sub(steady_now())
}

/// When the program began, by both clocks.
static BEGINNING: LazyLock<Beginning> = LazyLock::new(|| Beginning {
    wall: wall(),
    since_boot: since_boot(),
});

#[derive(Clone, Copy, Debug)]
struct Beginning {
    wall: Duration,
    since_boot: Duration,
}

impl Beginning {
    fn steady(self, since_boot: Duration) -> Duration {
        self.wall + since_boot.saturating_sub(self.since_boot)
    }
}

fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn since_boot() -> Duration {
    let since = clock_gettime(ClockId::Boottime);
    Duration::try_from(since).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clock_begins_with_the_time_of_day_and_counts_what_passes() {
        let beginning = Beginning {
            wall: Duration::from_millis(1_900_000_000_250),
            since_boot: Duration::from_secs(77),
        };
        for (since_boot, shown) in [
            (77, 1_900_000_000),
            (677, 1_900_000_600),
            (0, 1_900_000_000),
        ] {
            let steady = beginning.steady(Duration::from_secs(since_boot));
            assert_eq!(steady.as_secs(), shown);
        }
    }
}
