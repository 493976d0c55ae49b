//! A device's codes: how long one lives, how many attempts it stands, and the delay between them
//! (docs/pairing.md §2.2, §2.5). The clock is an argument; where codes are kept is not decided here.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::Lifetime;
use settle_protocol::pairing::client::code_id;
use settle_protocol::secret::PairingSecret;
use settle_transport::random;
use zeroize::Zeroizing;

use crate::role::Role;

/// How long a one-time code admits.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// How long after its end a code still serves who proved to know it before: the user decides.
const DECISION: Duration = Duration::from_secs(6 * 60);
/// A code stands this many attempts that end without proof.
const MAX_ATTEMPTS: u8 = 10;
/// So many attempts are counted on the disk ahead, so that the disk is not waited for at each, and
/// a restart still wins none back. As many go undelayed: a write falls into a delay.
const AHEAD: u8 = FREE_ATTEMPTS;
/// This many attempts go undelayed.
const FREE_ATTEMPTS: u8 = 3;
/// The first delay; each further one is twice as long.
const DELAY: Duration = Duration::from_millis(250);
/// Well below what a client waits for an answer.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// A code with less life than this is not worth showing again.
const WORTH_SHOWING: Duration = Duration::from_secs(2 * 60);

/// What the client names a code by; says nothing of the secret.
pub(crate) type CodeId = [u8; 8];

/// One code.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    id: String,
    /// Gone once the code is dead.
    secret: Option<Zeroizing<String>>,
    lifetime: Lifetime,
    /// The role that it gives; none where the usual rule holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    /// The administrator who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_by: Option<KeyFingerprint>,
    made_at: u64,
    /// A printed code has no end.
    expires_at: Option<u64>,
    /// Attempts that have not ended in proof, those under way and those counted ahead included.
    attempts: u8,
    /// How many of them are only counted ahead.
    #[serde(skip)]
    ahead: u8,
}

/// One counted attempt.
pub(crate) struct Counted {
    /// How many went before.
    pub(crate) before: u8,
    /// What to answer with; nothing once the code is dead.
    pub(crate) secret: Option<PairingSecret>,
    /// The count on the disk is no longer enough.
    pub(crate) must_be_stored: bool,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code")
            .field("lifetime", &self.lifetime)
            .field("expires_at", &self.expires_at)
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}

impl Code {
    /// Draws a new code.
    pub(crate) fn make(lifetime: Lifetime, now: u64) -> Result<Self, getrandom::Error> {
        let secret = random::make_secret::<16>()?;
        Ok(Self {
            id: HEXLOWER.encode(&code_id(&secret)),
            secret: Some(Zeroizing::new(HEXLOWER.encode(secret.expose()))),
            lifetime,
            role: None,
            made_by: None,
            made_at: now,
            expires_at: match lifetime {
                Lifetime::OneTime => Some(now.saturating_add(LIFE.as_secs())),
                Lifetime::Printed => None,
            },
            attempts: AHEAD,
            ahead: AHEAD,
        })
    }

    /// Draws a new one-time code that gives a role, for an administrator to hand on.
    pub(crate) fn make_for(
        role: Role,
        made_by: Option<KeyFingerprint>,
        now: u64,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self {
            role: Some(role),
            made_by,
            ..Self::make(Lifetime::OneTime, now)?
        })
    }

    /// The role that it gives; `None` where the usual rule holds, as for every code of the screen.
    pub(crate) const fn role(&self) -> Option<&Role> {
        self.role.as_ref()
    }

    /// Whether this administrator made it.
    pub(crate) fn is_made_by(&self, key: &KeyFingerprint) -> bool {
        self.made_by.as_ref() == Some(key)
    }

    /// Whether this is the code that a client names.
    pub(crate) fn is(&self, id: CodeId) -> bool {
        self.id == HEXLOWER.encode(&id)
    }

    /// Whether it is shown once or printed.
    pub(crate) const fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// When it ends, in seconds since the Unix epoch.
    pub(crate) const fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }

    /// The secret, while the code stands.
    pub(crate) fn secret(&self, now: u64) -> Option<PairingSecret> {
        // A clock that was set back must not lengthen a life.
        let over = self
            .expires_at
            .is_some_and(|end| now < self.made_at || now >= end);
        if over || self.attempts() >= MAX_ATTEMPTS {
            return None;
        }
        let bytes = HEXLOWER.decode(self.secret.as_ref()?.as_bytes()).ok()?;
        let bytes = Zeroizing::new(bytes);
        bytes.as_slice().try_into().ok().map(PairingSecret::new)
    }

    /// How many attempts have not ended in proof.
    pub(crate) const fn attempts(&self) -> u8 {
        self.attempts.saturating_sub(self.ahead)
    }

    /// Counts an attempt before it is answered, since the answer already lets the client test a
    /// guess.
    pub(crate) fn attempt(&mut self, now: u64) -> Counted {
        let before = self.attempts();
        let secret = self.secret(now);
        let must_be_stored = self.ahead == 0;
        if must_be_stored {
            let attempts = self.attempts.saturating_add(AHEAD).min(MAX_ATTEMPTS);
            self.ahead = attempts.saturating_sub(self.attempts);
            self.attempts = attempts;
        }
        self.ahead = self.ahead.saturating_sub(1);
        Counted {
            before,
            secret,
            must_be_stored,
        }
    }

    /// An attempt ended in proof and does not count.
    pub(crate) fn forgive(&mut self) {
        self.ahead = self.ahead.saturating_add(1).min(self.attempts);
    }

    /// Takes back what is only counted ahead, for the last write of an orderly end.
    pub(crate) const fn settle(&mut self) {
        self.attempts = self.attempts();
        self.ahead = 0;
    }

    /// Somebody stands at the device: the attempts of others at a printed code are forgotten.
    pub(crate) const fn revive(&mut self) {
        if matches!(self.lifetime, Lifetime::Printed) {
            self.attempts = AHEAD;
            self.ahead = AHEAD;
        }
    }

    /// Wipes the secret of a code that never admits again.
    pub(crate) fn bury(&mut self, now: u64) {
        if self.lifetime == Lifetime::OneTime && self.secret(now).is_none() {
            self.secret = None;
        }
    }

    /// Whether anybody can still have a use for it.
    pub(crate) fn is_kept(&self, now: u64) -> bool {
        self.expires_at
            .is_none_or(|end| self.made_at <= now && now < end.saturating_add(DECISION.as_secs()))
    }
}

/// Whether a code that ends then leaves time enough to be shown.
pub(crate) const fn is_worth_showing(end: u64, now: u64) -> bool {
    end > now.saturating_add(WORTH_SHOWING.as_secs())
}

/// How long to wait before the attempt that follows `before` failed ones.
pub(crate) fn delay_after(before: u8) -> Duration {
    let Some(step) = before.checked_sub(FREE_ATTEMPTS) else {
        return Duration::ZERO;
    };
    let factor = 1_u32.checked_shl(u32::from(step)).unwrap_or(u32::MAX);
    DELAY.saturating_mul(factor).min(MAX_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_900_000_000;

    fn one_time() -> Code {
        Code::make(Lifetime::OneTime, NOW).unwrap()
    }

    #[test]
    fn a_code_admits_for_its_life_and_no_longer() {
        let code = one_time();
        let secret = code.secret(NOW).unwrap();
        assert!(code.is(code_id(&secret)));
        assert!(code.secret(NOW + LIFE.as_secs() - 1).is_some());
        assert!(code.secret(NOW + LIFE.as_secs()).is_none());
        assert!(code.secret(NOW - 1).is_none(), "the clock was set back");
        assert!(code.is_kept(code.expires_at().unwrap()) && !code.is_kept(NOW + 3600));
    }

    #[test]
    fn a_printed_code_has_no_end() {
        let code = Code::make(Lifetime::Printed, NOW).unwrap();
        for now in [0, NOW, u64::MAX] {
            assert!(code.secret(now).is_some() && code.is_kept(now));
        }
    }

    #[test]
    fn a_code_is_dead_after_ten_attempts_and_its_secret_gone() {
        let mut code = one_time();
        for before in 0..MAX_ATTEMPTS {
            let counted = code.attempt(NOW);
            assert_eq!(counted.before, before);
            assert!(counted.secret.is_some());
        }
        assert!(code.attempt(NOW).secret.is_none());
        code.bury(NOW);
        assert!(code.secret.is_none());
    }

    #[test]
    fn somebody_at_the_device_revives_a_printed_code_and_no_other() {
        for (lifetime, revived) in [(Lifetime::Printed, true), (Lifetime::OneTime, false)] {
            let mut code = Code::make(lifetime, NOW).unwrap();
            while code.attempt(NOW).secret.is_some() {}
            code.bury(NOW);
            code.revive();
            assert_eq!(code.secret(NOW).is_some(), revived);
        }
    }

    #[test]
    fn what_the_disk_holds_is_never_less_than_what_was_tried() {
        let mut code = one_time();
        let mut on_disk = code.attempts;
        let mut writes = 0;
        for tried in 1..=MAX_ATTEMPTS {
            if code.attempt(NOW).must_be_stored {
                on_disk = code.attempts;
                writes += 1;
            }
            assert!(on_disk >= tried, "{on_disk} {tried}");
        }
        assert_eq!(writes, 3);
        let mut reread = one_time();
        reread.attempt(NOW);
        reread.settle();
        assert_eq!((reread.attempts, reread.attempts()), (1, 1));
    }

    #[test]
    fn a_write_falls_into_a_delay() {
        let mut code = one_time();
        for _ in 0..MAX_ATTEMPTS {
            let counted = code.attempt(NOW);
            assert!(!counted.must_be_stored || delay_after(counted.before) > Duration::ZERO);
        }
    }

    #[test]
    fn an_attempt_that_ended_in_proof_does_not_count() {
        let mut code = one_time();
        for _ in 0..50 {
            assert!(code.attempt(NOW).secret.is_some());
            code.forgive();
        }
    }

    #[test]
    fn the_delay_grows_after_the_third_failure_and_stays_bearable() {
        let delays: Vec<u128> = (0..9).map(|n| delay_after(n).as_millis()).collect();
        assert_eq!(delays, [0, 0, 0, 250, 500, 1000, 2000, 2000, 2000]);
        assert_eq!(delay_after(u8::MAX), MAX_DELAY);
    }

    #[test]
    fn no_debug_text_holds_the_secret() {
        let code = one_time();
        let secret = code.secret.clone().unwrap();
        assert!(!format!("{code:?}").contains(secret.as_str()));
    }
}
