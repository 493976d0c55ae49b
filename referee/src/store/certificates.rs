//! Certificates that were handed out, and which of them are good no more.

use std::collections::BTreeSet;

use settle_protocol::name::LocalName;
use settle_transport::certificate::Revoked;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::accounts::as_json;
use super::audit::{self, AuditEvent, AuditLine, By};
use super::row::{json, number, seconds, text};
use super::{Store, StoreError};

/// A certificate that was signed and is nobody's yet.
#[derive(Clone, Debug)]
pub struct NewCertificate {
    /// Its serial number, 32 hexadecimal digits.
    pub serial: String,
    /// With the intermediate behind it, PEM.
    pub chain: String,
    /// Which intermediate has issued it: the fingerprint of its key.
    pub issuer: String,
    /// Under which root: likewise.
    pub root: String,
    /// The fingerprint of its own key.
    pub key: String,
    /// In seconds since the Unix epoch.
    pub not_before: u64,
    /// Likewise.
    pub not_after: u64,
}

/// A certificate that was handed out.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// What it is.
    pub issued: NewCertificate,
    /// Whose: an account's, or that of a device that was enrolled.
    pub account: String,
    /// For these names.
    pub names: Vec<String>,
    /// When it was revoked.
    pub revoked: Option<Revocation>,
    /// The serial number of the one in its place; empty where there is none.
    pub replaced_by: String,
}

/// When a certificate was revoked, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// In seconds since the Unix epoch.
    pub at: u64,
    /// RFC 5280 §5.3.1.
    pub reason: u8,
}

impl Store {
    /// A certificate by its serial number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn certificate(&self, serial: &str) -> Result<Option<Certificate>, StoreError> {
        let select = sqlx::query("SELECT * FROM certificates WHERE serial = $1");
        let select = select.bind(serial.to_owned());
        let row = select.fetch_optional(&self.reading).await?;
        row.as_ref().map(Certificate::read).transpose()
    }

    /// The fingerprint of the key that a name's server has by now: that of the last certificate for whoever the name is
    /// granted to, as long as that is good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn key_of(&self, name: &LocalName, now: u64) -> Result<Option<String>, StoreError> {
        let select = "SELECT c.key_fingerprint FROM grants g JOIN certificates c ON c.serial = g.serial \
                      WHERE g.name = $1 AND c.revoked = 0 AND c.not_after >= $2";
        let select = sqlx::query(select)
            .bind(name.to_string())
            .bind(seconds(now));
        let row = select.fetch_optional(&self.reading).await?;
        row.map(|row| text(&row, "key_fingerprint")).transpose()
    }

    /// Every certificate that has not ended, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn certificates(&self, now: u64) -> Result<Vec<Certificate>, StoreError> {
        let select =
            "SELECT * FROM certificates WHERE not_after >= $1 ORDER BY not_before DESC, serial";
        let select = sqlx::query(select).bind(seconds(now));
        let rows = select.fetch_all(&self.reading).await?;
        rows.iter().map(Certificate::read).collect()
    }

    /// What an intermediate has issued, is revoked, and has not ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoked(&self, issuer: &str, now: u64) -> Result<Vec<Revoked>, StoreError> {
        let select = "SELECT serial, revoked, reason FROM certificates \
                      WHERE issuer = $1 AND revoked > 0 AND not_after >= $2 ORDER BY serial";
        let select = sqlx::query(select)
            .bind(issuer.to_owned())
            .bind(seconds(now));
        let rows = select.fetch_all(&self.reading).await?;
        let revoked = rows.iter().map(|row| {
            let serial = data_encoding::HEXLOWER.decode(text(row, "serial")?.as_bytes());
            let serial = serial.ok().and_then(|serial| serial.try_into().ok());
            Ok(Revoked {
                serial: serial.ok_or(StoreError::Unreadable("serial"))?,
                at: number(row, "revoked")?,
                reason: u8::try_from(number(row, "reason")?).ok(),
            })
        });
        revoked.collect()
    }

    /// Revokes a certificate; whether it was good before. `account` is the one that asks, or empty.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke(
        &self,
        serial: &str,
        revocation: Revocation,
        account: &str,
        by: By,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.transaction().await?;
        let update =
            "UPDATE certificates SET revoked = $1, reason = $2 WHERE serial = $3 AND revoked = 0";
        let update = sqlx::query(update)
            .bind(seconds(revocation.at))
            .bind(i64::from(revocation.reason))
            .bind(serial.to_owned());
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        let line = AuditLine {
            at: revocation.at,
            event: AuditEvent::Revoked,
            account: account.to_owned(),
            by,
            subject: serial.to_owned(),
            detail: format!("reason {}", revocation.reason),
        };
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

impl Certificate {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let at = number(row, "revoked")?;
        let reason = u8::try_from(number(row, "reason")?);
        let reason = reason.map_err(|_| StoreError::Unreadable("reason"))?;
        Ok(Self {
            issued: NewCertificate {
                serial: text(row, "serial")?,
                chain: text(row, "chain")?,
                issuer: text(row, "issuer")?,
                root: text(row, "root")?,
                key: text(row, "key_fingerprint")?,
                not_before: number(row, "not_before")?,
                not_after: number(row, "not_after")?,
            },
            account: text(row, "account")?,
            names: json(row, "names")?,
            revoked: (at > 0).then_some(Revocation { at, reason }),
            replaced_by: text(row, "replaced_by")?,
        })
    }
}

/// To whom one is handed out, and for what.
pub(super) struct Handed<'a> {
    /// An account, or a device that was enrolled.
    pub(super) to: &'a str,
    pub(super) names: &'a BTreeSet<LocalName>,
    /// The serial number of the one in whose place it comes; empty where in none's.
    pub(super) replaces: &'a str,
}

/// Hands one out, in the transaction that decides who gets it.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    handed: &Handed<'_>,
    new: &NewCertificate,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO certificates (serial, account, names, chain, issuer, root, \
                  key_fingerprint, not_before, not_after, revoked, reason, replaced_by) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '')";
    let insert = sqlx::query(insert)
        .bind(new.serial.clone())
        .bind(handed.to.to_owned())
        .bind(as_json(handed.names))
        .bind(new.chain.clone())
        .bind(new.issuer.clone())
        .bind(new.root.clone())
        .bind(new.key.clone())
        .bind(seconds(new.not_before))
        .bind(seconds(new.not_after));
    insert.execute(&mut *connection).await?;
    if handed.replaces.is_empty() {
        return Ok(());
    }
    // RFC 9773 §5.
    let replace = "UPDATE certificates SET replaced_by = $1 WHERE serial = $2 AND replaced_by = ''";
    let replace = sqlx::query(replace).bind(new.serial.clone());
    let replace = replace.bind(handed.replaces.to_owned());
    replace.execute(connection).await?;
    Ok(())
}
