//! The network changes while somebody browses: the next page comes by itself, on new connections, and
//! nothing is asked of the user.

use std::time::Instant;

use settle_tests::Visit;
use settle_tests::lab::{Appliance, Computer, Lan};
use settle_tests::visit::Page;

/// A house whose browser has just seen the printer's page.
struct House {
    computer: Computer,
    printer: Appliance,
    browser: Visit,
    _lan: Lan,
}

impl House {
    fn new() -> Self {
        let lan = Lan::new();
        let printer = Appliance::join(&lan, "printer");
        let mut computer = Computer::join(&lan);
        computer.pair(printer.device.code());
        let house = Self {
            browser: computer.browser(),
            computer,
            printer,
            _lan: lan,
        };
        assert_eq!(house.open(), 200);
        house
    }

    fn page(&self) -> Page {
        let browser = &self.browser;
        let page = self.computer.host.on(|| browser.get("printer.local", "/"));
        page.unwrap()
    }

    fn open(&self) -> u16 {
        self.page().status
    }

    /// The next page comes; how long it takes is told to whoever looks.
    fn recovers(&self) {
        let start = Instant::now();
        assert_eq!(self.open(), 200);
        let took = start.elapsed();
        println!("the next page took {took:?}");
    }
}

#[test]
fn a_device_with_another_address_is_found_though_its_connections_are_open() {
    let mut house = House::new();
    house.printer.host.readdress(77);
    house.printer.restart();
    house.recovers();
}

#[test]
fn a_computer_with_another_address_reaches_the_device_again() {
    let mut house = House::new();
    house.computer.host.readdress(78);
    house.recovers();
}

#[test]
fn a_computer_that_loses_a_family_of_addresses_goes_on_with_the_other() {
    let house = House::new();
    house.computer.host.forget_addresses("-4");
    house.printer.host.forget_addresses("-4");
    house.recovers();
}

#[test]
fn after_a_cable_was_pulled_and_put_in_again_the_next_page_comes() {
    let house = House::new();
    house.printer.host.set_plugged(false);
    assert_eq!(house.page().header("settle-refusal"), Some("unreachable"));
    house.printer.host.set_plugged(true);
    house.recovers();
}

#[test]
fn an_interface_that_was_off_and_is_on_again_is_used() {
    let house = House::new();
    house.computer.host.set_up(false);
    house.computer.host.set_up(true);
    house.recovers();
}
