//! A referee and a house that trusts it: what it may vouch for, what outranks it, and what ends with it. Whoever has
//! stolen the key that is at work is in its place.

mod acme;
mod admin;
mod discovery;
mod est;
mod handover;
mod instant;
mod lists;

use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use settle_tests::device::own_address;
use settle_tests::multicast::AnnouncedHost;
use settle_tests::server::{Identity, Issuer, Server};
use settle_tests::{Connector, Device, Home, Keyring, Referee, Upstream, Visit};

use super::browser_of;

/// A computer that has paired with a referee.
struct House {
    home: Home,
    connector: Connector,
}

impl House {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        Self {
            connector: Connector::start(&home),
            home,
        }
    }

    fn settle(&self, arguments: &[&str]) -> (i32, String) {
        let output: Output = self
            .home
            .command("settle")
            .args(arguments)
            .output()
            .unwrap();
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }

    fn pair(&self, code: &str) -> Value {
        let (status, said) = self.settle(&["pair", code, "--yes", "--json"]);
        assert_eq!(status, 0, "{said}");
        serde_json::from_str(&said).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let (_, listed) = self.settle(&["list", "--json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let devices = listed["devices"].as_array().unwrap().iter();
        devices
            .map(|device| device["names"][0].as_str().unwrap().to_owned())
            .collect()
    }

    fn browser(&mut self) -> Visit {
        browser_of(&mut self.connector)
    }
}

/// A server of a name, with a certificate of somebody's.
struct Served {
    _server: Server,
    _host: AnnouncedHost,
}

fn serve(name: &str, identity: &Identity, chain: &Path) -> Served {
    let IpAddr::V4(address) = own_address().ip() else {
        panic!("it is of IPv4");
    };
    Served {
        _server: Server::start_with(identity, Some(chain), &format!("{address}:443")),
        _host: AnnouncedHost::new(name, address),
    }
}

#[test]
fn one_pairing_opens_every_server_that_the_referee_issues_for() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let (nas, chain) = referee.forge("nas", "DNS:nas.local");
    let _server = serve("nas.local", &nas, &chain);
    // Nobody is trusted yet, so nobody vouches.
    let (code, said) = house.settle(&["vouch", "nas.local"]);
    assert_eq!(code, 1, "{said}");
    let paired = house.pair(referee.code());
    assert_eq!(paired["kind"], "referee");
    let authority = paired["authority"].as_str().unwrap().to_owned();
    let browser = house.browser();
    assert!(
        browser.get("nas.local", "/").is_err(),
        "nobody has been there"
    );
    let (code, said) = house.settle(&["vouch", "nas.local", "--json"]);
    assert_eq!(code, 0, "{said}");
    let vouched: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (vouched["kind"].as_str(), vouched["authority"].as_str()),
        (Some("vouched"), Some(&*authority))
    );
    let page = browser.get("nas.local", "/").unwrap();
    assert_eq!(page.status, 200);
    // Its own page is that of a device.
    assert_eq!(browser.get("referee.local", "/").unwrap().status, 200);
    assert!(
        browser
            .get("referee.local", "/")
            .unwrap()
            .body
            .contains(&authority)
    );
    assert_eq!(house.names(), ["nas.local", "referee.local"]);
    let (_, told) = house.settle(&["audit"]);
    assert!(
        told.contains("referee.local vouches for nas.local"),
        "{told}"
    );
    assert_eq!(house.settle(&["revoke", "referee.local"]).0, 0);
    assert!(browser.get("nas.local", "/").is_err());
    assert_eq!(house.names(), [""; 0]);
}

#[test]
fn whoever_has_the_key_at_work_gets_no_device_no_address_and_no_other_name() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let upstream = Upstream::start();
    let printer = Device::start(&house.home, upstream.address());
    house.pair(printer.code());
    house.pair(referee.code());
    let browser = house.browser();
    // A name that has an anchor of its own.
    let (twin, chain) = referee.forge("twin", "DNS:printer.local");
    // Whoever trusts the referee like any authority takes it for the device.
    let mut judge = Command::new("openssl");
    judge.args(["verify", "-partial_chain", "-verify_hostname"]);
    judge.args(["printer.local", "-CAfile"]).arg(&chain);
    let judged = judge.arg(&twin.certificate).output().unwrap();
    assert!(judged.status.success(), "{judged:?}");
    let _twin = serve("printer.local", &twin, &chain);
    assert_eq!(
        house.settle(&["vouch", "printer.local", "--json"]).0,
        0,
        "it is the device"
    );
    let (_, shown) = house.settle(&["show", "printer.local", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["kind"], "device");
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!((page.status, upstream.requests().len()), (200, 1));
    let (code, _) = house.settle(&["vouch", "printer.local:8444"]);
    assert_eq!(code, 1, "nor at another port");
    // A certificate for another name, for an address, for a name outside.
    for (file, names) in [
        ("other", "DNS:den.local"),
        ("address", "IP:127.0.0.1"),
        ("public", "DNS:cam.local,DNS:bank.example"),
        ("wide", "DNS:*.local"),
    ] {
        let (identity, chain) = referee.forge(file, names);
        let _server = serve("cam.local", &identity, &chain);
        let (code, said) = house.settle(&["vouch", "cam.local"]);
        assert_eq!(code, 1, "{names}: {said}");
    }
    // An authority below the one at work, and what that issues.
    let (rogue, chain) = referee.forge_authority("rogue");
    let below = Identity::make(
        home.path(),
        "below",
        "DNS:cam.local",
        Issuer::Authority(&rogue),
    );
    let _server = serve("cam.local", &below, &chain);
    assert_eq!(house.settle(&["vouch", "cam.local"]).0, 1);
    assert_eq!(house.names(), ["printer.local", "referee.local"]);
}

#[test]
fn after_a_rollover_the_house_follows_and_the_stolen_key_is_worth_nothing() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    house.pair(referee.code());
    let (nas, chain) = referee.forge("box", "DNS:box.local");
    let server = serve("box.local", &nas, &chain);
    assert_eq!(house.settle(&["vouch", "box.local"]).0, 0);
    let browser = house.browser();
    assert_eq!(browser.get("box.local", "/").unwrap().status, 200);
    drop(server);

    let referee = referee.after("rollover");
    // The host comes across the new root when it needs it: a server that has a certificate under that.
    let (hub, chain) = referee.forge("lab", "DNS:lab.local");
    let _server = serve("lab.local", &hub, &chain);
    let (code, said) = house.settle(&["vouch", "lab.local"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(browser.get("lab.local", "/").unwrap().status, 200);
    let (_, told) = house.settle(&["audit"]);
    assert!(told.contains("issues under a new key"), "{told}");
    // What was stolen before proves nothing any more, for no name.
    let _server = serve("box.local", &nas, &chain);
    let page = browser.get("box.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
}
