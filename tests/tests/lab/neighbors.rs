//! Devices and hosts beside python-zeroconf, by which programs like Home Assistant speak multicast DNS.

use serde_json::{Value, json};
use settle_tests::lab::{Appliance, Computer, Lan};
use settle_tests::neighbor::Neighbor;

#[test]
fn python_zeroconf_sees_a_device_under_its_names_and_resolves_them() {
    let lan = Lan::new();
    let printer = Appliance::join(&lan, "printer");
    let unique = printer.device.unique_name();
    let place = |seen: &Value| {
        let addresses = seen["addresses"].as_array().unwrap();
        seen["port"] == 443 && addresses.contains(&json!(printer.host.address().to_string()))
    };
    for name in ["printer.local", unique] {
        let host = lan.host();
        let mut neighbor = host.on(|| Neighbor::watch(host.address()));
        let seen = neighbor.wait_for("device", |line| line["host"] == format!("{name}."));
        assert!(place(&seen), "{seen}");
        let texts = seen["texts"].as_array().unwrap();
        assert!(texts.contains(&json!(format!("name={unique}"))), "{seen}");
    }
}

#[test]
fn a_device_that_python_zeroconf_announces_is_found_by_its_host() {
    let lan = Lan::new();
    let mut printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    // It comes back elsewhere, and says nothing of that itself.
    printer.host.readdress(77);
    printer.restart_silently();
    let page = computer.open("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("unreachable"));
    let text = format!("name={}", printer.device.unique_name());
    let at = printer.host.address();
    let _neighbor = printer
        .host
        .on(|| Neighbor::announce(at, "printer", 443, &text));
    assert_eq!(computer.open("printer.local", "/").unwrap().status, 200);
}
