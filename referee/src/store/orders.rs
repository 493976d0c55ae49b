//! Orders and the authorizations that they wait for (RFC 8555 §7.1.6). An authorization has at most one challenge: where
//! the administrator's word suffices it has none, and is valid from the beginning.

use std::collections::BTreeSet;
use std::net::IpAddr;

use settle_protocol::name::LocalName;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::accounts::{Account, as_json};
use super::audit::{self, AuditEvent, AuditLine, By};
use super::certificates::{self, Handed, NewCertificate};
use super::grants::{ChallengeKind, Grant};
use super::row::{json, number, seconds, text};
use super::{Store, StoreError, make_id};

/// How long an order waits to be finalized, in seconds.
const ORDER_LIFE: u64 = 24 * 60 * 60;
/// How long an authorization is good for.
const AUTHORIZATION_LIFE: u64 = 24 * 60 * 60;
/// How long both can be read after that; certificates and the log tell the rest.
const KEPT: u64 = 30 * 24 * 60 * 60;

/// The states of RFC 8555 §7.1.6; those that nothing here comes to are left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Waits for challenges.
    Pending,
    /// Waits to be finalized.
    Ready,
    /// Good, or done.
    Valid,
    /// Failed, or past.
    Invalid,
    /// Ended by its owner, or by the administrator.
    Deactivated,
    /// Its time is over.
    Expired,
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number.
    pub id: String,
    /// Whose.
    pub account: String,
    /// How far it is.
    pub status: Status,
    /// For these names.
    pub names: BTreeSet<LocalName>,
    /// The serial number of the certificate in whose place another comes; empty where in none's.
    pub replaces: String,
    /// The serial number of the certificate; empty before.
    pub certificate: String,
    /// In seconds since the Unix epoch.
    pub expires: u64,
    /// The numbers of its authorizations.
    pub authorizations: Vec<String>,
}

/// An authorization.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Its number.
    pub id: String,
    /// Whose.
    pub account: String,
    /// For this name.
    pub name: LocalName,
    /// How far it is.
    pub status: Status,
    /// In seconds since the Unix epoch.
    pub expires: u64,
    /// What is to be shown, if anything.
    pub challenge: Option<Challenge>,
}

/// A challenge.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Its number.
    pub id: String,
    /// Which.
    pub kind: ChallengeKind,
    /// What is asked for.
    pub token: String,
    /// Where, if not where the name leads.
    pub address: Option<IpAddr>,
    /// When it was met, in seconds since the Unix epoch; 0 before.
    pub validated: u64,
    /// Why it failed; empty where it did not.
    pub failure: String,
}

/// What an authorization is made from: a grant, whose holder the account is.
pub type NewAuthorization = Grant;

/// A page of a list.
#[derive(Debug)]
pub struct Lines {
    /// The numbers.
    pub ids: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// What came of finalizing an order.
#[derive(Debug, Eq, PartialEq)]
pub enum Finalized {
    /// The certificate is the account's.
    Done,
    /// The order was not ready, or no longer: another request, perhaps at another referee, was first.
    NotReady,
    /// The account may not have this name any more.
    NotGranted(LocalName),
}

impl Store {
    /// Makes an order. Authorizations that the account has already are used again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order(
        &self,
        account: &Account,
        grants: &[NewAuthorization],
        replaces: &str,
        now: u64,
    ) -> Result<Order, StoreError> {
        let mut transaction = self.transaction().await?;
        let mut authorizations = Vec::new();
        for grant in grants {
            authorizations.push(authorize(&mut transaction, account, grant, now).await?);
        }
        let mut order = Order {
            id: make_id()?,
            account: account.id.clone(),
            status: Status::Pending,
            names: grants.iter().map(|grant| grant.name.clone()).collect(),
            replaces: replaces.to_owned(),
            certificate: String::new(),
            expires: now + ORDER_LIFE,
            authorizations: authorizations.iter().map(|one| one.id.clone()).collect(),
        };
        order.status = order.settled(&authorizations, now);
        let insert = "INSERT INTO orders (id, account, status, names, replaces, certificate, made, expires) \
                      VALUES ($1, $2, $3, $4, $5, '', $6, $7)";
        let insert = sqlx::query(insert)
            .bind(order.id.clone())
            .bind(order.account.clone())
            .bind(order.status.as_str())
            .bind(as_json(&order.names))
            .bind(order.replaces.clone())
            .bind(seconds(now))
            .bind(seconds(order.expires));
        insert.execute(&mut *transaction).await?;
        for authorization in &order.authorizations {
            let link =
                "INSERT INTO order_authorizations (orders, authorization_id) VALUES ($1, $2)";
            let link = sqlx::query(link)
                .bind(order.id.clone())
                .bind(authorization.clone());
            link.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(order)
    }

    /// Makes an authorization before there is an order (RFC 8555 §7.4.1), or finds the one that is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authorize(
        &self,
        account: &Account,
        grant: &NewAuthorization,
        now: u64,
    ) -> Result<Authorization, StoreError> {
        let mut transaction = self.transaction().await?;
        let made = authorize(&mut transaction, account, grant, now).await?;
        transaction.commit().await?;
        Ok(made)
    }

    /// An order by its number, as far as it is now. Where its authorizations have brought it on, that is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order_by_id(&self, id: &str, now: u64) -> Result<Option<Order>, StoreError> {
        let mut connection = self.reading.acquire().await?;
        let Some((order, before)) = read_order(&mut connection, id, now).await? else {
            return Ok(None);
        };
        drop(connection);
        if order.status != before {
            let update = "UPDATE orders SET status = $1 WHERE id = $2 AND status = $3";
            let update = sqlx::query(update)
                .bind(order.status.as_str())
                .bind(id.to_owned())
                .bind(before.as_str());
            update.execute(&self.writing).await?;
        }
        Ok(Some(order))
    }

    /// The numbers of an account's orders, the newest first, from one on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn orders_of(
        &self,
        account: &str,
        skip: u32,
        limit: u32,
    ) -> Result<Lines, StoreError> {
        let select =
            "SELECT id FROM orders WHERE account = $1 ORDER BY made DESC, id LIMIT $2 OFFSET $3";
        let select = sqlx::query(select)
            .bind(account.to_owned())
            .bind(i64::from(limit) + 1)
            .bind(i64::from(skip));
        let rows = select.fetch_all(&self.reading).await?;
        let ids: Result<Vec<String>, StoreError> = rows.iter().map(|row| text(row, "id")).collect();
        let (mut ids, limit) = (ids?, usize::try_from(limit).unwrap_or(usize::MAX));
        let more = ids.len() > limit;
        ids.truncate(limit);
        Ok(Lines { ids, more })
    }

    /// An authorization by its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authorization(
        &self,
        id: &str,
        now: u64,
    ) -> Result<Option<Authorization>, StoreError> {
        let select = sqlx::query("SELECT * FROM authorizations WHERE id = $1").bind(id.to_owned());
        let row = select.fetch_optional(&self.reading).await?;
        row.map(|row| Authorization::read(&row, now)).transpose()
    }

    /// The authorization of a challenge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authorization_of(
        &self,
        challenge: &str,
        now: u64,
    ) -> Result<Option<Authorization>, StoreError> {
        let select = sqlx::query("SELECT * FROM authorizations WHERE challenge = $1");
        let select = select.bind(challenge.to_owned());
        let row = select.fetch_optional(&self.reading).await?;
        row.map(|row| Authorization::read(&row, now)).transpose()
    }

    /// Ends an authorization.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_authorization(&self, id: &str) -> Result<(), StoreError> {
        let update = "UPDATE authorizations SET status = 'deactivated' \
                      WHERE id = $1 AND status IN ('pending', 'valid')";
        let update = sqlx::query(update).bind(id.to_owned());
        update.execute(&self.writing).await?;
        Ok(())
    }

    /// Keeps what came of a challenge: nothing wrong, or why it failed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn challenged(
        &self,
        authorization: &Authorization,
        came: Result<(), String>,
        now: u64,
    ) -> Result<(), StoreError> {
        let (status, validated, failure) = match came {
            Ok(()) => ("valid", now, String::new()),
            Err(failure) => ("invalid", 0, failure),
        };
        let mut transaction = self.transaction().await?;
        let update = "UPDATE authorizations SET status = $1, validated = $2, failure = $3 \
                      WHERE id = $4 AND status = 'pending'";
        let update = sqlx::query(update)
            .bind(status)
            .bind(seconds(validated))
            .bind(failure.clone())
            .bind(authorization.id.clone());
        let changed = update.execute(&mut *transaction).await?.rows_affected();
        if changed == 1 && !failure.is_empty() {
            let line = AuditLine {
                at: now,
                event: AuditEvent::Refused,
                account: authorization.account.clone(),
                by: By::Server,
                subject: authorization.name.to_string(),
                detail: failure,
            };
            audit::write(&mut transaction, &line).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Forgets orders and authorizations that are long past.
    pub(super) async fn sweep_orders(&self, now: u64) -> Result<(), StoreError> {
        let before = seconds(now.saturating_sub(KEPT));
        let mut transaction = self.transaction().await?;
        for delete in [
            "DELETE FROM order_authorizations WHERE orders IN (SELECT id FROM orders WHERE expires < $1)",
            "DELETE FROM orders WHERE expires < $1",
            "DELETE FROM authorizations WHERE expires < $1 AND NOT EXISTS \
             (SELECT 1 FROM order_authorizations o WHERE o.authorization_id = authorizations.id)",
        ] {
            let delete = sqlx::query(delete).bind(before);
            delete.execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Finalizes an order with a certificate that was signed for it, which is nobody's unless this is done.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn finalize(
        &self,
        order: &Order,
        account: &Account,
        certificate: &NewCertificate,
        now: u64,
    ) -> Result<Finalized, StoreError> {
        let mut transaction = self.transaction().await?;
        for name in &order.names {
            if !hold(&mut transaction, name, account, &certificate.serial, now).await? {
                return Ok(Finalized::NotGranted(name.clone()));
            }
        }
        // Its authorizations as they are now, not as they were when it was looked at.
        let found = read_order(&mut transaction, &order.id, now).await?;
        let Some((_, before)) = found.filter(|(found, _)| found.status == Status::Ready) else {
            return Ok(Finalized::NotReady);
        };
        let update = "UPDATE orders SET status = 'valid', certificate = $1 \
                      WHERE id = $2 AND status = $3";
        let update = sqlx::query(update)
            .bind(certificate.serial.clone())
            .bind(order.id.clone())
            .bind(before.as_str());
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Finalized::NotReady);
        }
        let handed = Handed {
            to: &order.account,
            names: &order.names,
            replaces: &order.replaces,
        };
        certificates::insert(&mut transaction, &handed, certificate).await?;
        let names: Vec<&str> = order.names.iter().map(LocalName::as_str).collect();
        let line = AuditLine {
            at: now,
            event: AuditEvent::Issued,
            account: account.id.clone(),
            by: By::Server,
            subject: certificate.serial.clone(),
            detail: names.join(" "),
        };
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(Finalized::Done)
    }
}

/// Whether the account may have the name, which stays so until the transaction ends: the row is locked by the change.
async fn hold(
    connection: &mut AnyConnection,
    name: &LocalName,
    account: &Account,
    serial: &str,
    now: u64,
) -> Result<bool, StoreError> {
    let update = "UPDATE grants SET used = $1, serial = $6 WHERE name = $2 AND (\
                  (kind = 'account' AND holder = $3) OR (kind = 'external_key' AND holder = $4) \
                  OR (kind = 'key' AND holder = $5))";
    let update = sqlx::query(update)
        .bind(seconds(now))
        .bind(name.to_string())
        .bind(account.id.clone())
        .bind(account.external_key.clone())
        .bind(account.thumbprint.clone())
        .bind(serial.to_owned());
    Ok(update.execute(connection).await?.rows_affected() == 1)
}

/// The account's authorization for a name, which is made where none is good.
async fn authorize(
    connection: &mut AnyConnection,
    account: &Account,
    grant: &Grant,
    now: u64,
) -> Result<Authorization, StoreError> {
    let kind = grant.challenge.map_or("", ChallengeKind::as_str);
    let address = grant.address.map_or_else(String::new, |ip| ip.to_string());
    let select = "SELECT * FROM authorizations WHERE account = $1 AND name = $2 \
                  AND status IN ('pending', 'valid') AND expires > $3 AND kind = $4 AND address = $5 \
                  ORDER BY expires DESC, id LIMIT 1";
    let select = sqlx::query(select)
        .bind(account.id.clone())
        .bind(grant.name.to_string())
        // An order must not outlive what it waits for.
        .bind(seconds(now + AUTHORIZATION_LIFE / 2))
        .bind(kind)
        .bind(address.clone());
    if let Some(row) = select.fetch_optional(&mut *connection).await? {
        return Authorization::read(&row, now);
    }
    let (id, challenge) = (make_id()?, make_id()?);
    let token = [make_id()?, make_id()?].concat();
    let status = if kind.is_empty() { "valid" } else { "pending" };
    let insert = "INSERT INTO authorizations \
                  (id, account, name, status, expires, challenge, kind, token, address, validated, failure) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '') RETURNING *";
    let insert = sqlx::query(insert)
        .bind(id)
        .bind(account.id.clone())
        .bind(grant.name.to_string())
        .bind(status)
        .bind(seconds(now + AUTHORIZATION_LIFE))
        .bind(challenge)
        .bind(kind)
        .bind(token)
        .bind(address);
    Authorization::read(&insert.fetch_one(connection).await?, now)
}

/// Reads an order as far as it is with its authorizations as they are now (RFC 8555 §7.1.6), and its state before that.
async fn read_order(
    connection: &mut AnyConnection,
    id: &str,
    now: u64,
) -> Result<Option<(Order, Status)>, StoreError> {
    let select = sqlx::query("SELECT * FROM orders WHERE id = $1").bind(id.to_owned());
    let Some(row) = select.fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let select = "SELECT a.* FROM authorizations a \
                  JOIN order_authorizations o ON o.authorization_id = a.id WHERE o.orders = $1 ORDER BY a.name";
    let rows = sqlx::query(select).bind(id.to_owned());
    let rows = rows.fetch_all(&mut *connection).await?;
    let authorizations: Result<Vec<Authorization>, StoreError> = rows
        .iter()
        .map(|row| Authorization::read(row, now))
        .collect();
    let authorizations = authorizations?;
    let mut order = Order::read(&row, &authorizations)?;
    let before = order.status;
    order.status = order.settled(&authorizations, now);
    Ok(Some((order, before)))
}

impl Order {
    fn read(row: &AnyRow, authorizations: &[Authorization]) -> Result<Self, StoreError> {
        Ok(Self {
            id: text(row, "id")?,
            account: text(row, "account")?,
            status: Status::read(row)?,
            names: json(row, "names")?,
            replaces: text(row, "replaces")?,
            certificate: text(row, "certificate")?,
            expires: number(row, "expires")?,
            authorizations: authorizations.iter().map(|one| one.id.clone()).collect(),
        })
    }

    fn settled(&self, authorizations: &[Authorization], now: u64) -> Status {
        if !matches!(self.status, Status::Pending | Status::Ready) {
            return self.status;
        }
        let is = |status| move |one: &Authorization| one.status == status;
        if self.expires < now || authorizations.len() != self.names.len() {
            return Status::Invalid;
        }
        if authorizations.iter().all(is(Status::Valid)) {
            return Status::Ready;
        }
        let waits = |one: &Authorization| matches!(one.status, Status::Valid | Status::Pending);
        match authorizations.iter().all(waits) {
            true => Status::Pending,
            false => Status::Invalid,
        }
    }
}

impl Authorization {
    fn read(row: &AnyRow, now: u64) -> Result<Self, StoreError> {
        let (status, expires) = (Status::read(row)?, number(row, "expires")?);
        let is_past = expires < now && matches!(status, Status::Pending | Status::Valid);
        Ok(Self {
            id: text(row, "id")?,
            account: text(row, "account")?,
            name: LocalName::parse(&text(row, "name")?)
                .map_err(|_| StoreError::Unreadable("name"))?,
            status: if is_past { Status::Expired } else { status },
            expires,
            challenge: Challenge::read(row)?,
        })
    }
}

impl Challenge {
    fn read(row: &AnyRow) -> Result<Option<Self>, StoreError> {
        let Some(kind) = ChallengeKind::parse(&text(row, "kind")?) else {
            return Ok(None);
        };
        let address = text(row, "address")?;
        Ok(Some(Self {
            id: text(row, "challenge")?,
            kind,
            token: text(row, "token")?,
            address: match address.as_str() {
                "" => None,
                text => Some(
                    text.parse()
                        .map_err(|_| StoreError::Unreadable("address"))?,
                ),
            },
            validated: number(row, "validated")?,
            failure: text(row, "failure")?,
        }))
    }
}

impl Status {
    /// As RFC 8555 has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Deactivated => "deactivated",
            Self::Expired => "expired",
        }
    }

    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let word = text(row, "status")?;
        let all = [
            Self::Pending,
            Self::Ready,
            Self::Valid,
            Self::Invalid,
            Self::Deactivated,
            Self::Expired,
        ];
        let mut found = all.into_iter().filter(|status| status.as_str() == word);
        found.next().ok_or(StoreError::Unreadable("status"))
    }
}
