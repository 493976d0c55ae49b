//! Devices that know nothing of Settle, by certificates that the user got from them: trusted for one
//! name, verified on every connection, and never because of what answers now.

use std::process::Output;

use serde_json::Value;
use settle_tests::server::{Identity, Issuer, Server};
use settle_tests::{Connector, Home, Keyring, Visit};

use super::browser_of;

const NAME: &str = "nas.local";

struct House {
    connector: Connector,
    home: Home,
}

impl House {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        Self {
            connector: Connector::start(&home),
            home,
        }
    }

    fn identity(&self, file: &str, names: &str) -> Identity {
        Identity::make(self.home.path(), file, names, Issuer::Itself)
    }

    fn settle(&self, arguments: &[&str]) -> (i32, String) {
        let output: Output = self
            .home
            .command("settle")
            .args(arguments)
            .output()
            .unwrap();
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        (output.status.code().unwrap(), text)
    }

    /// Imports for [`NAME`], by a source that is two arguments, a server that listens somewhere.
    fn import(&self, server: &Server, source: [&str; 2]) -> (i32, String) {
        let (port, address) = (server.address().port(), server.address());
        let (port, address) = (port.to_string(), address.to_string());
        let [kind, value] = source;
        self.settle(&[
            "import",
            "--name",
            NAME,
            "--port",
            &port,
            "--address",
            &address,
            kind,
            value,
            "--yes",
        ])
    }

    fn browser(&mut self) -> Visit {
        browser_of(&mut self.connector)
    }
}

#[test]
fn a_fingerprint_opens_a_device_for_its_one_name() {
    let mut house = House::new();
    // As many devices have it: their certificate does not even name them so.
    let nas = house.identity("nas", "DNS:DiskStation,IP:192.168.1.20");
    let server = Server::start(&nas);
    let (code, said) = house.import(&server, ["--fingerprint", &nas.fingerprint()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("This is no pairing"), "{said}");
    let browser = house.browser();
    let page = browser.get(NAME, "/").unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains("TLSv1.3"), "{}", page.body);
    for other in ["a.nas.local", "nas.home.arpa", "diskstation.local"] {
        assert!(browser.get(other, "/").is_err(), "{other}");
    }
    let (_, shown) = house.settle(&["show", NAME, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["kind"], "certificate");
    assert_eq!(house.settle(&["rename", NAME, "other"]).0, 1);
    assert_eq!(house.settle(&["revoke", NAME]).0, 0);
    assert!(browser.get(NAME, "/").is_err());
}

#[test]
fn a_self_signed_certificate_is_imported_whole() {
    let mut house = House::new();
    let nas = house.identity("nas", "DNS:nas.local");
    let server = Server::start(&nas);
    let pem = nas.certificate.to_str().unwrap();
    let (code, said) = house.import(&server, ["--pem", pem]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(house.browser().get(NAME, "/").unwrap().status, 200);
}

#[test]
fn an_authority_vouches_for_the_one_name_that_it_was_imported_for() {
    let mut house = House::new();
    let authority = house.identity("authority", "DNS:authority.local");
    let issue = |file, names| {
        Identity::make(
            house.home.path(),
            file,
            names,
            Issuer::Authority(&authority),
        )
    };
    let (right, wrong) = (
        issue("right", "DNS:nas.local"),
        issue("wrong", "DNS:printer.local"),
    );
    let server = Server::start(&right);
    let address = server.address().to_string();
    let pem = authority.certificate.to_str().unwrap();
    let (code, said) = house.import(&server, ["--pem", pem]);
    assert_eq!(code, 0, "{said}");
    let browser = house.browser();
    assert_eq!(browser.get(NAME, "/").unwrap().status, 200);
    drop(server);
    let _server = Server::start_at(&wrong, &address);
    let page = browser.get(NAME, "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("broken_rule"));
}

#[test]
fn another_certificate_at_the_same_place_gets_nothing() {
    let mut house = House::new();
    let (nas, twin) = (
        house.identity("nas", "DNS:nas.local"),
        house.identity("twin", "DNS:nas.local"),
    );
    let server = Server::start(&nas);
    let address = server.address().to_string();
    let (code, _) = house.import(&server, ["--fingerprint", &nas.fingerprint()]);
    assert_eq!(code, 0);
    drop(server);
    let _twin = Server::start_at(&twin, &address);
    let page = house.browser().get(NAME, "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_certificate"));
    assert!(page.body.contains(&twin.fingerprint()), "{}", page.body);
}

#[test]
fn what_cannot_be_imported_is_said_and_nothing_is_stored() {
    let house = House::new();
    let nas = house.identity("nas", "DNS:nas.local");
    let server = Server::start(&nas);
    let key = house.home.path().join("nas.key");
    let empty = house.home.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let sha1 = "da:39:a3:ee:5e:6b:4b:0d:32:55:bf:ef:95:60:18:90:af:d8:07:09";
    for (source, words) in [
        (["--pem", key.to_str().unwrap()], "private key"),
        (["--pem", empty.to_str().unwrap()], "no certificate"),
        (["--pem", "/nonexistent"], "/nonexistent"),
        (["--fingerprint", sha1], "SHA-1"),
        (["--fingerprint", "abc"], "64"),
    ] {
        let (code, said) = house.import(&server, source);
        assert_eq!(code, 1, "{source:?}: {said}");
        assert!(said.contains(words), "{source:?}: {said}");
    }
    let (_, listed) = house.settle(&["list", "--json"]);
    assert_eq!(listed.trim(), r#"{"devices":[]}"#);
    // Nobody said yes.
    let print = nas.fingerprint();
    let (code, said) = house.settle(&["import", "--name", NAME, "--fingerprint", &print]);
    assert_eq!(code, 3, "{said}");
    // Names outside of the local namespaces are none of ours.
    let public = [
        "import",
        "--name",
        "example.com",
        "--fingerprint",
        &print,
        "--yes",
    ];
    assert_eq!(house.settle(&public).0, 1);
}

#[test]
fn a_name_that_a_device_has_is_not_taken_over() {
    let house = House::new();
    let nas = house.identity("nas", "DNS:nas.local");
    let server = Server::start(&nas);
    let print = nas.fingerprint();
    assert_eq!(house.import(&server, ["--fingerprint", &print]).0, 0);
    let (code, said) = house.import(&server, ["--fingerprint", &print]);
    assert_eq!(code, 1);
    assert!(said.contains(NAME), "{said}");
}
