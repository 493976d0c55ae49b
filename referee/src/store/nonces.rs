//! Nonces (RFC 8555 §6.5): drawn, kept, and taken once, by whichever referee of a house.

use super::row::seconds;
use super::{Store, StoreError, make_id};

/// How long one may wait for its request, in seconds.
const LIFE: u64 = 60 * 60;

impl Store {
    /// Draws one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn make_nonce(&self, now: u64) -> Result<String, StoreError> {
        let nonce = make_id()?;
        let insert = sqlx::query("INSERT INTO nonces (value, expires) VALUES ($1, $2)");
        let insert = insert.bind(nonce.clone()).bind(seconds(now + LIFE));
        insert.execute(&self.pool).await?;
        Ok(nonce)
    }

    /// Takes one, which is gone then; whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_nonce(&self, nonce: &str, now: u64) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM nonces WHERE value = $1 AND expires >= $2");
        let delete = delete.bind(nonce.to_owned()).bind(seconds(now));
        Ok(delete.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Forgets what nobody will use any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep(&self, now: u64) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM nonces WHERE expires < $1").bind(seconds(now));
        delete.execute(&self.pool).await?;
        Ok(())
    }
}
