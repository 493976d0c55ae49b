//! The tables. Texts and whole numbers alone, and no NULL: SQLite and PostgreSQL agree about nothing more, and what is
//! absent is an empty text or 0. Times are seconds since the Unix epoch. What was released is never changed, only added to.

/// Which migrations were made.
pub(super) const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS versions (number BIGINT NOT NULL PRIMARY KEY)";

/// One after the other.
pub(super) const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE nonces (value TEXT NOT NULL PRIMARY KEY, expires BIGINT NOT NULL)",
    "CREATE TABLE external_keys (
        id TEXT NOT NULL PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL, made BIGINT NOT NULL)",
    "CREATE TABLE grants (
        name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, holder TEXT NOT NULL,
        challenge TEXT NOT NULL, address TEXT NOT NULL, made BIGINT NOT NULL, used BIGINT NOT NULL)",
    "CREATE TABLE accounts (
        id TEXT NOT NULL PRIMARY KEY, thumbprint TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
        status TEXT NOT NULL, contacts TEXT NOT NULL, external_key TEXT NOT NULL, made BIGINT NOT NULL)",
    "CREATE TABLE orders (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id),
        status TEXT NOT NULL, names TEXT NOT NULL, replaces TEXT NOT NULL, certificate TEXT NOT NULL,
        made BIGINT NOT NULL, expires BIGINT NOT NULL)",
    "CREATE INDEX orders_of_account ON orders (account, made)",
    "CREATE TABLE authorizations (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id),
        name TEXT NOT NULL, status TEXT NOT NULL, expires BIGINT NOT NULL,
        challenge TEXT NOT NULL, kind TEXT NOT NULL, token TEXT NOT NULL, address TEXT NOT NULL,
        validated BIGINT NOT NULL, failure TEXT NOT NULL)",
    "CREATE INDEX authorizations_of_challenge ON authorizations (challenge)",
    "CREATE INDEX authorizations_of_account ON authorizations (account, name)",
    "CREATE TABLE order_authorizations (
        orders TEXT NOT NULL REFERENCES orders (id),
        authorization_id TEXT NOT NULL REFERENCES authorizations (id),
        PRIMARY KEY (orders, authorization_id))",
    "CREATE TABLE certificates (
        serial TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, names TEXT NOT NULL,
        chain TEXT NOT NULL, issuer TEXT NOT NULL, root TEXT NOT NULL, key_fingerprint TEXT NOT NULL,
        not_before BIGINT NOT NULL, not_after BIGINT NOT NULL,
        revoked BIGINT NOT NULL, reason BIGINT NOT NULL, replaced_by TEXT NOT NULL)",
    "CREATE INDEX certificates_of_issuer ON certificates (issuer, revoked)",
    "CREATE TABLE audit (
        id TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, event TEXT NOT NULL,
        account TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE INDEX audit_by_time ON audit (at, id)",
], &[
    "CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE INDEX orders_by_end ON orders (expires)",
    "CREATE INDEX authorizations_by_end ON authorizations (expires)",
    "CREATE INDEX nonces_by_end ON nonces (expires)",
    "CREATE INDEX authorizations_in_orders ON order_authorizations (authorization_id)",
], &[
    "ALTER TABLE audit ADD COLUMN actor TEXT NOT NULL DEFAULT ''",
    "UPDATE audit SET actor = 'owner' WHERE event IN ('granted', 'withdrawn')",
    "CREATE INDEX audit_by_event ON audit (event)",
], &[
    "CREATE TABLE enrollments (
        id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, made BIGINT NOT NULL, expires BIGINT NOT NULL,
        used BIGINT NOT NULL)",
    "CREATE INDEX grants_of_holder ON grants (kind, holder)",
], &[
    "ALTER TABLE grants ADD COLUMN serial TEXT NOT NULL DEFAULT ''",
], &[
    "DROP TABLE nonces",
    "DROP TABLE secrets",
]];

/// What PostgreSQL has besides, and empties itself when it comes up after a crash.
pub(super) const SHARED: &[&str] = &[
    "CREATE UNLOGGED TABLE IF NOT EXISTS nonce_keys (
        name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE UNLOGGED TABLE IF NOT EXISTS spent_nonces (
        value TEXT NOT NULL PRIMARY KEY, expires BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS spent_nonces_by_end ON spent_nonces (expires)",
];
