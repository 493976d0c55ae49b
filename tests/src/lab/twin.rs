//! Somebody who takes a device's place on the network: its address, all that it has ever announced, and a
//! web server under its names, with a key of their own.

use super::weak::answer_everything;
use super::{Appliance, Host, Lan};
use crate::multicast::AnnouncedHost;
use crate::{Rogue, forger};

/// What a [`Twin`] says on every page.
pub const PAGE: &str = "Your password?";

/// A twin at work; it leaves its place when it goes.
#[derive(Debug)]
pub struct Twin {
    server: Rogue,
    _announced: AnnouncedHost,
    host: Host,
}

impl Twin {
    /// Cuts a device off and stands in its place.
    #[must_use]
    pub fn of(lan: &Lan, device: &Appliance) -> Self {
        let unique = device.device.unique_name();
        let said = lan.wait_for_announcement(&[unique]);
        device.host.set_plugged(false);
        let host = lan.host();
        host.claim(device.host.address());
        let shown = forger::impersonate(unique);
        let (at, chain) = (device.address(), shown.chain);
        let server =
            host.on(|| Rogue::showing(at, chain, shown.key, b"http/1.1", answer_everything));
        Self {
            server,
            _announced: host.on(|| AnnouncedHost::saying(said)),
            host,
        }
    }

    /// The first line of every request that it got.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.server.requests()
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.host.set_plugged(false);
    }
}
