//! Passing requests of paired clients to the web interface behind the device, and its answers
//! back (RFC 9110 §7.6). Who may ask is decided before.

mod mask;
mod url;

use std::net::IpAddr;
use std::time::Duration;

use http::header::{EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TRAILER};
use http::uri::{PathAndQuery, Uri};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_transport::relay;

use self::mask::PublicName;
pub use self::url::{UpstreamUrl, UrlError};
use crate::handler::Handler;
use crate::local::Local;
use crate::role::Role;

const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 32;

const CLIENT: HeaderName = HeaderName::from_static("settle-client");
const ROLE: HeaderName = HeaderName::from_static("settle-role");
/// Headers by which proxies speak of the client; taken from nobody.
const FORWARDED_BY: &str = "x-forwarded-";
const FORWARDED: [&str; 2] = ["forwarded", "x-real-ip"];
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client for whom a request is passed on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Caller {
    /// Its key, which it has proved to hold on this connection.
    pub key: KeyFingerprint,
    /// What it may do.
    pub role: Role,
    /// Where it is.
    pub address: IpAddr,
}

/// Why a request did not get an answer of the upstream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    /// No browser makes such a request.
    #[error("the request cannot be passed on")]
    BadRequest,
    /// The upstream cannot be reached or broke off.
    #[error("the upstream does not answer: {0}")]
    Away(#[from] hyper_util::client::legacy::Error),
    /// There is nothing at its path.
    #[error("nothing is there")]
    Nothing,
    /// A file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// It switched protocols unasked.
    #[error("the upstream breaks HTTP")]
    Broken,
}

/// The web interface, with the connections to it.
#[derive(Debug)]
pub(crate) struct Upstream {
    url: UpstreamUrl,
    client: Client<HttpConnector, Incoming>,
}

impl Upstream {
    /// Connects when the first request comes.
    pub(crate) fn new(url: UpstreamUrl) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { url, client }
    }

    /// Passes one request on; bodies and upgraded connections flow through.
    pub(crate) async fn forward(
        &self,
        mut request: Request<Incoming>,
        caller: &Caller,
    ) -> Result<Response<Incoming>, ForwardError> {
        let upgrade = relay::wants_upgrade(&request);
        let asked = upgrade.then(|| hyper::upgrade::on(&mut request));
        let (request, public) = self.readdress(request, caller, upgrade)?;
        let mut response = self.client.request(request).await?;
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        match (switched, asked) {
            (true, Some(asked)) => relay::join_upgraded(asked, &mut response),
            (true, None) => return Err(ForwardError::Broken),
            (false, _) => {}
        }
        relay::strip_hop_by_hop(response.headers_mut(), switched);
        relay::strip_prefixed(response.headers_mut(), relay::SETTLE);
        public.show(response.headers_mut(), &self.url);
        Ok(response)
    }

    fn readdress(
        &self,
        request: Request<Incoming>,
        caller: &Caller,
        upgrade: bool,
    ) -> Result<(Request<Incoming>, PublicName), ForwardError> {
        let (mut head, body) = request.into_parts();
        let path = prepare(&mut head, caller, upgrade)?;
        head.uri = self.url.target(&path).ok_or(ForwardError::BadRequest)?;
        head.version = Version::HTTP_11;
        let public = PublicName::hide(&mut head.headers, &self.url);
        let public = public.ok_or(ForwardError::BadRequest)?;
        Ok((Request::from_parts(head, body), public))
    }
}

/// Has the program itself answer a request that may be made.
pub(crate) async fn handle(
    handler: &Handler,
    request: Request<Incoming>,
    caller: &Caller,
) -> Result<Response<Local>, ForwardError> {
    let upgrade = relay::wants_upgrade(&request);
    let (mut head, body) = request.into_parts();
    head.uri = Uri::from(prepare(&mut head, caller, upgrade)?);
    head.extensions.insert(caller.clone());
    let mut answer = handler.answer(Request::from_parts(head, body)).await;
    let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if switched && !upgrade {
        return Err(ForwardError::Broken);
    }
    relay::strip_hop_by_hop(answer.headers_mut(), switched);
    relay::strip_prefixed(answer.headers_mut(), relay::SETTLE);
    Ok(answer)
}

/// Makes a request one that says who asks, and nothing of the connection it came by; gives its path.
fn prepare(
    head: &mut http::request::Parts,
    caller: &Caller,
    upgrade: bool,
) -> Result<PathAndQuery, ForwardError> {
    if head.version == Version::HTTP_2 {
        name_host(head);
    }
    // RFC 9112 §3.2: exactly one Host; and the device is nobody's forward proxy.
    if head.headers.get_all(HOST).iter().count() != 1 || head.method == Method::CONNECT {
        return Err(ForwardError::BadRequest);
    }
    relay::strip_hop_by_hop(&mut head.headers, upgrade);
    introduce(&mut head.headers, caller);
    let path = head.uri.path_and_query().cloned();
    Ok(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

/// The target of HTTP/2 says what `Host` does in HTTP/1.1, and decides where both are there (RFC 9113
/// §8.3.1).
fn name_host(head: &mut http::request::Parts) {
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    if let Some(host) = authority.and_then(|host| HeaderValue::try_from(host).ok()) {
        head.headers.insert(HOST, host);
    }
}

/// Replaces whatever the client says of itself by what is known.
fn introduce(headers: &mut HeaderMap, caller: &Caller) {
    relay::strip_prefixed(headers, relay::SETTLE);
    relay::strip_prefixed(headers, FORWARDED_BY);
    relay::strip_read_as(headers, |name| FORWARDED.contains(&name));
    // What is announced here is sent after the body, where nobody looks for forged names.
    headers.remove(TRAILER);
    // Answered on our side of the hop, when the body is first asked for.
    headers.remove(EXPECT);
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
    let texts = [
        (ROLE, caller.role.word().to_owned()),
        (CLIENT, caller.key.to_hex()),
        (FORWARDED_FOR, caller.address.to_canonical().to_string()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn nobody_introduces_themselves_as_another() {
        let key = KeyFingerprint::of_spki(b"ada");
        let mut headers = HeaderMap::new();
        for name in [
            "settle-client",
            "settle-role",
            "settle-anything",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-real-ip",
            "x_real_ip",
            "settle_role",
            "settle-role_",
            "settle.client",
            "settle_client",
            "x_forwarded_for",
            "forwarded",
            "trailer",
        ] {
            headers.append(name, HeaderValue::from_static("forged"));
            headers.append(name, HeaderValue::from_static("twice"));
        }
        headers.insert("cookie", HeaderValue::from_static("kept"));
        introduce(
            &mut headers,
            &Caller {
                key,
                role: Role::Guest,
                address: Ipv4Addr::LOCALHOST.into(),
            },
        );
        assert_eq!(headers["settle-client"], key.to_hex().as_str());
        assert_eq!(headers["settle-role"], "guest");
        assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["cookie"], "kept");
        assert_eq!(headers.len(), 5);
    }
}
