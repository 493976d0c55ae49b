//! A local network that leads nowhere: hosts with network namespaces of their own, joined by a switch
//! in this process. Whatever a test starts on a host has that host's addresses and nobody else's.
//!
//! Nothing is prepared and nothing stays: namespaces, interfaces and processes end with their values.
//! There is no router, no default route and no resolver.

mod actors;
mod browser;
mod dhcp;
mod host;
pub mod impostor;
mod switch;
pub mod twin;
pub mod weak;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

pub use self::actors::{Appliance, Computer};
pub use self::browser::{Browser, Shown};
pub use self::dhcp::{DhcpServer, Lease};
pub use self::host::Host;
pub use self::switch::{Frame, Weather};

use self::switch::Switch;
use crate::eventually;
use crate::multicast::{self, Record};

/// Names the folder in which captures are left, where there is to be one.
const CAPTURES: &str = "SETTLE_LAB_CAPTURES";
/// RFC 6762 §5.
const MULTICAST_DNS: u16 = 5353;

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

    /// Waits until somebody has said by multicast DNS, in one packet, what leads to a device, with all of
    /// these texts; returns what was said last.
    ///
    /// # Panics
    /// When nobody does.
    #[must_use]
    pub fn wait_for_announcement(&self, texts: &[&str]) -> Vec<Record> {
        let mut said = None;
        eventually("a device is announced", || {
            let frames = self.heard();
            let has_all = |one: &&Frame| texts.iter().all(|text| one.contains(text.as_bytes()));
            let meant = frames.iter().filter(has_all);
            let answers = meant.filter_map(|one| multicast::answers(one.udp_to(MULTICAST_DNS)?));
            said = answers.collect::<Vec<_>>().into_iter().rfind(|records| {
                let has = |kind| records.iter().any(|record| record.kind == kind);
                has(multicast::TXT) && has(multicast::A)
            });
            said.is_some()
        });
        said.expect("what was waited for")
    }

    /// Whether any frame until now had these bytes in it, in upper or lower case.
    #[must_use]
    pub fn has_heard(&self, bytes: &[u8]) -> bool {
        let frames = self.heard();
        frames.iter().any(|frame| frame.contains(bytes))
    }
}

/// Leaves all that was carried in a folder, for whoever looks at an attack by other means
/// (`tcpdump -r`); the times in it are only the order.
impl Drop for Lan {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os(CAPTURES) else {
            return;
        };
        let test = std::thread::current()
            .name()
            .unwrap_or("lab")
            .replace("::", "-");
        let file = Path::new(&folder).join(format!("{test}.pcap"));
        std::fs::write(file, switch::capture(&self.heard())).expect("the folder of captures");
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
