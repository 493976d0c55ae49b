//! The log: a line for whatever was granted, refused, issued or taken back, written with the change that it tells of.

use std::time::SystemTime;

use serde::{Serialize, Serializer};
use settle_protocol::fingerprint::KeyFingerprint;
use sqlx::AnyConnection;

use super::row::{number, seconds, text};
use super::{Store, StoreError, make_id};

/// What a line tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuditEvent {
    /// An administrator has said who may have a name.
    Granted,
    /// An administrator has taken a name back.
    Withdrawn,
    /// An account was made.
    AccountMade,
    /// An account was ended.
    AccountEnded,
    /// An account has another key.
    KeyChanged,
    /// A certificate was issued.
    Issued,
    /// Something was asked for and not given.
    Refused,
    /// A certificate was revoked.
    Revoked,
}

/// Who has done it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// A server itself; the account says which.
    Server,
    /// Who runs the referee, at the machine itself.
    Owner,
    /// A paired administrator, by the key of their client.
    Client(KeyFingerprint),
}

/// A line.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct AuditLine {
    /// When, in seconds since the Unix epoch.
    pub at: u64,
    /// What.
    pub event: AuditEvent,
    /// Whose account; empty for what is about none.
    pub account: String,
    /// Who has done it.
    pub by: By,
    /// Which name, or the serial number of which certificate.
    pub subject: String,
    /// More of it.
    pub detail: String,
}

impl AuditEvent {
    const ALL: [Self; 8] = [
        Self::Granted,
        Self::Withdrawn,
        Self::AccountMade,
        Self::AccountEnded,
        Self::KeyChanged,
        Self::Issued,
        Self::Refused,
        Self::Revoked,
    ];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Withdrawn => "withdrawn",
            Self::AccountMade => "account_made",
            Self::AccountEnded => "account_ended",
            Self::KeyChanged => "key_changed",
            Self::Issued => "issued",
            Self::Refused => "refused",
            Self::Revoked => "revoked",
        }
    }
}

impl Serialize for AuditEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

const OWNER: &str = "owner";

impl Serialize for By {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word())
    }
}

impl By {
    /// The stable word: `owner`, the key of a client, or nothing for a server.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Server => String::new(),
            Self::Owner => OWNER.to_owned(),
            Self::Client(key) => key.to_hex(),
        }
    }

    fn read(word: &str) -> Result<Self, StoreError> {
        match word {
            "" => Ok(Self::Server),
            OWNER => Ok(Self::Owner),
            key => {
                let key = KeyFingerprint::from_hex(key);
                key.map(Self::Client).ok_or(StoreError::Unreadable("actor"))
            }
        }
    }
}

impl Store {
    /// Notes what changed nothing: a refusal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note(&self, line: &AuditLine) -> Result<(), StoreError> {
        let mut connection = self.writing.acquire().await?;
        write(&mut connection, line).await
    }

    /// The newest lines, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        let select = "SELECT at, event, account, actor, subject, detail FROM audit \
                      ORDER BY at DESC, id DESC LIMIT $1";
        let select = sqlx::query(select).bind(i64::from(limit));
        let rows = select.fetch_all(&self.reading).await?;
        let lines = rows.iter().map(|row| {
            let word = text(row, "event")?;
            let event = AuditEvent::ALL.into_iter();
            let mut event = event.filter(|event| event.as_str() == word);
            Ok(AuditLine {
                at: number(row, "at")?,
                event: event.next().ok_or(StoreError::Unreadable("event"))?,
                account: text(row, "account")?,
                by: By::read(&text(row, "actor")?)?,
                subject: text(row, "subject")?,
                detail: text(row, "detail")?,
            })
        });
        lines.collect()
    }
}

/// Writes a line, in whatever transaction the connection is.
pub(super) async fn write(
    connection: &mut AnyConnection,
    line: &AuditLine,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO audit (id, at, event, account, actor, subject, detail) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(insert)
        .bind(make_line_id()?)
        .bind(seconds(line.at))
        .bind(line.event.as_str())
        .bind(line.account.clone())
        .bind(line.by.word())
        .bind(line.subject.clone())
        .bind(line.detail.clone());
    insert.execute(connection).await?;
    Ok(())
}

/// Sorts as the lines of one second were written.
fn make_line_id() -> Result<String, StoreError> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.unwrap_or_default().as_nanos();
    Ok(format!("{nanoseconds:020}{}", make_id()?))
}
