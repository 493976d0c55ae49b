//! T2: false addresses, false goodbyes, and somebody who claims a device's name as their own.

use std::net::Ipv4Addr;

use settle_tests::lab::{Appliance, Computer, Host, Lan, weak};
use settle_tests::multicast::{A, AnnouncedHost, Record, address};
use settle_tests::{Avahi, Rogue, eventually, forger};

/// What makes a record one that takes the others' place (RFC 6762 §10.2).
const FLUSH: u16 = 0x8000;

/// Records of a device as an attacker says them: at another address, or with an end.
fn falsified(said: &[Record], at: Ipv4Addr, ttl: Option<u32>) -> Vec<Record> {
    let mut said = said.to_vec();
    for record in &mut said {
        if let Some(ttl) = ttl {
            record.ttl = ttl;
            // An end of one record; with this bit it would be that of the attacker's own too.
            record.class &= !FLUSH;
        }
        if record.kind == A {
            record.data = at.octets().to_vec();
        }
    }
    said
}

fn stand_in(attacker: &Host, unique: &str) -> Rogue {
    let shown = forger::impersonate(unique);
    let at = (attacker.address(), 443).into();
    attacker.on(|| {
        let key = shown.key.clone_key();
        Rogue::showing(at, shown.chain, key, b"http/1.1", weak::answer_everything)
    })
}

#[test]
fn false_addresses_and_goodbyes_lead_a_stock_resolver_astray_and_delay_settle_only() {
    let lan = Lan::new();
    let mut printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    assert_eq!(computer.open("printer.local", "/").unwrap().status, 200);
    let unique = printer.device.unique_name().to_owned();
    let said = lan.wait_for_announcement(&[&unique]);

    let attacker = lan.host();
    let rogue = stand_in(&attacker, &unique);
    let false_address = falsified(&said, attacker.address(), None);
    let goodbye = falsified(&said, printer.host.address(), Some(0));
    let _speaking = attacker.on(|| {
        [
            AnnouncedHost::saying(false_address),
            AnnouncedHost::saying(goodbye),
        ]
    });
    // Its host has to ask the network anew. While it is away nobody says it better.
    printer.host.readdress(77);
    printer.host.set_plugged(false);

    // It goes by its short name or its unique one, as it says last.
    let name = said.iter().find(|record| record.kind == A).unwrap();
    let name = name.name.trim_end_matches('.').to_owned();
    let victim = lan.host();
    let avahi = victim.on(|| Avahi::start_on("eth0"));
    eventually("a stock resolver is led astray", || {
        let resolved = victim.on(|| avahi.resolve(&name));
        resolved.contains(&attacker.address().to_string())
    });
    let page = weak::click_through(&victim, &name, attacker.address(), "/");
    assert_eq!(page, "Your password?");
    let asked = rogue.requests().len();

    printer.host.set_plugged(true);
    let page = computer.open("printer.local", "/").unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(page.body, settle_tests::upstream::PAGE);
    assert_eq!(rogue.requests().len(), asked);
}

#[test]
fn who_claims_its_name_renames_a_stock_host_and_a_device_is_reached_all_the_same() {
    let lan = Lan::new();
    let mut printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    let unique = printer.device.unique_name().to_owned();
    let stock = lan.host();
    let avahi = stock.on(|| Avahi::start_on("eth0"));
    let name = avahi.own_name();

    // Somebody who has had both names for long, as it seems, and insists.
    let attacker = lan.host();
    let claim = |name: &str| {
        let mut claimed = address(&format!("{name}."), attacker.address());
        claimed.class |= FLUSH;
        claimed
    };
    let claims = vec![claim(&name), claim(&unique)];
    let _insisting = attacker.on(|| AnnouncedHost::saying(claims));
    eventually("the stock host gives its name up", || {
        lan.has_heard(avahi.second_name().as_bytes())
    });

    printer.host.readdress(77);
    printer.restart();
    let page = computer.open("printer.local", "/").unwrap();
    assert_eq!(page.status, 200, "{page:?}");
}
