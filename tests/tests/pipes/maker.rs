//! What a maker says of a device, from the factory to the user's decision; and devices that say it of
//! themselves without right. Whatever is said, the user decides, and the code is what proves.

mod believed;

use std::path::PathBuf;
use std::process::{Output, Stdio};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use settle_protocol::rpc::maker::{MakerProblem, MakerStatement};
use settle_protocol::rpc::{Call, Empty};
use settle_tests::device::Setup;
use settle_tests::{Connector, Device, Home, Keyring, Upstream};
use sha2::{Digest, Sha256};

use super::commands::{good, settle, text};

/// A maker's factory in a home.
struct Works<'a> {
    home: &'a Home,
    name: &'static str,
}

impl<'a> Works<'a> {
    fn new(home: &'a Home, name: &'static str) -> Self {
        let works = Self { home, name };
        works.run(&["ca", "--name", name, "--directory", &works.directory()]);
        works
    }

    fn directory(&self) -> String {
        self.path(&self.name.replace(' ', "-"))
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) {
        let output = maker(self.home, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    }

    /// Makes a device with a serial number, and vouches for it.
    fn make(&self, state: &str, serial_number: &str) {
        self.make_as(state, serial_number, &[]);
    }

    fn make_as(&self, state: &str, serial_number: &str, more: &[&str]) {
        let (directory, state) = (self.directory(), self.path(state));
        let device = [
            "--maker", &directory, "--name", "printer", "--state", &state,
        ];
        let issue = [
            &["device"],
            &device[..],
            &["--serial-number", serial_number],
        ];
        self.run(&issue.concat());
        self.run(&[&["voucher"], &device[..], more].concat());
    }

    /// Puts the maker on the user's list.
    fn list(&self, serial_numbers: &str) {
        let file = format!("{}/maker.pem", self.directory());
        let add = ["maker", "add", &file, "--name", self.name, "--yes"];
        good(
            self.home,
            &[&add[..], &["--serial-numbers", serial_numbers]].concat(),
        );
    }
}

fn maker(home: &Home, arguments: &[&str]) -> Output {
    let mut command = home.command("settle-device");
    command.arg("maker").args(arguments).output().unwrap()
}

/// Starts what a factory has made; it shows its code although its state was there.
fn start(home: &Home, upstream: &Upstream, state: &str) -> Device {
    let setup = Setup {
        state: state.to_owned(),
        ..Setup::default()
    };
    let mut device = Device::start_as(home, upstream.address(), &setup);
    device.wait_for_new_code();
    device
}

/// What the decision about a device says of its maker. Nothing is decided.
fn said(home: &Home, state: &str) -> Option<MakerStatement> {
    let upstream = Upstream::start();
    let device = start(home, &upstream, state);
    let mut connector = Connector::start(home);
    let decision = connector.start_pairing(device.code()).unwrap();
    let pairing = decision.pairing;
    let Empty {} = connector.call(Call::AbortPairing { pairing }).unwrap();
    decision.maker
}

fn problem(home: &Home, state: &str) -> MakerProblem {
    match said(home, state) {
        Some(MakerStatement::Invalid { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

/// What a device has of its maker, as its file has it.
fn evidence(home: &Home, state: &str) -> Value {
    let file = std::fs::read_to_string(file(home, state)).unwrap();
    let (_, body) = file.split_once('\n').unwrap();
    serde_json::from_str(body).unwrap()
}

/// Puts something else there, as whoever owns the device can.
fn forge(home: &Home, state: &str, evidence: &Value) {
    let body = serde_json::to_string(evidence).unwrap();
    let sum = Sha256::digest(format!("maker 1\n{body}"));
    let sum = HEXLOWER.encode(&sum);
    let content = format!("settle-device maker 1 {sum}\n{body}");
    std::fs::write(file(home, state), content).unwrap();
}

fn file(home: &Home, state: &str) -> PathBuf {
    home.path().join(state).join("maker")
}

fn valid(maker: &str, serial_number: &str) -> Option<MakerStatement> {
    let said = json!({ "verdict": "valid", "maker": maker, "serial_number": serial_number });
    Some(serde_json::from_value(said).unwrap())
}

#[test]
fn a_device_of_a_listed_maker_is_said_to_be_that() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, "Example Works");
    works.list("SN-*");
    works.make("cms", "SN-1");
    works.make_as("jws", "SN-2", &["--form", "jws", "--days", "30"]);
    assert_eq!(said(&home, "cms"), valid("Example Works", "SN-1"));
    assert_eq!(said(&home, "jws"), valid("Example Works", "SN-2"));

    // On the command line too, and it still asks.
    let upstream = Upstream::start();
    let device = start(&home, &upstream, "cms");
    let asked = settle(&home, &["pair", device.code()]);
    assert_eq!(asked.status.code(), Some(3));
    let said = text(&asked);
    assert!(
        said.contains("made by Example Works, serial number SN-1"),
        "{said}"
    );
    good(&home, &["pair", device.code(), "--yes"]);
    assert_eq!(device.clients_on_disk(), 1);
    let log = good(&home, &["audit"]);
    assert!(
        log.contains("printer.local was made by Example Works"),
        "{log}"
    );
}

/// The voucher pins the first root, from which links lead to the one that pairs.
#[test]
fn a_voucher_holds_after_rollovers_and_for_no_other_device_that_rolled_over() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, "Example Works");
    works.list("SN-*");
    for (state, serial_number) in [("ours", "SN-1"), ("theirs", "SN-2")] {
        works.make(state, serial_number);
        for _ in 0..2 {
            let mut command = home.command("settle-device");
            let state = home.path().join(state);
            let rolled = command.arg("rollover").arg("--state").arg(state).output();
            assert!(rolled.unwrap().status.success());
        }
        assert_eq!(said(&home, state), valid("Example Works", serial_number));
    }
    forge(&home, "theirs", &evidence(&home, "ours"));
    assert_eq!(problem(&home, "theirs"), MakerProblem::OtherDevice);
}

#[test]
fn nothing_is_said_of_devices_of_nobody_or_of_strangers() {
    let home = Home::new(Keyring::Unlocked);
    Works::new(&home, "Listed").list("*");
    Works::new(&home, "Stranger").make("stranger", "SN-1");
    assert_eq!(said(&home, "stranger"), None);

    let upstream = Upstream::start();
    let plain = Device::start(&home, upstream.address());
    let mut connector = Connector::start(&home);
    let decision = connector.start_pairing(plain.code()).unwrap();
    assert_eq!(decision.maker, None);
    connector.commit(&decision).unwrap();
}

#[test]
fn what_another_device_has_is_a_warning() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, "Example Works");
    works.list("*");
    for (state, serial_number) in [("real", "SN-1"), ("voucher", "SN-2"), ("thief", "SN-3")] {
        works.make(state, serial_number);
    }
    let real = evidence(&home, "real");

    let mut forged = evidence(&home, "voucher");
    forged["voucher"] = real["voucher"].clone();
    forge(&home, "voucher", &forged);
    assert_eq!(problem(&home, "voucher"), MakerProblem::OtherDevice);

    // All that goes over the wire, without the key.
    let mut forged = real.clone();
    forged["key"] = evidence(&home, "thief")["key"].clone();
    forge(&home, "thief", &forged);
    assert_eq!(problem(&home, "thief"), MakerProblem::NotPossessed);

    // Even with the key it is not the device with that root.
    forge(&home, "thief", &real);
    assert_eq!(problem(&home, "thief"), MakerProblem::OtherDevice);
    assert_eq!(said(&home, "real"), valid("Example Works", "SN-1"));
}

#[test]
fn an_expired_voucher_is_a_warning() {
    let mut home = Home::new(Keyring::Unlocked);
    home.travel(-10);
    let works = Works::new(&home, "Example Works");
    works.make_as("device", "SN-1", &["--days", "3"]);
    home.travel(0);
    let works = Works {
        home: &home,
        name: "Example Works",
    };
    works.list("*");
    assert_eq!(problem(&home, "device"), MakerProblem::Expired);
}

#[test]
fn a_counterfeit_of_the_same_name_is_a_warning_that_needs_an_answer() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, "Example Works");
    works.list("*");
    std::fs::rename(works.directory(), works.path("kept")).unwrap();
    Works::new(&home, "Example Works").make("device", "SN-1");
    assert_eq!(problem(&home, "device"), MakerProblem::Broken);

    // Nobody has agreed to that in advance.
    let upstream = Upstream::start();
    let device = start(&home, &upstream, "device");
    let pair = ["pair", device.code(), "--yes"];
    let stopped = settle(&home, &pair);
    assert_eq!(stopped.status.code(), Some(3));
    let said = text(&stopped);
    assert!(said.contains("WARNING"), "{said}");
    assert!(said.contains("Example Works"), "{said}");
    assert_eq!(device.clients_on_disk(), 0);

    let mut command = home.command("settle");
    let mut agreed = command
        .args(pair)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut agreed.stdin.take().unwrap(), b"yes\n").unwrap();
    assert!(agreed.wait().unwrap().success());
    assert_eq!(device.clients_on_disk(), 1);
    let log = good(&home, &["audit"]);
    assert!(log.contains("was paired all the same"), "{log}");
}

#[test]
fn a_maker_is_believed_about_its_serial_numbers_until_it_is_taken_off() {
    let home = Home::new(Keyring::Unlocked);
    let works = Works::new(&home, "Example Works");
    works.list("XN-*");
    works.make("device", "SN-1");
    assert_eq!(problem(&home, "device"), MakerProblem::OutOfScope);

    let listed = good(&home, &["maker", "list"]);
    assert!(listed.contains("XN-*"), "{listed}");
    let file = format!("{}/maker.pem", works.directory());
    let twice = settle(&home, &["maker", "add", &file, "--name", "Other", "--yes"]);
    assert_eq!(twice.status.code(), Some(1));
    let key = format!("{}/maker.key", works.directory());
    let key = settle(&home, &["maker", "add", &key, "--name", "Other", "--yes"]);
    assert!(text(&key).contains("private key"), "{}", text(&key));
    let removed = good(&home, &["maker", "remove", "Example Works", "--json"]);
    let removed: Value = serde_json::from_str(&removed).unwrap();
    assert_eq!(removed["serial_numbers"], "XN-*");
    let gone = settle(&home, &["maker", "remove", "Example Works"]);
    assert_eq!(gone.status.code(), Some(6));
    assert_eq!(said(&home, "device"), None);
    works.list("SN-?*");
    works.home.end_daemon();
    // A question mark stands for itself.
    assert_eq!(problem(&home, "device"), MakerProblem::OutOfScope);
    let log = good(&home, &["audit"]);
    assert!(
        log.contains("Example Works was put on the list of makers"),
        "{log}"
    );
    assert!(
        log.contains("Example Works was taken off the list"),
        "{log}"
    );
}
