//! Why a request did not get what it asked for: a status, and a sentence in plain text (RFC 7030 §4.2.3). Nothing has
//! changed then, but what a line of the log says.

use std::collections::BTreeSet;

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use settle_protocol::name::LocalName;
use settle_transport::certificate::RequestError;

use super::{Answer, REQUEST};
use crate::limits::Limited;
use crate::store::StoreError;

/// RFC 7617 §2.
const REALM: &str = "Basic realm=\"EST\", charset=\"UTF-8\"";

#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is nothing of this name")]
    NotFound,
    #[error("this can only be asked by {0}")]
    Method(Method),
    #[error("a request has to come as {REQUEST}")]
    Type,
    #[error("the request is too large")]
    TooLarge,
    #[error("the request did not come in time")]
    Slow,
    #[error("the body is no base64")]
    Encoding,
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the first certificate is asked for with the secret that an administrator has made")]
    NoSecret,
    #[error("the secret is wrong")]
    WrongSecret,
    #[error("the secret was used, or its time is over: an administrator can make another one")]
    Spent,
    #[error("show the certificate that is to be renewed")]
    NoCertificate,
    #[error("the certificate that was shown is none of this referee's")]
    NotOurs,
    #[error("the certificate that was shown is good no more: an administrator can make a secret")]
    Ended,
    #[error("the request has to be for {}, and for nothing else", list(.0))]
    Names(BTreeSet<LocalName>),
    #[error("{0} is not granted to this device")]
    NotGranted(LocalName),
    #[error(transparent)]
    Limited(#[from] Limited),
    #[error("the referee could not do this; its own log says why")]
    Failed,
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Encoding | Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::NoSecret | Self::WrongSecret | Self::Spent => StatusCode::UNAUTHORIZED,
            Self::NoCertificate
            | Self::NotOurs
            | Self::Ended
            | Self::Names(_)
            | Self::NotGranted(_) => StatusCode::FORBIDDEN,
            Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As an answer.
    pub(super) fn answer(&self) -> Answer {
        let mut answer = Response::new(Full::new(Bytes::from(format!("{self}\n"))));
        *answer.status_mut() = self.status();
        let headers = answer.headers_mut();
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, text);
        if let Some((name, value)) = self.header()
            && let Ok(value) = HeaderValue::try_from(value)
        {
            headers.insert(name, value);
        }
        answer
    }

    /// What some have beside the body.
    fn header(&self) -> Option<(HeaderName, String)> {
        if self.status() == StatusCode::UNAUTHORIZED {
            return Some((WWW_AUTHENTICATE, REALM.to_owned()));
        }
        if let Self::Method(method) = self {
            return Some((ALLOW, method.to_string()));
        }
        let Self::Limited(Limited(wait)) = self else {
            return None;
        };
        Some((RETRY_AFTER, (wait.as_secs() + 1).to_string()))
    }
}

fn list(names: &BTreeSet<LocalName>) -> String {
    let names: Vec<&str> = names.iter().map(LocalName::as_str).collect();
    names.join(" and ")
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Self::Failed
    }
}
