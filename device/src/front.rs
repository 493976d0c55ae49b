//! HTTP on a connection that is not for pairing: paired clients reach the web interface behind
//! the device, everybody else one page on how to pair.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Either, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use settle_transport::cut::Cut;
use settle_transport::relay;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api, Asker};
use crate::audit::By;
use crate::clock::unix_now;
use crate::local::{self, Local};
use crate::page;
use crate::policy::{Action, Denied, Policy};
use crate::register::Register;
use crate::role::Role;
use crate::upstream::{Caller, ForwardError};
use crate::upstreams::Routes;

/// How long a paired client's connection may lie idle, or take to say what it wants.
const IDLE: Duration = Duration::from_secs(120);
/// Requests of one client on one connection at the same time.
const MAX_STREAMS: u32 = 128;
/// Of one request's header fields, in octets.
const MAX_HEADERS: u32 = 64 * 1024;
/// How long a visitor has for the one answer there is.
const VISIT: Duration = Duration::from_secs(15);

/// Headers that some interfaces take for the method or the path of a request.
const OVERRIDES: [&str; 5] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// How much of a body that nobody wants is taken, in octets, and for how long.
const HEARD_OUT: usize = 64 * 1024;
const HEARING: Duration = Duration::from_secs(2);

type Body = Either<Incoming, Local>;

/// What answers HTTP.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) label: Label,
    pub(crate) register: Arc<Register>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) api: Arc<Api>,
}

impl Front {
    /// Serves a paired client until it leaves, is taken off the list, or the device stops.
    pub(crate) async fn serve_client<S>(
        self: &Arc<Self>,
        stream: S,
        client: KeyFingerprint,
        address: IpAddr,
        stop: &CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Between the handshake and here it may have been removed.
        let Some(cut) = self.register.cut_of(&client) else {
            return;
        };
        let service = service_fn(|request| {
            let front = Arc::clone(self);
            async move { Ok::<_, Infallible>(front.answer(request, client, address).await) }
        });
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE);
        server
            .http2()
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADERS)
            .keep_alive_interval(IDLE);
        let replaced = self.api.identity.replaced();
        let stream = TokioIo::new(Cut::new(stream, &cut));
        let connection = server.serve_connection_with_upgrades(stream, service);
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            // What is under way is answered, and the next connection shows the new root.
            () = replaced.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a paired client's connection ended");
        }
    }

    /// Gives a visitor the one page, and ends the connection.
    pub(crate) async fn serve_visitor<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let label = self.label.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let page = page::how_to_pair(&label).map(|page| match *request.method() {
                Method::HEAD => Full::default(),
                _ => page,
            });
            async { Ok::<_, Infallible>(page) }
        });
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http1().timer(TokioTimer::new()).keep_alive(false);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(1);
        let visit = server.serve_connection(TokioIo::new(stream), service);
        match timeout(VISIT, visit).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a visitor's connection ended"),
            Err(_) => tracing::debug!("a visitor took too long"),
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        client: KeyFingerprint,
        address: IpAddr,
    ) -> Response<Body> {
        let is_head = request.method() == Method::HEAD;
        let answer = self.respond(request, client, address).await;
        answer.map(|body| match body {
            // RFC 9110 §9.3.2; in HTTP/2 a body would break the stream.
            Either::Right(_) if is_head => Either::Right(local::body(Empty::new())),
            Either::Left(_) | Either::Right(_) => body,
        })
    }

    async fn respond(
        &self,
        mut request: Request<Incoming>,
        client: KeyFingerprint,
        address: IpAddr,
    ) -> Response<Body> {
        let Some(role) = self.register.role_of(&client) else {
            return own(closing(page::no_longer_paired(&self.label)));
        };
        self.register.saw(client, unix_now());
        let caller = Caller {
            key: client,
            role: self.policy.effective(&role),
            address,
        };
        if api::is_reserved(request.uri().path()) {
            let asker = Asker {
                by: By::Client(client),
                role: caller.role,
            };
            let (head, mut body) = request.into_parts();
            let asked = Request::from_parts(head, &mut body);
            let answer = self.api.answer(asked, asker).await;
            hear_out(body).await;
            return own(answer);
        }
        if let Err(denied) = self.admit(&mut request, &caller.role) {
            tracing::debug!(client = %client, %denied, "a request was not passed on");
            let (method, path) = (request.method().as_str(), request.uri().path());
            self.register.tally.denied(client, method, path);
            hear_out(request.into_body()).await;
            return own(page::not_allowed(&self.label, &caller.role));
        }
        match self.routes.forward(request, &caller).await {
            Ok(response) => response,
            Err(error @ ForwardError::BadRequest) => {
                tracing::debug!(%error, "a request was refused");
                own(closing(page::bad_request()))
            }
            Err(ForwardError::Nothing) => own(page::nothing_here()),
            Err(error @ (ForwardError::Away(_) | ForwardError::File(_) | ForwardError::Broken)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no answer to pass on"
                );
                own(page::upstream_down(&self.label))
            }
        }
    }
}

impl Front {
    /// Judges a request before the interface hears of it.
    fn admit(&self, request: &mut Request<Incoming>, role: &Role) -> Result<(), Denied> {
        let action = match relay::wants_upgrade(request) {
            true => Action::WebSocket,
            false => Action::Method(request.method().clone()),
        };
        self.policy.judge(role, &action, request.uri().path())?;
        if *role != Role::Admin {
            // What was judged must be what is read.
            relay::strip_read_as(request.headers_mut(), |name| OVERRIDES.contains(&name));
        }
        Ok(())
    }
}

/// Takes what is left of a small body before it is answered: a client that is told while it still sends
/// takes the end of the exchange for a failure (curl does).
async fn hear_out(mut body: Incoming) {
    let mut left = HEARD_OUT;
    let hearing = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    if timeout(HEARING, hearing).await.is_err() {
        tracing::debug!("a request was answered before its end");
    }
}

/// What the device says itself.
fn own(answer: Response<Full<Bytes>>) -> Response<Body> {
    local::whole(answer).map(Either::Right)
}

fn closing<B>(mut response: Response<B>) -> Response<B> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}
