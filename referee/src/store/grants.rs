//! Who may have which name, as an administrator has said; nobody else does. A name has one holder.

use std::fmt;
use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use settle_protocol::name::LocalName;
use settle_transport::random;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use super::accounts::Account;
use super::audit::{self, AuditEvent, AuditLine, By};
use super::row::{seconds, text};
use super::{Store, StoreError, make_id};

/// Who may have a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Holder {
    /// An account, by its number.
    Account(String),
    /// Whoever has used this external key, by its number.
    ExternalKey(String),
    /// Whoever has the key of this thumbprint (RFC 7638).
    Key(String),
    /// A device that is enrolled with this secret, by its number.
    Enrollment(String),
}

/// What is to be shown besides, at the name itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
pub enum ChallengeKind {
    /// RFC 8555 §8.3.
    #[serde(rename = "http-01")]
    Http01,
    /// RFC 8737.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// A name and its holder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The name.
    pub name: LocalName,
    /// Who may have it.
    pub holder: Holder,
    /// What is asked besides.
    pub challenge: Option<ChallengeKind>,
    /// Where that is asked; else where the name leads.
    pub address: Option<IpAddr>,
}

/// What is handed to a server, by which its account is known (RFC 8555 §7.3.4).
pub struct ExternalKey {
    /// Its number.
    pub id: String,
    /// In base64url, as clients take it.
    pub secret: Zeroizing<String>,
}

impl Store {
    /// Makes an external key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn make_external_key(&self, now: u64) -> Result<ExternalKey, StoreError> {
        let key = ExternalKey {
            id: argument(make_id)?,
            secret: argument(make_secret)?,
        };
        let insert =
            "INSERT INTO external_keys (id, secret, account, made) VALUES ($1, $2, '', $3)";
        let insert = sqlx::query(insert).bind(key.id.clone());
        let insert = insert.bind(key.secret.as_str()).bind(seconds(now));
        insert.execute(&self.writing).await?;
        Ok(key)
    }

    /// The secret of an external key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn external_secret(
        &self,
        id: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let select = sqlx::query("SELECT secret FROM external_keys WHERE id = $1");
        let Some(row) = select
            .bind(id.to_owned())
            .fetch_optional(&self.reading)
            .await?
        else {
            return Ok(None);
        };
        let secret = Zeroizing::new(text(&row, "secret")?);
        let secret = BASE64URL_NOPAD.decode(secret.as_bytes());
        let secret = secret.map_err(|_| StoreError::Unreadable("secret"))?;
        Ok(Some(Zeroizing::new(secret)))
    }

    /// Says who may have a name, in the place of who could before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn grant(&self, grant: &Grant, by: By, now: u64) -> Result<(), StoreError> {
        let mut transaction = self.transaction().await?;
        let delete = sqlx::query("DELETE FROM grants WHERE name = $1").bind(grant.name.to_string());
        delete.execute(&mut *transaction).await?;
        let (kind, holder) = grant.holder.columns();
        let insert = "INSERT INTO grants (name, kind, holder, challenge, address, made, used) \
                      VALUES ($1, $2, $3, $4, $5, $6, 0)";
        let insert = sqlx::query(insert)
            .bind(grant.name.to_string())
            .bind(kind)
            .bind(holder.to_owned())
            .bind(grant.challenge.map_or("", ChallengeKind::as_str))
            .bind(grant.address.map_or_else(String::new, |ip| ip.to_string()))
            .bind(seconds(now));
        insert.execute(&mut *transaction).await?;
        let line = line(
            AuditEvent::Granted,
            &grant.name,
            by,
            now,
            grant.holder.to_string(),
        );
        audit::write(&mut transaction, &line).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes a name back; whether somebody could have it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn withdraw(&self, name: &LocalName, by: By, now: u64) -> Result<bool, StoreError> {
        let mut transaction = self.transaction().await?;
        let delete = sqlx::query("DELETE FROM grants WHERE name = $1").bind(name.to_string());
        let deleted = delete.execute(&mut *transaction).await?.rows_affected();
        // Nothing that was shown for it before counts after it is granted again.
        let end = "UPDATE authorizations SET status = 'deactivated' \
                   WHERE name = $1 AND status IN ('pending', 'valid')";
        let end = sqlx::query(end).bind(name.to_string());
        end.execute(&mut *transaction).await?;
        if deleted == 0 {
            return Ok(false);
        }
        let line = line(AuditEvent::Withdrawn, name, by, now, String::new());
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Every name and its holder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let select = "SELECT name, kind, holder, challenge, address FROM grants ORDER BY name";
        let rows = sqlx::query(select).fetch_all(&self.reading).await?;
        rows.iter().map(Grant::read).collect()
    }

    /// The grant of a name, where this account is its holder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn grant_of(
        &self,
        name: &LocalName,
        account: &Account,
    ) -> Result<Option<Grant>, StoreError> {
        let select = "SELECT name, kind, holder, challenge, address FROM grants WHERE name = $1";
        let select = sqlx::query(select).bind(name.to_string());
        let row = select.fetch_optional(&self.reading).await?;
        let grant = row.as_ref().map(Grant::read).transpose()?;
        Ok(grant.filter(|grant| grant.holder.is(account)))
    }

    /// Whether any name is granted to a key of this thumbprint.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn knows_key(&self, thumbprint: &str) -> Result<bool, StoreError> {
        let select = "SELECT COUNT(*) FROM grants WHERE kind = 'key' AND holder = $1";
        let select = sqlx::query_scalar(select).bind(thumbprint.to_owned());
        let count: i64 = select.fetch_one(&self.reading).await?;
        Ok(count > 0)
    }
}

impl Grant {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let address = text(row, "address")?;
        let holder = text(row, "holder")?;
        Ok(Self {
            name: LocalName::parse(&text(row, "name")?)
                .map_err(|_| StoreError::Unreadable("name"))?,
            holder: match text(row, "kind")?.as_str() {
                "account" => Holder::Account(holder),
                "external_key" => Holder::ExternalKey(holder),
                "key" => Holder::Key(holder),
                "enrollment" => Holder::Enrollment(holder),
                _ => return Err(StoreError::Unreadable("kind")),
            },
            challenge: ChallengeKind::parse(&text(row, "challenge")?),
            address: match address.as_str() {
                "" => None,
                text => Some(
                    text.parse()
                        .map_err(|_| StoreError::Unreadable("address"))?,
                ),
            },
        })
    }
}

impl Holder {
    pub(super) fn columns(&self) -> (&'static str, &str) {
        match self {
            Self::Account(id) => ("account", id),
            Self::ExternalKey(id) => ("external_key", id),
            Self::Key(thumbprint) => ("key", thumbprint),
            Self::Enrollment(id) => ("enrollment", id),
        }
    }

    fn is(&self, account: &Account) -> bool {
        match self {
            Self::Account(id) => *id == account.id,
            Self::ExternalKey(id) => *id == account.external_key,
            Self::Key(thumbprint) => *thumbprint == account.thumbprint,
            Self::Enrollment(_) => false,
        }
    }
}

impl ChallengeKind {
    /// As RFC 8555 §9.7.8 calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }

    /// Reads that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Http01, Self::TlsAlpn01]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id}"),
            Self::ExternalKey(id) => write!(f, "external key {id}"),
            Self::Key(thumbprint) => write!(f, "key {thumbprint}"),
            Self::Enrollment(id) => write!(f, "EST device {id}"),
        }
    }
}

impl fmt::Debug for ExternalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExternalKey({})", self.id)
    }
}

/// In base64url.
pub(super) fn make_secret() -> Result<Zeroizing<String>, StoreError> {
    let secret = Zeroizing::new(random::make_bytes::<32>()?);
    Ok(Zeroizing::new(BASE64URL_NOPAD.encode(secret.as_slice())))
}

/// Drawn until it can follow an option on a command line: with a hyphen in front it would be one itself.
pub(super) fn argument<T: AsRef<str>>(
    make: impl Fn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        let made = make()?;
        if !made.as_ref().starts_with('-') {
            return Ok(made);
        }
    }
}

fn line(event: AuditEvent, name: &LocalName, by: By, at: u64, detail: String) -> AuditLine {
    AuditLine {
        at,
        event,
        account: String::new(),
        by,
        subject: name.to_string(),
        detail,
    }
}
