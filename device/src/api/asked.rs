//! What the API is asked for, read strictly: what changes something comes from the device's own pages
//! or from no page at all, as JSON of a bounded size, with no member that is not understood.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_transport::origin::is_foreign;
use tokio::time::timeout;

use super::problem::Problem;
use crate::role::Role;

/// The largest body, in octets.
const MAX_BODY: usize = 4096;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Entries of the log a page.
const PAGE: usize = 50;
const MAX_PAGE: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleWanted {
    pub(super) role: Role,
    #[serde(default)]
    pub(super) leave_without_admin: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Taking {
    #[serde(default)]
    pub(super) leave_without_admin: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "lifetime", rename_all = "snake_case")]
pub(super) enum CodeWanted {
    OneTime { role: Role },
    Printed {},
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RolloverWanted {
    /// The root key that goes, so that a request which is sent again replaces nothing else.
    pub(super) replaces: KeyFingerprint,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowWanted {
    pub(super) open: bool,
    pub(super) seconds: Option<u64>,
}

/// Which entries of the log.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Page {
    pub(super) before: Option<u64>,
    pub(super) limit: usize,
}

impl Page {
    /// Reads `before=NUMBER&limit=NUMBER`, both of which may be missing.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut page = Self {
            before: None,
            limit: PAGE,
        };
        let malformed = || {
            let allowed =
                format!("give before=NUMBER and limit=1 to {MAX_PAGE}, once each at most");
            Problem::Malformed(allowed)
        };
        let mut limited = false;
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            match pair.split_once('=') {
                Some(("before", number)) if page.before.is_none() => {
                    page.before = Some(number.parse().map_err(|_| malformed())?);
                }
                Some(("limit", number)) if !limited => {
                    page.limit = number.parse().map_err(|_| malformed())?;
                    limited = true;
                }
                Some(_) | None => return Err(malformed()),
            }
        }
        match (1..=MAX_PAGE).contains(&page.limit) {
            true => Ok(page),
            false => Err(malformed()),
        }
    }
}

/// Reads what is to change; an empty body is that of `{}`.
pub(super) async fn read<T, B>(request: Request<B>) -> Result<T, Problem>
where
    T: DeserializeOwned,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    if is_foreign(&head.headers, &head.uri) {
        return Err(Problem::Foreign);
    }
    if !is_json(&head.headers) {
        return Err(Problem::NotJson);
    }
    let body = timeout(PATIENCE, Limited::new(body, MAX_BODY).collect());
    let body = body.await.map_err(|_| Problem::Slow)?;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => Problem::TooLarge,
        false => Problem::Malformed("the body broke off".to_owned()),
    })?;
    let body = body.to_bytes();
    let text: &[u8] = match body.is_empty() {
        true => b"{}",
        false => &body,
    };
    // Its words name members and places, and nothing that came from elsewhere than this body.
    serde_json::from_slice(text).map_err(|error| Problem::Malformed(error.to_string()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let first = types.next().and_then(|value| value.to_str().ok());
    let essence = first.and_then(|value| value.split(';').next());
    types.next().is_none()
        && essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_log_is_asked_for_in_one_way() {
        let page = |before, limit| Page { before, limit };
        assert_eq!(Page::parse(None).unwrap(), page(None, PAGE));
        let both = Page::parse(Some("limit=7&before=9")).unwrap();
        assert_eq!(both, page(Some(9), 7));
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "before=x",
            "before=1&before=2",
            "limit=1&limit=1",
            "after=1",
            "limit",
        ] {
            assert!(Page::parse(Some(query)).is_err(), "{query}");
        }
    }
}
