//! Connections to one device: a pool, which is left for a new one when it has fallen silent and the device
//! answers anew. What was sent on the old connections goes on there; what can be sent twice is sent on the
//! new ones. What is sent is decided elsewhere.
//!
//! Requests and WebSockets have a pool each, so that the ones that are alive do not speak for the others.
//!
//! A device that has got another address, or whose cable was pulled for a while, sends no sign that its
//! connections are worth nothing: TCP would wait for a quarter of an hour.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
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
    current: Mutex<Arc<Pool>>,
    /// Held by who tries a new one.
    trying: tokio::sync::Mutex<()>,
}

/// What is used until it is left.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) client: Client<Dial, Outgoing>,
    line: Line,
}

impl Connections {
    pub(super) fn new(route: &Arc<Route>, tls: ClientConfig) -> Self {
        let tls = Arc::new(tls);
        let pool = Pool::new(route, &tls, Line::default(), None);
        Self {
            route: Arc::clone(route),
            tls,
            current: Mutex::new(Arc::new(pool)),
            trying: tokio::sync::Mutex::default(),
        }
    }

    /// The pool of now.
    pub(super) fn current(&self) -> Arc<Pool> {
        let current = self.current.lock();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until a pool on which something is waited for since now has been left for a new one; for
    /// ever, if it is good.
    ///
    /// # Errors
    /// When it is silent and the device is not found anew: at once where somebody else answers in
    /// its place, else the second time.
    pub(super) async fn left(&self, pool: &Arc<Pool>) -> Result<Arc<Pool>, DialError> {
        let mut since = Instant::now();
        let mut patience = SILENCE;
        let mut is_missed = false;
        loop {
            since = match pool.line.heard() {
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
            if !Arc::ptr_eq(&current, pool) {
                return Ok(current);
            }
            match self.renew(pool).await {
                Ok(Some(new)) => return Ok(new),
                Ok(None) => patience *= 2,
                Err(DialError::Nobody | DialError::Full) if !is_missed => is_missed = true,
                Err(error) => return Err(error),
            }
            since = Instant::now();
        }
    }

    /// Tries a new connection; what lies on it becomes current if the old ones are worth nothing.
    async fn renew(&self, pool: &Pool) -> Result<Option<Arc<Pool>>, DialError> {
        let (before, old) = (pool.line.heard(), pool.line.path());
        let line = Line::default();
        let connected = Dial::new(&self.route, &self.tls, &line).open().await?;
        // Who was only slow has been heard of meanwhile. Who is asked for no sign of life, and is where
        // it was, may be slow still; and what was sent there arrives now, as TCP sends it again.
        let is_slow = old.is_some_and(|old| !old.shows_life && line.path() == Some(old));
        if is_slow || pool.line.heard() != before {
            return Ok(None);
        }
        tracing::debug!(?old, new = ?line.path(), "silent connections are left");
        let new = Pool::new(&self.route, &self.tls, line, Some(connected));
        let new = Arc::new(new);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(&new);
        Ok(Some(new))
    }
}

impl Pool {
    fn new(
        route: &Arc<Route>,
        tls: &Arc<ClientConfig>,
        line: Line,
        first: Option<Connected>,
    ) -> Self {
        Self {
            client: client(Dial::new(route, tls, &line).beginning_with(first)),
            line,
        }
    }

    /// Whether nothing was heard for a while on connections that are there.
    pub(super) fn is_doubtful(&self) -> bool {
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
