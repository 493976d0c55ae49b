//! Attempts at codes that this device never made, or has forgotten: counted like those at its own,
//! so that the delay does not tell one from the other. In memory, and bounded.

use std::collections::{HashMap, VecDeque};

use crate::code::CodeId;

const MAX_KNOWN: usize = 1024;

/// Counts by what the client names.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    attempts: HashMap<CodeId, u8>,
    oldest_first: VecDeque<CodeId>,
}

impl Strangers {
    /// Counts an attempt; gives how many went before.
    pub(super) fn attempt(&mut self, id: CodeId) -> u8 {
        if let Some(attempts) = self.attempts.get_mut(&id) {
            let before = *attempts;
            *attempts = attempts.saturating_add(1);
            return before;
        }
        if self.oldest_first.len() >= MAX_KNOWN
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.attempts.remove(&oldest);
        }
        self.oldest_first.push_back(id);
        self.attempts.insert(id, 1);
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_for_each_code_and_the_memory_is_bounded() {
        let mut strangers = Strangers::default();
        assert_eq!(strangers.attempt([1; 8]), 0);
        assert_eq!(strangers.attempt([1; 8]), 1);
        for number in 0..10_000_u64 {
            strangers.attempt(number.to_be_bytes());
        }
        assert_eq!(strangers.attempts.len(), MAX_KNOWN);
        assert_eq!(strangers.oldest_first.len(), MAX_KNOWN);
    }
}
