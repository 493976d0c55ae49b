//! DHCP (docs/referee.md §11): it leads whoever asks to the portal's interface, and nobody to an anchor.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use settle_tests::lab::{Computer, DhcpServer, Lan};
use settle_tests::multicast::AnnouncedHost;
use settle_tests::server::{Identity, Issuer, Server};
use settle_tests::{Home, Keyring, Referee};

const PAGE: &str = "https://referee.local:8443/";

/// What DHCP hands out lies in this part of the network.
fn is_leased(address: Ipv4Addr) -> bool {
    address.octets()[3] >= 200
}

#[test]
fn a_client_of_dhcp_is_led_to_the_interface_which_holds_nobody() {
    let lan = Lan::new();
    let (router, house, guest) = (lan.host(), lan.host(), lan.host());
    let home = house.on(|| Home::new(Keyring::Missing));
    let options = &["--no-announce", "--portal", PAGE];
    let referee = house.on(|| Referee::start_at(&home, house.address().into(), options));
    let interface = referee.directory();
    let interface = interface.replace("/acme/directory", "/captive-portal/api");
    // The line of docs/referee.md §11.
    let _dhcp = DhcpServer::start(&router, &format!("dhcp-option=114,{interface}"));
    guest.forget_addresses("-4");
    let lease = guest.lease();
    assert!(is_leased(lease.address()));
    assert_eq!(lease.portal(), Some(interface.clone()));
    // Who has the house's authority already believes what is there.
    let granted = referee.ask(&["authorize", "nas.local"]);
    let root = granted["root"].as_str().unwrap();
    let at = interface.strip_prefix("https://").unwrap();
    let (authority, _) = at.split_once('/').unwrap();
    let resolve = format!("{authority}:{}", house.address());
    let asked = guest.on(|| curl(&["--cacert", root, "--resolve", &resolve, &interface]));
    let told: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(told, json!({"captive": false, "venue-info-url": PAGE}));
    // Nobody else does: DHCP brings no trust along.
    let stranger = guest.on(|| curl(&["--resolve", &resolve, &interface]));
    assert!(!stranger.status.success());
}

#[test]
fn nothing_that_dhcp_says_becomes_an_anchor() {
    let lan = Lan::new();
    let mallory = lan.host();
    let mut computer = Computer::join(&lan);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let root = Identity::make(folder, "root", "DNS:mallory.local", Issuer::Itself);
    let names = "DNS:nas.local,DNS:portal.local";
    let nas = Identity::make(folder, "nas", names, Issuer::Authority(&root));
    let at = format!("{}:443", mallory.address());
    let _server = mallory.on(|| Server::start_with(&nas, Some(&root.certificate), &at));
    let _name = mallory.on(|| AnnouncedHost::new("nas.local", mallory.address()));
    let lies = format!(
        "dhcp-option=114,https://portal.local/captive-portal/api\n\
         dhcp-option=option:router,{0}\ndhcp-option=option:dns-server,{0}\ndhcp-option=option:domain-name,local",
        mallory.address()
    );
    let _dhcp = DhcpServer::start(&mallory, &lies);

    computer.host.forget_addresses("-4");
    assert!(is_leased(computer.host.lease().address()));
    assert!(computer.connector.devices().is_empty());
    let vouched = computer.host.on(|| {
        let mut settle = computer.home.command("settle");
        settle.args(["vouch", "nas.local"]).output().unwrap()
    });
    assert_eq!(vouched.status.code(), Some(1), "{vouched:?}");
    assert!(computer.open("nas.local", "/").is_err());
    assert!(computer.connector.devices().is_empty());
    // DHCP alone has named the portal: nobody has gone there.
    let named = lan.heard().into_iter();
    let mut named = named.filter(|frame| frame.contains(b"portal") && frame.udp_to(68).is_none());
    assert_eq!(named.next(), None);

    // Who takes for an authority what DHCP leads to opens the very server.
    let gullible = lan.host();
    gullible.forget_addresses("-4");
    let portal = gullible.lease().portal().unwrap();
    let taken = folder.join("taken.pem");
    let resolve = |name: &str| format!("{name}:443:{}", mallory.address());
    let believes = |root: &Path| {
        let root = root.to_str().unwrap();
        let nas = resolve("nas.local");
        gullible.on(|| curl(&["--cacert", root, "--resolve", &nas, "https://nas.local/"]))
    };
    let shown = gullible.on(|| {
        let there = resolve("portal.local");
        curl(&[
            "--insecure",
            "--output",
            "/dev/null",
            "--write-out",
            "%{certs}",
            "--resolve",
            &there,
            &portal,
        ])
    });
    std::fs::write(&taken, &shown.stdout).unwrap();
    let opened = believes(&taken);
    assert!(opened.status.success(), "{opened:?}");
}

fn curl(arguments: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20"]);
    command.args(arguments).output().unwrap()
}
