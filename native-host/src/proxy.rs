//! The verifying proxy: every page of every device goes through it.
//!
//! Browsers reach it as an HTTPS proxy whose host name is a secret of this user. CONNECT to a paired
//! name is answered with a certificate of the bridge authority; the requests inside are judged by the
//! access rule and forwarded over connections verified against the device's own anchor. CONNECT
//! alone contacts no device. Names that the user lets open without pairing go another way (`unverified`).
//! What is trusted is decided elsewhere.

pub mod access;
mod admission;
pub mod bridge;
mod forward;
mod heard;
mod own;
mod page;
pub mod passes;
mod target;
pub mod unverified;
pub mod upstream;
pub mod upstreams;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::header::USER_AGENT;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use settle_protocol::rpc::Event;
use settle_transport::anchor::Successor;
use settle_transport::cut::Cut;
use settle_transport::tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::bridge::BridgeAuthority;
use self::forward::{Answer, Destination};
use self::own::{healthy, not_paired, plain, to_https, with_tls};
use self::target::Target;
use self::upstreams::Upstreams;

/// For a TLS handshake, and for the head of a request.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
const HEADER_LIMIT: Duration = Duration::from_secs(30);
/// For a place among those of one device, which a browser's burst may have to wait for.
const TUNNEL_LIMIT: Duration = Duration::from_secs(10);
/// Requests on one connection of HTTP/2 at the same time.
const MAX_STREAMS: u32 = 256;
/// Of one request's header fields, in octets.
const MAX_HEADERS: u32 = 64 * 1024;
/// A browser that is gone without a word is noticed after this time.
const ALIVE_EVERY: Duration = Duration::from_secs(60);

/// What the proxy learns about a device by talking to it.
#[derive(Debug)]
pub enum Contact {
    /// The device with this identifier was verified and answered us.
    Reached(String),
    /// The device with this identifier was verified and does not know us.
    NotAdmitted(String),
    /// The device with this identifier was verified by a root that has taken the trusted one's place.
    RolledOver(String, Successor),
    /// The server with this identifier showed another certificate than one of the referee that has vouched
    /// for it.
    NotVouched(String),
}

/// The proxy's parts; shared by its connections.
#[derive(Debug)]
pub struct Proxy {
    /// `<token>.localhost`.
    pub host: String,
    /// Signs for paired names.
    pub bridge: Arc<BridgeAuthority>,
    /// What is paired.
    pub upstreams: Arc<Upstreams>,
    /// Refusals, for pages to show.
    pub events: broadcast::Sender<Event>,
    /// For the trust store to note.
    pub contacts: mpsc::Sender<Contact>,
}

impl Proxy {
    async fn browser(
        self: Arc<Self>,
        stream: TlsStream<TcpStream>,
        place: Arc<OwnedSemaphorePermit>,
    ) {
        let service = service_fn(|request| {
            let (proxy, place) = (Arc::clone(&self), Arc::clone(&place));
            async move { Ok::<_, Infallible>(proxy.outer(request, place).await) }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_LIMIT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a browser's connection ended");
        }
    }

    /// Answers what a browser asks of the proxy itself.
    async fn outer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        place: Arc<OwnedSemaphorePermit>,
    ) -> Answer {
        let asked = request.uri().authority().map(http::uri::Authority::as_str);
        if *request.method() == Method::CONNECT {
            // RFC 9112 §3.2.3: nothing but a name and a port.
            let asked = asked.filter(|asked| request.uri() == *asked);
            let target = asked.and_then(|asked| Target::parse(asked, None));
            let target = target.filter(|target| target.is_said_by(request.headers()));
            let Some(target) = target else {
                return own(not_paired());
            };
            if let Some(destination) = self.destination(target.clone()) {
                return own(self.connect(request, destination, place).await);
            }
            return match self.unverified(&target) {
                Some(host) => host.tunnel(request, target.port, place).await,
                None => own(not_paired()),
            };
        }
        let Some(asked) = asked else {
            return own(match request.uri().path() {
                "/health" => healthy(),
                _ => plain(StatusCode::NOT_FOUND, "this is Settle's proxy\n"),
            });
        };
        let is_http = request.uri().scheme() == Some(&Scheme::HTTP);
        let Some(target) = Target::parse(asked, Some(80)).filter(|_| is_http) else {
            return own(not_paired());
        };
        if let Some(to) = self.destination(with_tls(target.clone())) {
            return own(to_https(&to.target, request.uri()));
        }
        match self.unverified(&target) {
            Some(host) => host.forward(request, target.port).await,
            None => own(not_paired()),
        }
    }

    /// What opens under a name that no device has.
    fn unverified(&self, target: &Target) -> Option<Arc<unverified::Host>> {
        let host = self.upstreams.unverified.find(&target.name)?;
        (!self.upstreams.has(&target.name)).then_some(host)
    }

    fn destination(&self, target: Target) -> Option<Destination> {
        let (device, upstream) = self.upstreams.find(&target.name, target.port)?;
        device.covers_port(target.port).then(|| Destination {
            target,
            trust: upstream.trust.clone(),
            tunnels: Arc::clone(&upstream.tunnels),
        })
    }

    async fn connect(
        self: &Arc<Self>,
        request: Request<Incoming>,
        destination: Destination,
        place: Arc<OwnedSemaphorePermit>,
    ) -> Response<Full<Bytes>> {
        let tunnel = Arc::clone(&destination.tunnels).acquire_owned();
        let Ok(Ok(tunnel)) = timeout(TUNNEL_LIMIT, tunnel).await else {
            tracing::warn!(name = %destination.target.name, "too many connections to one device");
            return plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many connections to this device\n",
            );
        };
        let places = (tunnel, place);
        let name = &destination.target.name;
        let acceptor = match self.bridge.device_listener(name, SystemTime::now()) {
            Ok(config) => TlsAcceptor::from(config),
            Err(error) => {
                tracing::error!(%error, "the bridge authority cannot sign");
                return plain(StatusCode::INTERNAL_SERVER_ERROR, "no certificate\n");
            }
        };
        let proxy = Arc::clone(self);
        let says_origin = says_origin_on_streams(request.headers());
        tokio::spawn(async move {
            let tunnel = match hyper::upgrade::on(request).await {
                Ok(tunnel) => TokioIo::new(tunnel),
                Err(error) => return tracing::debug!(%error, "no tunnel came about"),
            };
            match timeout(HANDSHAKE_LIMIT, acceptor.accept(tunnel)).await {
                Ok(Ok(stream)) => proxy.inside(stream, destination, says_origin).await,
                Ok(Err(error)) => tracing::debug!(%error, "no TLS with the device's name"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
            drop(places);
        });
        Response::new(Full::default())
    }

    /// Serves a browser's connection to one name.
    async fn inside(
        self: Arc<Self>,
        stream: TlsStream<impl AsyncRead + AsyncWrite + Send + Unpin + 'static>,
        destination: Destination,
        says_origin: bool,
    ) {
        // What was agreed on is what is spoken: nobody has to be waited for to tell.
        let is_http_2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2);
        let stream = TokioIo::new(Cut::new(stream, &destination.trust));
        let asked = Arc::new(AtomicBool::new(false));
        let service = service_fn(|request| {
            asked.store(true, Ordering::Relaxed);
            let (proxy, destination) = (Arc::clone(&self), destination.clone());
            async move { Ok::<_, Infallible>(forward::forward(&proxy, &destination, request).await) }
        });
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_LIMIT)
            .max_buf_size(MAX_HEADERS as usize);
        server
            .http2()
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADERS)
            .keep_alive_interval(ALIVE_EVERY);
        if says_origin {
            server.http2().enable_connect_protocol();
        }
        let server = if is_http_2 {
            server.http2_only()
        } else {
            server.http1_only()
        };
        tokio::select! {
            served = server.serve_connection_with_upgrades(stream, service) => {
                if let Err(error) = served {
                    tracing::debug!(%error, "a browser's connection to a device ended");
                }
            }
            () = silence(&asked) => tracing::debug!("nothing was asked on a connection"),
        }
    }

    fn report(&self, contact: Contact) {
        // A full queue means that the store is busy noting the same; the next contact says it again.
        if let Err(error) = self.contacts.try_send(contact) {
            tracing::trace!(%error, "a contact was not noted");
        }
    }

    fn announce(&self, event: Event) {
        let listeners = self.events.send(event).unwrap_or_default();
        tracing::trace!(listeners, "an event was announced");
    }
}

/// Whether a browser says where a WebSocket comes from when it opens it on a stream of HTTP/2 (RFC 8441).
/// Firefox does not (measured with 153), so every such WebSocket would be refused: not offered streams
/// for it, it opens a connection, and says so there. A false word here opens nothing.
fn says_origin_on_streams(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
    let word = b"Firefox/";
    !agent.is_some_and(|agent| agent.windows(word.len()).any(|part| part == word))
}

fn own(answer: Response<Full<Bytes>>) -> Answer {
    answer.map(Either::Right)
}

/// Ends when nothing has been asked for too long; browsers open connections ahead of their use.
async fn silence(asked: &AtomicBool) {
    sleep(HEADER_LIMIT).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
