//! Accounts. One key has one account, and one external key has one account.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::audit::{self, AuditEvent, AuditLine, By};
use super::row::{json, seconds, text};
use super::{Store, StoreError, make_id};
use crate::jws::Jwk;

/// An account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// Its number.
    pub id: String,
    /// Of its key.
    pub thumbprint: String,
    /// Its key.
    pub key: Jwk,
    /// Whether it can do anything; ended ones stay, so that their keys do not come back.
    pub is_valid: bool,
    /// How to reach who runs it.
    pub contacts: Vec<String>,
    /// By which external key it was made; empty where by none.
    pub external_key: String,
}

/// An account that is to be made.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    /// Its key.
    pub key: &'a Jwk,
    /// How to reach who runs it.
    pub contacts: Vec<String>,
    /// By which external key, whose secret was proved.
    pub external_key: Option<&'a str>,
}

/// What came of an account that was to be made.
#[derive(Debug)]
pub enum Joined {
    /// It is there now.
    Made(Account),
    /// The key had one already.
    Known(Account),
    /// Another account was made by the external key before.
    Spent,
}

/// What came of a change of keys.
#[derive(Debug)]
pub enum Rekeyed {
    /// The key is the account's now.
    Done,
    /// The key is that of another account.
    Taken(Account),
    /// The account has another key than it had, or has ended.
    Lost,
}

const COLUMNS: &str = "SELECT id, thumbprint, key, status, contacts, external_key FROM accounts \
                       WHERE id = $1";
const BY_KEY: &str = "SELECT id, thumbprint, key, status, contacts, external_key FROM accounts \
                      WHERE thumbprint = $1";

impl Store {
    /// An account by its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        let select = sqlx::query(COLUMNS).bind(id.to_owned());
        let row = select.fetch_optional(&self.reading).await?;
        row.as_ref().map(Account::read).transpose()
    }

    /// An account by the thumbprint of its key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account_of_key(&self, thumbprint: &str) -> Result<Option<Account>, StoreError> {
        let mut connection = self.reading.acquire().await?;
        by_key(&mut connection, thumbprint).await
    }

    /// Every account, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let select = "SELECT id, thumbprint, key, status, contacts, external_key FROM accounts \
                      ORDER BY made, id";
        let rows = sqlx::query(select).fetch_all(&self.reading).await?;
        rows.iter().map(Account::read).collect()
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn join(&self, new: &NewAccount<'_>, now: u64) -> Result<Joined, StoreError> {
        let mut transaction = self.transaction().await?;
        let thumbprint = new.key.thumbprint();
        if let Some(known) = by_key(&mut transaction, &thumbprint).await? {
            return Ok(Joined::Known(known));
        }
        let account = Account {
            id: make_id()?,
            thumbprint,
            key: new.key.clone(),
            is_valid: true,
            contacts: new.contacts.clone(),
            external_key: new.external_key.unwrap_or_default().to_owned(),
        };
        if let Some(external) = new.external_key {
            let take = "UPDATE external_keys SET account = $1 WHERE id = $2 AND account = ''";
            let take = sqlx::query(take).bind(account.id.clone());
            let taken = take.bind(external.to_owned()).execute(&mut *transaction);
            if taken.await?.rows_affected() == 0 {
                return Ok(Joined::Spent);
            }
        }
        let insert = "INSERT INTO accounts (id, thumbprint, key, status, contacts, external_key, made) \
                      VALUES ($1, $2, $3, 'valid', $4, $5, $6)";
        let insert = sqlx::query(insert)
            .bind(account.id.clone())
            .bind(account.thumbprint.clone())
            .bind(as_json(&account.key))
            .bind(as_json(&account.contacts))
            .bind(account.external_key.clone())
            .bind(seconds(now));
        insert.execute(&mut *transaction).await?;
        let line = account.line(AuditEvent::AccountMade, By::Server, now);
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(Joined::Made(account))
    }

    /// Changes how an account is reached.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_contacts(&self, account: &str, contacts: &[String]) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE accounts SET contacts = $1 WHERE id = $2");
        let update = update.bind(as_json(&contacts)).bind(account.to_owned());
        update.execute(&self.writing).await?;
        Ok(())
    }

    /// Ends an account, with whatever it had begun; whether it could do anything before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_account(
        &self,
        account: &Account,
        by: By,
        now: u64,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.transaction().await?;
        let end = "UPDATE accounts SET status = 'deactivated' WHERE id = $1 AND status = 'valid'";
        let end = sqlx::query(end).bind(account.id.clone());
        if end.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        for statement in [
            "UPDATE orders SET status = 'invalid' WHERE account = $1 AND status IN ('pending', 'ready')",
            "UPDATE authorizations SET status = 'deactivated' \
             WHERE account = $1 AND status IN ('pending', 'valid')",
        ] {
            let update = sqlx::query(statement).bind(account.id.clone());
            update.execute(&mut *transaction).await?;
        }
        let line = account.line(AuditEvent::AccountEnded, by, now);
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives an account another key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rekey(
        &self,
        account: &Account,
        key: &Jwk,
        now: u64,
    ) -> Result<Rekeyed, StoreError> {
        let mut transaction = self.transaction().await?;
        let thumbprint = key.thumbprint();
        if let Some(other) = by_key(&mut transaction, &thumbprint).await? {
            return Ok(Rekeyed::Taken(other));
        }
        let update = "UPDATE accounts SET thumbprint = $1, key = $2 \
                      WHERE id = $3 AND thumbprint = $4 AND status = 'valid'";
        let update = sqlx::query(update)
            .bind(thumbprint)
            .bind(as_json(key))
            .bind(account.id.clone())
            .bind(account.thumbprint.clone());
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Rekeyed::Lost);
        }
        let line = account.line(AuditEvent::KeyChanged, By::Server, now);
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(Rekeyed::Done)
    }
}

impl Account {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: text(row, "id")?,
            thumbprint: text(row, "thumbprint")?,
            key: json(row, "key")?,
            is_valid: text(row, "status")? == "valid",
            contacts: json(row, "contacts")?,
            external_key: text(row, "external_key")?,
        })
    }

    fn line(&self, event: AuditEvent, by: By, at: u64) -> AuditLine {
        let detail = match self.external_key.as_str() {
            "" => String::new(),
            id => format!("external key {id}"),
        };
        AuditLine {
            at,
            event,
            account: self.id.clone(),
            by,
            subject: self.thumbprint.clone(),
            detail,
        }
    }
}

async fn by_key(
    connection: &mut AnyConnection,
    thumbprint: &str,
) -> Result<Option<Account>, StoreError> {
    let select = sqlx::query(BY_KEY).bind(thumbprint.to_owned());
    let row = select.fetch_optional(connection).await?;
    row.as_ref().map(Account::read).transpose()
}

/// Texts and lists of them always become JSON.
pub(super) fn as_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
