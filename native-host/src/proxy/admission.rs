//! Who gets a place: everybody may knock, and who shows to know the proxy's name stays.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::server::Acceptor;
use settle_transport::pool::{Place, Pool};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::CancellationToken;

use super::{HANDSHAKE_LIMIT, Proxy};

/// Open connections of all browsers together.
const MAX_CONNECTIONS: usize = 512;
/// Connections that have not shown yet to know the proxy's name. Of more of them the oldest goes: a
/// browser says the name at once, and no other program of this computer can make it wait.
const MAX_STRANGERS: usize = 256;

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
}
