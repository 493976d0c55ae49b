//! What can be wrong with a request, as RFC 9457 has it. `type` is a stable word of
//! docs/device-api.md §4; the rest is for people.

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde::Serialize;

use super::{Answer, sealed};
use crate::register::RegisterError;

/// What `type` begins with.
const TYPES: &str = "urn:settle:problem:";

/// Why a request did not get what it asked for; nothing has changed then.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is nothing of this name")]
    NotFound,
    #[error("this can only be asked by {0}")]
    Method(&'static str),
    #[error("only administrators may ask this")]
    AdminsOnly,
    #[error("only the owner may ask this, at the device itself")]
    OwnerOnly,
    #[error("a page of another origin has a hand in this request")]
    Foreign,
    #[error("what changes something has to come as application/json")]
    NotJson,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not come in time")]
    Slow,
    #[error("{0}")]
    Malformed(String),
    #[error("the device knows these roles: {0}")]
    UnknownRole(String),
    #[error("no client of this key is on the list")]
    UnknownClient,
    #[error(
        "this is the last administrator, and without one whoever pairs next becomes it; say \
         leave_without_admin if you mean it"
    )]
    LastAdmin,
    #[error("so many codes stand that no other is made; one of them has to be used or to end")]
    ManyCodes,
    #[error("the root key is another one than the request names: somebody has replaced it already")]
    OtherRoot,
    #[error(
        "the device has rolled over as often as hosts follow; a reset gives it a new beginning"
    )]
    ManyRollovers,
    #[error("the device cannot write to its disk")]
    NotStored,
    #[error("the device could not do this; its own log says why")]
    Failed,
}

impl Problem {
    /// The stable word, and the status that it comes with.
    const fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND),
            Self::Method(_) => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::AdminsOnly => ("admins-only", StatusCode::FORBIDDEN),
            Self::OwnerOnly => ("owner-only", StatusCode::FORBIDDEN),
            Self::Foreign => ("foreign-origin", StatusCode::FORBIDDEN),
            Self::NotJson => ("not-json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Slow => ("too-slow", StatusCode::REQUEST_TIMEOUT),
            Self::Malformed(_) => ("malformed", StatusCode::BAD_REQUEST),
            Self::UnknownRole(_) => ("unknown-role", StatusCode::UNPROCESSABLE_ENTITY),
            Self::UnknownClient => ("unknown-client", StatusCode::NOT_FOUND),
            Self::LastAdmin => ("last-admin", StatusCode::CONFLICT),
            Self::ManyCodes => ("many-codes", StatusCode::CONFLICT),
            Self::OtherRoot => ("other-root", StatusCode::CONFLICT),
            Self::ManyRollovers => ("many-rollovers", StatusCode::CONFLICT),
            Self::NotStored => ("not-stored", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Failed => ("failed", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The problem as an answer.
    pub(super) fn answer(&self) -> Answer {
        #[derive(Serialize)]
        struct Details<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: String,
        }
        let (word, status) = self.kind();
        let details = Details {
            r#type: format!("{TYPES}{word}"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.to_string(),
        };
        // Texts and a number always become JSON.
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut answer = Response::new(Full::new(Bytes::from(body)));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, json);
        if let Self::Method(methods) = self {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        sealed(answer)
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::NotAdmin => Self::AdminsOnly,
            RegisterError::LastAdmin => Self::LastAdmin,
            RegisterError::ManyCodes => Self::ManyCodes,
            RegisterError::OtherRoot => Self::OtherRoot,
            RegisterError::ManyRollovers => Self::ManyRollovers,
            RegisterError::State(error) => {
                tracing::error!(%error, "a change was asked for and cannot be stored");
                Self::NotStored
            }
            error @ (RegisterError::Random(_)
            | RegisterError::Issue(_)
            | RegisterError::Spent
            | RegisterError::Closed
            | RegisterError::RoleTaken
            | RegisterError::Refused
            | RegisterError::Interrupted) => {
                tracing::error!(%error, "a change was asked for and failed");
                Self::Failed
            }
        }
    }
}
