//! The one TLS port: what a ClientHello's ALPN asks for decides which rules the handshake follows,
//! and who cannot show a paired client's key holds a place that another may take.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::server::Acceptor;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::pairing::ALPN;
use settle_transport::{certificate, danger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::ceremony::Ceremony;
use crate::front::Front;
use crate::identity::Identity;
use crate::leaf::Leaf;
use crate::portable::Door;
use settle_transport::pool::{Place, Pool};

const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a peer whose handshake failed may take to hear why.
const PARTING: Duration = Duration::from_secs(1);
/// How long connections may take to end when the device stops.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait when the system has no descriptor left.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// Together below the usual limit of 1,024 descriptors, with one more for each client's upstream.
const MAX_STRANGERS: usize = 128;
const MAX_PAIRINGS: usize = 16;
const MAX_CLIENT_CONNECTIONS: usize = 384;

/// What connections are served with.
#[derive(Debug)]
pub(crate) struct Listener {
    leaf: Arc<Leaf>,
    device: Arc<ServerConfig>,
    /// Of a portable device, which does not answer everybody.
    door: Option<Arc<Door>>,
    ceremony: Ceremony,
    front: Arc<Front>,
    strangers: Pool,
    pairings: Pool,
    client_connections: Pool<KeyFingerprint>,
    stop: CancellationToken,
}

/// A finished handshake.
enum Peer {
    /// With the identity that it was shown.
    Pairing(TlsStream<TcpStream>, Arc<Identity>),
    Client(TlsStream<TcpStream>, KeyFingerprint),
    Visitor(TlsStream<TcpStream>),
}

impl Listener {
    /// Serves until `stop`; `device` is the configuration for all but pairing.
    pub(crate) fn new(
        leaf: Arc<Leaf>,
        device: ServerConfig,
        door: Option<Arc<Door>>,
        ceremony: Ceremony,
        front: Front,
        stop: CancellationToken,
    ) -> Self {
        Self {
            leaf,
            device: Arc::new(device),
            door,
            ceremony,
            front: Arc::new(front),
            strangers: Pool::new(MAX_STRANGERS),
            pairings: Pool::new(MAX_PAIRINGS),
            client_connections: Pool::new(MAX_CLIENT_CONNECTIONS),
            stop,
        }
    }

    /// Takes connections until the device stops, then gives them time to end.
    pub(crate) async fn run(self, socket: TcpListener) {
        let listener = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = listener.stop.cancelled() => break,
                Some(ended) = connections.join_next() => note_end(ended),
                accepted = socket.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let place = listener.strangers.take(peer.ip());
                        let listener = Arc::clone(&listener);
                        connections.spawn(async move {
                            listener.serve(stream, peer, place).await;
                        });
                    }
                    Err(error) => endure(&error).await,
                },
            }
        }
        drop(socket);
        let all_ended = async {
            while let Some(ended) = connections.join_next().await {
                note_end(ended);
            }
        };
        if timeout(GRACE, all_ended).await.is_err() {
            tracing::info!("connections that did not end in time are cut");
            connections.shutdown().await;
        }
        listener.front.register.cut_all();
    }

    async fn serve(&self, stream: TcpStream, peer: SocketAddr, place: Place) {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection cannot be set up");
            return;
        }
        let shaken = place.hold(timeout(HANDSHAKE, self.shake_hands(stream)));
        match shaken.await {
            Some(Ok(Ok(Peer::Pairing(tls, identity)))) => {
                let inner = self.pairings.take(peer.ip());
                drop(place);
                self.ceremony.run(tls, &identity, inner).await;
            }
            Some(Ok(Ok(Peer::Client(tls, key)))) => {
                drop(place);
                self.serve_client(tls, key, peer).await;
            }
            Some(Ok(Ok(Peer::Visitor(tls)))) => {
                if place.hold(self.front.serve_visitor(tls)).await.is_none() {
                    tracing::debug!("a visitor gave way");
                }
            }
            Some(Ok(Err(error))) => tracing::debug!(%error, "a handshake failed"),
            Some(Err(_)) => tracing::debug!("a handshake took too long"),
            None => tracing::debug!("a handshake gave way"),
        }
    }

    async fn shake_hands(&self, stream: TcpStream) -> io::Result<Peer> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let hello = start.client_hello();
        let pairing = hello
            .alpn()
            .is_some_and(|mut names| names.any(|name| name == ALPN));
        if let Some(door) = &self.door
            && !door.opens(hello.server_name(), pairing)
        {
            turn_away(start.io).await;
            return Err(io::Error::other("nobody who knows this device"));
        }
        if pairing {
            let issued = self.leaf.at(SystemTime::now());
            let config = danger::pairing_server(issued.key).map_err(io::Error::other)?;
            let tls = start.into_stream(Arc::new(config)).await?;
            return Ok(Peer::Pairing(tls, issued.identity));
        }
        let accepting = start.into_stream(Arc::clone(&self.device)).into_fallible();
        let tls = match accepting.await {
            Ok(tls) => tls,
            Err((error, stream)) => {
                part(stream).await;
                return Err(error);
            }
        };
        let (_, connection) = tls.get_ref();
        let Some(shown) = connection.peer_certificates().and_then(<[_]>::first) else {
            return Ok(Peer::Visitor(tls));
        };
        let key = certificate::fingerprint(shown).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Peer::Client(tls, key))
    }

    async fn serve_client(&self, tls: TlsStream<TcpStream>, key: KeyFingerprint, peer: SocketAddr) {
        // The client that holds the most gives way, so none keeps another out.
        let place = self.client_connections.take(key);
        let served = self.front.serve_client(tls, key, peer.ip(), &self.stop);
        if place.hold(Box::pin(served)).await.is_none() {
            tracing::warn!(client = %key, "a client that holds most of the connections lost its oldest");
        }
    }
}

/// Opens the port; without IPv6 on this machine, that of all addresses is IPv4's.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if address.ip().is_unspecified() && has_no_ipv6(&error) => {
            tracing::info!("this machine has no IPv6: listening on IPv4 alone");
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port());
            TcpListener::bind(address).await
        }
        bound => bound,
    }
}

fn has_no_ipv6(error: &io::Error) -> bool {
    let codes = [
        rustix::io::Errno::AFNOSUPPORT,
        rustix::io::Errno::ADDRNOTAVAIL,
    ];
    let code = error.raw_os_error();
    codes.iter().any(|errno| code == Some(errno.raw_os_error()))
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // So that the tunnels of computers that went away do not stay for ever.
    rustix::net::sockopt::set_socket_keepalive(stream, true)?;
    rustix::net::sockopt::set_tcp_keepidle(stream, Duration::from_secs(60))?;
    Ok(())
}

/// Answers a ClientHello with `unrecognized_name` (RFC 8446 §6, RFC 6066 §3) and shows nothing else.
/// Not with `access_denied`, which is for clients that are not on the list (docs/pairing.md §5.6).
async fn turn_away(mut stream: TcpStream) {
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
    if let Err(error) = stream.write_all(&ALERT).await {
        tracing::debug!(%error, "a stranger did not hear that nobody answers");
    }
    part(stream).await;
}

/// Ends a connection such that the last word on it, the alert that says why, is heard: closed while
/// something is unread it would be reset, and the reset may overtake the alert (RFC 1122 §4.2.2.13).
async fn part(mut stream: TcpStream) {
    let drained = async {
        stream.shutdown().await?;
        let mut scrap = [0; 1024];
        while stream.read(&mut scrap).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // Whoever does not listen needs no last word.
    drop(timeout(PARTING, drained).await);
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "serving a connection failed");
    }
}

/// No error of accepting is the listener's end; what the system has run out of comes back.
async fn endure(error: &io::Error) {
    use rustix::io::Errno;
    tracing::warn!(%error, "a connection could not be taken");
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    let code = error.raw_os_error();
    if wants.iter().any(|errno| code == Some(errno.raw_os_error())) {
        sleep(EXHAUSTED).await;
    }
}
