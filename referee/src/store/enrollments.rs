//! Devices that get their certificates by EST: the first by a secret that is good once, the next ones each by the one
//! before. Of a secret, a digest is kept.

use std::collections::BTreeSet;

use aws_lc_rs::constant_time;
use data_encoding::HEXLOWER;
use settle_protocol::name::LocalName;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use zeroize::Zeroizing;

use super::audit::{self, AuditEvent, AuditLine, By};
use super::certificates::{self, Handed, NewCertificate};
use super::grants::{argument, make_secret};
use super::row::{number, seconds, text};
use super::{Store, StoreError, make_id};

/// How long a secret waits for its device, in seconds.
const LIFE: u64 = 7 * 24 * 60 * 60;

/// What a device is given, by which it is known the first time.
pub struct EnrollmentSecret {
    /// Its number.
    pub id: String,
    /// What nobody else knows.
    pub secret: Zeroizing<String>,
}

/// A device whose secret was right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Enrollment {
    /// Its number.
    pub id: String,
    /// All names that it may have; those that were withdrawn are gone.
    pub names: BTreeSet<LocalName>,
}

/// By what a device is known.
#[derive(Clone, Copy, Debug)]
pub enum KnownBy<'a> {
    /// By its secret, which is used up with this.
    Secret,
    /// By the certificate of this serial number, whose key it has.
    Certificate(&'a str),
}

/// What came of enrolling a device.
#[derive(Debug, Eq, PartialEq)]
pub enum Enrolled {
    /// The certificate is the device's.
    Done,
    /// The secret was used, perhaps at another referee, or its time is over.
    Spent,
    /// The certificate that the device is known by is good no more.
    Ended,
    /// The device may not have this name any more.
    NotGranted(LocalName),
}

impl Store {
    /// Makes a secret.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn make_enrollment(&self, now: u64) -> Result<EnrollmentSecret, StoreError> {
        let made = EnrollmentSecret {
            id: argument(make_id)?,
            secret: argument(make_secret)?,
        };
        let insert =
            "INSERT INTO enrollments (id, digest, made, expires, used) VALUES ($1, $2, $3, $4, 0)";
        let insert = sqlx::query(insert)
            .bind(made.id.clone())
            .bind(digest(&made.secret))
            .bind(seconds(now))
            .bind(seconds(now + LIFE));
        insert.execute(&self.writing).await?;
        Ok(made)
    }

    /// The device of a number and a secret, if they belong together; whether the secret is good yet is another question.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn enrollment(
        &self,
        id: &str,
        secret: &str,
    ) -> Result<Option<Enrollment>, StoreError> {
        let select = sqlx::query("SELECT digest FROM enrollments WHERE id = $1");
        let row = select
            .bind(id.to_owned())
            .fetch_optional(&self.reading)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let (kept, shown) = (text(&row, "digest")?, digest(secret));
        if constant_time::verify_slices_are_equal(kept.as_bytes(), shown.as_bytes()).is_err() {
            return Ok(None);
        }
        let select = "SELECT name FROM grants WHERE kind = 'enrollment' AND holder = $1";
        let rows = sqlx::query(select).bind(id.to_owned());
        let rows = rows.fetch_all(&self.reading).await?;
        let names = rows.iter().map(|row| {
            LocalName::parse(&text(row, "name")?).map_err(|_| StoreError::Unreadable("name"))
        });
        Ok(Some(Enrollment {
            id: id.to_owned(),
            names: names.collect::<Result<_, _>>()?,
        }))
    }

    /// Whether a secret can still be used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_unused(&self, id: &str, now: u64) -> Result<bool, StoreError> {
        let select = sqlx::query("SELECT used, expires FROM enrollments WHERE id = $1");
        let row = select
            .bind(id.to_owned())
            .fetch_optional(&self.reading)
            .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        Ok(number(&row, "used")? == 0 && number(&row, "expires")? >= now)
    }

    /// Hands out a certificate that was signed for a device, which is nobody's unless this is done.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn enroll(
        &self,
        device: &Enrollment,
        by: KnownBy<'_>,
        certificate: &NewCertificate,
        now: u64,
    ) -> Result<Enrolled, StoreError> {
        let mut transaction = self.transaction().await?;
        let (is_known, otherwise) = match by {
            KnownBy::Secret => (
                spend(&mut transaction, &device.id, now).await?,
                Enrolled::Spent,
            ),
            KnownBy::Certificate(serial) => {
                let is_good = is_good(&mut transaction, serial, &device.id, now).await?;
                (is_good, Enrolled::Ended)
            }
        };
        if !is_known {
            return Ok(otherwise);
        }
        for name in &device.names {
            if !hold(&mut transaction, name, &device.id, &certificate.serial, now).await? {
                return Ok(Enrolled::NotGranted(name.clone()));
            }
        }
        let replaces = match by {
            KnownBy::Secret => "",
            KnownBy::Certificate(serial) => serial,
        };
        let handed = Handed {
            to: &device.id,
            names: &device.names,
            replaces,
        };
        certificates::insert(&mut transaction, &handed, certificate).await?;
        let names: Vec<&str> = device.names.iter().map(LocalName::as_str).collect();
        let line = AuditLine {
            at: now,
            event: AuditEvent::Issued,
            account: device.id.clone(),
            by: By::Server,
            subject: certificate.serial.clone(),
            detail: names.join(" "),
        };
        audit::write(&mut transaction, &line).await?;
        transaction.commit().await?;
        Ok(Enrolled::Done)
    }
}

/// Uses a secret up; whether it was good until now.
async fn spend(connection: &mut AnyConnection, id: &str, now: u64) -> Result<bool, StoreError> {
    let update = "UPDATE enrollments SET used = $1 WHERE id = $2 AND used = 0 AND expires >= $3";
    let update = sqlx::query(update)
        .bind(seconds(now))
        .bind(id.to_owned())
        .bind(seconds(now));
    Ok(update.execute(connection).await?.rows_affected() == 1)
}

/// Whether a certificate is this device's and good, which stays so until the transaction ends: the row is locked by the
/// change, which changes nothing.
async fn is_good(
    connection: &mut AnyConnection,
    serial: &str,
    id: &str,
    now: u64,
) -> Result<bool, StoreError> {
    let update = "UPDATE certificates SET revoked = 0 \
                  WHERE serial = $1 AND account = $2 AND revoked = 0 AND not_after >= $3";
    let update = sqlx::query(update)
        .bind(serial.to_owned())
        .bind(id.to_owned())
        .bind(seconds(now));
    Ok(update.execute(connection).await?.rows_affected() == 1)
}

/// Whether the device may have the name, likewise.
async fn hold(
    connection: &mut AnyConnection,
    name: &LocalName,
    id: &str,
    serial: &str,
    now: u64,
) -> Result<bool, StoreError> {
    let update = "UPDATE grants SET used = $1, serial = $4 WHERE name = $2 AND kind = 'enrollment' AND holder = $3";
    let update = sqlx::query(update)
        .bind(seconds(now))
        .bind(name.to_string())
        .bind(id.to_owned())
        .bind(serial.to_owned());
    Ok(update.execute(connection).await?.rows_affected() == 1)
}

/// 256 bits of randomness need no slow one.
fn digest(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret))
}

impl std::fmt::Debug for EnrollmentSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnrollmentSecret({})", self.id)
    }
}
