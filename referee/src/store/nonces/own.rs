//! Nonces of a referee that has its store to itself: the spent ones in memory, under a key that is drawn at each start. They
//! take no more room than is set aside for them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use settle_transport::random;

use super::Nonce;
use crate::store::StoreError;

/// How many are known. An issuance spends three.
const MOST: usize = 65_536;

#[derive(Debug)]
pub(crate) struct Own {
    key: hmac::Key,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// The one that ends first is the first.
    nonces: BTreeSet<Nonce>,
    /// Those that end by then count as spent: there was no room to know which are.
    floor: u64,
}

impl Own {
    pub(super) fn new() -> Result<Self, StoreError> {
        let key = random::make_bytes::<32>()?;
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            spent: Mutex::default(),
        })
    }

    pub(super) const fn key(&self) -> &hmac::Key {
        &self.key
    }

    pub(super) fn take(&self, nonce: &str, now: u64) -> bool {
        Nonce::read(nonce, &self.key, now)
            .is_some_and(|nonce| self.with(|spent| spent.take(nonce, MOST)))
    }

    pub(super) fn sweep(&self, now: u64) {
        self.with(|spent| spent.nonces.retain(|nonce| nonce.end >= now));
    }

    pub(super) fn spent(&self) -> u64 {
        let count = self.with(|spent| spent.nonces.len());
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Spent) -> T) -> T {
        change(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Spent {
    fn take(&mut self, nonce: Nonce, most: usize) -> bool {
        if nonce.end <= self.floor || !self.nonces.insert(nonce) {
            return false;
        }
        if self.nonces.len() > most
            && let Some(forgotten) = self.nonces.pop_first()
        {
            self.floor = forgotten.end;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_room_for_is_not_good_again() {
        let mut spent = Spent::default();
        let nonce = |end, number| Nonce {
            end,
            fresh: [number; 16],
        };
        for end in 1..=5 {
            assert!(spent.take(nonce(end, 0), 3), "{end}");
        }
        assert_eq!(spent.nonces.len(), 3);
        for end in 1..=5 {
            assert!(!spent.take(nonce(end, 0), 3), "{end}");
        }
        // One that ends with a forgotten one may be that one.
        assert!(!spent.take(nonce(2, 1), 3));
        assert!(spent.take(nonce(3, 1), 3));
        assert_eq!(spent.nonces.len(), 3);
    }
}
