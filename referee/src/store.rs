//! What a referee keeps: who may have which name, accounts, orders, certificates, and the log of all that. SQLite in
//! its state directory, or a PostgreSQL that several referees of one house share; the statements are the same.
//!
//! Decides nothing about ACME. What must not happen twice is one transaction whose deciding statement changes one row.

mod accounts;
mod audit;
mod certificates;
mod counts;
mod enrollments;
mod grants;
mod nonces;
mod orders;
mod row;
mod schema;

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use settle_transport::random;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Any, AnyPool, Executor, Transaction};
use tokio::sync::OnceCell;

pub use self::accounts::{Account, Joined, NewAccount, Rekeyed};
pub use self::audit::{AuditEvent, AuditLine, By};
pub use self::certificates::{Certificate, NewCertificate, Revocation};
pub use self::counts::Counts;
pub use self::enrollments::{Enrolled, Enrollment, EnrollmentSecret, KnownBy};
pub use self::grants::{ChallengeKind, ExternalKey, Grant, Holder};
use self::nonces::Nonces;
pub use self::orders::{
    Authorization, Challenge, Finalized, Lines, NewAuthorization, Order, Status,
};

/// How long a statement waits for another process at the same file.
const BUSY: &str = "PRAGMA busy_timeout = 10000";
/// How a transaction of SQLite begins. One that reads before it writes fails where another has written meanwhile.
const SQLITE: &str = "BEGIN IMMEDIATE";
const CONNECTIONS: u32 = 4;
const ACQUIRE: Duration = Duration::from_secs(20);

/// The store failed. What was to be changed was not.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Of the database.
    #[error("the database fails: {0}")]
    Database(#[from] sqlx::Error),
    /// A row has what no version of this program writes.
    #[error("the database has a {0} that cannot be read")]
    Unreadable(&'static str),
    /// No randomness.
    #[error("the system's random generator fails: {0}")]
    Random(#[from] getrandom::Error),
    /// A newer program was here.
    #[error("the database is of a newer settle-referee: update this one")]
    Newer,
    /// A database on another machine, to which nothing is encrypted.
    #[error(
        "the connection to a database at {0} would not be encrypted, and secrets go over it: reach it by a socket, or \
         through a tunnel that ends on this machine"
    )]
    InTheClear(String),
    /// A path that no address of a database can hold.
    #[error("the path of the state directory is no text")]
    Path,
}

/// An open store; clones are the same one.
#[derive(Clone, Debug)]
pub struct Store {
    reading: AnyPool,
    /// With SQLite one connection: it lets one write at a time, and whoever waits here in line is called, while inside of
    /// it one sleeps and tries again.
    writing: AnyPool,
    begin: &'static str,
    nonces: Arc<Nonces>,
}

/// What a connection to SQLite is for.
#[derive(Clone, Copy, Debug)]
enum Use {
    Reading,
    Writing,
}

static DRIVERS: OnceCell<()> = OnceCell::const_new();

impl Store {
    /// Opens the one in a file, which is made where it is missing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn file(path: &Path) -> Result<Self, StoreError> {
        // Made first, so that it is readable by its owner alone; the files beside it take over its mode.
        let io = |error| StoreError::Database(sqlx::Error::Io(error));
        private(path).map_err(io)?;
        let path = path.to_str().ok_or(StoreError::Path)?;
        let escaped = path
            .replace('%', "%25")
            .replace('?', "%3f")
            .replace('#', "%23");
        Self::open(&format!("sqlite://{escaped}")).await
    }

    /// Opens the one at an address: `sqlite://…` or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        DRIVERS
            .get_or_init(async || install_default_drivers())
            .await;
        let options = AnyConnectOptions::from_str(address)?;
        match address.starts_with("sqlite:") {
            true => Self::open_file(options).await,
            false => {
                refuse_the_clear(&PgConnectOptions::from_str(address)?)?;
                Self::open_shared(options).await
            }
        }
    }

    async fn open_file(options: AnyConnectOptions) -> Result<Self, StoreError> {
        let writing = file_pool(Use::Writing).connect_with(options.clone());
        let writing = writing.await?;
        migrate(&writing, SQLITE, &[]).await?;
        Ok(Self {
            reading: file_pool(Use::Reading).connect_with(options).await?,
            writing,
            begin: SQLITE,
            nonces: Arc::new(Nonces::own()?),
        })
    }

    async fn open_shared(options: AnyConnectOptions) -> Result<Self, StoreError> {
        let pool = AnyPoolOptions::new().max_connections(CONNECTIONS);
        let pool = pool.acquire_timeout(ACQUIRE).connect_with(options).await?;
        migrate(&pool, "BEGIN", schema::SHARED).await?;
        Ok(Self {
            nonces: Arc::new(Nonces::shared(&pool).await?),
            reading: pool.clone(),
            writing: pool,
            begin: "BEGIN",
        })
    }

    /// Which database it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.begin {
            SQLITE => "sqlite",
            _ => "postgresql",
        }
    }

    /// Closes it; what is under way ends first.
    pub async fn close(&self) {
        self.reading.close().await;
        self.writing.close().await;
    }

    async fn transaction(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.writing.begin_with(self.begin).await?)
    }

    /// Forgets what nobody can use any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep(&self, now: u64) -> Result<(), StoreError> {
        self.sweep_nonces(now).await?;
        self.sweep_orders(now).await
    }
}

/// Connections to a file of SQLite, which are threads of this process: whether one is there is not asked each time.
fn file_pool(to: Use) -> AnyPoolOptions {
    let connections = match to {
        Use::Reading => CONNECTIONS,
        Use::Writing => 1,
    };
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(BUSY).await?;
                match to {
                    Use::Reading => connection.execute("PRAGMA query_only = ON").await?,
                    Use::Writing => {
                        // A certificate that was handed out is on the disk.
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute("PRAGMA synchronous = FULL").await?;
                        connection.execute("PRAGMA foreign_keys = ON").await?
                    }
                };
                Ok(())
            })
        })
}

/// Brings a database to the tables of today; `more` is what only this one has.
async fn migrate(
    pool: &AnyPool,
    begin: &'static str,
    more: &[&'static str],
) -> Result<(), StoreError> {
    let mut transaction = pool.begin_with(begin).await?;
    if begin != SQLITE {
        // Several referees may start at once.
        let lock = "SELECT CAST(pg_advisory_xact_lock(7235126) AS TEXT)";
        transaction.execute(lock).await?;
    }
    transaction.execute(schema::VERSIONS).await?;
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM versions");
    let done: i64 = query.fetch_one(&mut *transaction).await?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > schema::MIGRATIONS.len() {
        return Err(StoreError::Newer);
    }
    for (number, statements) in (1_i64..).zip(schema::MIGRATIONS).skip(done) {
        for statement in *statements {
            transaction.execute(*statement).await?;
        }
        let note = sqlx::query("INSERT INTO versions (number) VALUES ($1)").bind(number);
        note.execute(&mut *transaction).await?;
    }
    for statement in more {
        transaction.execute(*statement).await?;
    }
    Ok(transaction.commit().await?)
}

/// Keys of accounts go over this connection, and no TLS is spoken on it: so it must not leave this machine.
fn refuse_the_clear(options: &PgConnectOptions) -> Result<(), StoreError> {
    let host = options.get_host();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_here = options.get_socket().is_some()
        || host == "localhost"
        || host.starts_with('/')
        || address.is_some_and(|address| address.is_loopback());
    match is_here {
        true => Ok(()),
        false => Err(StoreError::InTheClear(host.to_owned())),
    }
}

/// What nobody guesses and nothing else is called.
fn make_id() -> Result<String, StoreError> {
    Ok(BASE64URL_NOPAD.encode(&random::make_bytes::<16>()?))
}

fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests;
