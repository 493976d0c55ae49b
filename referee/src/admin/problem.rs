//! Why the page or the API did not do what it was asked for (docs/referee.md §9). `type` is a stable word, as in the API of
//! a device; the rest is for people.

use http::StatusCode;
use serde_json::{Value, json};

use crate::administration::AdministrationError;
use crate::store::StoreError;

/// What `type` begins with.
const TYPES: &str = "urn:settle:problem:";

#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is nothing at this address")]
    NotFound,
    #[error("this can only be asked by {0}")]
    Method(&'static str),
    #[error("only administrators of the referee may do this")]
    AdminsOnly,
    #[error(
        "a page of another origin has a hand in this request, or it does not say where it comes from"
    )]
    Foreign,
    #[error("what changes something has to come as application/json")]
    NotJson,
    #[error("what changes something has to come as a form of this page")]
    NotForm,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body did not come in time")]
    Slow,
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    Refused(AdministrationError),
    #[error("the referee could not do this; its own log says why")]
    Failed,
}

impl Problem {
    /// The stable word, and the status that it comes with.
    pub(super) const fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND),
            Self::Method(_) => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::AdminsOnly => ("admins-only", StatusCode::FORBIDDEN),
            Self::Foreign => ("foreign-origin", StatusCode::FORBIDDEN),
            Self::NotJson => ("not-json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::NotForm => ("not-a-form", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Slow => ("too-slow", StatusCode::REQUEST_TIMEOUT),
            Self::Malformed(_) => ("malformed", StatusCode::BAD_REQUEST),
            Self::Refused(error) => match error {
                AdministrationError::Names
                | AdministrationError::TwoHolders
                | AdministrationError::Unchallenged
                | AdministrationError::AddressAlone
                | AdministrationError::Reason(_) => ("malformed", StatusCode::BAD_REQUEST),
                AdministrationError::NoAccount(_) => ("unknown-account", StatusCode::NOT_FOUND),
                AdministrationError::NotGranted(_) => ("unknown-name", StatusCode::NOT_FOUND),
                AdministrationError::NotGood(_) => ("unknown-certificate", StatusCode::NOT_FOUND),
                AdministrationError::Store(_) | AdministrationError::Handover(_) => {
                    ("failed", StatusCode::INTERNAL_SERVER_ERROR)
                }
            },
            Self::Failed => ("failed", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// As RFC 9457 has it.
    pub(super) fn details(&self) -> Value {
        let (word, status) = self.kind();
        json!({
            "type": format!("{TYPES}{word}"),
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        })
    }
}

impl From<AdministrationError> for Problem {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::Store(error) => error.into(),
            AdministrationError::Handover(error) => {
                tracing::error!(%error, "what was granted cannot be handed over");
                Self::Failed
            }
            error @ (AdministrationError::Names
            | AdministrationError::TwoHolders
            | AdministrationError::Unchallenged
            | AdministrationError::NoAccount(_)
            | AdministrationError::AddressAlone
            | AdministrationError::NotGranted(_)
            | AdministrationError::NotGood(_)
            | AdministrationError::Reason(_)) => Self::Refused(error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the administrator's page cannot be served");
        Self::Failed
    }
}
