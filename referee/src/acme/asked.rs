//! Reading a request: its body within bounds, whose it is, and that it is new.

use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes};
use serde::de::DeserializeOwned;
use tokio::time::{Duration, timeout};

use super::problem::Problem;
use super::{Acme, now};
use crate::jws::{self, Jwk, Unverified, Whose};
use crate::store::Account;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the signed request in a body.
pub(super) async fn read<B>(request: Request<B>) -> Result<Unverified, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // RFC 8555 §6.2.
    let kind = request.headers().get(CONTENT_TYPE);
    if kind.is_none_or(|kind| kind.as_bytes() != b"application/jose+json") {
        return Err(Problem::NotJose);
    }
    let body = Limited::new(request.into_body(), jws::MAX_OCTETS);
    let Ok(collected) = timeout(PATIENCE, body.collect()).await else {
        return Err(Problem::Malformed(
            "the body did not come in time".to_owned(),
        ));
    };
    let body = collected.map_err(|_| Problem::TooLarge)?.to_bytes();
    Ok(Unverified::parse(&body)?)
}

/// The payload as JSON.
pub(super) fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(payload).map_err(|error| Problem::Malformed(error.to_string()))
}

/// RFC 8555 §6.3: what is only fetched has an empty payload.
pub(super) fn fetches(payload: &[u8]) -> Result<(), Problem> {
    match payload.is_empty() {
        true => Ok(()),
        false => Err(Problem::Malformed(
            "this is fetched with an empty payload".to_owned(),
        )),
    }
}

impl Acme {
    /// The account that has signed a request, and the payload.
    pub(super) async fn by_account(
        &self,
        asked: Unverified,
        url: &str,
    ) -> Result<(Account, Vec<u8>), Problem> {
        let Whose::Account(address) = &asked.whose else {
            return Err(Problem::Malformed(
                "this is asked by an account, with kid".to_owned(),
            ));
        };
        let id = address
            .strip_prefix(&self.at("account/"))
            .unwrap_or_default();
        let account = self.store.account(id).await?.ok_or(Problem::NoAccount)?;
        if !account.is_valid {
            return Err(Problem::EndedAccount);
        }
        let payload = self.fresh(asked, &account.key, url).await?;
        Ok((account, payload))
    }

    /// The key that a request has in it and that has signed it, and the payload.
    pub(super) async fn by_key(
        &self,
        asked: Unverified,
        url: &str,
    ) -> Result<(Jwk, Vec<u8>), Problem> {
        let Whose::Key(key) = asked.whose.clone() else {
            return Err(Problem::Malformed(
                "this is asked by a key, with jwk".to_owned(),
            ));
        };
        let payload = self.fresh(asked, &key, url).await?;
        Ok((key, payload))
    }

    /// The nonce is taken once the signature is good, so that nobody uses up another's.
    async fn fresh(&self, asked: Unverified, key: &Jwk, url: &str) -> Result<Vec<u8>, Problem> {
        let nonce = asked.nonce.clone();
        let payload = asked.verify(key, url)?;
        let nonce = nonce.ok_or(Problem::BadNonce)?;
        match self.store.take_nonce(&nonce, now()).await? {
            true => Ok(payload),
            false => Err(Problem::BadNonce),
        }
    }
}
