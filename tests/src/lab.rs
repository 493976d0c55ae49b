//! A local network that leads nowhere: hosts with network namespaces of their own, joined by a switch
//! in this process. Whatever a test starts on a host has that host's addresses and nobody else's.
//!
//! Nothing is prepared and nothing stays: namespaces, interfaces and processes end with their values.
//! There is no router, no default route and no resolver.

mod actors;
mod dhcp;
mod host;
mod switch;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

pub use self::actors::{Appliance, Computer};
pub use self::dhcp::{DhcpServer, Lease};
pub use self::host::Host;
pub use self::switch::{Frame, Weather};

use self::switch::Switch;

/// A network of its own.
#[derive(Debug)]
pub struct Lan {
    switch: Arc<Switch>,
    next: AtomicU8,
}

impl Lan {
    /// An empty network.
    #[must_use]
    pub fn new() -> Self {
        Self {
            switch: Arc::new(Switch::start()),
            next: AtomicU8::new(2),
        }
    }

    /// A new host at the next free address.
    #[must_use]
    pub fn host(&self) -> Host {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Host::join(&self.switch, number)
    }

    /// Every frame that was carried until now, in the order in which they were sent.
    #[must_use]
    pub fn heard(&self) -> Vec<Frame> {
        self.switch.heard()
    }

    /// Whether any frame until now had these bytes in it, in upper or lower case.
    #[must_use]
    pub fn has_heard(&self, bytes: &[u8]) -> bool {
        let frames = self.heard();
        frames.iter().any(|frame| frame.contains(bytes))
    }
}

impl Default for Lan {
    fn default() -> Self {
        Self::new()
    }
}

/// The address of a host by its number.
const fn address_of(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 99, number)
}

/// Its address of the other family (RFC 4193).
const fn address_v6_of(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, number as u16)
}
