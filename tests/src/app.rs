//! The web interface of a demanding device: uploads and downloads of any size, ranges, trailers, events
//! from the server, a WebSocket, and a page with a service worker. It runs on a thread of its own and ends with the process.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use futures_util::stream::{self, StreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap,
    HeaderName, HeaderValue, RANGE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SET_COOKIE, TRAILER,
    UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What its front page says, whatever the path.
pub const PAGE: &str = include_str!("app/front.html");

/// A piece of a long answer.
const PIECE: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// A running interface.
#[derive(Clone, Debug)]
pub struct App {
    address: SocketAddr,
}

impl App {
    /// Starts on a free port.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start() -> Self {
        let (said, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await;
                let listener = listener.expect("a free port");
                said.send(listener.local_addr().expect("an address"))
                    .expect("somebody waits");
                serve(listener).await;
            });
        });
        let address = address.recv().expect("a running interface");
        Self { address }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener) {
    let (events, _) = broadcast::channel(16);
    let events = Arc::new(events);
    while let Ok((stream, _)) = listener.accept().await {
        let events = Arc::clone(&events);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let events = Arc::clone(&events);
                async move { Ok::<_, Infallible>(answer(request, &events).await) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // A connection that breaks is what some tests are about.
            drop(served.await);
        });
    }
}

async fn answer(request: Request<Incoming>, events: &broadcast::Sender<Bytes>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/socket") => socket(request),
        (&Method::GET, "/events") => heard(events.subscribe()),
        (&Method::POST, "/say") => {
            let said = request.into_body().collect().await;
            let said = said.map(http_body_util::Collected::to_bytes);
            // Nobody may be listening.
            drop(events.send(said.unwrap_or_default()));
            text("said")
        }
        (_, "/echo") => Response::new(request.into_body().boxed_unsync()),
        (_, "/digest") => text(&digest(request.into_body()).await),
        (_, "/head") => text(&format!(
            "{} {}\n{:?}",
            request.method(),
            request.uri(),
            request.headers()
        )),
        (_, "/trailers") => trailers(),
        (_, "/app.js") => script(include_str!("app/app.js")),
        (_, "/worker.js") => script(include_str!("app/worker.js")),
        (_, "/cookie") => cookie(),
        (_, "/gzip") => gzip(),
        (_, path) => match path.strip_prefix("/bytes/").map(str::parse) {
            Some(Ok(length)) => bytes(length, request.headers().get(RANGE)),
            _ => text(PAGE),
        },
    }
}

fn text(text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

fn script(script: &str) -> Response<Body> {
    let mut response = text(script);
    let kind = HeaderValue::from_static("text/javascript");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Two cookies: one that scripts see and one that they do not (RFC 6265 §4.1.2).
fn cookie() -> Response<Body> {
    let mut response = text("kept");
    for cookie in [
        "seen=1; Path=/; Secure; SameSite=Strict",
        "hidden=2; Path=/; Secure; HttpOnly",
    ] {
        let cookie = HeaderValue::from_static(cookie);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// `packed`, as a device that compresses what it stores sends it (RFC 1952).
fn gzip() -> Response<Body> {
    const PACKED: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0x48, 0x4c, 0xce, 0x4e,
        0x4d, 0x01, 0x00, 0x10, 0xb4, 0xf6, 0x21, 0x06, 0x00, 0x00, 0x00,
    ];
    let body = Full::new(Bytes::from_static(PACKED)).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// So many bytes, or the range of them that was asked for (RFC 9110 §14.2): the byte at each place
/// is the place's lowest.
fn bytes(length: u64, range: Option<&HeaderValue>) -> Response<Body> {
    let asked = range.and_then(|range| {
        let (first, last) = range
            .to_str()
            .ok()?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    });
    let (first, last): (u64, u64) = asked.unwrap_or_else(|| (0, length.saturating_sub(1)));
    let count = if length == 0 { 0 } else { last - first + 1 };
    let pieces = stream::unfold((first, count), |(at, left)| async move {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        if piece == 0 {
            return None;
        }
        let from = usize::try_from(at % 256).unwrap_or(0);
        let bytes = pattern().slice(from..from + piece);
        let piece = piece as u64;
        Some((Ok(Frame::data(bytes)), (at + piece, left - piece)))
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(count));
    if asked.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = HeaderValue::try_from(format!("bytes {first}-{last}/{length}"));
        response
            .headers_mut()
            .insert(CONTENT_RANGE, range.expect("digits"));
    }
    response
}

fn pattern() -> Bytes {
    static PATTERN: std::sync::LazyLock<Bytes> = std::sync::LazyLock::new(|| {
        let bytes = (0..=u8::MAX).cycle().take(PIECE + 256);
        bytes.collect::<Vec<u8>>().into()
    });
    PATTERN.clone()
}

/// SHA-256 of a body that may be larger than the memory.
async fn digest(mut body: Incoming) -> String {
    let mut digest = Sha256::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map(Frame::into_data) {
            digest.update(data.unwrap_or_default());
        }
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

fn trailers() -> Response<Body> {
    let name = HeaderName::from_static("x-sum");
    let after = HeaderMap::from_iter([(name, HeaderValue::from_static("42"))]);
    let frames = [
        Ok(Frame::data(Bytes::from_static(b"body"))),
        Ok(Frame::trailers(after)),
    ];
    let mut response = Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync());
    let announced = HeaderValue::from_static("x-sum");
    response.headers_mut().insert(TRAILER, announced);
    response
}

/// Events, each as it is said (HTML §9.2).
fn heard(mut events: broadcast::Receiver<Bytes>) -> Response<Body> {
    let (out, lines) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut line = Bytes::from_static(b": hello\n\n");
        while out.send(Ok(Frame::data(line))).await.is_ok() {
            let Ok(event) = events.recv().await else {
                return;
            };
            line = [b"data: ", &event[..], b"\n\n"].concat().into();
        }
    });
    let mut response = Response::new(StreamBody::new(ReceiverStream::new(lines)).boxed_unsync());
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// A WebSocket that says everything back (RFC 6455).
fn socket(mut request: Request<Incoming>) -> Response<Body> {
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        let mut response = text("a WebSocket is here");
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return response;
    };
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
    let switched = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(switched) = switched.await else { return };
        let socket = TokioIo::new(switched);
        let socket = WebSocketStream::from_raw_socket(socket, Role::Server, None).await;
        let (sink, stream) = socket.split();
        let said = stream.filter(|message| {
            let is_said = message
                .as_ref()
                .is_ok_and(|it| it.is_text() || it.is_binary());
            std::future::ready(is_said)
        });
        drop(said.forward(sink).await);
    });
    let mut response = text("");
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.expect("Base64"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    response
}
