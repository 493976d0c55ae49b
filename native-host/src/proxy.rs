//! The verifying proxy: every page of every device goes through it.
//!
//! Browsers reach it as an HTTPS proxy whose host name is a secret of this user. CONNECT to a paired
//! name is answered with a certificate of the bridge authority; the requests inside are judged by the
//! access rule and forwarded over connections verified against the device's own anchor. CONNECT
//! alone contacts nobody. What is trusted is decided elsewhere.

pub mod access;
pub mod bridge;
mod forward;
mod heard;
mod page;
mod target;
pub mod upstream;
pub mod upstreams;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::uri::Scheme;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::server::Acceptor;
use settle_protocol::rpc::Event;
use settle_transport::cut::Cut;
use settle_transport::pool::{Place, Pool};
use settle_transport::tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};
use tokio_util::sync::CancellationToken;

use self::bridge::BridgeAuthority;
use self::forward::Destination;
use self::target::Target;
use self::upstreams::Upstreams;

/// Open connections of all browsers together.
const MAX_CONNECTIONS: usize = 512;
/// Connections that have not shown yet to know the proxy's name. Of more of them the oldest goes: a
/// browser says the name at once, and no other program of this computer can make it wait.
const MAX_STRANGERS: usize = 256;
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
    /// Serves browsers until `shutdown`.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        let strangers = Pool::new(MAX_STRANGERS);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let stream = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match stream {
                Ok((stream, peer)) => {
                    let stranger = strangers.take(peer.ip());
                    let proxy = Arc::clone(&self);
                    tokio::spawn(proxy.admit(stream, stranger, Arc::clone(&places)));
                }
                Err(error) => {
                    // Out of descriptors: wait for connections to end instead of spinning.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Lets in who knows the proxy's name, which the first message of TLS says: a stranger no longer, it
    /// waits with the browsers and gives way to nobody.
    async fn admit(self: Arc<Self>, stream: TcpStream, stranger: Place, places: Arc<Semaphore>) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch Nagle's algorithm off");
        }
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let start = match stranger.hold(timeout(HANDSHAKE_LIMIT, hello)).await {
            Some(Ok(Ok(start))) => start,
            Some(Ok(Err(error))) => return tracing::debug!(%error, "no TLS"),
            Some(Err(_)) => return tracing::debug!("a ClientHello took too long"),
            None => return tracing::debug!("a stranger gave way"),
        };
        let config = match self.bridge.proxy_listener(&self.host, SystemTime::now()) {
            Ok(config) => config,
            Err(error) => return tracing::error!(%error, "the bridge authority cannot sign"),
        };
        let name = start.client_hello().server_name().map(str::to_owned);
        let knows = name.is_some_and(|name| name.eq_ignore_ascii_case(&self.host));
        if !knows {
            // There is no certificate for another name: this ends with an alert.
            let alert = timeout(HANDSHAKE_LIMIT, start.into_stream(config));
            drop(stranger.hold(alert).await);
            return tracing::debug!("somebody does not know the proxy's name");
        }
        drop(stranger);
        let admitted = async {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((start.into_stream(config).await?, place))
        };
        match timeout(HANDSHAKE_LIMIT, admitted).await {
            Ok(Ok((stream, place))) => self.browser(stream, Arc::new(place)).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS with the proxy's name"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

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
    ) -> Response<Full<Bytes>> {
        let asked = request.uri().authority().map(http::uri::Authority::as_str);
        if *request.method() == Method::CONNECT {
            // RFC 9112 §3.2.3: nothing but a name and a port.
            let asked = asked.filter(|asked| request.uri() == *asked);
            let target = asked.and_then(|asked| Target::parse(asked, None));
            let target = target.filter(|target| target.is_said_by(request.headers()));
            return match target.and_then(|target| self.destination(target)) {
                Some(destination) => self.connect(request, destination, place).await,
                None => not_paired(),
            };
        }
        match asked {
            Some(asked) => match Target::parse(asked, Some(80)) {
                Some(target) if request.uri().scheme() == Some(&Scheme::HTTP) => self
                    .destination(with_tls(target))
                    .map_or_else(not_paired, |to| to_https(&to.target, request.uri())),
                Some(_) | None => not_paired(),
            },
            None if request.uri().path() == "/health" => healthy(),
            None => plain(StatusCode::NOT_FOUND, "this is Settle's proxy\n"),
        }
    }

    fn destination(&self, target: Target) -> Option<Destination> {
        let (device, upstream) = self.upstreams.find(&target.name)?;
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
        tokio::spawn(async move {
            let tunnel = match hyper::upgrade::on(request).await {
                Ok(tunnel) => TokioIo::new(tunnel),
                Err(error) => return tracing::debug!(%error, "no tunnel came about"),
            };
            match timeout(HANDSHAKE_LIMIT, acceptor.accept(tunnel)).await {
                Ok(Ok(stream)) => proxy.inside(stream, destination).await,
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
    ) {
        // What was agreed on is what is spoken: nobody has to be waited for to tell.
        let is_http_2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2);
        let stream = TokioIo::new(Cut::new(stream, destination.trust.clone()));
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
            .enable_connect_protocol()
            .adaptive_window(true)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADERS)
            .keep_alive_interval(ALIVE_EVERY);
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

/// Ends when nothing has been asked for too long; browsers open connections ahead of their use.
async fn silence(asked: &AtomicBool) {
    sleep(HEADER_LIMIT).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// Plain `http:` never leaves the machine: the browser is told to come back by `https:`.
fn to_https(target: &Target, asked: &Uri) -> Response<Full<Bytes>> {
    let path = asked.path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    let location = format!("https://{}{slash}{path}", target.authority());
    let mut response = plain(StatusCode::TEMPORARY_REDIRECT, "this name opens by https\n");
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The bare port of `http:` is on the way to that of `https:`.
fn with_tls(target: Target) -> Target {
    match target.port {
        80 => Target {
            port: 443,
            ..target
        },
        _ => target,
    }
}

fn not_paired() -> Response<Full<Bytes>> {
    plain(
        StatusCode::FORBIDDEN,
        "this name is not paired with Settle\n",
    )
}

/// The extension asks this to see whether the browser accepts the bridge authority.
fn healthy() -> Response<Full<Bytes>> {
    let mut response = plain(StatusCode::OK, "ok\n");
    let anybody = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, fixed("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    response
}
