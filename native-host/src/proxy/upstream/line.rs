//! What is known of the connections of a pool without asking anybody: whether there is one, between
//! which addresses, and when anything was last heard on them. What follows from it is decided elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Shared by a pool and its connections.
#[derive(Clone, Debug)]
pub struct Line(Arc<State>);

#[derive(Debug)]
struct State {
    made: Instant,
    /// In milliseconds since then.
    heard: AtomicU64,
    open: AtomicUsize,
    path: Mutex<Option<Path>>,
}

/// The way of a connection: from which of our addresses, to which of the device's; and whether it answers
/// when asked for a sign of life (RFC 9113 §6.7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Path {
    /// Ours.
    pub from: IpAddr,
    /// The device's.
    pub to: SocketAddr,
    /// As HTTP/2 does.
    pub shows_life: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self(Arc::new(State {
            made: Instant::now(),
            heard: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            path: Mutex::new(None),
        }))
    }
}

impl Line {
    /// Notes a new connection, until [`Open`] goes.
    pub fn open(&self, path: Option<Path>) -> Open {
        *self.0.path.lock().unwrap_or_else(PoisonError::into_inner) = path;
        self.0.open.fetch_add(1, Ordering::AcqRel);
        let open = Open(self.clone());
        open.hear();
        open
    }

    /// When anything was heard last; `None` without a connection, on which nothing can be.
    pub fn heard(&self) -> Option<Instant> {
        let since = Duration::from_millis(self.0.heard.load(Ordering::Acquire));
        (self.0.open.load(Ordering::Acquire) > 0).then(|| self.0.made + since)
    }

    /// The way of the newest connection.
    pub fn path(&self) -> Option<Path> {
        *self.0.path.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is there.
#[derive(Debug)]
pub struct Open(Line);

impl Open {
    /// Notes that something was heard.
    pub fn hear(&self) {
        let State { made, heard, .. } = &*self.0.0;
        let now = u64::try_from(made.elapsed().as_millis()).unwrap_or(u64::MAX);
        heard.fetch_max(now, Ordering::AcqRel);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_heard_counts_from_then_and_only_while_there_is_a_connection() {
        let line = Line::default();
        assert_eq!(line.heard(), None);
        let open = line.open(None);
        assert_eq!(line.heard(), Some(Instant::now()));
        let before = Instant::now();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(line.heard(), Some(before));
        let other = line.open(None);
        other.hear();
        assert_eq!(line.heard(), Some(Instant::now()));
        drop(open);
        assert!(line.heard().is_some());
        drop(other);
        assert_eq!(line.heard(), None);
    }
}
