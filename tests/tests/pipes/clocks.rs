//! Clocks that are wrong by years, on either side: a device that nobody has told the time since it was
//! switched on, one that is decades ahead, and both when they learn it while they run.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::Event;
use settle_tests::curl::Http;
use settle_tests::server::{Identity, Issuer, Server};
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::{browser_of, curl_of};

/// What curl ends with where it does not take a certificate.
const BAD_CERTIFICATE: i32 = 60;

/// A device whose clock is its own, and somebody who knows what time it is.
struct Scene {
    // In the order in which they have to go.
    connector: Connector,
    device: Device,
    upstream: Upstream,
    home: Home,
}

impl Scene {
    fn with_device_at(days: i64) -> Self {
        let mut home = Home::new(Keyring::Unlocked);
        let upstream = Upstream::start();
        home.set_clock(days);
        let device = Device::start(&home, upstream.address());
        home.tell_time();
        let connector = Connector::start(&home);
        Self {
            connector,
            device,
            upstream,
            home,
        }
    }

    /// Somebody tells the device the time, or another one.
    fn set_clock(&mut self, days: i64) {
        self.home.set_clock(days);
        self.home.tell_time();
    }

    #[track_caller]
    fn works(&mut self) {
        let browser = browser_of(&mut self.connector);
        let page = browser.get("printer.local", "/").unwrap();
        assert_eq!((page.status, page.header("settle-refusal")), (200, None));
        assert!(!self.upstream.requests().is_empty());
    }
}

const DAY: u64 = 24 * 60 * 60;

/// The number of a day since the epoch, ten minutes from now.
fn today(moved: i64) -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    ((since.as_secs() + 600) / DAY)
        .checked_add_signed(moved)
        .unwrap()
}

/// The days between now and the first ones of 1970, on which clocks begin that nobody has set.
fn to_1970() -> i64 {
    -i64::try_from(today(-1)).unwrap()
}

/// Into the middle of the forties.
const TO_2045: i64 = 19 * 365;

#[test]
fn a_device_that_starts_in_1970_or_decades_ahead_is_paired_and_used_and_gets_its_time() {
    for days in [to_1970(), TO_2045] {
        let mut scene = Scene::with_device_at(days);
        scene.connector.pair(scene.device.code());
        scene.works();
        scene.set_clock(0);
        scene.works();
        // Nothing of before is needed: another connection, to another leaf.
        scene.home.end_daemon();
        scene.connector = Connector::start(&scene.home);
        scene.works();
    }
}

#[test]
fn a_code_on_show_neither_dies_nor_changes_when_the_clock_is_set() {
    for (before, after) in [(to_1970(), 0), (TO_2045, 0), (0, to_1970()), (0, TO_2045)] {
        let mut scene = Scene::with_device_at(before);
        scene.set_clock(after);
        let shown = scene.device.code().to_owned();
        let end = PairingMaterial::parse(&shown).unwrap().expires_at.unwrap();
        assert!(
            (end / DAY).abs_diff(today(before)) <= 1,
            "it was shown by that clock"
        );
        scene.connector.pair(&shown);
        scene.device.wait_for("paired");
        scene.works();
    }
}

#[test]
fn a_device_that_is_months_behind_is_blocked_with_the_reason_until_it_learns_the_time() {
    let mut scene = Scene::with_device_at(-200);
    scene.connector.pair(scene.device.code());
    let browser = browser_of(&mut scene.connector);
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("expired"));
    let advice = "Check the date and time of this computer and of the device";
    assert!(page.body.contains(advice), "{}", page.body);
    let blocked = |event: &Event| matches!(event, Event::DeviceBlocked { .. });
    scene.connector.wait_for_event(blocked);
    assert!(scene.upstream.requests().is_empty());
    scene.set_clock(0);
    scene.works();
}

#[test]
fn a_restart_by_a_clock_that_nobody_set_shows_another_code() {
    let mut scene = Scene::with_device_at(to_1970());
    let old = scene.device.code().to_owned();
    drop(scene.device);
    scene.home.set_clock(to_1970());
    let again = settle_tests::device::Setup {
        shows_code: true,
        ..Default::default()
    };
    scene.device = Device::start_as(&scene.home, scene.upstream.address(), &again);
    scene.home.tell_time();
    assert_ne!(scene.device.code(), old);
    scene.connector.pair(scene.device.code());
    scene.works();
}

/// What a browser of this home gets, which believes the same clock as the host.
fn asked(home: &Home, connector: &mut Connector) -> String {
    let curl = curl_of(home, connector);
    let mut command = curl.command(Http::One, &["--include", "https://printer.local/"]);
    let output = command.envs(home.environment()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_host_whose_clock_is_decades_behind_pairs_and_browses() {
    let mut home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let device = Device::start(&home, upstream.address());
    home.travel(to_1970());
    let mut connector = Connector::start(&home);
    connector.pair(device.code());
    let answer = asked(&home, &mut connector);
    assert!(answer.contains("Ink: full"), "{answer}");
    // Who judges a certificate by such a clock alone gets no page of a server that is all right.
    let identity = Identity::make(home.path(), "other", "IP:127.0.0.1", Issuer::Itself);
    let server = Server::start(&identity);
    let by_clock = |home: &Home| {
        let mut curl = home.command_of(Path::new("curl"));
        curl.args(["--silent", "--cacert"])
            .arg(&identity.certificate);
        let page = curl.arg(format!("https://{}/", server.address())).output();
        page.unwrap().status.code()
    };
    assert_eq!(by_clock(&home), Some(BAD_CERTIFICATE));
    home.tell_time();
    assert_eq!(by_clock(&home), Some(0));
}

#[test]
fn a_host_whose_clock_is_decades_ahead_pairs_and_says_why_it_does_not_browse() {
    let mut home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let device = Device::start(&home, upstream.address());
    home.travel(TO_2045);
    let mut connector = Connector::start(&home);
    // By its clock the code is as old.
    connector.pair(device.code());
    let answer = asked(&home, &mut connector);
    assert!(answer.contains("settle-refusal: expired"), "{answer}");
    assert!(
        answer.contains("Check the date and time of this computer"),
        "{answer}"
    );
    assert!(upstream.requests().is_empty());
    home.end_daemon();
    home.tell_time();
    let mut connector = Connector::start(&home);
    let answer = asked(&home, &mut connector);
    assert!(answer.contains("Ink: full"), "{answer}");
}
