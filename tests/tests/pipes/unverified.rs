//! Names that open without pairing: for what cannot pair, and for nothing that a device has. What answers there is
//! believed in nothing, and leads to no other place.

use std::io::{self, Read as _, Write as _};
use std::net::Ipv4Addr;

use serde_json::Value;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::{Call, Devices, Empty, ErrorKind};
use settle_tests::multicast::AnnouncedHost;
use settle_tests::upstream::PAGE;
use settle_tests::{Upstream, Visit};

use super::House;

/// An address of a home network that is this computer's own.
const CAMERA: Ipv4Addr = Ipv4Addr::new(192, 168, 177, 20);

fn name(text: &str) -> LocalName {
    LocalName::parse(text).unwrap()
}

fn add(house: &mut House, text: &str) -> Result<(), ErrorKind> {
    let call = Call::AddUnverified { name: name(text) };
    let added = house.connector.call::<Empty>(call);
    added.map(drop).map_err(|error| error.data.kind)
}

fn remove(house: &mut House, text: &str) {
    let call = Call::RemoveUnverified { name: name(text) };
    let Empty {} = house.connector.call(call).unwrap();
}

fn listed(house: &mut House) -> Vec<String> {
    let all: Devices = house.connector.call(Call::ListDevices {}).unwrap();
    let names = all.unverified.into_iter();
    names.map(|known| known.name.to_string()).collect()
}

/// Asks for a page by plain HTTP, as browsers ask a proxy.
fn get(browser: &Visit, authority: &str, headers: &str) -> String {
    let asked = format!(
        "GET http://{authority}/status?a=b HTTP/1.1\r\nHost: {authority}\r\n{headers}\
         Connection: close\r\n\r\n"
    );
    let answer = browser.ask_proxy(asked.as_bytes()).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn what_cannot_pair_opens_until_the_user_takes_it_back() {
    let mut house = House::new();
    let browser = house.browser();
    let camera = Upstream::start_at(CAMERA);
    let _name = AnnouncedHost::new("cam-one.local", CAMERA);
    let place = format!("cam-one.local:{}", camera.address().port());
    assert!(get(&browser, &place, "").starts_with("HTTP/1.1 403"));
    assert_eq!(browser.connect(&place).unwrap().0, 403);
    assert!(camera.requests().is_empty());

    add(&mut house, "cam-one.local").unwrap();
    let page = get(
        &browser,
        &place,
        "Proxy-Connection: close\r\nSettle-Role: admin\r\n",
    );
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains(PAGE),
        "{page}"
    );
    let seen = camera.requests().pop().unwrap();
    assert_eq!(seen.line, "GET /status?a=b HTTP/1.1");
    assert_eq!(seen.header("host"), Some(place.as_str()));
    assert_eq!(seen.header("settle-role"), None);
    assert_eq!(seen.header("proxy-connection"), None);

    let (status, mut tunnel) = browser.connect(&place).unwrap();
    assert_eq!(status, 200);
    write!(tunnel, "GET /through HTTP/1.1\r\nHost: {place}\r\n\r\n").unwrap();
    let mut begin = [0; 12];
    tunnel.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");

    remove(&mut house, "cam-one.local");
    let ended = loop {
        match tunnel.read(&mut [0; 4096]) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) => {
                let waited = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
                break !waited.contains(&error.kind());
            }
        }
    };
    assert!(ended, "the tunnel is still open");
    assert!(get(&browser, &place, "").starts_with("HTTP/1.1 403"));
    assert_eq!(listed(&mut house), [""; 0]);
}

#[test]
fn a_name_leads_to_the_home_network_alone() {
    let mut house = House::new();
    let browser = house.browser();
    // A service of this computer's own, to which somebody on the network leads a name.
    let own = Upstream::start();
    let _name = AnnouncedHost::new("cam-two.local", Ipv4Addr::LOCALHOST);
    add(&mut house, "cam-two.local").unwrap();
    let place = format!("cam-two.local:{}", own.address().port());
    let page = get(&browser, &place, "");
    assert!(
        page.starts_with("HTTP/1.1 504") && page.contains("No answer from cam-two.local"),
        "{page}"
    );
    assert_eq!(browser.connect(&place).unwrap().0, 502);
    assert!(own.requests().is_empty());
}

#[test]
fn other_sites_send_nothing_there() {
    let mut house = House::new();
    let browser = house.browser();
    let camera = Upstream::start_at(CAMERA);
    let _name = AnnouncedHost::new("cam-three.local", CAMERA);
    add(&mut house, "cam-three.local").unwrap();
    let place = format!("cam-three.local:{}", camera.address().port());
    for origin in ["https://news.example", "null", "http://other.local"] {
        let page = get(&browser, &place, &format!("Origin: {origin}\r\n"));
        assert!(page.starts_with("HTTP/1.1 403"), "{page}");
    }
    assert!(camera.requests().is_empty());
    let page = get(&browser, &place, &format!("Origin: http://{place}\r\n"));
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[test]
fn a_device_has_its_name_for_itself() {
    let mut house = House::new();
    let browser = house.browser();
    add(&mut house, "printer.local").unwrap();
    add(&mut house, "cam.local").unwrap();
    let paired = house.connector.pair(house.device.code());
    assert_eq!(listed(&mut house), ["cam.local"]);
    for name in &paired.names {
        assert_eq!(add(&mut house, name.as_str()), Err(ErrorKind::NameTaken));
    }
    // Plain HTTP leads to the verified page, whatever was before.
    let page = get(&browser, "printer.local", "");
    assert!(page.starts_with("HTTP/1.1 307"), "{page}");
    let Empty {} = house
        .connector
        .call(Call::RevokeDevice { device: paired.id })
        .unwrap();
    assert_eq!(listed(&mut house), ["cam.local"]);
    assert!(get(&browser, "printer.local", "").starts_with("HTTP/1.1 403"));
}

#[test]
fn the_command_line_says_what_it_means_and_asks() {
    let house = House::new();
    let settle = |arguments: &[&str]| {
        let output = house
            .home
            .command("settle")
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, said) = settle(&["unverified", "add", "cam.local", "--yes"]);
    assert!(
        code == 0 && said.contains("whoever has the network"),
        "{said}"
    );
    let (_, listed) = settle(&["unverified", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["unverified"][0]["name"], "cam.local");
    let (_, log) = settle(&["audit"]);
    assert!(
        log.contains("cam.local opens without pairing, and is not verified"),
        "{log}"
    );
    assert_eq!(settle(&["unverified", "remove", "cam.local"]).0, 0);
    let (code, said) = settle(&["unverified", "add", "example.com", "--yes"]);
    assert!(code != 0 && !said.is_empty(), "{said}");
    let (_, said) = settle(&["unverified", "list"]);
    assert_eq!(said.trim(), "No name opens without pairing.");
}
