//! The API (docs/referee.md §9): what the page shows and changes, as JSON. For whom is decided before.

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use settle_protocol::handover::Directory;
use settle_protocol::name::LocalName;

use super::problem::Problem;
use super::{Answer, LINES, asked};
use crate::administration::Administration;

/// What all its paths begin with.
const BELOW: &str = "/api/";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What can be asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Resource<'a> {
    Authority,
    Names,
    Name(&'a str),
    Accounts,
    Account(&'a str),
    Certificates,
    Certificate(&'a str),
    Audit,
    /// Below the API there is nothing of this name.
    Nothing,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoking {
    /// RFC 5280 §5.3.1.
    #[serde(default)]
    reason: u8,
}

impl<'a> Resource<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let below = path.strip_prefix(BELOW)?;
        Some(match below.split_once('/') {
            None => match below {
                "authority" => Self::Authority,
                "names" => Self::Names,
                "accounts" => Self::Accounts,
                "certificates" => Self::Certificates,
                "audit" => Self::Audit,
                _ => Self::Nothing,
            },
            Some(("names", name)) => Self::Name(name),
            Some(("accounts", number)) => Self::Account(number),
            Some(("certificates", serial)) => Self::Certificate(serial),
            Some(_) => Self::Nothing,
        })
    }

    pub(super) const fn methods(self) -> &'static str {
        match self {
            Self::Authority | Self::Accounts | Self::Certificates | Self::Audit => "GET, HEAD",
            Self::Names => "GET, HEAD, POST",
            Self::Name(_) | Self::Account(_) | Self::Certificate(_) => "DELETE",
            Self::Nothing => "",
        }
    }
}

/// Answers an administrator.
pub(super) async fn answer<B>(
    request: Request<B>,
    resource: Resource<'_>,
    hands: &Administration,
    directory: &Directory,
) -> Result<Answer, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match (request.method().as_str(), resource) {
        (_, Resource::Nothing) => Err(Problem::NotFound),
        ("GET" | "HEAD", Resource::Names) => Ok(json(&json!({"names": hands.names().await?}))),
        ("GET" | "HEAD", Resource::Accounts) => {
            Ok(json(&json!({"accounts": hands.accounts().await?})))
        }
        ("GET" | "HEAD", Resource::Certificates) => {
            Ok(json(&json!({"certificates": hands.certificates().await?})))
        }
        ("GET" | "HEAD", Resource::Audit) => Ok(json(&json!({"lines": hands.log(LINES).await?}))),
        ("POST", Resource::Names) => {
            let wanted = asked::json(request).await?;
            let mut answer = json(&hands.authorize(&wanted, directory).await?);
            *answer.status_mut() = StatusCode::CREATED;
            Ok(answer)
        }
        ("DELETE", Resource::Name(name)) => {
            let Nothing {} = asked::json(request).await?;
            let name = LocalName::parse(name);
            let name = name.map_err(|error| Problem::Malformed(error.to_string()))?;
            hands.withdraw(&name).await?;
            Ok(done())
        }
        ("DELETE", Resource::Account(number)) => {
            let Nothing {} = asked::json(request).await?;
            hands.end_account(number).await?;
            Ok(done())
        }
        ("DELETE", Resource::Certificate(serial)) => {
            let Revoking { reason } = asked::json(request).await?;
            hands.revoke(serial, reason).await?;
            Ok(done())
        }
        (_, resource) => Err(Problem::Method(resource.methods())),
    }
}

pub(super) fn json(content: &impl Serialize) -> Answer {
    // Texts and numbers always become JSON.
    let body = serde_json::to_vec(content).unwrap_or_default();
    typed(body, "application/json")
}

/// A problem as an answer.
pub(super) fn problem(problem: &Problem) -> Answer {
    let body = problem.details().to_string();
    let mut answer = typed(body.into_bytes(), "application/problem+json");
    *answer.status_mut() = problem.kind().1;
    if let Problem::Method(methods) = problem {
        let headers = answer.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    answer
}

fn done() -> Answer {
    let mut answer = typed(Vec::new(), "application/json");
    answer.headers_mut().remove(CONTENT_TYPE);
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// For who asked alone, and kept nowhere.
fn typed(body: Vec<u8>, kind: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(body));
    let headers = answer.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, fixed(kind));
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(RESOURCE_POLICY, fixed("same-origin"));
    answer
}
