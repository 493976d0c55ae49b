//! Somebody on the network who says false things of devices, and as much as they can: the right device
//! is reached all the same, since its key decides, and the daemon stays small.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use settle_protocol::material::PairingMaterial;
use settle_tests::census::{daemons_of, memory};
use settle_tests::device::Setup;
use settle_tests::multicast::{self, Record, SRV, Speaker};
use settle_tests::{Connector, Device, Home, Keyring, Upstream, Wire, eventually};

use super::House;

/// What the daemon may have more in memory while the network is flooded, in KiB.
const BOUND: u64 = 16 * 1024;

/// How much is said at once, and how often: ten thousand packets a second. Who sends as much as the
/// network carries keeps everybody from hearing anything.
const AT_ONCE: u32 = 10;
const PACE: Duration = Duration::from_millis(1);

/// Somebody who talks until dropped.
struct Attacker {
    stop: Option<Sender<()>>,
    talking: Option<JoinHandle<()>>,
}

impl Attacker {
    /// Says what `next` thinks of, again and again.
    fn start(mut next: impl FnMut(u32) -> Vec<Record> + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let (begun, waiting) = mpsc::channel();
        let talking = thread::spawn(move || {
            let speaker = Speaker::new();
            let mut number = 0;
            while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
                for _ in 0..AT_ONCE {
                    speaker.say(&next(number));
                    number += 1;
                }
                if number == AT_ONCE {
                    begun.send(()).unwrap();
                }
            }
        });
        waiting.recv().unwrap();
        Self {
            stop: Some(stop),
            talking: Some(talking),
        }
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.stop.take();
        self.talking.take().map(JoinHandle::join);
    }
}

/// A house whose paired device has moved, so that its host has to ask the network.
fn moved(label: &str, portable: bool) -> (House, String) {
    let setup = Setup {
        name: label.to_owned(),
        announce: true,
        portable,
        ..Setup::default()
    };
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let mut connector = Connector::start(&home);
    let device = Device::start_as(&home, upstream.address(), &setup);
    connector.pair(device.code());
    drop(device);
    let elsewhere = Setup {
        listen: "127.0.0.2:0".parse().unwrap(),
        ..setup
    };
    let house = House {
        device: Device::start_as(&home, upstream.address(), &elsewhere),
        connector,
        upstream,
        home,
    };
    (house, format!("{label}.local"))
}

impl House {
    fn reaches(&mut self, name: &str) {
        assert_eq!(self.browser().get(name, "/").unwrap().status, 200);
    }
}

/// Takes connections, and says nothing on them.
fn tarpit(address: IpAddr) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn more_instances_than_can_be_listened_to_leave_the_daemon_small_and_the_device_reached() {
    for portable in [false, true] {
        let (mut house, name) = moved("flooded", portable);
        let daemon = daemons_of(house.home.path()).remove(0);
        let before = memory(daemon, "VmRSS");
        let junk = [0xa5; 240];
        let _attacker = Attacker::start(move |number| {
            let instance = format!("bogus-{number}");
            let host = format!("bogus-{number}.local.");
            multicast::announcement(&instance, &host, 443, &[("m", &junk), ("name", b"a.local")])
        });
        house.reaches(&name);
        let most = memory(daemon, "VmHWM");
        assert!(most < before + BOUND, "{before} KiB, {most} KiB");
    }
}

#[test]
fn many_who_take_the_devices_name_and_say_nothing_delay_it_only() {
    let (mut house, name) = moved("impersonated", false);
    let unique = house.device.unique_name().to_owned();
    let (_tarpit, trap) = tarpit(Ipv4Addr::new(127, 0, 0, 3).into());
    let _attacker = Attacker::start(move |number| {
        let instance = format!("twin-{}", number % 100);
        let host = format!("twin-{}.local.", number % 100);
        let text: [(&str, &[u8]); 1] = [("name", unique.as_bytes())];
        let mut said = multicast::announcement(&instance, &host, trap.port(), &text);
        said.pop();
        let last = u8::try_from(number % 100).unwrap();
        said.push(multicast::address(&host, Ipv4Addr::new(127, 0, 3, last)));
        said
    });
    house.reaches(&name);
}

#[test]
fn foreign_addresses_under_the_devices_own_host_name_delay_it_only() {
    let (mut house, name) = moved("joined", false);
    let host = format!("{}.", house.device.unique_name());
    let _attacker = Attacker::start(move |number| {
        let last = u8::try_from(number % 20 + 10).unwrap();
        let mut record = multicast::address(&host, Ipv4Addr::new(127, 0, 4, last));
        // It joins the set, and replaces nobody.
        record.class &= 0x7fff;
        vec![record]
    });
    house.reaches(&name);
}

#[test]
fn masks_that_somebody_repeats_lead_to_nobody_and_the_device_is_found() {
    let wire = Wire::listen("udp port 5353");
    let (mut house, name) = moved("repeated", true);
    let masks = || -> Vec<Record> {
        let packets = multicast::packets(&wire.heard());
        let answers = packets
            .iter()
            .filter_map(|packet| multicast::answers(packet));
        answers.flatten().collect()
    };
    // Of the device as it was before it moved, and as it is.
    let port = house.device.address().port().to_be_bytes();
    eventually("the device shows a mask", || {
        masks()
            .iter()
            .any(|record| record.kind == SRV && record.data.get(4..6) == Some(&port))
    });
    let (_tarpit, trap) = tarpit(Ipv4Addr::new(127, 0, 0, 5).into());
    let recorded: Vec<Record> = masks()
        .into_iter()
        .filter(|record| record.ttl > 0)
        .collect();
    let count = recorded.len();
    let _attacker = Attacker::start(move |number| {
        let at = usize::try_from(number).unwrap() % count;
        let mut said = recorded[at].clone();
        match said.kind {
            SRV => said.data[4..6].copy_from_slice(&trap.port().to_be_bytes()),
            multicast::A => said.data = vec![127, 0, 0, 5],
            _ => {}
        }
        // It replaces nobody, or nothing would be left of the device.
        said.class &= 0x7fff;
        vec![said]
    });
    house.reaches(&name);
}

#[test]
fn a_code_without_an_address_finds_its_device_in_a_flood() {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let setup = Setup {
        portable: true,
        ..Setup::default()
    };
    let mut connector = Connector::start(&home);
    let device = Device::start_as(&home, upstream.address(), &setup);
    let code = PairingMaterial {
        addresses: Vec::new(),
        ..PairingMaterial::parse(device.code()).unwrap()
    };
    let _attacker = Attacker::start(|number| {
        let (instance, host) = (format!("b-{number}"), format!("b-{number}.local."));
        multicast::announcement(&instance, &host, 443, &[("tags", &[b'a'; 250])])
    });
    connector.pair(&code.to_code());
}
