//! How a moment is told to people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time in seconds since the Unix epoch, by this computer's time zone, to the minute.
pub(super) fn when(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    match time {
        Some(time) => time
            .to_zoned_datetime(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        None => "at a time that no calendar has".to_owned(),
    }
}
