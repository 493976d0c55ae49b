//! Nonces (RFC 8555 §6.5), each good once at whichever referee of a house. Whoever asks gets one and costs nothing: it
//! says itself when it ends and that it is ours. Those that were spent are kept until then.

use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64URL_NOPAD;
use settle_transport::random;

use super::row::{seconds, text};
use super::{Store, StoreError};

/// How long one may wait for its request, in seconds.
const LIFE: u64 = 60 * 60;
/// Octets of the end, of what nobody guesses, and of the proof.
const END: usize = 8;
const FRESH: usize = 16;
const PROOF: usize = 16;

impl Store {
    /// Makes one.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn make_nonce(&self, now: u64) -> Result<String, StoreError> {
        let fresh = random::make_bytes::<FRESH>()?;
        let mut nonce = [&(now + LIFE).to_be_bytes()[..], &fresh].concat();
        let proof = hmac::sign(&self.nonce_key, &nonce);
        nonce.extend(proof.as_ref().iter().take(PROOF));
        Ok(BASE64URL_NOPAD.encode(&nonce))
    }

    /// Spends one; whether it was ours, and good. Only who has signed a request with it may do so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_nonce(&self, nonce: &str, now: u64) -> Result<bool, StoreError> {
        let Some(end) = self.end_of(nonce).filter(|end| *end >= now) else {
            return Ok(false);
        };
        let spend =
            "INSERT INTO nonces (value, expires) VALUES ($1, $2) ON CONFLICT (value) DO NOTHING";
        let spend = sqlx::query(spend).bind(nonce.to_owned()).bind(seconds(end));
        Ok(spend.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// When a nonce ends, if it is ours. There is one way to write each.
    fn end_of(&self, nonce: &str) -> Option<u64> {
        let octets = BASE64URL_NOPAD.decode(nonce.as_bytes()).ok()?;
        let (said, proof) = octets.split_at_checked(END + FRESH)?;
        let expected = hmac::sign(&self.nonce_key, said);
        let expected = expected.as_ref().get(..PROOF)?;
        constant_time::verify_slices_are_equal(proof, expected).ok()?;
        said.first_chunk().copied().map(u64::from_be_bytes)
    }

    /// Forgets the spent ones that nobody can use again.
    pub(super) async fn sweep_nonces(&self, now: u64) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM nonces WHERE expires < $1").bind(seconds(now));
        delete.execute(&self.pool).await?;
        Ok(())
    }
}

/// The key that the referees of one database prove nonces with; drawn by the first one.
pub(super) async fn key(pool: &sqlx::AnyPool) -> Result<hmac::Key, StoreError> {
    let fresh = BASE64URL_NOPAD.encode(&random::make_bytes::<32>()?);
    let insert =
        "INSERT INTO secrets (name, value) VALUES ('nonces', $1) ON CONFLICT (name) DO NOTHING";
    sqlx::query(insert).bind(fresh).execute(pool).await?;
    let select = sqlx::query("SELECT value FROM secrets WHERE name = 'nonces'");
    let kept = text(&select.fetch_one(pool).await?, "value")?;
    let octets = BASE64URL_NOPAD.decode(kept.as_bytes());
    let octets = octets.map_err(|_| StoreError::Unreadable("secret"))?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &octets))
}
