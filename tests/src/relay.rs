//! A network that loses a connection at the worst moment: a TCP relay between the host and a device,
//! which can be told to lose the next bytes of either side, or to alter what the host sends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::tap::Side;

/// What happens to the next bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// They arrive.
    Arrive,
    /// The host's are lost, and the connection with them.
    LoseRequest,
    /// The device's are lost, and the connection with them.
    LoseAnswer,
    /// The device's are lost, and nobody gets through from then on.
    LoseAnswerAndAll,
    /// Nobody gets through.
    LoseAll,
    /// The device's are lost, and [`Self::SpoilRequests`] from then on.
    LoseAnswerAndSpoil,
    /// What the host sends encrypted arrives altered.
    SpoilRequests,
}

/// A running relay. Its threads end with the test.
#[derive(Clone, Debug)]
pub struct Relay {
    address: SocketAddr,
    fate: Arc<Mutex<Fate>>,
}

impl Relay {
    /// Starts a relay to `target` on a free port.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let relay = Self {
            address: listener.local_addr().expect("an address"),
            fate: Arc::new(Mutex::new(Fate::Arrive)),
        };
        let accepting = relay.clone();
        thread::spawn(move || {
            for host in listener.incoming().filter_map(Result::ok) {
                if accepting.fate() == Fate::LoseAll {
                    continue;
                }
                if let Ok(device) = TcpStream::connect(target) {
                    accepting.join(&host, &device);
                }
            }
        });
        relay
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Decides about the next bytes.
    pub fn decide(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// What is decided right now.
    #[must_use]
    pub fn fate(&self) -> Fate {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, host: &TcpStream, device: &TcpStream) {
        self.copy(Side::Host, host, device);
        self.copy(Side::Device, device, host);
    }

    /// Copies until bytes are lost.
    fn copy(&self, side: Side, from: &TcpStream, to: &TcpStream) {
        let relay = self.clone();
        let mut from = from.try_clone().expect("a socket");
        let mut to = to.try_clone().expect("a socket");
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count) = from.read(&mut buffer) {
                if count == 0 {
                    // The other side may have more to say, and this one to hear: to close both here
                    // would reset what is under way.
                    drop(to.shutdown(Shutdown::Write));
                    return;
                }
                let fate = relay.fate();
                if let Some(next) = fate.after_losing(side) {
                    relay.decide(next);
                    break;
                }
                let bytes = buffer.get_mut(..count).unwrap_or_default();
                if fate == Fate::SpoilRequests && side == Side::Host {
                    spoil(bytes);
                }
                if to.write_all(bytes).is_err() {
                    break;
                }
            }
            // Either end may be gone already; then there is nothing left to close.
            drop(from.shutdown(Shutdown::Both));
            drop(to.shutdown(Shutdown::Both));
        });
    }
}

impl Fate {
    /// What is decided once the bytes of a side are lost; `None` where they are not.
    const fn after_losing(self, side: Side) -> Option<Self> {
        match (self, side) {
            (Self::LoseRequest, Side::Host) | (Self::LoseAnswer, Side::Device) => {
                Some(Self::Arrive)
            }
            (Self::LoseAnswerAndAll, Side::Device) => Some(Self::LoseAll),
            (Self::LoseAnswerAndSpoil, Side::Device) => Some(Self::SpoilRequests),
            (
                Self::Arrive
                | Self::LoseAll
                | Self::SpoilRequests
                | Self::LoseRequest
                | Self::LoseAnswer
                | Self::LoseAnswerAndAll
                | Self::LoseAnswerAndSpoil,
                _,
            ) => None,
        }
    }
}

/// Alters what is encrypted; the first flight of a handshake is not (RFC 8446 §5.1: type 22).
fn spoil(bytes: &mut [u8]) {
    if bytes.first() != Some(&22)
        && let Some(last) = bytes.last_mut()
    {
        *last ^= 1;
    }
}
