//! A bounded number of places for connections, by whom they are from: an address for those that have
//! proved nothing yet, a key for those that have.
//!
//! A full pool makes room by ending the oldest connection of whoever holds the most, so that a flood
//! from one address ends itself, and a quick honest handshake still gets through.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// The places.
#[derive(Clone, Debug)]
pub struct Pool<From = IpAddr> {
    capacity: usize,
    taken: Arc<Mutex<Taken<From>>>,
}

#[derive(Debug)]
struct Taken<From> {
    last_number: u64,
    /// Oldest first.
    places: VecDeque<Entry<From>>,
}

#[derive(Debug)]
struct Entry<From> {
    number: u64,
    from: From,
    leave: CancellationToken,
}

/// One place, free again when dropped.
#[derive(Debug)]
pub struct Place<From = IpAddr> {
    number: u64,
    leave: CancellationToken,
    taken: Arc<Mutex<Taken<From>>>,
}

impl<From: Copy + Eq + Hash> Pool<From> {
    /// A pool of so many places.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            taken: Arc::new(Mutex::new(Taken {
                last_number: 0,
                places: VecDeque::new(),
            })),
        }
    }

    /// Takes a place, if need be from another.
    #[must_use]
    pub fn take(&self, from: From) -> Place<From> {
        let mut taken = locked(&self.taken);
        if taken.places.len() >= self.capacity {
            taken.end_one();
        }
        taken.last_number += 1;
        let number = taken.last_number;
        let leave = CancellationToken::new();
        taken.places.push_back(Entry {
            number,
            from,
            leave: leave.clone(),
        });
        Place {
            number,
            leave,
            taken: Arc::clone(&self.taken),
        }
    }
}

impl<From: Copy + Eq + Hash> Taken<From> {
    fn end_one(&mut self) {
        let mut held: HashMap<From, usize> = HashMap::new();
        for place in &self.places {
            *held.entry(place.from).or_default() += 1;
        }
        let most = held.values().copied().max();
        let victim = self
            .places
            .iter()
            .position(|place| held.get(&place.from).copied() == most);
        if let Some(entry) = victim.and_then(|position| self.places.remove(position)) {
            entry.leave.cancel();
        }
    }
}

impl<From> Place<From> {
    /// Runs `work` as long as the place is not taken by another; then it is `None`.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.leave.run_until_cancelled(work).await
    }
}

impl<From> Drop for Place<From> {
    fn drop(&mut self) {
        let number = self.number;
        locked(&self.taken)
            .places
            .retain(|entry| entry.number != number);
    }
}

fn locked<From>(taken: &Mutex<Taken<From>>) -> MutexGuard<'_, Taken<From>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn a_flood_from_one_address_ends_itself() {
        let pool = Pool::new(3);
        let honest = pool.take(address(1));
        let flood: Vec<Place> = (0..50).map(|_| pool.take(address(2))).collect();
        assert!(!honest.leave.is_cancelled());
        let left = flood.iter().filter(|place| !place.leave.is_cancelled());
        assert_eq!(left.count(), 2);
    }

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let pool = Pool::new(1);
        drop(pool.take(address(1)));
        let kept = pool.take(address(1));
        assert!(!kept.leave.is_cancelled());
        assert_eq!(locked(&pool.taken).places.len(), 1);
    }

    #[tokio::test]
    async fn work_ends_when_its_place_is_given_away() {
        let pool = Pool::new(1);
        let place = pool.take(address(1));
        let _next = pool.take(address(1));
        assert!(place.hold(std::future::pending::<()>()).await.is_none());
    }

    #[test]
    fn places_are_counted_by_whatever_tells_who_holds_them() {
        let pool: Pool<char> = Pool::new(3);
        let quiet = pool.take('a');
        let busy: Vec<Place<char>> = (0..5).map(|_| pool.take('b')).collect();
        assert!(!quiet.leave.is_cancelled());
        let ended = busy.iter().map(|place| place.leave.is_cancelled());
        assert_eq!(ended.collect::<Vec<_>>(), [true, true, true, false, false]);
    }
}
