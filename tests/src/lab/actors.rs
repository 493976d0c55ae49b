//! Who lives on the network: computers with a user, a keyring, a host of Settle and its extension's
//! connector, and devices with a web interface. Each is a host and what runs on it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde_json::Value;
use settle_protocol::rpc::{self, BridgeCertificate, Call};

use super::Lan;
use super::host::Host;
use crate::census::daemons_of;
use crate::device::{PICTURE, Setup};
use crate::process::set_asleep;
use crate::visit::Page;
use crate::{Connector, Device, Home, Keyring, Upstream, Visit};

/// Where a device's own pages are served: on its host alone.
const INTERFACE_AT: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The port of HTTPS.
const HTTPS: u16 = 443;

/// Somebody's computer.
#[derive(Debug)]
pub struct Computer {
    /// The extension's connector. It goes first.
    pub connector: Connector,
    /// The user's home.
    pub home: Home,
    /// The machine.
    pub host: Host,
}

impl Computer {
    /// A computer whose user has installed Settle.
    #[must_use]
    pub fn join(lan: &Lan) -> Self {
        Self::join_with(lan, Home::new(Keyring::Unlocked))
    }

    /// The same, whose user has a home already.
    #[must_use]
    pub fn join_with(lan: &Lan, home: Home) -> Self {
        let host = lan.host();
        let connector = host.on(|| Connector::start(&home));
        Self {
            connector,
            home,
            host,
        }
    }

    /// Shuts the lid, or opens it again: nothing runs meanwhile, and nothing is received.
    ///
    /// # Panics
    /// When Settle does not run.
    pub fn set_asleep(&self, asleep: bool) {
        let mut running = daemons_of(self.home.path());
        running.push(self.connector.process_id());
        set_asleep(&running, asleep);
        self.host.set_plugged(!asleep);
    }

    /// Pairs a device by its code, and consents.
    ///
    /// # Panics
    /// If it fails.
    pub fn pair(&mut self, code: &str) -> rpc::Device {
        self.connector.pair(code)
    }

    /// The browser's way to a page.
    ///
    /// # Panics
    /// If the daemon does not tell of its proxy.
    pub fn browser(&mut self) -> Visit {
        let certificate: BridgeCertificate = self
            .connector
            .call(Call::BridgeCertificate {})
            .expect("the bridge certificate");
        let welcome = self.connector.hello().expect("a welcome");
        Visit::new(&welcome.proxy, &certificate.pem).expect("a certificate")
    }

    /// Opens `https://<name><path>` in the browser.
    ///
    /// # Errors
    /// When the proxy refuses the way, or breaks off.
    pub fn open(&mut self, name: &str, path: &str) -> anyhow::Result<Page> {
        let browser = self.browser();
        self.host.on(|| browser.get(name, path))
    }
}

/// A device with its web interface.
#[derive(Debug)]
pub struct Appliance {
    /// Settle on it. It goes first.
    pub device: Device,
    /// Its pages.
    pub upstream: Upstream,
    /// Its files.
    pub home: Home,
    /// The machine.
    pub host: Host,
    setup: Setup,
}

impl Appliance {
    /// A new device of a name, which announces itself.
    #[must_use]
    pub fn join(lan: &Lan, name: &str) -> Self {
        Self::join_with(lan, Home::new(Keyring::Missing), name)
    }

    /// The same, whose files are in a home.
    #[must_use]
    pub fn join_with(lan: &Lan, home: Home, name: &str) -> Self {
        let host = lan.host();
        let setup = Setup {
            name: name.to_owned(),
            announce: true,
            listen: SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), HTTPS),
            ..Setup::default()
        };
        let (upstream, device) = host.on(|| {
            let upstream = Upstream::start_at(INTERFACE_AT);
            let device = Device::start_as(&home, upstream.address(), &setup);
            (upstream, device)
        });
        Self {
            device,
            upstream,
            home,
            host,
            setup,
        }
    }

    /// Where its pages are.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host.address().into(), HTTPS)
    }

    /// The picture of its code.
    #[must_use]
    pub fn picture(&self) -> PathBuf {
        self.home.path().join(PICTURE)
    }

    /// Starts it again with all that it had, after a power cut.
    pub fn restart(&mut self) {
        crate::process::kill(self.device.process_id());
        let (home, setup, upstream) = (&self.home, &self.setup, self.upstream.address());
        self.device = self.host.on(|| Device::start_as(home, upstream, setup));
    }

    /// The same, and says nothing of itself any more.
    pub fn restart_silently(&mut self) {
        self.setup.announce = false;
        self.restart();
    }

    /// What a command of the device's owner says, as JSON.
    ///
    /// # Panics
    /// When it fails.
    pub fn settle(&self, arguments: &[&str]) -> Value {
        let mut command = self.home.command("settle-device");
        command.args(arguments).arg("--json");
        command.arg("--state").arg(self.device.state());
        let output = self.host.on(|| command.output()).expect("settle-device");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Who is on its list.
    #[must_use]
    pub fn clients(&self) -> Value {
        self.settle(&["clients"])
    }

    /// Resets it to what it was in the factory, and starts it again.
    pub fn reset(&mut self) {
        crate::process::kill(self.device.process_id());
        self.settle(&["reset", "--yes"]);
        self.setup.shows_code = true;
        let (home, setup, upstream) = (&self.home, &self.setup, self.upstream.address());
        self.device = self.host.on(|| Device::start_as(home, upstream, setup));
    }
}
