//! A computer that administers the referee hands a name over, and a server gets its certificate with what it was given.

use serde_json::json;
use settle_tests::AcmeClient;
use settle_tests::acme::Client;
use settle_tests::curl::Http;

use super::*;
use crate::curl_of;

#[test]
fn a_name_is_handed_over_by_an_administrators_computer_and_the_server_gets_its_certificate() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let (code, said) = house.settle(&["handover", "nas.local"]);
    assert!(code != 0 && said.contains("--referee"), "{said}");
    let referee = Referee::start(&home, "referee");
    house.pair(referee.code());

    let (code, said) = house.settle(&["handover", "nas.local", "--json"]);
    assert_eq!(code, 0, "{said}");
    let handed: Value = serde_json::from_str(&said).unwrap();
    let root = home.path().join("root.pem");
    std::fs::write(&root, handed["root"].as_str().unwrap()).unwrap();
    let mut given = handed["handover"].clone();
    given["root"] = json!(root);
    let acme = AcmeClient::given(Client::Lego, &home, &referee, "nas.local", given);
    let obtained = acme.obtain("nas.local");
    assert!(obtained.status.success(), "{obtained:?}");
    let (identity, chain) = acme.identity();
    let _server = serve("nas.local", &identity, &chain);
    assert_eq!(house.settle(&["vouch", "nas.local"]).0, 0);

    // The referee tells whose computer it was.
    let curl = curl_of(&house.home, &mut house.connector);
    let role = "https://referee.local/.well-known/settle/role";
    let role: Value = serde_json::from_str(&curl.text(Http::Two, &[role])).unwrap();
    let lines = referee.ask(&["audit"]);
    let mut lines = lines["lines"].as_array().unwrap().iter();
    let granted = lines.find(|line| line["event"] == "granted").unwrap();
    assert_eq!(granted["by"], role["client"]);

    // For people, and for the other ways.
    let (_, said) = house.settle(&["handover", "tv.local", "--referee", "referee.local"]);
    for part in [
        "BEGIN CERTIFICATE",
        "certbot certonly",
        "-d tv.local",
        "ca_root root.pem",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (_, said) = house.settle(&["handover", "cam.local", "--est"]);
    assert!(
        said.contains("simpleenroll") && !said.contains("certbot"),
        "{said}"
    );
    let key = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    let (_, said) = house.settle(&["handover", "hub.local", "--key", key, "--json"]);
    let handed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(handed["handover"]["eab_kid"], Value::Null);
    let names = referee.ask(&["names"]);
    let hub = names["names"].as_array().unwrap();
    let hub = hub.iter().find(|granted| granted["name"] == "hub.local");
    assert_eq!(hub.unwrap()["holder"], format!("key {key}"));
}

#[test]
fn a_guests_computer_hands_nothing_over_and_a_device_that_is_no_referee_does_not_either() {
    let house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    house.pair(referee.code());
    let upstream = Upstream::start();
    let printer = Device::start(&house.home, upstream.address());
    house.pair(printer.code());
    let (code, said) = house.settle(&["handover", "nas.local", "--referee", "printer.local"]);
    assert!(code != 0 && said.contains("no referee"), "{said}");
    assert_eq!(upstream.requests().len(), 0);

    let (_, said) = house.settle(&["invite", "referee.local", "--json"]);
    let invitation: Value = serde_json::from_str(&said).unwrap();
    let guest = House::new();
    guest.pair(invitation["code"].as_str().unwrap());
    let (code, said) = guest.settle(&["handover", "nas.local"]);
    assert!(code != 0 && said.contains("administrators alone"), "{said}");
    assert_eq!(referee.ask(&["names"]), json!({"names": []}));
}
