//! Signed requests (RFC 7515, as RFC 8555 §6.2 narrows it): the flattened form alone, read strictly and verified.
//!
//! Whose key it is, whether the nonce is fresh and what the payload means is decided by who calls.

mod key;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

pub use self::key::{Algorithm, Jwk, KeyError};

/// The longest request that is read: the largest order and the largest key stay far below.
pub const MAX_OCTETS: usize = 64 * 1024;

/// Why a request is not taken for a signed one.
#[derive(Debug, thiserror::Error)]
pub enum JwsError {
    /// Other than the flattened form, or with members that it does not have.
    #[error("this is no flattened JWS: it has protected, payload and signature and nothing else")]
    Form,
    /// Not what RFC 7515 §2 calls base64url.
    #[error("{0} is not in base64url without padding")]
    Base64(&'static str),
    /// The header is no JSON object of the members that it needs.
    #[error("the protected header cannot be used: {0}")]
    Header(String),
    /// A header that asks for what is not understood (RFC 7515 §4.1.11, RFC 7797).
    #[error("the protected header has an extension that is not understood")]
    Extension,
    /// Neither or both of `jwk` and `kid`.
    #[error("the protected header has to have either jwk or kid, and not both")]
    Whose,
    /// An algorithm that is not taken (RFC 8555 §6.2).
    #[error("the algorithm {0:?} is not taken: take ES256, ES384, EdDSA or RS256")]
    Algorithm(String),
    /// Of the key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is somebody else's.
    #[error("the signature is not by this key")]
    Signature,
    /// The URL in the header is another one.
    #[error("the request is signed for another address: {0:?}")]
    Url(String),
}

/// Whose request it says to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Whose {
    /// The key itself, before there is an account, or that of a certificate.
    Key(Jwk),
    /// The address of an account.
    Account(String),
}

/// A request that was read and whose signature was not looked at.
#[derive(Debug)]
pub struct Unverified {
    /// Whose it says to be.
    pub whose: Whose,
    /// The nonce; none in an inner one.
    pub nonce: Option<String>,
    algorithm: Algorithm,
    url: String,
    signed: Vec<u8>,
    signature: Vec<u8>,
    payload: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    protected: String,
    payload: String,
    signature: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    url: String,
    nonce: Option<String>,
    jwk: Option<Jwk>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

impl Unverified {
    /// Reads one.
    ///
    /// # Errors
    /// [`JwsError`].
    pub fn parse(text: &[u8]) -> Result<Self, JwsError> {
        let (parts, header) = read(text)?;
        let whose = match (header.jwk, header.kid) {
            (Some(key), None) => Whose::Key(key),
            (None, Some(account)) => Whose::Account(account),
            (Some(_), Some(_)) | (None, None) => return Err(JwsError::Whose),
        };
        let algorithm = Algorithm::parse(&header.alg);
        Ok(Self {
            whose,
            nonce: header.nonce,
            algorithm: algorithm.ok_or(JwsError::Algorithm(header.alg))?,
            url: header.url,
            signed: parts.signed,
            signature: parts.signature,
            payload: parts.payload,
        })
    }

    /// The payload, once the key has signed it for this very address.
    ///
    /// # Errors
    /// [`JwsError::Url`], [`JwsError::Key`] for an algorithm of another key, [`JwsError::Signature`].
    pub fn verify(self, key: &Jwk, url: &str) -> Result<Vec<u8>, JwsError> {
        // RFC 8555 §6.4: compared as text, so that nothing has to be normalized.
        if self.url != url {
            return Err(JwsError::Url(self.url));
        }
        match key.verifies(self.algorithm, &self.signed, &self.signature)? {
            true => Ok(self.payload),
            false => Err(JwsError::Signature),
        }
    }
}

/// The key of an account, bound to what an administrator has handed out (RFC 8555 §7.3.4).
#[derive(Debug)]
pub struct Binding {
    /// Which external key it is by.
    pub key_id: String,
    url: String,
    signed: Vec<u8>,
    signature: Vec<u8>,
    payload: Vec<u8>,
}

impl Binding {
    /// Reads one.
    ///
    /// # Errors
    /// [`JwsError`].
    pub fn parse(text: &[u8]) -> Result<Self, JwsError> {
        let (parts, header) = read(text)?;
        if header.alg != "HS256" {
            return Err(JwsError::Algorithm(header.alg));
        }
        if header.jwk.is_some() || header.nonce.is_some() {
            return Err(JwsError::Header(
                "a binding has neither jwk nor nonce".to_owned(),
            ));
        }
        Ok(Self {
            key_id: header.kid.ok_or(JwsError::Whose)?,
            url: header.url,
            signed: parts.signed,
            signature: parts.signature,
            payload: parts.payload,
        })
    }

    /// Whether it binds this account's key by that external key, for this address.
    ///
    /// # Errors
    /// [`JwsError`].
    pub fn verify(self, secret: &[u8], account: &Jwk, url: &str) -> Result<(), JwsError> {
        if self.url != url {
            return Err(JwsError::Url(self.url));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, &self.signed, &self.signature).map_err(|_| JwsError::Signature)?;
        match serde_json::from_slice::<Jwk>(&self.payload) {
            Ok(bound) if bound == *account => Ok(()),
            Ok(_) | Err(_) => Err(JwsError::Signature),
        }
    }
}

struct Parts {
    signed: Vec<u8>,
    signature: Vec<u8>,
    payload: Vec<u8>,
}

fn read(text: &[u8]) -> Result<(Parts, Header), JwsError> {
    if text.len() > MAX_OCTETS {
        return Err(JwsError::Form);
    }
    let flattened: Flattened = serde_json::from_slice(text).map_err(|_| JwsError::Form)?;
    let decode = |name, text: &str| {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes());
        decoded.map_err(|_| JwsError::Base64(name))
    };
    let protected = decode("protected", &flattened.protected)?;
    let parts = Parts {
        signed: format!("{}.{}", flattened.protected, flattened.payload).into_bytes(),
        signature: decode("signature", &flattened.signature)?,
        payload: decode("payload", &flattened.payload)?,
    };
    let header: Header =
        serde_json::from_slice(&protected).map_err(|error| JwsError::Header(error.to_string()))?;
    if header.crit.is_some() || header.b64.is_some() {
        return Err(JwsError::Extension);
    }
    Ok((parts, header))
}

#[cfg(test)]
mod tests;
