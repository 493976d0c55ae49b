//! Multicast DNS as packets (RFC 1035 §4, RFC 6762 §18): what was said is read out of a capture, and
//! anybody can say anything. A part of the protocol, written for the tests alone.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::sockopt::{set_socket_reuseaddr, set_socket_reuseport};
use rustix::net::{AddressFamily, SocketType, bind, socket};
use settle_protocol::discovery::SERVICE;

/// Type of a record: an IPv4 address.
pub const A: u16 = 1;
/// The instance of a service.
pub const PTR: u16 = 12;
/// An IPv6 address.
pub const AAAA: u16 = 28;
/// What is said of an instance.
pub const TXT: u16 = 16;
/// Host and port of an instance.
pub const SRV: u16 = 33;

const GROUP: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);
const INTERNET: u16 = 1;
/// The record replaces what was said before (RFC 6762 §10.2).
const FLUSH: u16 = 0x8000;
const RESPONSE: u16 = 0x8400;
/// What devices say (RFC 6762 §10).
const HOST_TTL: u32 = 120;
const OTHER_TTL: u32 = 4500;
/// How often a host says where it is; more often than anybody's patience ends.
const SAY_AGAIN: Duration = Duration::from_millis(200);

/// One resource record; names in its data are written out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Its owner, in lower case, with the final dot.
    pub name: String,
    /// Its type.
    pub kind: u16,
    /// Seconds.
    pub ttl: u32,
    /// Class, with the bit for flushing.
    pub class: u16,
    /// Its data.
    pub data: Vec<u8>,
}

/// What is left of a record without names and values: type, class, time to live, lengths.
pub type Form = (u16, u16, u32, usize, usize);

/// The form of a packet.
#[must_use]
pub fn form(records: &[Record]) -> Vec<Form> {
    let form = |record: &Record| {
        let (name, data) = (record.name.len(), record.data.len());
        (record.kind, record.class, record.ttl, name, data)
    };
    records.iter().map(form).collect()
}

/// The records of an instance, in the order in which devices say them.
#[must_use]
pub fn announcement(instance: &str, host: &str, port: u16, text: &[(&str, &[u8])]) -> Vec<Record> {
    let instance = format!("{instance}.{SERVICE}");
    let record = |name: &str, kind, class, ttl, data| Record {
        name: name.to_owned(),
        kind,
        ttl,
        class,
        data,
    };
    let mut target = vec![0; 4];
    target.extend(port.to_be_bytes());
    target.extend(name(host));
    let mut strings = Vec::new();
    for (key, value) in text {
        let string = [key.as_bytes(), b"=", value].concat();
        strings.push(u8::try_from(string.len()).expect("a short string"));
        strings.extend(string);
    }
    vec![
        record(SERVICE, PTR, INTERNET, OTHER_TTL, name(&instance)),
        record(&instance, SRV, INTERNET | FLUSH, HOST_TTL, target),
        record(&instance, TXT, INTERNET | FLUSH, OTHER_TTL, strings),
        address(host, Ipv4Addr::LOCALHOST),
    ]
}

/// The address of a host.
#[must_use]
pub fn address(host: &str, address: Ipv4Addr) -> Record {
    Record {
        name: host.to_owned(),
        kind: A,
        ttl: HOST_TTL,
        class: INTERNET | FLUSH,
        data: address.octets().to_vec(),
    }
}

/// Somebody on the network who says what they like.
#[derive(Debug)]
pub struct Speaker(UdpSocket);

impl Speaker {
    /// From the port of multicast DNS, like everybody.
    #[must_use]
    pub fn new() -> Self {
        let own = socket(AddressFamily::INET, SocketType::DGRAM, None).expect("a socket");
        set_socket_reuseaddr(&own, true).expect("an option");
        set_socket_reuseport(&own, true).expect("an option");
        let any = std::net::SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, GROUP.1);
        bind(&own, &any).expect("the port of multicast DNS");
        let own = UdpSocket::from(own);
        own.set_multicast_ttl_v4(255).expect("an option");
        Self(own)
    }

    /// Says records, in one packet.
    pub fn say(&self, records: &[Record]) {
        let count = u16::try_from(records.len()).expect("not so many");
        let mut packet = head(RESPONSE, [0, count, 0, 0]);
        for record in records {
            packet.extend(name(&record.name));
            packet.extend(record.kind.to_be_bytes());
            packet.extend(record.class.to_be_bytes());
            packet.extend(record.ttl.to_be_bytes());
            let length = u16::try_from(record.data.len()).expect("short data");
            packet.extend(length.to_be_bytes());
            packet.extend(&record.data);
        }
        self.send(&packet);
    }

    /// Asks for devices.
    pub fn ask(&self) {
        let mut packet = head(0, [1, 0, 0, 0]);
        packet.extend(name(SERVICE));
        packet.extend(PTR.to_be_bytes());
        packet.extend(INTERNET.to_be_bytes());
        self.send(&packet);
    }

    fn send(&self, packet: &[u8]) {
        // Nobody has to listen, and what is too much for the system is lost.
        drop(self.0.send_to(packet, GROUP));
    }
}

/// A host that says the same again and again, until dropped.
#[derive(Debug)]
pub struct AnnouncedHost(Option<Sender<()>>, Option<JoinHandle<()>>);

impl AnnouncedHost {
    /// `name` without the final dot.
    #[must_use]
    pub fn new(name: &str, at: Ipv4Addr) -> Self {
        Self::saying(vec![address(&format!("{name}."), at)])
    }

    /// Says any records.
    #[must_use]
    pub fn saying(said: Vec<Record>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let speaking = std::thread::spawn(move || {
            let speaker = Speaker::new();
            loop {
                speaker.say(&said);
                if stopped.recv_timeout(SAY_AGAIN) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self(Some(stop), Some(speaking))
    }
}

impl Drop for AnnouncedHost {
    fn drop(&mut self) {
        drop(self.0.take());
        if let Some(speaking) = self.1.take() {
            speaking.join().expect("it speaks until it is told to stop");
        }
    }
}

impl Default for Speaker {
    fn default() -> Self {
        Self::new()
    }
}

fn head(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let head = [&[0, flags][..], &counts].concat();
    head.iter().flat_map(|part| part.to_be_bytes()).collect()
}

fn name(text: &str) -> Vec<u8> {
    let mut name = Vec::new();
    for label in text.trim_end_matches('.').split('.') {
        name.push(u8::try_from(label.len()).expect("a short label"));
        name.extend(label.bytes());
    }
    name.push(0);
    name
}

/// The payloads of the UDP packets over IPv4 in a capture (`pcap-savefile`), without their ports.
#[must_use]
pub fn packets(capture: &[u8]) -> Vec<Vec<u8>> {
    const ETHERNET: usize = 14;
    let mut packets = Vec::new();
    let mut rest = capture.get(24..).unwrap_or_default();
    while let Some(length) = rest.get(8..12) {
        let length = u32::from_ne_bytes(length.try_into().expect("four"));
        let end = 16 + usize::try_from(length).expect("a length");
        let Some(frame) = rest.get(16 + ETHERNET..end) else {
            break;
        };
        if let Some(head) = frame.first().filter(|head| *head >> 4 == 4) {
            let payload = usize::from(head & 15) * 4 + 8;
            packets.extend(frame.get(payload..).map(<[u8]>::to_vec));
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    packets
}

/// The records of an answer or an announcement, in their order; `None` for what is none.
#[must_use]
pub fn answers(packet: &[u8]) -> Option<Vec<Record>> {
    let count = |at: usize| Some(u16::from_be_bytes(packet.get(at..at + 2)?.try_into().ok()?));
    if count(2)? & 0x8000 == 0 {
        return None;
    }
    let mut reader = Reader { packet, at: 12 };
    for _ in 0..count(4)? {
        reader.name()?;
        reader.at += 4;
    }
    let all = count(6)? + count(8)? + count(10)?;
    (0..all).map(|_| reader.record()).collect()
}

struct Reader<'a> {
    packet: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn record(&mut self) -> Option<Record> {
        let name = self.name()?;
        let (kind, class) = (self.number()?, self.number()?);
        let ttl = u32::from(self.number()?) << 16 | u32::from(self.number()?);
        let end = usize::from(self.number()?) + self.at;
        let data = match kind {
            PTR => self::name(&self.name()?),
            SRV => {
                let fixed = self.packet.get(self.at..self.at + 6)?.to_vec();
                self.at += 6;
                [fixed, self::name(&self.name()?)].concat()
            }
            _ => self.packet.get(self.at..end)?.to_vec(),
        };
        self.at = end;
        Some(Record {
            name,
            kind,
            ttl,
            class,
            data,
        })
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.packet.get(self.at..self.at + 2)?.try_into().ok()?;
        self.at += 2;
        Some(u16::from_be_bytes(bytes))
    }

    fn name(&mut self) -> Option<String> {
        let (mut at, mut end, mut text) = (self.at, None, String::new());
        for _ in 0..32 {
            let length = usize::from(*self.packet.get(at)?);
            if length >= 0xc0 {
                end.get_or_insert(at + 2);
                at = (length & 0x3f) << 8 | usize::from(*self.packet.get(at + 1)?);
                continue;
            }
            at += 1;
            if length == 0 {
                self.at = end.unwrap_or(at);
                return Some(text);
            }
            let label = self.packet.get(at..at + length)?;
            text.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
            text.push('.');
            at += length;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let said = announcement("lamp", "lamp.local.", 443, &[("m", b"\x01\x02")]);
        let mut packet = head(RESPONSE, [0, 2, 0, 0]);
        for record in said.iter().take(2) {
            packet.extend(name(&record.name));
            packet.extend(record.kind.to_be_bytes());
            packet.extend(record.class.to_be_bytes());
            packet.extend(record.ttl.to_be_bytes());
            packet.extend(u16::try_from(record.data.len()).unwrap().to_be_bytes());
            packet.extend(&record.data);
        }
        assert_eq!(answers(&packet).unwrap(), said.get(..2).unwrap());
        assert_eq!(answers(&head(0, [0; 4])), None);
    }
}
