//! The ports for servers: connections taken, within bounds, and their requests handed on. What is asked and
//! answered is none of its business.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use settle_transport::pool::Pool;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::est::Peer;
use crate::service::Service;

const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and a connection may idle.
const HEAD: Duration = Duration::from_secs(15);
/// How long a connection may last in all: clients make new ones.
const CONNECTION: Duration = Duration::from_secs(300);
/// How long requests under way may take when the referee stops.
const GRACE: Duration = Duration::from_secs(5);
const EXHAUSTED: Duration = Duration::from_millis(100);
const MAX_CONNECTIONS: usize = 128;
const MAX_STREAMS: u32 = 16;

/// One port.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    service: Arc<Service>,
    port: Port,
}

/// What is served at a port.
#[derive(Clone, Debug)]
pub(crate) enum Port {
    /// Servers and devices, over TLS.
    Protocols(Arc<ServerConfig>),
    /// Lists of revoked certificates, without.
    Lists,
    /// Counters, to this machine alone.
    Metrics,
}

impl Listener {
    pub(crate) const fn new(socket: TcpListener, service: Arc<Service>, port: Port) -> Self {
        Self {
            socket,
            service,
            port,
        }
    }

    /// Takes connections until `stop`, then gives them time to end.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Self {
            socket,
            service,
            port,
        } = self;
        let (pool, mut connections) = (Pool::new(MAX_CONNECTIONS), JoinSet::new());
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = socket.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let (service, port) = (Arc::clone(&service), port.clone());
                        let (place, stop) = (pool.take(peer.ip()), stop.clone());
                        connections.spawn(async move {
                            let served = serve(stream, peer, service, port, &stop);
                            let held = place.hold(timeout(CONNECTION, Box::pin(served))).await;
                            if let Some(Ok(Err(error))) = held {
                                tracing::debug!(%error, "a connection failed");
                            }
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        sleep(EXHAUSTED).await;
                    }
                },
            }
        }
        drop(socket);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_err() {
            connections.shutdown().await;
        }
    }
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    service: Arc<Service>,
    port: Port,
    stop: &CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut peer = Peer {
        address: from.ip(),
        certificate: None,
    };
    let Port::Protocols(config) = &port else {
        return answer(stream, peer, service, port, stop).await;
    };
    let accepting = TlsAcceptor::from(Arc::clone(config)).accept(stream);
    let shaken = timeout(HANDSHAKE, accepting).await??;
    let shown = shaken.get_ref().1.peer_certificates();
    let shown = shown.and_then(|chain| chain.first());
    peer.certificate = shown.map(|shown| shown.clone().into_owned());
    answer(shaken, peer, service, port, stop).await
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    service: Arc<Service>,
    port: Port,
    stop: &CancellationToken,
) -> io::Result<()> {
    let peer = Arc::new(peer);
    let service = service_fn(move |request: Request<Incoming>| {
        let (service, peer) = (Arc::clone(&service), Arc::clone(&peer));
        let port = port.clone();
        async move {
            let answered: http::Response<Full<Bytes>> = match port {
                Port::Protocols(_) => service.answer(request, &peer).await,
                Port::Lists => service.answer_in_the_clear(&request, &peer).await,
                Port::Metrics => service.tell_metrics(&request).await,
            };
            Ok::<_, Infallible>(answered)
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(HEAD);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(io::Error::other),
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await.map_err(io::Error::other)
}
