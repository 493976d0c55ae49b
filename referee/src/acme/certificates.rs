//! Certificates that were issued: fetched by their account (RFC 8555 §7.4.2), revoked (§7.6), and the list of the revoked.

use std::time::SystemTime;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::header::{CACHE_CONTROL, HeaderValue};
use http_body_util::Full;
use serde::Deserialize;
use tokio::sync::Mutex;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::accounts::own;
use super::problem::Problem;
use super::{Acme, Answer, Answered, asked, now, typed};
use crate::jws::{Unverified, Whose};
use crate::store::{Account, By, Certificate, Revocation};
use settle_transport::certificate::{fingerprint, pem};

/// RFC 5280 §5.3.1, without those that only an authority gives.
const REASONS: [u8; 6] = [0, 1, 3, 4, 5, 9];
/// How long a list is given out before a new one is signed, in seconds.
const LIST: u64 = 10;

/// The newest list, so that not everybody who asks makes the key sign.
#[derive(Debug, Default)]
pub(super) struct List(Mutex<Option<(u64, Vec<u8>)>>);

#[derive(Deserialize)]
struct Revoking {
    certificate: String,
    reason: Option<u64>,
}

impl Acme {
    pub(super) async fn certificate(
        &self,
        account: &Account,
        serial: &str,
        payload: &[u8],
    ) -> Answered {
        asked::fetches(payload)?;
        let found = self.store.certificate(serial).await?;
        let found = found.ok_or(Problem::NotFound)?;
        own(account, &found.account)?;
        let chain = found.issued.chain.into_bytes();
        Ok(typed(chain, "application/pem-certificate-chain"))
    }

    /// Asked by the account, or by the certificate's own key.
    pub(super) async fn revoke(&self, asked: Unverified, url: &str) -> Answered {
        let (by, payload, key) = match &asked.whose {
            Whose::Account(_) => {
                let (account, payload) = self.by_account(asked, url).await?;
                (Some(account), payload, None)
            }
            Whose::Key(_) => {
                let (key, payload) = self.by_key(asked, url).await?;
                (None, payload, Some(key))
            }
        };
        let revoking: Revoking = asked::parse(&payload)?;
        let der = BASE64URL_NOPAD.decode(revoking.certificate.as_bytes());
        let der =
            der.map_err(|_| Problem::Malformed("certificate is not in base64url".to_owned()))?;
        let (found, certificate) = self.issued(&der).await?;
        let may = match (&by, &key) {
            (Some(account), _) => self.may_revoke(account, &found).await?,
            (None, Some(key)) => key.is_key_of(certificate.public_key()),
            (None, None) => false,
        };
        if !may {
            let what = "the certificate is another's".to_owned();
            return Err(Problem::Unauthorized(what));
        }
        let reason = u8::try_from(revoking.reason.unwrap_or_default());
        let reason = reason.ok().filter(|reason| REASONS.contains(reason));
        let reason = reason.ok_or(Problem::BadReason)?;
        let account = by.map(|account| account.id).unwrap_or_default();
        let revocation = Revocation { at: now(), reason };
        let serial = &found.issued.serial;
        let revoked = self.store.revoke(serial, revocation, &account, By::Server);
        match revoked.await? {
            true => Ok(Answer::new(Full::default())),
            false => Err(Problem::AlreadyRevoked),
        }
    }

    /// One that was issued, down to its last octet.
    async fn issued<'a>(
        &self,
        der: &'a [u8],
    ) -> Result<(Certificate, X509Certificate<'a>), Problem> {
        let read = X509Certificate::from_der(der);
        let (_, read) =
            read.map_err(|_| Problem::Malformed("this is no certificate".to_owned()))?;
        let serial = HEXLOWER.encode(read.raw_serial());
        let found = self.store.certificate(&serial).await?;
        let found = found.filter(|found| found.issued.chain.starts_with(&pem(der)));
        let unknown = || Problem::Unauthorized("nothing like this was issued here".to_owned());
        Ok((found.ok_or_else(unknown)?, read))
    }

    /// Its own account, or one that may have all of its names by now.
    async fn may_revoke(&self, account: &Account, found: &Certificate) -> Result<bool, Problem> {
        if account.id == found.account {
            return Ok(true);
        }
        for name in &found.names {
            let Ok(name) = settle_protocol::name::LocalName::parse(name) else {
                return Ok(false);
            };
            if self.store.grant_of(&name, account).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What this referee's intermediate has revoked (RFC 5280 §5), or its root.
    pub(super) async fn revocation_list(&self, id: &str) -> Answered {
        let own = self.issuer.id().to_hex();
        let root = fingerprint(self.issuer.root()).map(|root| root.to_hex());
        if let (Some(root), Some(list)) = (root, &self.root_list)
            && id == root
        {
            return Ok(listed(list.clone()));
        }
        if id != own {
            return Err(Problem::NotFound);
        }
        let (mut held, now) = (self.list.0.lock().await, now());
        let list = match &*held {
            Some((at, list)) if now < at + LIST && now >= *at => list.clone(),
            Some(_) | None => {
                let revoked = self.store.revoked(&own, now).await?;
                let made = self
                    .issuer
                    .revocation_list(&revoked, now, SystemTime::now());
                let made = made.map_err(|error| {
                    tracing::error!(%error, "no list of revoked certificates can be made");
                    Problem::Failed
                })?;
                *held = Some((now, made.clone()));
                made
            }
        };
        Ok(listed(list))
    }
}

fn listed(list: Vec<u8>) -> Answer {
    let mut answer = typed(list, "application/pkix-crl");
    let hour = HeaderValue::from_static("max-age=3600");
    answer.headers_mut().insert(CACHE_CONTROL, hour);
    answer
}
