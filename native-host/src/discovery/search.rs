//! Who looks for a device now, and what is heard meanwhile: each instance and host is shown to those who
//! look, who say by their keys and names whether it is theirs. Bounded, whoever floods the network.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::sockets::{self, MAX_PACKET, Socket};
use super::table::{Found, Heard, Table};
use super::{Discovery, packet};

/// Candidates that wait for their turn, of each kind.
const WAITING: usize = 256;
/// How often a question is repeated: a device answers everybody at once, and no more than once a second
/// (RFC 6762 §6).
const REPEAT: Duration = Duration::from_millis(1100);
/// Questions about what was said incompletely, in one packet and in all.
const MAX_DETAILS: usize = 16;
const MAX_ALL_DETAILS: usize = 256;
/// After this long, an interface that fails is listened to again.
const PAUSE: Duration = Duration::from_millis(100);

/// Shows something to somebody who looks, with its sender.
type Show = Box<dyn FnMut(&Found, IpAddr) + Send>;

/// All who look for a device now, and what they hear together.
#[derive(Default)]
pub(super) struct Search {
    listening: Option<Listening>,
    seekers: HashMap<u64, Show>,
    next: u64,
}

/// There while somebody looks, and forgotten as a whole.
struct Listening {
    sockets: Vec<Arc<Socket>>,
    table: Table,
    /// What details were asked for.
    asked: HashSet<(String, u16)>,
    _end: DropGuard,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Search({} seekers)", self.seekers.len())
    }
}

/// One look-out; the network is asked for as long as there is one.
pub(super) struct Seeking<T> {
    discovery: Discovery,
    number: u64,
    question: Vec<u8>,
    repeat: tokio::time::Interval,
    /// Announced from the very address that is announced.
    vouched: mpsc::Receiver<(SocketAddr, T)>,
    others: mpsc::Receiver<(SocketAddr, T)>,
}

impl<T: Clone + PartialEq + Send + 'static> Seeking<T> {
    /// Begins to look by some questions; the `seen` are tried already.
    pub(super) fn begin(
        discovery: &Discovery,
        asked: &[(&str, u16)],
        wanted: impl Fn(&Found) -> Option<T> + Send + 'static,
        seen: Vec<(SocketAddr, T)>,
    ) -> io::Result<Self> {
        let (first, vouched) = mpsc::channel(WAITING);
        let (second, others) = mpsc::channel(WAITING);
        let mut seen = [seen, Vec::new()];
        let mut show = move |found: &Found, sender: IpAddr| {
            let Some(recognized) = wanted(found) else {
                return;
            };
            for address in &found.addresses {
                let candidate = (*address, recognized.clone());
                let [tried, doubtful] = &mut seen;
                // Who floods with false addresses sends them from another.
                let (waiting, known) = match address.ip() == sender {
                    true => (&first, &mut *tried),
                    false if tried.contains(&candidate) => continue,
                    false => (&second, doubtful),
                };
                if known.len() < WAITING && !known.contains(&candidate) {
                    known.push(candidate.clone());
                    // There is room for all; nobody may be looking any more.
                    drop(waiting.try_send(candidate));
                }
            }
        };
        let mut search = discovery.lock();
        let listening = match search.listening.take() {
            Some(listening) => listening,
            None => discovery.listen()?,
        };
        let nobody = IpAddr::from([0; 4]);
        let known = listening.table.all();
        known.iter().for_each(|found| show(found, nobody));
        search.listening = Some(listening);
        let number = search.next;
        search.next += 1;
        search.seekers.insert(number, Box::new(show));
        drop(search);
        Ok(Self {
            discovery: discovery.clone(),
            number,
            question: packet::question(asked),
            repeat: tokio::time::interval(REPEAT),
            vouched,
            others,
        })
    }

    /// The next one who may be it.
    pub(super) async fn next(&mut self) -> Option<(SocketAddr, T)> {
        loop {
            tokio::select! {
                biased;
                found = self.vouched.recv() => return found,
                _ = self.repeat.tick() => self.discovery.ask(&self.question),
                found = self.others.recv() => return found,
            }
        }
    }
}

impl<T> Drop for Seeking<T> {
    fn drop(&mut self) {
        let mut search = self.discovery.lock();
        search.seekers.remove(&self.number);
        if search.seekers.is_empty() {
            search.listening = None;
        }
    }
}

impl Discovery {
    fn listen(&self) -> io::Result<Listening> {
        let end = CancellationToken::new();
        let sockets: Vec<_> = sockets::open()?.into_iter().map(Arc::new).collect();
        for socket in &sockets {
            let (discovery, socket) = (self.clone(), Arc::clone(socket));
            let ended = end.clone();
            tokio::spawn(async move {
                ended.run_until_cancelled(discovery.hear_all(&socket)).await;
            });
        }
        Ok(Listening {
            sockets,
            table: Table::default(),
            asked: HashSet::new(),
            _end: end.drop_guard(),
        })
    }

    async fn hear_all(&self, socket: &Socket) {
        let mut packet = vec![0; MAX_PACKET];
        loop {
            match socket.receive(&mut packet).await {
                Ok((length, sender)) => self.hear(packet.get(..length).unwrap_or_default(), sender),
                Err(error) => {
                    tracing::debug!(%error, "what is announced is not heard");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn hear(&self, packet: &[u8], sender: SocketAddr) {
        let Some(records) = packet::read(packet) else {
            return;
        };
        let scope = match sender {
            SocketAddr::V6(v6) => v6.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        let mut search = self.lock();
        let Search {
            listening: Some(listening),
            seekers,
            ..
        } = &mut *search
        else {
            return;
        };
        let Heard { found, open } = listening.table.hear(records, scope);
        for found in &found {
            seekers
                .values_mut()
                .for_each(|show| show(found, sender.ip()));
        }
        listening.ask_for(open);
    }

    fn ask(&self, question: &[u8]) {
        if let Some(listening) = &self.lock().listening {
            listening
                .sockets
                .iter()
                .for_each(|socket| socket.send(question));
        }
    }
}

impl Listening {
    /// Asks once for what was said incompletely; a device says all in one packet, others may not.
    fn ask_for(&mut self, mut open: Vec<(String, u16)>) {
        open.retain(|detail| !self.asked.contains(detail));
        open.truncate(MAX_DETAILS.min(MAX_ALL_DETAILS.saturating_sub(self.asked.len())));
        if open.is_empty() {
            return;
        }
        let asked: Vec<(&str, u16)> = open.iter().map(|(name, kind)| (&**name, *kind)).collect();
        let question = packet::question(&asked);
        self.sockets
            .iter()
            .for_each(|socket| socket.send(&question));
        self.asked.extend(open);
    }
}
