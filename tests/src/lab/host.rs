//! One machine on the network, as the kernel sees it: a network namespace with a loopback and one
//! interface, whose cable leads to the switch.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd as _;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use tappers::{Interface, Tap};

use super::switch::{Port, Switch, Weather};
use super::{address_of, address_v6_of};

/// The name of every host's interface.
pub(super) const INTERFACE: &str = "eth0";
/// How many frames may wait for the switch: more than any test sends at once, so that only the weather
/// loses some. The kernel's own bound is 500, which a flood is past before the switch gets a processor.
const QUEUE: &str = "32768";

/// A host. Its namespace lasts as long as this, and as long as a process is in it.
#[derive(Debug)]
pub struct Host {
    namespace: File,
    address: Ipv4Addr,
    address_v6: Ipv6Addr,
    port: Port,
    switch: Arc<Switch>,
}

impl Host {
    pub(super) fn join(switch: &Arc<Switch>, number: u8) -> Self {
        let (namespace, cable) = thread::scope(|scope| {
            let made = scope.spawn(make_namespace).join();
            made.expect("a network namespace: run this as root")
        });
        let host = Self {
            namespace,
            address: address_of(number),
            address_v6: address_v6_of(number),
            port: switch.connect(cable),
            switch: Arc::clone(switch),
        };
        host.configure();
        host
    }

    /// Does something on this host: sockets that are opened, threads and processes that are started
    /// belong to it for good.
    ///
    /// # Panics
    /// When the work does.
    pub fn on<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let there = || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(self.namespace.as_fd(), network).expect("the namespace");
            work()
        };
        thread::scope(|scope| match scope.spawn(there).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Its address of the other family.
    #[must_use]
    pub const fn address_v6(&self) -> Ipv6Addr {
        self.address_v6
    }

    /// Gets other addresses, as from another lease; connections that are open have lost theirs.
    pub fn readdress(&mut self, number: u8) {
        let old: [IpAddr; 2] = [self.address.into(), self.address_v6.into()];
        (self.address, self.address_v6) = (address_of(number), address_v6_of(number));
        self.on(|| {
            for address in old {
                let length = if address.is_ipv4() { 24 } else { 64 };
                let address = format!("{address}/{length}");
                ip(&["address", "del", &address, "dev", INTERFACE]);
            }
        });
        self.configure();
    }

    /// Takes an address besides, whoever else has it, and says so to everybody (RFC 5227 §3).
    ///
    /// # Panics
    /// When the kernel does not let it.
    pub fn claim(&self, address: Ipv4Addr) {
        let address = format!("{address}/24");
        self.on(|| {
            let notify = format!("/proc/sys/net/ipv4/conf/{INTERFACE}/arp_notify");
            std::fs::write(notify, "1").expect("an option");
            ip(&["address", "add", &address, "dev", INTERFACE]);
            // The kernel tells of addresses when an interface comes up.
            ip(&["link", "set", INTERFACE, "down"]);
        });
        self.configure();
    }

    /// Takes all its addresses of a family.
    pub fn forget_addresses(&self, family: &str) {
        self.on(|| ip(&[family, "address", "flush", "dev", INTERFACE]));
    }

    /// Pulls the cable, or puts it in again; the host does not notice.
    pub fn set_plugged(&self, plugged: bool) {
        self.switch.set_plugged(self.port, plugged);
    }

    /// Switches the interface off, which the host's programs can notice, or on again with its
    /// addresses.
    pub fn set_up(&self, up: bool) {
        let state = if up { "up" } else { "down" };
        self.on(|| ip(&["link", "set", INTERFACE, state]));
        if up {
            self.configure();
        }
    }

    /// Moves the host to other segments, a bit for each: hosts that share none do not hear each other. At
    /// first all are in segment 1.
    pub fn move_to_segments(&self, segments: u8) {
        self.switch.set_segments(self.port, segments);
    }

    /// What happens to the frames that this host sends.
    pub fn set_weather(&self, weather: Weather) {
        self.switch.set_weather(self.port, weather);
    }

    /// Gives the interface what it needs; what it has stays.
    fn configure(&self) {
        let (v4, v6) = (
            format!("{}/24", self.address),
            format!("{}/64", self.address_v6),
        );
        self.on(|| {
            ip(&["link", "set", "lo", "up"]);
            ip(&["link", "set", INTERFACE, "txqueuelen", QUEUE]);
            ip(&["link", "set", INTERFACE, "up"]);
            ip(&["address", "replace", &v4, "dev", INTERFACE]);
            // Nobody else has it: to look for that first takes a second.
            ip(&["address", "replace", &v6, "dev", INTERFACE, "nodad"]);
            // There is no default route, so multicast needs one.
            ip(&["route", "replace", "224.0.0.0/4", "dev", INTERFACE]);
        });
    }
}

/// On a thread of its own, whose namespace is left with it.
fn make_namespace() -> (File, Tap) {
    #[expect(
        deprecated,
        reason = "what is unsafe about it is another flag than this one"
    )]
    rustix::thread::unshare(UnshareFlags::NEWNET).expect("a network namespace");
    let namespace = File::open("/proc/thread-self/ns/net").expect("the namespace");
    let name = Interface::new(INTERFACE).expect("a name");
    let mut cable = Tap::new_named(name).expect("an interface");
    cable.set_nonblocking(true).expect("an option");
    (namespace, cable)
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).output().expect("ip");
    assert!(done.status.success(), "ip {arguments:?}: {done:?}");
}
