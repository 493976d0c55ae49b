//! Nonces (RFC 8555 §6.5), each good once. Whoever asks gets one and costs nothing: it says itself when it ends and that
//! it is ours. Those that were spent are known until then, in the place where the key is that proves the others: what
//! loses the ones loses the other, so that none comes back. So nothing here waits for a disk.

mod own;
mod shared;

use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64URL_NOPAD;
use settle_transport::random;
use sqlx::AnyPool;

use self::own::Own;
use self::shared::Shared;
use super::{Store, StoreError};

/// How long one may wait for its request, in seconds.
const LIFE: u64 = 60 * 60;
/// Octets of the end, of what nobody guesses, and of the proof.
const END: usize = 8;
const FRESH: usize = 16;
const PROOF: usize = 16;

/// Where the spent ones are, and the key.
#[derive(Debug)]
pub(super) enum Nonces {
    /// In this process, which is the only one.
    Own(Own),
    /// In a database that several referees share.
    Shared(Shared),
}

/// One of ours.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Nonce {
    /// When it ends.
    end: u64,
    fresh: [u8; FRESH],
}

impl Nonces {
    pub(super) fn own() -> Result<Self, StoreError> {
        Own::new().map(Self::Own)
    }

    pub(super) async fn shared(pool: &AnyPool) -> Result<Self, StoreError> {
        Shared::open(pool).await.map(Self::Shared)
    }
}

impl Store {
    /// Makes one.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn make_nonce(&self, now: u64) -> Result<String, StoreError> {
        let nonce = Nonce {
            end: now + LIFE,
            fresh: random::make_bytes::<FRESH>()?,
        };
        Ok(match &*self.nonces {
            Nonces::Own(own) => nonce.write(own.key()),
            Nonces::Shared(shared) => nonce.write(&shared.key()),
        })
    }

    /// Spends one; whether it was ours, and good. Only who has signed a request with it may do so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_nonce(&self, nonce: &str, now: u64) -> Result<bool, StoreError> {
        match &*self.nonces {
            Nonces::Own(own) => Ok(own.take(nonce, now)),
            Nonces::Shared(shared) => shared.take(&self.writing, nonce, now).await,
        }
    }

    /// Forgets the spent ones that nobody can use again.
    pub(super) async fn sweep_nonces(&self, now: u64) -> Result<(), StoreError> {
        match &*self.nonces {
            Nonces::Own(own) => own.sweep(now),
            Nonces::Shared(_) => shared::sweep(&self.writing, now).await?,
        }
        Ok(())
    }

    /// How many spent ones are known.
    pub(super) async fn spent_nonces(&self) -> Result<u64, StoreError> {
        match &*self.nonces {
            Nonces::Own(own) => Ok(own.spent()),
            Nonces::Shared(_) => shared::spent(&self.reading).await,
        }
    }
}

impl Nonce {
    /// There is one way to write each.
    fn write(&self, key: &hmac::Key) -> String {
        let said = [&self.end.to_be_bytes()[..], &self.fresh].concat();
        let proof = hmac::sign(key, &said);
        let octets = said.iter().chain(proof.as_ref().iter().take(PROOF));
        BASE64URL_NOPAD.encode(&octets.copied().collect::<Vec<_>>())
    }

    /// Reads one, if this key has proved it and it has not ended.
    fn read(text: &str, key: &hmac::Key, now: u64) -> Option<Self> {
        let octets = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (said, proof) = octets.split_at_checked(END + FRESH)?;
        let expected = hmac::sign(key, said);
        let expected = expected.as_ref().get(..PROOF)?;
        constant_time::verify_slices_are_equal(proof, expected).ok()?;
        let (end, fresh) = said.split_first_chunk()?;
        let end = u64::from_be_bytes(*end);
        let fresh = fresh.try_into().ok()?;
        (end >= now).then_some(Self { end, fresh })
    }
}
