//! Multicast DNS as octets (RFC 1035 §4, RFC 6762 §18), as much as a host needs that asks where a device
//! is: questions are written, and of answers those records are read that lead to one. What others send
//! costs no more than its own length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 address.
pub const A: u16 = 1;
/// An instance of a service.
pub const PTR: u16 = 12;
/// An IPv6 address.
pub const AAAA: u16 = 28;
/// What is said of an instance.
pub const TXT: u16 = 16;
/// Host and port of an instance.
pub const SRV: u16 = 33;

const INTERNET: u16 = 1;
const RESPONSE: u16 = 0x8000;
/// What replaces what was said before has this bit in its class (RFC 6762 §10.2).
const CLASS: u16 = 0x7fff;
/// Of one packet, records and pointers within a name.
const MAX_RECORDS: usize = 256;
const MAX_JUMPS: usize = 16;
/// A name with its dots (RFC 1035 §3.1).
const MAX_NAME: usize = 255;
/// The strings of one instance.
const MAX_TEXT: usize = 1300;

/// One record; names are in lower case, with the final dot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Its owner.
    pub name: String,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// There is this instance.
    Instance(String),
    /// It is at this host and port.
    Service(String, u16),
    /// Its strings, as they are.
    Text(Vec<u8>),
    /// The host has this address.
    Address(IpAddr),
    /// It is there no more, or says nothing of interest.
    Nothing,
}

/// Asks for records; known answers are not told.
pub fn question(asked: &[(&str, u16)]) -> Vec<u8> {
    let count = u16::try_from(asked.len()).unwrap_or_default();
    let head = [0, 0, count, 0, 0, 0];
    let mut packet: Vec<u8> = head.into_iter().flat_map(u16::to_be_bytes).collect();
    for (name, kind) in asked {
        for label in name.split('.').filter(|label| !label.is_empty()) {
            let label = label.as_bytes();
            let label = label.get(..63).unwrap_or(label);
            packet.extend(u8::try_from(label.len()));
            packet.extend(label);
        }
        packet.push(0);
        packet.extend(kind.to_be_bytes());
        packet.extend(INTERNET.to_be_bytes());
    }
    packet
}

/// The records of an answer; none when it is a question, or not well formed.
pub fn read(packet: &[u8]) -> Option<Vec<Record>> {
    let mut reader = Reader { packet, at: 2 };
    let flags = reader.number()?;
    let counts = [(); 4].map(|()| reader.number());
    let [questions, answers, authorities, additional] = counts;
    if flags & RESPONSE == 0 {
        return None;
    }
    for _ in 0..questions? {
        reader.name()?;
        reader.skip(4)?;
    }
    let all = usize::from(answers?) + usize::from(authorities?) + usize::from(additional?);
    (0..all.min(MAX_RECORDS)).map(|_| reader.record()).collect()
}

/// The strings of a TXT record as keys and values (RFC 6763 §6.3): of a key that is there twice, the
/// first counts.
pub fn value<'a>(mut text: &'a [u8], key: &str) -> Option<&'a [u8]> {
    while let [length, rest @ ..] = text {
        let (string, others) = rest.split_at_checked(usize::from(*length))?;
        text = others;
        let front = string.split(|byte| *byte == b'=').next()?;
        if front.eq_ignore_ascii_case(key.as_bytes()) {
            return string.get(key.len() + 1..);
        }
    }
    None
}

struct Reader<'a> {
    packet: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn record(&mut self) -> Option<Record> {
        let name = self.name()?;
        let (kind, class) = (self.number()?, self.number()?);
        let ttl = [self.number()?, self.number()?];
        let length = usize::from(self.number()?);
        let end = self.at.checked_add(length)?;
        let bytes = self.packet.get(self.at..end)?;
        let data = match kind {
            _ if ttl == [0, 0] || class & CLASS != INTERNET => Data::Nothing,
            PTR => Data::Instance(self.name()?),
            SRV => {
                self.skip(4)?;
                let port = self.number()?;
                Data::Service(self.name()?, port)
            }
            TXT if length <= MAX_TEXT => Data::Text(bytes.to_vec()),
            A => Data::Address(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
            AAAA => Data::Address(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
            _ => Data::Nothing,
        };
        self.at = end;
        Some(Record { name, data })
    }

    fn skip(&mut self, octets: usize) -> Option<()> {
        self.at = self.at.checked_add(octets)?;
        Some(())
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.packet.get(self.at..)?.first_chunk()?;
        self.at += 2;
        Some(u16::from_be_bytes(*bytes))
    }

    fn name(&mut self) -> Option<String> {
        let (mut at, mut end, mut jumps) = (self.at, None, 0);
        let mut name = String::new();
        loop {
            let length = usize::from(*self.packet.get(at)?);
            match length {
                0 => {
                    self.at = end.unwrap_or(at + 1);
                    return Some(name);
                }
                1..=63 => {
                    let label = self.packet.get(at + 1..=at + length)?;
                    name.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
                    name.push('.');
                    at += 1 + length;
                }
                0xc0.. => {
                    end.get_or_insert(at + 2);
                    at = (length & 0x3f) << 8 | usize::from(*self.packet.get(at + 1)?);
                    jumps += 1;
                }
                _ => return None,
            }
            if name.len() > MAX_NAME || jumps > MAX_JUMPS {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with one record of this owner (a pointer to the question's name) and this data.
    fn answer(kind: u16, ttl: u8, data: &[u8]) -> Vec<u8> {
        let mut packet = question(&[("_settle._tcp.local.", PTR)]);
        packet[2] = 0x84;
        packet[7] = 1;
        packet.extend([0xc0, 12]);
        packet.extend(kind.to_be_bytes());
        packet.extend([0x80, 1, 0, 0, 0, ttl]);
        packet.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        packet.extend(data);
        packet
    }

    fn read_one(packet: &[u8]) -> Option<Record> {
        read(packet)?.pop()
    }

    #[test]
    fn records_are_read_with_their_pointers_and_others_are_passed_over() {
        let name = "_settle._tcp.local.";
        let is = |kind, data: &[u8], wanted: Data| {
            let record = read_one(&answer(kind, 9, data)).unwrap();
            assert_eq!((record.name.as_str(), record.data), (name, wanted));
        };
        is(
            PTR,
            &[1, b'A', 0xc0, 12],
            Data::Instance(format!("a.{name}")),
        );
        is(
            SRV,
            &[0, 0, 0, 0, 1, 2, 0xc0, 12],
            Data::Service(name.to_owned(), 258),
        );
        is(TXT, b"\x03m=x", Data::Text(b"\x03m=x".to_vec()));
        is(
            A,
            &[127, 0, 0, 1],
            Data::Address(Ipv4Addr::LOCALHOST.into()),
        );
        is(47, b"whatever", Data::Nothing);
        let gone = read_one(&answer(A, 0, &[127, 0, 0, 1])).unwrap();
        assert_eq!(gone.data, Data::Nothing);
        assert_eq!(
            read(&question(&[(name, PTR)])),
            None,
            "a question is no answer"
        );
    }

    #[test]
    fn no_cut_or_twisted_packet_is_read_beyond_its_end() {
        let whole = answer(SRV, 9, &[0, 0, 0, 0, 1, 2, 0xc0, 12]);
        for end in 0..whole.len() {
            assert_eq!(read(whole.get(..end).unwrap()).unwrap_or_default(), []);
        }
        let mut turning = answer(PTR, 9, &[0xc0, 49]);
        assert_eq!(read(&turning), None, "a name that leads to itself");
        for index in 0..turning.len() {
            for byte in [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff] {
                let was = std::mem::replace(&mut turning[index], byte);
                drop(read(&turning));
                turning[index] = was;
            }
        }
    }

    #[test]
    fn of_the_strings_the_first_of_a_key_counts() {
        let text = b"\x03v=1\x04m=ab\x04M=cd\x01x";
        assert_eq!(value(text, "m"), Some(&b"ab"[..]));
        assert_eq!(value(text, "V"), Some(&b"1"[..]));
        assert_eq!((value(text, "x"), value(text, "y")), (None, None));
        assert_eq!(value(b"\x09m=a", "m"), None);
    }
}
