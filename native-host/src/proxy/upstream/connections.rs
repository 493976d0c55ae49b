//! The connections to one device: two pools, which are left for new ones when they have fallen silent and
//! the device answers anew. What was sent on the old ones goes on there; what can be sent twice is sent on
//! the new ones. What is sent is decided elsewhere.
//!
//! A device that has got another address, or whose cable was pulled for a while, sends no sign that its
//! connections are worth nothing: TCP would wait for a quarter of an hour.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use settle_transport::tls;
use tokio::time::{Instant, sleep_until};

use super::dial::{Connected, Dial, DialError, Route};
use super::line::Line;
use super::{MAX_IDLE, Outgoing};

/// A pooled connection that nobody uses is closed after this time.
const IDLE: Duration = Duration::from_secs(60);
/// While an answer is waited for and nothing is heard, a device that speaks HTTP/2 is asked for a sign of
/// life this often.
const ASK_EVERY: Duration = Duration::from_millis(700);
/// Without one for so long, HTTP/2 gives a connection up, and what is under way on it.
const GIVE_UP: Duration = Duration::from_secs(60);
/// After so much silence a new connection is tried: two signs of life are missing.
const SILENCE: Duration = Duration::from_millis(1500);
/// What may not be sent twice goes over a connection on which something was heard within this time.
const FRESH: Duration = Duration::from_secs(5);

/// The connections of now.
#[derive(Debug)]
pub(super) struct Connections {
    route: Arc<Route>,
    tls: Arc<ClientConfig>,
    /// Speaks HTTP/1.1 alone, whose connections can be switched to another protocol.
    switchable: Arc<ClientConfig>,
    current: Mutex<Arc<Pools>>,
    /// Held by who tries a new one.
    trying: tokio::sync::Mutex<()>,
}

/// The pools that are used together.
#[derive(Debug)]
pub(super) struct Pools {
    /// For requests.
    pub(super) plain: Client<Dial, Outgoing>,
    /// For those that ask to switch to another protocol.
    pub(super) switchable: Client<Dial, Outgoing>,
    line: Line,
}

impl Connections {
    pub(super) fn new(route: &Arc<Route>, tls: ClientConfig) -> Self {
        let mut switchable = tls.clone();
        switchable.alpn_protocols = vec![tls::HTTP_1.to_vec()];
        let (tls, switchable) = (Arc::new(tls), Arc::new(switchable));
        let pools = Pools::new(route, &tls, &switchable, Line::default(), None);
        Self {
            route: Arc::clone(route),
            tls,
            switchable,
            current: Mutex::new(Arc::new(pools)),
            trying: tokio::sync::Mutex::default(),
        }
    }

    /// The pools of now.
    pub(super) fn current(&self) -> Arc<Pools> {
        let current = self.current.lock();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until pools on which something is waited for since now have been left for new ones; for
    /// ever, if they are good.
    ///
    /// # Errors
    /// When they are silent and the device is not found anew: at once where somebody else answers in
    /// its place, else the second time.
    pub(super) async fn left(&self, pools: &Arc<Pools>) -> Result<Arc<Pools>, DialError> {
        let mut since = Instant::now();
        let mut patience = SILENCE;
        let mut is_missed = false;
        loop {
            since = match pools.line.heard() {
                Some(heard) => since.max(heard),
                // Nothing is there to be left: the pool opens a connection itself.
                None => Instant::now(),
            };
            if since.elapsed() < patience {
                sleep_until(since + patience).await;
                continue;
            }
            let _one = self.trying.lock().await;
            let current = self.current();
            if !Arc::ptr_eq(&current, pools) {
                return Ok(current);
            }
            match self.renew(pools).await {
                Ok(Some(new)) => return Ok(new),
                Ok(None) => patience *= 2,
                Err(DialError::Nobody | DialError::Full) if !is_missed => is_missed = true,
                Err(error) => return Err(error),
            }
            since = Instant::now();
        }
    }

    /// Tries a new connection; what lies on it becomes current if the old ones are worth nothing.
    async fn renew(&self, pools: &Pools) -> Result<Option<Arc<Pools>>, DialError> {
        let (before, old) = (pools.line.heard(), pools.line.path());
        let line = Line::default();
        let connected = Dial::new(&self.route, &self.tls, &line).open().await?;
        // Who was only slow has been heard of meanwhile. Who is asked for no sign of life, and is where
        // it was, may be slow still; and what was sent there arrives now, as TCP sends it again.
        let is_slow = old.is_some_and(|old| !old.shows_life && line.path() == Some(old));
        if is_slow || pools.line.heard() != before {
            return Ok(None);
        }
        tracing::debug!(?old, new = ?line.path(), "silent connections are left");
        let new = Pools::new(
            &self.route,
            &self.tls,
            &self.switchable,
            line,
            Some(connected),
        );
        let new = Arc::new(new);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(&new);
        Ok(Some(new))
    }
}

impl Pools {
    fn new(
        route: &Arc<Route>,
        tls: &Arc<ClientConfig>,
        switchable: &Arc<ClientConfig>,
        line: Line,
        first: Option<Connected>,
    ) -> Self {
        Self {
            plain: client(Dial::new(route, tls, &line).beginning_with(first)),
            switchable: client(Dial::new(route, switchable, &line)),
            line,
        }
    }

    /// Whether nothing was heard for a while on connections that are there.
    pub(super) fn are_doubtful(&self) -> bool {
        let heard = self.line.heard();
        heard.is_some_and(|heard| heard.elapsed() > FRESH)
    }
}

fn client(dial: Dial) -> Client<Dial, Outgoing> {
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MAX_IDLE)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .set_host(false)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(ASK_EVERY)
        .http2_keep_alive_timeout(GIVE_UP)
        .build(dial)
}
