//! How much one address, and one account, may ask for: so much at once, and then at a steady rate. Kept in memory, by each
//! referee for itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Of addresses, and of accounts. Beyond, those are forgotten that have asked for nothing lately.
const MAX_KNOWN: usize = 4096;

/// So many at once, and one more each time.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// So many.
    pub burst: u32,
    /// How long it takes until there is one more.
    pub each: Duration,
}

/// Somebody has asked for too much, and may ask again after this time.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many requests: wait a while")]
pub struct Limited(pub Duration);

/// The limits of one server.
#[derive(Debug)]
pub struct Limits {
    requests: Buckets<IpAddr>,
    newcomers: Buckets<IpAddr>,
    orders: Buckets<String>,
}

#[derive(Debug)]
struct Buckets<Who> {
    rate: Rate,
    /// When the bucket will be full again.
    full_at: Mutex<HashMap<Who, Instant>>,
}

impl Limits {
    /// Those of a house: an issuance takes a dozen requests.
    #[must_use]
    pub fn usual() -> Self {
        let rate = |burst, millis| Rate {
            burst,
            each: Duration::from_millis(millis),
        };
        Self::new(rate(600, 100), rate(20, 60_000), rate(60, 30_000))
    }

    /// Requests of an address, how often it may want to be let in, and orders of an account.
    #[must_use]
    pub fn new(requests: Rate, newcomers: Rate, orders: Rate) -> Self {
        Self {
            requests: Buckets::new(requests),
            newcomers: Buckets::new(newcomers),
            orders: Buckets::new(orders),
        }
    }

    pub(crate) fn request(&self, from: IpAddr) -> Result<(), Limited> {
        self.requests.take(neighborhood(from), Instant::now())
    }

    /// For whoever makes an account, or tries a secret.
    pub(crate) fn newcomer(&self, from: IpAddr) -> Result<(), Limited> {
        self.newcomers.take(neighborhood(from), Instant::now())
    }

    pub(crate) fn order(&self, account: &str) -> Result<(), Limited> {
        self.orders.take(account.to_owned(), Instant::now())
    }
}

/// Whoever has one address of IPv6 has all of its network of 64 bits (RFC 4291 §2.5.1), so these count as one.
fn neighborhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl<Who: Eq + Hash> Buckets<Who> {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    fn take(&self, who: Who, now: Instant) -> Result<(), Limited> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MAX_KNOWN {
            full_at.retain(|_, full| *full > now);
        }
        if full_at.len() >= MAX_KNOWN && !full_at.contains_key(&who) {
            return Err(Limited(self.rate.each));
        }
        let full = full_at.get(&who).copied().unwrap_or(now).max(now) + self.rate.each;
        let most = now + self.rate.each * self.rate.burst;
        if full > most {
            return Err(Limited(full - most));
        }
        full_at.insert(who, full);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_after_the_other() {
        let each = Duration::from_secs(10);
        let buckets = Buckets::new(Rate { burst: 3, each });
        let now = Instant::now();
        let takes = |who, now| buckets.take(who, now).is_ok();
        assert!((0..3).all(|_| takes('a', now)));
        assert!(!takes('a', now) && takes('b', now));
        let Err(Limited(wait)) = buckets.take('a', now + each / 2) else {
            panic!("it is too early");
        };
        assert_eq!(wait, each / 2);
        assert!(takes('a', now + each) && !takes('a', now + each));
        assert!((0..3).all(|_| takes('a', now + 10 * each)));
    }

    #[test]
    fn all_addresses_of_one_network_of_ipv6_are_one() {
        let of = |text: &str| neighborhood(text.parse().unwrap());
        assert_eq!(of("fd00:1:2:3::1"), of("fd00:1:2:3:ffff::2"));
        assert_ne!(of("fd00:1:2:3::1"), of("fd00:1:2:4::1"));
        assert_ne!(of("192.168.1.2"), of("192.168.1.3"));
        assert_eq!(of("::ffff:192.168.1.2"), of("192.168.1.2"));
        assert_ne!(of("fe80::1"), of("fd00::1"));
    }

    #[test]
    fn a_flood_of_strangers_costs_no_memory_and_nobody_who_is_known() {
        let each = Duration::from_secs(10);
        let buckets = Buckets::new(Rate { burst: 3, each });
        let now = Instant::now();
        buckets.take(0, now).unwrap();
        for who in 1..6_000 {
            drop(buckets.take(who, now));
        }
        assert!(buckets.full_at.lock().unwrap().len() <= MAX_KNOWN);
        buckets.take(0, now).unwrap();
        buckets.take(30_000, now + each).unwrap();
    }
}
