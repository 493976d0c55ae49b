//! Other sites that the user lets in to a device for a while. They are kept in memory alone, so that no pass outlives
//! its time or the daemon.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use settle_protocol::origin::Origin;
use tokio::time::Instant;

/// How long a pass is good: for the one thing that the user has before them.
pub const PASS: Duration = Duration::from_secs(10 * 60);
/// The most at a time for one device; the oldest gives way.
const MOST: usize = 16;

/// By the devices' identifiers, the sites and when each pass ends.
#[derive(Debug, Default)]
pub struct Passes(Mutex<HashMap<String, Vec<(Origin, Instant)>>>);

impl Passes {
    /// The sites that have a pass for a device.
    #[must_use]
    pub fn of(&self, id: &str) -> Vec<Origin> {
        let now = Instant::now();
        let passes = self.lock();
        let passes = passes.get(id).into_iter().flatten();
        let good = passes.filter(|(_, end)| *end > now);
        good.map(|(origin, _)| origin.clone()).collect()
    }

    /// Gives a site a pass, in the place of an earlier one.
    pub fn give(&self, id: &str, origin: Origin) {
        let mut all = self.lock();
        let passes = all.entry(id.to_owned()).or_default();
        passes.retain(|(known, end)| known.as_str() != origin.as_str() && *end > Instant::now());
        if passes.len() >= MOST {
            passes.remove(0);
        }
        passes.push((origin, Instant::now() + PASS));
    }

    /// Takes a site's pass away.
    pub fn take(&self, id: &str, origin: &Origin) {
        if let Some(passes) = self.lock().get_mut(id) {
            passes.retain(|(known, _)| known.as_str() != origin.as_str());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<(Origin, Instant)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pass_ends_with_its_time_or_when_it_is_taken_away() {
        let passes = Passes::default();
        let site = |text| Origin::parse(text).unwrap();
        passes.give("a", site("https://one.example"));
        passes.give("a", site("https://two.example"));
        assert_eq!(passes.of("a").len(), 2);
        assert_eq!(passes.of("b"), []);
        passes.take("a", &site("https://two.example"));
        assert_eq!(passes.of("a"), [site("https://one.example")]);
        tokio::time::advance(PASS).await;
        assert_eq!(passes.of("a"), []);
    }

    #[tokio::test]
    async fn no_device_has_more_than_so_many() {
        let passes = Passes::default();
        for number in 0..100 {
            let site = format!("https://site-{number}.example");
            passes.give("a", Origin::parse(&site).unwrap());
        }
        assert_eq!(passes.of("a").len(), MOST);
        assert_eq!(passes.of("a")[MOST - 1].as_str(), "https://site-99.example");
    }
}
