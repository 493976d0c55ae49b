//! Why a request did not get what it asked for (RFC 8555 §6.7, RFC 7807). Nothing has changed then, but what a line of the
//! log says.

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{Answer, add};
use crate::jws::{JwsError, KeyError};
use crate::limits::Limited;
use crate::store::StoreError;

const TYPES: &str = "urn:ietf:params:acme:error:";
const ALGORITHMS: [&str; 4] = ["ES256", "ES384", "EdDSA", "RS256"];

/// One identifier of several, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Sub {
    pub(super) kind: &'static str,
    pub(super) identifier: Value,
    pub(super) detail: String,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is nothing of this name")]
    NotFound,
    #[error("this can only be asked by {0}")]
    Method(&'static str),
    #[error("a request has to come as application/jose+json")]
    NotJose,
    #[error("the request is too large")]
    TooLarge,
    #[error("{0}")]
    Malformed(String),
    #[error("the nonce is not one of ours, or was used before: take the one in this answer")]
    BadNonce,
    #[error("{0}")]
    BadAlgorithm(JwsError),
    #[error("the key cannot be used")]
    BadKey,
    #[error("{0}")]
    Unauthorized(String),
    #[error("there is no such account")]
    NoAccount,
    #[error("the account was ended")]
    EndedAccount,
    #[error("an account is made with an external key: ask who runs the referee")]
    BindingRequired,
    #[error("only addresses of mail can be contacts: {0}")]
    Contact(String),
    #[error("the key is that of another account")]
    KeyTaken(String),
    #[error("not every name can be had by this account")]
    Names(Vec<Sub>),
    #[error("the order is not ready: it is {0}")]
    NotReady(&'static str),
    #[error("{0}")]
    BadRequest(String),
    #[error("the certificate is revoked already")]
    AlreadyRevoked,
    #[error("no server may give this reason")]
    BadReason,
    #[error("another certificate is in its place already")]
    AlreadyReplaced,
    #[error(transparent)]
    Limited(#[from] Limited),
    #[error("the referee could not do this; its own log says why")]
    Failed,
}

impl Problem {
    const fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NotFound => ("malformed", StatusCode::NOT_FOUND),
            Self::Method(_) => ("malformed", StatusCode::METHOD_NOT_ALLOWED),
            Self::NotJose => ("malformed", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => ("malformed", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Malformed(_) => ("malformed", StatusCode::BAD_REQUEST),
            Self::BadNonce => ("badNonce", StatusCode::BAD_REQUEST),
            Self::BadAlgorithm(_) => ("badSignatureAlgorithm", StatusCode::BAD_REQUEST),
            Self::BadKey => ("badPublicKey", StatusCode::BAD_REQUEST),
            Self::Unauthorized(_) => ("unauthorized", StatusCode::FORBIDDEN),
            Self::NoAccount => ("accountDoesNotExist", StatusCode::BAD_REQUEST),
            Self::EndedAccount => ("unauthorized", StatusCode::UNAUTHORIZED),
            Self::BindingRequired => ("externalAccountRequired", StatusCode::FORBIDDEN),
            Self::Contact(_) => ("unsupportedContact", StatusCode::BAD_REQUEST),
            Self::KeyTaken(_) => ("malformed", StatusCode::CONFLICT),
            Self::Names(_) => ("rejectedIdentifier", StatusCode::FORBIDDEN),
            Self::NotReady(_) => ("orderNotReady", StatusCode::FORBIDDEN),
            Self::BadRequest(_) => ("badCSR", StatusCode::BAD_REQUEST),
            Self::AlreadyRevoked => ("alreadyRevoked", StatusCode::BAD_REQUEST),
            Self::BadReason => ("badRevocationReason", StatusCode::BAD_REQUEST),
            Self::AlreadyReplaced => ("alreadyReplaced", StatusCode::CONFLICT),
            Self::Limited(_) => ("rateLimited", StatusCode::TOO_MANY_REQUESTS),
            Self::Failed => ("serverInternal", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// As an answer.
    pub(super) fn answer(&self) -> Answer {
        let (kind, status) = self.kind();
        let mut body = json!({
            "type": format!("{TYPES}{kind}"),
            "detail": self.to_string(),
            "status": status.as_u16(),
        });
        if let Self::Names(subs) = self {
            let subs = subs.iter().map(|sub| {
                json!({
                    "type": format!("{TYPES}{}", sub.kind),
                    "detail": sub.detail,
                    "identifier": sub.identifier,
                })
            });
            add(&mut body, "subproblems", subs.collect());
        }
        if let Self::BadAlgorithm(_) = self {
            add(&mut body, "algorithms", json!(ALGORITHMS));
        }
        let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        let extra = self.header();
        if let Some((name, value)) = extra
            && let Ok(value) = HeaderValue::try_from(value)
        {
            headers.insert(name, value);
        }
        answer
    }
}

impl Problem {
    /// What some have beside the body.
    fn header(&self) -> Option<(HeaderName, String)> {
        if let Self::Method(methods) = self {
            return Some((ALLOW, (*methods).to_owned()));
        }
        if let Self::KeyTaken(account) = self {
            return Some((LOCATION, account.clone()));
        }
        let Self::Limited(Limited(wait)) = self else {
            return None;
        };
        Some((RETRY_AFTER, (wait.as_secs() + 1).to_string()))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Self::Failed
    }
}

impl From<JwsError> for Problem {
    fn from(error: JwsError) -> Self {
        match error {
            error @ (JwsError::Algorithm(_) | JwsError::Key(KeyError::OtherAlgorithm)) => {
                Self::BadAlgorithm(error)
            }
            JwsError::Key(KeyError::Unusable) => Self::BadKey,
            error @ JwsError::Url(_) => Self::Unauthorized(error.to_string()),
            error @ (JwsError::Form
            | JwsError::Base64(_)
            | JwsError::Header(_)
            | JwsError::Extension
            | JwsError::Whose
            | JwsError::Signature) => Self::Malformed(error.to_string()),
        }
    }
}
