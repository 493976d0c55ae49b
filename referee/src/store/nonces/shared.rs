//! Nonces of several referees: the spent ones in tables of the database that it does not log, and empties itself if it comes
//! up after a crash. The key is there too, and each nonce is taken only as long as it is.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use settle_transport::random;
use sqlx::AnyPool;

use super::Nonce;
use crate::store::StoreError;
use crate::store::row::{number, seconds, text};

#[derive(Debug)]
pub(crate) struct Shared {
    key: Mutex<Key>,
}

#[derive(Clone, Debug)]
struct Key {
    /// As the table has it.
    text: String,
    key: hmac::Key,
}

impl Shared {
    pub(super) async fn open(pool: &AnyPool) -> Result<Self, StoreError> {
        let key = Mutex::new(Key::fetch(pool).await?);
        Ok(Self { key })
    }

    pub(super) fn key(&self) -> hmac::Key {
        self.current().key
    }

    /// One statement: the key may be gone since it was looked at, and what was spent with it.
    pub(super) async fn take(
        &self,
        pool: &AnyPool,
        nonce: &str,
        now: u64,
    ) -> Result<bool, StoreError> {
        let key = self.current();
        if let Some(read) = Nonce::read(nonce, &key.key, now) {
            let spend = "INSERT INTO spent_nonces (value, expires) \
                         SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM nonce_keys WHERE value = $3) \
                         ON CONFLICT (value) DO NOTHING";
            let spend = sqlx::query(spend)
                .bind(nonce.to_owned())
                .bind(seconds(read.end))
                .bind(key.text);
            if spend.execute(pool).await?.rows_affected() == 1 {
                return Ok(true);
            }
        }
        // It was spent, or is not ours, or the key is another one by now: the next nonce is made with that.
        let key = Key::fetch(pool).await?;
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(false)
    }

    fn current(&self) -> Key {
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        key.clone()
    }
}

impl Key {
    /// The one that is there, or else a new one, which whoever comes first draws for all.
    async fn fetch(pool: &AnyPool) -> Result<Self, StoreError> {
        let select = "SELECT value FROM nonce_keys WHERE name = 'nonces'";
        if let Some(row) = sqlx::query(select).fetch_optional(pool).await? {
            return Self::read(text(&row, "value")?);
        }
        let fresh = BASE64URL_NOPAD.encode(&random::make_bytes::<32>()?);
        let insert = "INSERT INTO nonce_keys (name, value) VALUES ('nonces', $1) \
                      ON CONFLICT (name) DO NOTHING";
        sqlx::query(insert).bind(fresh).execute(pool).await?;
        Self::read(text(&sqlx::query(select).fetch_one(pool).await?, "value")?)
    }

    fn read(text: String) -> Result<Self, StoreError> {
        let octets = BASE64URL_NOPAD.decode(text.as_bytes());
        let octets = octets.map_err(|_| StoreError::Unreadable("secret"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &octets);
        Ok(Self { text, key })
    }
}

pub(super) async fn sweep(pool: &AnyPool, now: u64) -> Result<(), StoreError> {
    let delete = sqlx::query("DELETE FROM spent_nonces WHERE expires < $1").bind(seconds(now));
    delete.execute(pool).await?;
    Ok(())
}

pub(super) async fn spent(pool: &AnyPool) -> Result<u64, StoreError> {
    let select = sqlx::query("SELECT COUNT(*) AS many FROM spent_nonces");
    number(&select.fetch_one(pool).await?, "many")
}
