//! How much there is of everything: for whoever watches the referees of a house, who all see the same.

use std::collections::BTreeMap;

use super::audit::AuditEvent;
use super::row::{number, text};
use super::{Store, StoreError};

/// Numbers of one moment.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    events: BTreeMap<String, u64>,
    orders: BTreeMap<String, u64>,
    accounts: BTreeMap<String, u64>,
    /// Names that are granted.
    pub names: u64,
    /// Nonces that were spent.
    pub nonces: u64,
}

impl Store {
    /// Counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let by = async |select| self.count_by(select).await;
        let all = async |select| {
            let row = sqlx::query(select).fetch_one(&self.reading).await?;
            number(&row, "many")
        };
        Ok(Counts {
            events: by("SELECT event AS word, COUNT(*) AS many FROM audit GROUP BY event").await?,
            orders: by("SELECT status AS word, COUNT(*) AS many FROM orders GROUP BY status")
                .await?,
            accounts: by("SELECT status AS word, COUNT(*) AS many FROM accounts GROUP BY status")
                .await?,
            names: all("SELECT COUNT(*) AS many FROM grants").await?,
            nonces: self.spent_nonces().await?,
        })
    }

    async fn count_by(&self, select: &'static str) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sqlx::query(select).fetch_all(&self.reading).await?;
        let counted = rows
            .iter()
            .map(|row| Ok((text(row, "word")?, number(row, "many")?)));
        counted.collect()
    }
}

impl Counts {
    /// Lines of the log that tell of this.
    #[must_use]
    pub fn event(&self, event: AuditEvent) -> u64 {
        self.events.get(event.as_str()).copied().unwrap_or_default()
    }

    /// Orders of this state.
    #[must_use]
    pub fn orders(&self, state: &str) -> u64 {
        self.orders.get(state).copied().unwrap_or_default()
    }

    /// Accounts of this state.
    #[must_use]
    pub fn accounts(&self, state: &str) -> u64 {
        self.accounts.get(state).copied().unwrap_or_default()
    }
}
