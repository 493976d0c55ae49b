//! Accounts (RFC 8555 §7.3): made with an external key, changed, given another key, ended.

use std::net::IpAddr;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::problem::Problem;
use super::{Acme, Answered, as_json, asked, located, now};
use crate::jws::{Binding, Jwk, JwsError, Unverified, Whose};
use crate::store::{Account, By, Joined, NewAccount, Rekeyed};

const MAX_CONTACTS: usize = 8;
const MAX_CONTACT: usize = 254;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    only_return_existing: bool,
    external_account_binding: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Changes {
    contact: Option<Vec<String>>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyChange {
    account: String,
    old_key: Jwk,
}

impl Acme {
    /// RFC 8555 §7.3.
    pub(super) async fn new_account(&self, asked: Unverified, url: &str, from: IpAddr) -> Answered {
        let (key, payload) = self.by_key(asked, url).await?;
        let wanted: Wanted = asked::parse(&payload)?;
        let known = self.store.account_of_key(&key.thumbprint()).await?;
        if let Some(account) = known {
            return self.known(&account);
        }
        if wanted.only_return_existing {
            return Err(Problem::NoAccount);
        }
        self.limits.newcomer(from)?;
        check_contacts(&wanted.contact)?;
        let external = match &wanted.external_account_binding {
            Some(binding) => Some(self.bound(binding, &key, url).await?),
            None if self.store.knows_key(&key.thumbprint()).await? => None,
            None => return Err(Problem::BindingRequired),
        };
        let new = NewAccount {
            key: &key,
            contacts: wanted.contact,
            external_key: external.as_deref(),
        };
        match self.store.join(&new, now()).await? {
            Joined::Made(account) => {
                let told = as_json(&self.told(&account));
                located(told, StatusCode::CREATED, self.account_at(&account))
            }
            Joined::Known(account) => self.known(&account),
            Joined::Spent => Err(Problem::Unauthorized(
                "another account was made with this external key".to_owned(),
            )),
        }
    }

    /// RFC 8555 §7.3.4.
    async fn bound(&self, binding: &RawValue, key: &Jwk, url: &str) -> Result<String, Problem> {
        let binding = Binding::parse(binding.get().as_bytes())?;
        let id = binding.key_id.clone();
        // Which of the two it was is nobody's to know.
        let wrong =
            || Problem::Unauthorized("the external key or its signature is wrong".to_owned());
        let secret = self.store.external_secret(&id).await?.ok_or_else(wrong)?;
        match binding.verify(&secret, key, url) {
            Ok(()) => Ok(id),
            Err(JwsError::Signature) => Err(wrong()),
            Err(error) => Err(error.into()),
        }
    }

    fn known(&self, account: &Account) -> Answered {
        if !account.is_valid {
            return Err(Problem::EndedAccount);
        }
        let told = as_json(&self.told(account));
        located(told, StatusCode::OK, self.account_at(account))
    }

    /// RFC 8555 §7.3.2, §7.3.6.
    pub(super) async fn update_account(
        &self,
        account: &Account,
        id: &str,
        payload: &[u8],
    ) -> Answered {
        own(account, id)?;
        if payload.is_empty() {
            return as_json(&self.told(account));
        }
        let changes: Changes = asked::parse(payload)?;
        let mut changed = account.clone();
        match changes.status.as_deref() {
            Some("deactivated") => {
                self.store.end_account(account, By::Server, now()).await?;
                changed.is_valid = false;
                return as_json(&self.told(&changed));
            }
            None | Some("valid") => {}
            Some(_) => {
                let what = "an account can only be deactivated".to_owned();
                return Err(Problem::Malformed(what));
            }
        }
        if let Some(contacts) = changes.contact {
            check_contacts(&contacts)?;
            self.store.set_contacts(&account.id, &contacts).await?;
            changed.contacts = contacts;
        }
        as_json(&self.told(&changed))
    }

    /// RFC 8555 §7.3.5: the outer request is by the old key, the inner one by the new.
    pub(super) async fn key_change(
        &self,
        account: &Account,
        payload: &[u8],
        url: &str,
    ) -> Answered {
        let inner = Unverified::parse(payload)?;
        let Whose::Key(key) = inner.whose.clone() else {
            return Err(Problem::Malformed(
                "the new key has to be in jwk".to_owned(),
            ));
        };
        if inner.nonce.is_some() {
            return Err(Problem::Malformed(
                "the inner request has no nonce".to_owned(),
            ));
        }
        let change: KeyChange = asked::parse(&inner.verify(&key, url)?)?;
        if change.account != self.account_at(account) || change.old_key != account.key {
            let what = "the inner request is for another account, or by another key".to_owned();
            return Err(Problem::Malformed(what));
        }
        match self.store.rekey(account, &key, now()).await? {
            Rekeyed::Done => as_json(&self.told(account)),
            Rekeyed::Taken(other) => Err(Problem::KeyTaken(self.account_at(&other))),
            Rekeyed::Lost => {
                let what = "the key was changed meanwhile".to_owned();
                Err(Problem::Unauthorized(what))
            }
        }
    }

    fn told(&self, account: &Account) -> Value {
        json!({
            "status": if account.is_valid { "valid" } else { "deactivated" },
            "contact": account.contacts,
            "orders": format!("{}/orders", self.account_at(account)),
        })
    }

    pub(super) fn account_at(&self, account: &Account) -> String {
        self.at(&format!("account/{}", account.id))
    }
}

/// Whether what is asked for is the account's own.
pub(super) fn own(account: &Account, id: &str) -> Result<(), Problem> {
    match account.id == id {
        true => Ok(()),
        false => Err(Problem::Unauthorized(
            "this is another account's".to_owned(),
        )),
    }
}

/// RFC 8555 §7.3: one address each, and no header fields.
fn check_contacts(contacts: &[String]) -> Result<(), Problem> {
    let is_mail = |contact: &&String| {
        let address = contact.strip_prefix("mailto:");
        address.is_some_and(|address| {
            address.len() <= MAX_CONTACT
                && address.contains('@')
                && !address.contains(|c: char| c == ',' || c == '?' || c.is_control())
        })
    };
    if contacts.len() > MAX_CONTACTS {
        return Err(Problem::Contact("there are too many".to_owned()));
    }
    match contacts.iter().find(|contact| !is_mail(contact)) {
        Some(other) => Err(Problem::Contact(other.clone())),
        None => Ok(()),
    }
}
