//! The time as everything here has it.

use std::time::SystemTime;

/// Seconds since the Unix epoch.
#[must_use]
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
