//! One request of a browser, from inside the connection for one name, to the device of that name:
//! checked first, then forwarded over a verified connection, then answered.

mod websocket;

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ALT_SVC, COOKIE, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::upgrade::OnUpgrade;
use settle_protocol::rpc::{Event, Refusal};
use settle_transport::relay;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access::{Access, Asked, judge};
use super::page::Clock;
use super::target::Target;
use super::upstream::{Outgoing, UpstreamError};
use super::{Contact, Proxy, page};
use crate::trust_store::record::TrustedDevice;

/// The body of an answer: the device's, or a page of the proxy.
pub(super) type Answer = Response<Either<Incoming, Full<Bytes>>>;

/// What a browser's connection was opened for.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    pub(super) target: Target,
    /// Cancelled when the trust in the device ends.
    pub(super) trust: CancellationToken,
    /// The places for connections of browsers to the device.
    pub(super) tunnels: Arc<Semaphore>,
}

/// What a request wants of its connection.
enum Wish {
    /// An answer.
    Answer,
    /// Another protocol on an HTTP/1.1 connection (RFC 9110 §7.8).
    Upgrade(OnUpgrade),
    /// A WebSocket on a stream of HTTP/2 (RFC 8441).
    Stream(OnUpgrade),
}

impl Wish {
    /// What a request wants; `None` for a CONNECT to somewhere else.
    fn of(request: &mut Request<Incoming>) -> Option<Self> {
        if *request.method() == Method::CONNECT {
            return websocket::is_asked(request).then(|| Self::Stream(hyper::upgrade::on(request)));
        }
        Some(if relay::wants_upgrade(request) {
            Self::Upgrade(hyper::upgrade::on(request))
        } else {
            Self::Answer
        })
    }

    const fn is_switch(&self) -> bool {
        match self {
            Self::Answer => false,
            Self::Upgrade(_) | Self::Stream(_) => true,
        }
    }

    /// Passes the device's answer on, and joins both ends where it agreed to switch.
    fn answer(self, mut response: Response<Incoming>) -> Answer {
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let is_stream = matches!(self, Self::Stream(_));
        match self {
            Self::Upgrade(asked) | Self::Stream(asked) => {
                relay::join_upgraded(asked, &mut response);
            }
            // Nobody asked for it, so nobody can read what follows.
            Self::Answer if switched => return own(page::broken()),
            Self::Answer => {}
        }
        let mut answer = answer(response, switched && !is_stream);
        if switched && is_stream {
            websocket::agree(&mut answer);
        }
        answer
    }
}

/// Answers one request.
pub(super) async fn forward(
    proxy: &Proxy,
    destination: &Destination,
    request: Request<Incoming>,
) -> Answer {
    let is_head = *request.method() == Method::HEAD;
    let answer = respond(proxy, destination, request).await;
    answer.map(|body| match body {
        // RFC 9110 §9.3.2; in HTTP/2 a body would break the stream.
        Either::Right(_) if is_head => Either::Right(Full::default()),
        Either::Left(_) | Either::Right(_) => body,
    })
}

async fn respond(
    proxy: &Proxy,
    destination: &Destination,
    mut request: Request<Incoming>,
) -> Answer {
    let Some(wish) = Wish::of(&mut request).filter(|_| addresses(&request, destination)) else {
        return own(page::misdirected());
    };
    if !is_plain(&request) {
        return own(page::malformed());
    }
    // Looked up for each request: a name may have been taken from a device meanwhile.
    let Target { name, port } = &destination.target;
    let Some((device, upstream)) = proxy.upstreams.find(name, *port) else {
        return own(page::misdirected());
    };
    let asked = Asked {
        name,
        port: *port,
        method: request.method(),
        headers: request.headers(),
        websocket: wish.is_switch(),
        allowed: &device.allowed_origins,
    };
    let access = match judge(asked) {
        // Somebody else may be let in for a while.
        Access::CrossSite { .. } => judge(Asked {
            allowed: &proxy.upstreams.passes.of(&device.id),
            ..asked
        }),
        Access::Granted => Access::Granted,
    };
    if let Access::CrossSite { origin } = access {
        return refuse(proxy, destination, &device, Refusal::CrossSite { origin });
    }
    let Some(asking) = outgoing(request, destination, &wish) else {
        return own(page::misdirected());
    };
    let sent = if wish.is_switch() {
        upstream.switch(asking).await
    } else {
        upstream.send(asking).await
    };
    match sent {
        Ok(response) => {
            if upstream.is_report_due() {
                proxy.report(Contact::Reached(device.id.clone()));
            }
            wish.answer(response)
        }
        Err(UpstreamError::Refused(refusal)) => refuse(proxy, destination, &device, refusal),
        Err(UpstreamError::Lost(error)) => {
            let name = &destination.target.name;
            tracing::debug!(%error, %name, "the device broke off");
            own(page::lost(name))
        }
    }
}

/// Whether a request is for the name and port that its connection was opened for; the target of
/// HTTP/2 and the `Host` of HTTP/1.1 must both say so where both are there (RFC 9112 §3.2).
fn addresses(request: &Request<Incoming>, destination: &Destination) -> bool {
    let headers = request.headers();
    let hosts = headers.get_all(HOST).iter().count();
    let said = match request.uri().authority() {
        Some(asked) => {
            Target::parse(asked.as_str(), Some(443)).as_ref() == Some(&destination.target)
        }
        None => hosts == 1,
    };
    said && hosts <= 1 && destination.target.is_said_by(headers)
}

/// Whether every reader of a request takes it for the same one: its path is a path, and its body has no
/// coding but the one that ends with this connection (RFC 9112 §6.1).
pub(super) fn is_plain(request: &Request<Incoming>) -> bool {
    let path = request.uri().path();
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let is_path = path.starts_with('/') || (path == "*" && *request.method() == Method::OPTIONS);
    is_path && codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// The request to the device: under the name that the browser has it by, in `Host` and in the target
/// alike, since the connection may speak HTTP/1.1 or HTTP/2.
fn outgoing(
    request: Request<Incoming>,
    destination: &Destination,
    wish: &Wish,
) -> Option<Request<Outgoing>> {
    let mut request = match wish {
        Wish::Answer | Wish::Upgrade(_) => request.map(Either::Left),
        Wish::Stream(_) => websocket::ask(request)?,
    };
    let headers = request.headers_mut();
    relay::strip_hop_by_hop(headers, wish.is_switch());
    relay::strip_prefixed(headers, relay::SETTLE);
    join_cookies(headers);
    let host = destination.target.authority();
    headers.insert(HOST, HeaderValue::try_from(&host).ok()?);
    let root = PathAndQuery::from_static("/");
    let path = request.uri().path_and_query().unwrap_or(&root).clone();
    *request.uri_mut() = Uri::builder()
        .scheme(Scheme::HTTPS)
        .authority(host)
        .path_and_query(path)
        .build()
        .ok()?;
    *request.version_mut() = Version::HTTP_11;
    Some(request)
}

fn answer(response: Response<Incoming>, upgraded: bool) -> Answer {
    let mut response = response.map(Either::Left);
    *response.version_mut() = Version::default();
    let headers = response.headers_mut();
    relay::strip_hop_by_hop(headers, upgraded);
    relay::strip_prefixed(headers, relay::SETTLE);
    // Another way to the device would be one that nobody verifies.
    headers.remove(ALT_SVC);
    response
}

/// RFC 9113 §8.2.3: HTTP/2 may split cookies over several fields, HTTP/1.1 may not.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if cookies.len() < 2 {
        return;
    }
    if let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

fn refuse(
    proxy: &Proxy,
    destination: &Destination,
    device: &TrustedDevice,
    refusal: Refusal,
) -> Answer {
    let name = &destination.target.name;
    tracing::debug!(%name, ?refusal, "a request was refused");
    let clock = Clock::judge(SystemTime::now(), device.trusted_at);
    let answer = own(page::refused(name, &refusal, clock));
    if refusal == (Refusal::NotAdmitted {}) {
        proxy.report(Contact::NotAdmitted(device.id.clone()));
    }
    if matches!(refusal, Refusal::WrongKey { .. }) && device.is_vouched() {
        proxy.report(Contact::NotVouched(device.id.clone()));
    }
    proxy.announce(Event::DeviceBlocked {
        name: name.clone(),
        refusal,
    });
    answer
}

fn own(page: Response<Bytes>) -> Answer {
    page.map(|body| Either::Right(Full::new(body)))
}
