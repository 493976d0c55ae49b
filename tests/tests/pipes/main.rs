//! The real binaries over pipes and sockets, in a home of their own with a real bus and keyring:
//! the connector as a browser starts it, the daemon behind it, a device, and a web interface.
#![cfg(test)]

mod avahi;
mod callers;
mod carried;
mod clocks;
mod codes;
mod commands;
mod crash;
mod device_api;
mod discovery;
mod doctor;
mod embedded;
mod floods;
mod frames;
mod full;
mod handshakes;
mod hostile;
mod idle;
mod imports;
mod install;
mod invited;
mod journey;
mod keyring;
mod kills;
mod limits;
mod links;
mod load;
mod logs;
mod lost;
mod maker;
mod managing;
mod memory;
mod poisoned;
mod portable;
mod races;
mod referee;
mod refusals;
mod reset;
mod revoked;
mod rollover;
mod rotation;
mod second;
mod slow;
mod smuggled;
mod soak;
mod tampered;
mod twin;
mod typed;
mod unit;
mod unverified;

use std::net::SocketAddr;

use settle_protocol::rpc::{BridgeCertificate, Call};
use settle_tests::server::Identity;
use settle_tests::{Connector, Curl, Device, Home, Keyring, Upstream, Visit};

/// A home with a device in it and an extension connected.
struct House {
    // In the order in which they have to go.
    connector: Connector,
    device: Device,
    upstream: Upstream,
    home: Home,
}

impl House {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        let upstream = Upstream::start();
        Self {
            connector: Connector::start(&home),
            device: Device::start(&home, upstream.address()),
            upstream,
            home,
        }
    }

    /// The same, with the device paired.
    fn paired() -> Self {
        let mut house = Self::new();
        house.connector.pair(house.device.code());
        house
    }

    /// A browser that has the bridge certificate and the proxy rule.
    fn browser(&mut self) -> Visit {
        browser_of(&mut self.connector)
    }
}

impl House {
    /// Trusts a server that knows nothing of Settle, under a name.
    fn import(&self, name: &str, identity: &Identity, address: SocketAddr) {
        let port = address.port().to_string();
        let imported = self
            .home
            .command("settle")
            .args(["import", "--yes", "--name", name, "--port", &port])
            .args(["--address", &address.to_string()])
            .args(["--fingerprint", &identity.fingerprint()])
            .output()
            .unwrap();
        assert!(imported.status.success(), "{imported:?}");
    }

    /// A foreign client in the home.
    fn curl(&mut self) -> Curl {
        curl_of(&self.home, &mut self.connector)
    }
}

/// A foreign client in the home of an extension.
fn curl_of(home: &Home, connector: &mut Connector) -> Curl {
    let certificate: BridgeCertificate = connector.call(Call::BridgeCertificate {}).unwrap();
    let proxy = connector.hello().unwrap().proxy;
    Curl::new(home.path(), &proxy, &certificate)
}

/// A browser in the home of an extension.
fn browser_of(connector: &mut Connector) -> Visit {
    let certificate: BridgeCertificate = connector.call(Call::BridgeCertificate {}).unwrap();
    let welcome = connector.hello().unwrap();
    Visit::new(&welcome.proxy, &certificate.pem).unwrap()
}
