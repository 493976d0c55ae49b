//! Where a device can listen. One that has link-local addresses alone, as on a cable between two
//! computers with nothing that gives out others, is found by its code, and by its record afterwards; so is
//! one at the port of HTTPS.

use std::net::{SocketAddr, SocketAddrV6};
use std::path::Path;

use settle_protocol::material::PairingMaterial;
use settle_tests::device::{Setup, own_address};
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::browser_of;

/// A cable with both of its ends here, until this goes.
struct Cable<'a>(&'a Home);

impl<'a> Cable<'a> {
    fn plug_in(home: &'a Home) -> Self {
        let cable = Self(home);
        for line in [
            "link add settle-a type veth peer name settle-b",
            "link set settle-a addrgenmode none up",
            "link set settle-b addrgenmode none up",
            "addr add fe80::a/64 dev settle-a nodad",
            "addr add fe80::b/64 dev settle-b nodad",
        ] {
            cable.ip(line);
        }
        cable
    }

    fn ip(&self, line: &str) -> String {
        let mut ip = self.0.command_of(Path::new("ip"));
        let output = ip.args(line.split(' ')).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Where a device listens at this end alone.
    fn end(&self) -> SocketAddr {
        let told = self.ip("-oneline link show dev settle-a");
        let (number, _) = told.split_once(':').unwrap();
        let number = number.parse().unwrap();
        SocketAddrV6::new("fe80::a".parse().unwrap(), 0, 0, number).into()
    }
}

impl Drop for Cable<'_> {
    fn drop(&mut self) {
        let mut ip = self.0.command_of(Path::new("ip"));
        drop(ip.args(["link", "delete", "settle-a"]).output());
    }
}

#[test]
fn a_device_at_a_link_local_address_is_found_by_its_code_and_stays_found() {
    let home = Home::new(Keyring::Unlocked);
    let cable = Cable::plug_in(&home);
    let upstream = Upstream::start();
    let setup = Setup {
        listen: cable.end(),
        ..Setup::default()
    };
    let device = Device::start_as(&home, upstream.address(), &setup);
    let material = PairingMaterial::parse(device.code()).unwrap();
    let [hint] = material.addresses.as_slice() else {
        panic!("one hint: {:?}", material.addresses);
    };
    assert!(hint.to_string().starts_with("[fe80::a]:"), "{hint}");
    let mut connector = Connector::start(&home);
    connector.pair(device.code());
    let page = browser_of(&mut connector)
        .get("printer.local", "/")
        .unwrap();
    assert_eq!(page.status, 200);
    home.end_daemon();
    let mut connector = Connector::start(&home);
    let page = browser_of(&mut connector)
        .get("printer.local", "/")
        .unwrap();
    assert_eq!(page.status, 200);
}

#[test]
fn a_device_at_the_port_of_https_is_one_like_any_other() {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let setup = Setup {
        listen: SocketAddr::new(own_address().ip(), 443),
        ..Setup::default()
    };
    let device = Device::start_as(&home, upstream.address(), &setup);
    assert_eq!(device.address(), setup.listen);
    let mut connector = Connector::start(&home);
    assert_eq!(connector.pair(device.code()).port, 443);
    let page = browser_of(&mut connector)
        .get("printer.local", "/")
        .unwrap();
    assert_eq!(page.status, 200);
}
