//! The network of the lab: hosts hear each other and nobody else, and what is disturbed is disturbed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use settle_tests::lab::{Appliance, Computer, Host, Lan, Weather};

/// How many packets of some that are sent in order arrive, in which order.
fn arrived(from: &Host, to: &Host, count: u16) -> Vec<u16> {
    let receiver = to.on(|| UdpSocket::bind((to.address(), 0)).unwrap());
    receiver
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let target = receiver.local_addr().unwrap();
    let sender = from.on(|| UdpSocket::bind((from.address(), 0)).unwrap());
    for number in 0..count {
        sender.send_to(&number.to_be_bytes(), target).unwrap();
    }
    let mut bytes = [0; 2];
    std::iter::from_fn(|| {
        let length = receiver.recv(&mut bytes).ok()?;
        (length == 2).then_some(u16::from_be_bytes(bytes))
    })
    .collect()
}

/// All of them, in whatever order: a kernel with several processors may change a few places itself.
fn sorted(mut arrived: Vec<u16>) -> Vec<u16> {
    arrived.sort_unstable();
    arrived
}

/// How many came before one that was sent earlier.
fn overtaken(arrived: &[u16]) -> usize {
    let mut earliest = u16::MAX;
    let is_early = |number: &&u16| {
        earliest = earliest.min(**number);
        **number > earliest
    };
    arrived.iter().rev().filter(is_early).count()
}

#[test]
fn hosts_hear_each_other_and_nothing_leads_out() {
    let lan = Lan::new();
    let (one, other) = (lan.host(), lan.host());
    let listener = other.on(|| TcpListener::bind((other.address(), 0)).unwrap());
    let target = listener.local_addr().unwrap();
    let mut there = one.on(|| TcpStream::connect(target).unwrap());
    let (mut here, from) = listener.accept().unwrap();
    assert_eq!(from.ip(), one.address());
    there.write_all(b"Is anybody there?").unwrap();
    drop(there);
    let mut heard = String::new();
    here.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "Is anybody there?");
    assert!(lan.has_heard(b"IS ANYBODY THERE?"));
    let outside: SocketAddr = "198.51.100.1:443".parse().unwrap();
    let refused = one.on(|| TcpStream::connect(outside)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::NetworkUnreachable);
    // The test itself is on neither of them.
    assert!(TcpListener::bind((one.address(), 0)).is_err());
}

#[test]
fn both_families_are_there() {
    let lan = Lan::new();
    let (one, other) = (lan.host(), lan.host());
    let listener = other.on(|| TcpListener::bind((other.address_v6(), 0)).unwrap());
    let target = listener.local_addr().unwrap();
    one.on(|| TcpStream::connect(target).unwrap());
}

#[test]
fn the_weather_loses_doubles_and_reorders_and_segments_are_apart() {
    let lan = Lan::new();
    let (one, other) = (lan.host(), lan.host());
    let all: Vec<u16> = (0..200).collect();
    let undisturbed = arrived(&one, &other, 200);
    let few = overtaken(&undisturbed);
    assert_eq!(sorted(undisturbed), all);
    let weather = |change: fn(&mut Weather)| {
        let mut weather = Weather::default();
        change(&mut weather);
        one.set_weather(weather);
    };
    weather(|weather| weather.lost = 30);
    assert!((80..190).contains(&arrived(&one, &other, 200).len()));
    weather(|weather| weather.twice = 30);
    assert!(arrived(&one, &other, 200).len() > 220);
    weather(|weather| weather.late = 30);
    let late = arrived(&one, &other, 200);
    assert!(overtaken(&late) > few + 10, "{late:?}");
    assert_eq!(sorted(late), all);
    weather(|weather| weather.delay = Duration::from_millis(20));
    assert_eq!(sorted(arrived(&one, &other, 200)), all);
    weather(|_| {});
    one.move_to_segments(2);
    assert!(arrived(&one, &other, 5).is_empty());
    other.move_to_segments(3);
    assert_eq!(arrived(&one, &other, 5).len(), 5);
    one.move_to_segments(1);
    other.set_plugged(false);
    assert!(arrived(&one, &other, 5).is_empty());
    other.set_plugged(true);
    assert_eq!(arrived(&one, &other, 5).len(), 5);
}

#[test]
fn a_device_is_found_paired_and_opened_and_nothing_of_the_page_is_on_the_wire() {
    let lan = Lan::new();
    let printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    let page = computer.open("printer.local", "/?quite-private").unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(page.body, settle_tests::upstream::PAGE);
    assert!(lan.has_heard(b"_settle"));
    assert!(!lan.has_heard(b"Ink: full"));
    assert!(!lan.has_heard(b"quite-private"));
}
