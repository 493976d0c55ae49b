//! What an administrator sees of a referee and changes in it, whichever way they come: by the commands, the page or its
//! API. Who may is decided before, by the file system or by the role of a paired client; ACME is none of its business.

mod told;

use std::net::IpAddr;

use serde::Deserialize;
use settle_protocol::handover::{Directory, Handover, HandoverError, KeyId, KeySecret, Thumbprint};
use settle_protocol::name::LocalName;

pub use self::told::{AccountTold, AuthorityTold, CertificateTold, IntermediateTold, NameTold};
use crate::clock::unix_now as now;
use crate::store::{AuditLine, By, ChallengeKind, Grant, Holder, Revocation, Store, StoreError};

/// Reasons that a certificate can be revoked for (RFC 5280 §5.3.1).
const LAST_REASON: u8 = 10;
/// Names of one server, as many as one certificate can have.
const MAX_NAMES: usize = 20;

/// Why something was not done. Nothing has changed then, but for the store's own failures, where the log says what was.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// No name was given, or too many were.
    #[error("give one to {MAX_NAMES} names")]
    Names,
    /// One name has one holder.
    #[error("give the names to an account, a key or a device of EST, not to two of them")]
    TwoHolders,
    /// EST has no challenges.
    #[error("a device that speaks EST is asked no challenge")]
    Unchallenged,
    /// There is no such account that could have it.
    #[error("there is no account {0} that can do anything")]
    NoAccount(String),
    /// An address to ask a challenge at, and no challenge.
    #[error("an address is for a challenge: say which")]
    AddressAlone,
    /// Nobody may have it anyway.
    #[error("nobody may have {0}")]
    NotGranted(LocalName),
    /// It is revoked already, or was never issued.
    #[error("{0} is not a certificate that is good")]
    NotGood(String),
    /// No reason of this number.
    #[error("there is no reason {0} to revoke for")]
    Reason(u8),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was made for it cannot be handed over, which is a defect.
    #[error("what was made cannot be handed over: {0}")]
    Handover(#[from] HandoverError),
}

/// Who is to have which names. They become an external key's that is made for them, unless it is said whose.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The names, which become one server's.
    pub names: Vec<LocalName>,
    /// An account that is there.
    #[serde(default)]
    pub account: Option<String>,
    /// Whoever has this account key.
    #[serde(default)]
    pub key: Option<Thumbprint>,
    /// A device that speaks EST, which gets a secret that is good once.
    #[serde(default)]
    pub est: bool,
    /// What is asked besides.
    #[serde(default)]
    pub challenge: Option<ChallengeKind>,
    /// Where that is asked; else where the name leads.
    #[serde(default)]
    pub address: Option<IpAddr>,
}

/// Names that were granted.
#[derive(Clone, Debug)]
pub struct Authorized {
    /// To whom.
    pub holder: Holder,
    /// What is given to the server's client.
    pub handover: Handover,
}

/// A referee's store in the hands of somebody.
#[derive(Clone, Debug)]
pub struct Administration {
    store: Store,
    by: By,
}

impl Administration {
    /// Whatever is changed is told as done by `by`.
    #[must_use]
    pub const fn new(store: Store, by: By) -> Self {
        Self { store, by }
    }

    /// Says who may have names, in the place of who could before.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn authorize(
        &self,
        wanted: &Wanted,
        directory: &Directory,
    ) -> Result<Authorized, AdministrationError> {
        if !(1..=MAX_NAMES).contains(&wanted.names.len()) {
            return Err(AdministrationError::Names);
        }
        if wanted.address.is_some() && wanted.challenge.is_none() {
            return Err(AdministrationError::AddressAlone);
        }
        if wanted.est && wanted.challenge.is_some() {
            return Err(AdministrationError::Unchallenged);
        }
        let mut handover = Handover {
            names: wanted.names.clone(),
            directory: directory.clone(),
            eab_kid: None,
            eab_hmac_key: None,
            est_user: None,
            est_secret: None,
        };
        let holder = match (&wanted.account, &wanted.key, wanted.est) {
            (Some(account), None, false) => Holder::Account(self.usable(account).await?),
            (None, Some(key), false) => Holder::Key(key.as_str().to_owned()),
            (None, None, true) => {
                let made = self.store.make_enrollment(now()).await?;
                handover.est_user = Some(KeyId::parse(&made.id)?);
                handover.est_secret = Some(KeySecret::parse(made.secret)?);
                Holder::Enrollment(made.id)
            }
            (None, None, false) => {
                let made = self.store.make_external_key(now()).await?;
                handover.eab_kid = Some(KeyId::parse(&made.id)?);
                handover.eab_hmac_key = Some(KeySecret::parse(made.secret)?);
                Holder::ExternalKey(made.id)
            }
            (Some(_), Some(_), _) | (Some(_), _, true) | (_, Some(_), true) => {
                return Err(AdministrationError::TwoHolders);
            }
        };
        for name in &wanted.names {
            let grant = Grant {
                name: name.clone(),
                holder: holder.clone(),
                challenge: wanted.challenge,
                address: wanted.address,
            };
            self.store.grant(&grant, self.by, now()).await?;
        }
        Ok(Authorized { holder, handover })
    }

    async fn usable(&self, id: &str) -> Result<String, AdministrationError> {
        match self.store.account(id).await? {
            Some(account) if account.is_valid => Ok(account.id),
            Some(_) | None => Err(AdministrationError::NoAccount(id.to_owned())),
        }
    }

    /// Takes a name back.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn withdraw(&self, name: &LocalName) -> Result<(), AdministrationError> {
        match self.store.withdraw(name, self.by, now()).await? {
            true => Ok(()),
            false => Err(AdministrationError::NotGranted(name.clone())),
        }
    }

    /// Ends an account, with whatever it had begun. What was issued to it stays good to its end.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn end_account(&self, id: &str) -> Result<(), AdministrationError> {
        let unknown = || AdministrationError::NoAccount(id.to_owned());
        let account = self.store.account(id).await?.ok_or_else(unknown)?;
        match self.store.end_account(&account, self.by, now()).await? {
            true => Ok(()),
            false => Err(unknown()),
        }
    }

    /// Revokes a certificate by its serial number.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn revoke(&self, serial: &str, reason: u8) -> Result<(), AdministrationError> {
        if reason > LAST_REASON {
            return Err(AdministrationError::Reason(reason));
        }
        let revocation = Revocation { at: now(), reason };
        match self.store.revoke(serial, revocation, "", self.by).await? {
            true => Ok(()),
            false => Err(AdministrationError::NotGood(serial.to_owned())),
        }
    }

    /// The names, and who may have them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn names(&self) -> Result<Vec<NameTold>, StoreError> {
        let grants = self.store.grants().await?;
        Ok(grants.into_iter().map(NameTold::from).collect())
    }

    /// The accounts, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accounts(&self) -> Result<Vec<AccountTold>, StoreError> {
        let accounts = self.store.accounts().await?;
        Ok(accounts.into_iter().map(AccountTold::from).collect())
    }

    /// The certificates that have not ended, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn certificates(&self) -> Result<Vec<CertificateTold>, StoreError> {
        let certificates = self.store.certificates(now()).await?;
        Ok(certificates
            .into_iter()
            .map(CertificateTold::from)
            .collect())
    }

    /// The newest lines of the log, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log(&self, lines: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.store.audit(lines).await
    }
}
