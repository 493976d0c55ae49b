//! ACME (RFC 8555, with RFC 8737 and RFC 9773): what a referee answers to servers that want certificates. Pure but for the
//! store and for challenges; it knows no sockets.
//!
//! A challenge alone gets nobody a certificate, because whoever has the network meets any. Who may have a name is what an
//! administrator has said (`crate::store::Grant`); only local names can be said.

mod accounts;
mod asked;
mod authorizations;
mod certificates;
mod challenge;
mod orders;
mod problem;
mod renewal;

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LINK, LOCATION};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use serde::Serialize;
use serde_json::{Value, json};

pub use self::challenge::Validator;
use self::problem::Problem;
use crate::authority::Issuer;
use crate::clock::unix_now as now;
use crate::limits::Limits;
use crate::store::{Account, Store};

/// The path of the directory.
pub const DIRECTORY: &str = "/acme/directory";
const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

type Answer = Response<Full<Bytes>>;
type Answered = Result<Answer, Problem>;

/// An ACME server.
#[derive(Debug)]
pub struct Acme {
    store: Store,
    issuer: Arc<Issuer>,
    /// `https://referee.local:14000`, without a slash at its end.
    base: String,
    limits: Arc<Limits>,
    validator: Validator,
    list: certificates::List,
    /// What the root has revoked, if it has said so.
    root_list: Option<Vec<u8>>,
}

/// What can be asked for, with the number in its path.
enum Resource<'a> {
    Directory,
    NewNonce,
    NewAccount,
    NewOrder,
    NewAuthorization,
    RevokeCertificate,
    KeyChange,
    Account(&'a str),
    Orders(&'a str),
    Order(&'a str),
    Finalize(&'a str),
    Authorization(&'a str),
    Challenge(&'a str),
    Certificate(&'a str),
    RenewalInfo(&'a str),
    RevocationList(&'a str),
}

impl Acme {
    /// Serves what is below `base`.
    #[must_use]
    pub fn new(store: Store, issuer: Arc<Issuer>, base: String) -> Self {
        Self {
            store,
            issuer,
            base,
            limits: Arc::new(Limits::usual()),
            validator: Validator::usual(),
            list: certificates::List::default(),
            root_list: None,
        }
    }

    /// With other limits, or with those of others.
    #[must_use]
    pub fn with_limits(mut self, limits: Arc<Limits>) -> Self {
        self.limits = limits;
        self
    }

    /// With the root's list of revoked intermediates, which is served beside the intermediate's own.
    #[must_use]
    pub fn with_root_list(mut self, list: Option<Vec<u8>>) -> Self {
        self.root_list = list;
        self
    }

    /// With challenges at other ports.
    #[must_use]
    pub fn with_validator(mut self, validator: Validator) -> Self {
        self.validator = validator;
        self
    }

    /// The address that clients are given.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("{}{DIRECTORY}", self.base)
    }

    /// Answers a request that came without TLS. Only lists of revoked certificates are to be had so: they are signed, and
    /// who needs one may be about to judge the very certificate of this server (RFC 5280 §8).
    pub async fn answer_in_the_clear<B>(&self, request: &Request<B>, from: IpAddr) -> Answer {
        let respond = async {
            self.limits.request(from)?;
            match Resource::of(request.uri().path()) {
                Some(Resource::RevocationList(id)) if request.method() == http::Method::GET => {
                    self.revocation_list(id).await
                }
                Some(_) | None => Err(Problem::NotFound),
            }
        };
        respond
            .await
            .unwrap_or_else(|problem: Problem| problem.answer())
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>, from: IpAddr) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let is_post = request.method() == http::Method::POST;
        let mut answer = match self.respond(request, from).await {
            Ok(answer) => answer,
            Err(problem) => problem.answer(),
        };
        // RFC 8555 §6.5: with every answer to a POST, also where it was refused.
        if is_post && let Err(problem) = self.add_nonce(&mut answer) {
            return problem.answer();
        }
        let headers = answer.headers_mut();
        headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
        // RFC 8555 §6.5.1 asks it of nonces; nothing else here is to be kept either.
        let no_store = HeaderValue::from_static("no-store");
        headers.entry(CACHE_CONTROL).or_insert(no_store);
        let index = format!("<{}>;rel=\"index\"", self.directory());
        if let Ok(index) = HeaderValue::try_from(index) {
            headers.append(LINK, index);
        }
        answer
    }

    async fn respond<B>(&self, request: Request<B>, from: IpAddr) -> Answered
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.limits.request(from)?;
        let path = request.uri().path().to_owned();
        let resource = Resource::of(&path).ok_or(Problem::NotFound)?;
        match (request.method().as_str(), &resource) {
            ("GET", Resource::Directory) => return self.tell_directory(),
            ("GET" | "HEAD", Resource::NewNonce) => return self.new_nonce(request.method()),
            ("GET", Resource::RenewalInfo(id)) => return self.renewal_info(id).await,
            ("GET", Resource::RevocationList(id)) => return self.revocation_list(id).await,
            ("POST", resource) if resource.takes_posts() => {}
            (_, resource) => return Err(Problem::Method(resource.methods())),
        }
        // What a request was signed for is where it was sent.
        let target = request
            .uri()
            .path_and_query()
            .map_or("", |target| target.as_str());
        let url = format!("{}{target}", self.base);
        let query = request.uri().query().unwrap_or_default().to_owned();
        let asked = asked::read(request).await?;
        // Boxed, so that what a connection carries along stays small.
        if matches!(resource, Resource::NewAccount) {
            return Box::pin(self.new_account(asked, &url, from)).await;
        }
        if matches!(resource, Resource::RevokeCertificate) {
            return Box::pin(self.revoke(asked, &url)).await;
        }
        let (account, payload) = self.by_account(asked, &url).await?;
        Box::pin(self.for_account(resource, &account, &payload, &url, &query)).await
    }

    async fn for_account(
        &self,
        resource: Resource<'_>,
        account: &Account,
        payload: &[u8],
        url: &str,
        query: &str,
    ) -> Answered {
        match resource {
            Resource::NewOrder => self.new_order(account, payload).await,
            Resource::NewAuthorization => self.new_authorization(account, payload).await,
            Resource::KeyChange => self.key_change(account, payload, url).await,
            Resource::Account(id) => self.update_account(account, id, payload).await,
            Resource::Orders(id) => self.orders(account, id, payload, query).await,
            Resource::Order(id) => self.order(account, id, payload).await,
            Resource::Finalize(id) => self.finalize(account, id, payload).await,
            Resource::Authorization(id) => self.authorization(account, id, payload).await,
            Resource::Challenge(id) => self.challenge(account, id, payload).await,
            Resource::Certificate(id) => self.certificate(account, id, payload).await,
            Resource::Directory
            | Resource::NewNonce
            | Resource::NewAccount
            | Resource::RevokeCertificate
            | Resource::RenewalInfo(_)
            | Resource::RevocationList(_) => Err(Problem::NotFound),
        }
    }

    /// RFC 8555 §7.1.1. An account needs an external key, or a key that an administrator has named; clients are told
    /// the former, since the latter know.
    fn tell_directory(&self) -> Answered {
        let at = |path: &str| self.at(path);
        as_json(&json!({
            "newNonce": at("new-nonce"),
            "newAccount": at("new-account"),
            "newOrder": at("new-order"),
            "newAuthz": at("new-authz"),
            "revokeCert": at("revoke-cert"),
            "keyChange": at("key-change"),
            "renewalInfo": at("renewal-info"),
            "meta": {"externalAccountRequired": true},
        }))
    }

    /// RFC 8555 §7.2.
    fn new_nonce(&self, method: &http::Method) -> Answered {
        let mut answer = Response::new(Full::default());
        if method == http::Method::GET {
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        self.add_nonce(&mut answer)?;
        Ok(answer)
    }

    fn add_nonce(&self, answer: &mut Answer) -> Result<(), Problem> {
        let nonce = self.store.make_nonce(now())?;
        if let Ok(nonce) = HeaderValue::try_from(nonce) {
            answer.headers_mut().insert(REPLAY_NONCE, nonce);
        }
        Ok(())
    }

    /// The address of something below.
    fn at(&self, path: &str) -> String {
        format!("{}/acme/{path}", self.base)
    }
}

impl<'a> Resource<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let found = match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            ("acme", "directory", None, None) => Self::Directory,
            ("acme", "new-nonce", None, None) => Self::NewNonce,
            ("acme", "new-account", None, None) => Self::NewAccount,
            ("acme", "new-order", None, None) => Self::NewOrder,
            ("acme", "new-authz", None, None) => Self::NewAuthorization,
            ("acme", "revoke-cert", None, None) => Self::RevokeCertificate,
            ("acme", "key-change", None, None) => Self::KeyChange,
            ("acme", "account", Some(id), None) => Self::Account(id),
            ("acme", "account", Some(id), Some("orders")) => Self::Orders(id),
            ("acme", "order", Some(id), None) => Self::Order(id),
            ("acme", "order", Some(id), Some("finalize")) => Self::Finalize(id),
            ("acme", "authz", Some(id), None) => Self::Authorization(id),
            ("acme", "challenge", Some(id), None) => Self::Challenge(id),
            ("acme", "certificate", Some(id), None) => Self::Certificate(id),
            ("acme", "renewal-info", Some(id), None) => Self::RenewalInfo(id),
            ("crl", file, None, None) => Self::RevocationList(file.strip_suffix(".crl")?),
            _ => return None,
        };
        parts.next().is_none().then_some(found)
    }

    const fn takes_posts(&self) -> bool {
        !matches!(
            self,
            Self::Directory | Self::NewNonce | Self::RenewalInfo(_) | Self::RevocationList(_)
        )
    }

    const fn methods(&self) -> &'static str {
        if matches!(self, Self::NewNonce) {
            return "GET, HEAD";
        }
        if self.takes_posts() { "POST" } else { "GET" }
    }
}

fn as_json(body: &impl Serialize) -> Answered {
    // Texts and numbers always become JSON.
    let body = serde_json::to_vec(body).unwrap_or_default();
    Ok(typed(body, "application/json"))
}

fn typed(body: Vec<u8>, kind: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    let kind = HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// Adds a member to an object.
fn add(to: &mut Value, member: &str, value: Value) {
    if let Value::Object(members) = to {
        members.insert(member.to_owned(), value);
    }
}

/// The same answer, for something that is elsewhere, or was made.
fn located(answered: Answered, status: StatusCode, location: String) -> Answered {
    let mut answer = answered?;
    *answer.status_mut() = status;
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    Ok(answer)
}

/// A time as RFC 3339 has it.
fn date(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok();
    let time = time.and_then(|time| time::OffsetDateTime::from_unix_timestamp(time).ok());
    let format = time::format_description::well_known::Rfc3339;
    time.and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
