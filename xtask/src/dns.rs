//! Reading DNS messages (RFC 1035 §4.1, RFC 6762 §18), to tell who asked the network for what.
//!
//! Just enough for that: the questions, and the hosts of announced services.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// The namespaces whose names must never be asked for, as `protocol` defines them.
const LOCAL_NAMESPACES: [&str; 3] = ["local", "home.arpa", "alt"];
/// The marker questions of [`crate::capture`] end in this name, reserved by RFC 2606.
pub(crate) const MARKER_ZONE: &str = "invalid";

/// Names of an attacker, who chooses their addresses: `127-0-0-1.127-0-0-9.rebound.example` has these two.
const REBOUND_ZONE: &str = "rebound.example";

const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const TYPE_SRV: u16 = 33;
const TYPE_ANY: u16 = 255;

/// One question as it went over the network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) kind: u16,
    /// The packet is a responder's probe for its own name (RFC 6762 §8.1).
    pub(crate) probe: bool,
}

impl Question {
    /// Whether somebody asked the network for the address of a local name.
    ///
    /// Three things on the multicast port are none of that, all said by a device or the daemon to
    /// find each other: a responder's probe for its own name, questions about services (RFC 6763
    /// §4.1), whose names hold a label such as `_tcp`, and questions about the hosts of services that
    /// were `announced` before.
    pub(crate) fn asks_for_local_name(&self, port: u16, announced: &HashSet<String>) -> bool {
        let name = self.name.to_ascii_lowercase();
        let local = LOCAL_NAMESPACES.iter().any(|zone| {
            name.strip_suffix(zone)
                .is_some_and(|front| front.is_empty() || front.ends_with('.'))
        });
        let service = name.split('.').any(|label| label.starts_with('_'));
        local && !(port == 5353 && (self.probe || service || announced.contains(&name)))
    }

    /// The line of the log.
    pub(crate) fn to_json(&self, port: u16, announced: &HashSet<String>) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "port": port,
            "probe": self.probe,
            "counted": self.asks_for_local_name(port, announced),
        })
    }
}

/// The questions of a message; none when it is an answer or no DNS message at all.
pub(crate) fn questions(message: &[u8]) -> Vec<Question> {
    read_questions(message).unwrap_or_default()
}

fn read_questions(message: &[u8]) -> Option<Vec<Question>> {
    let is_answer = message.get(2)? & 0x80 != 0;
    if is_answer {
        return Some(Vec::new());
    }
    let count = u16_at(message, 4)?;
    let authority = u16_at(message, 8)?;
    let mut at = HEADER;
    let mut questions = Vec::new();
    for _ in 0..count {
        let name = read_name(message, &mut at)?;
        let kind = u16_at(message, at)?;
        let _class = u16_at(message, at + 2)?;
        at += 4;
        questions.push(Question {
            name,
            kind,
            probe: kind == TYPE_ANY && authority > 0,
        });
    }
    Some(questions)
}

/// The hosts, in lower case, of the services that a message announces (RFC 2782); none when it is
/// no answer.
pub(crate) fn service_hosts(message: &[u8]) -> Vec<String> {
    let mut hosts = Vec::new();
    // What a broken message says before it breaks is what a responder would have said.
    let _: Option<()> = read_service_hosts(message, &mut hosts);
    hosts
}

fn read_service_hosts(message: &[u8], hosts: &mut Vec<String>) -> Option<()> {
    if message.get(2)? & 0x80 == 0 {
        return None;
    }
    let mut at = HEADER;
    for _ in 0..u16_at(message, 4)? {
        read_name(message, &mut at)?;
        at += 4;
    }
    let records = [6, 8, 10].map(|count| u16_at(message, count).map_or(0, usize::from));
    for _ in 0..records.into_iter().sum::<usize>() {
        read_name(message, &mut at)?;
        let kind = u16_at(message, at)?;
        let data = at + 10;
        if kind == TYPE_SRV {
            let mut target = data + 6;
            hosts.push(read_name(message, &mut target)?.to_ascii_lowercase());
        }
        at = data + usize::from(u16_at(message, at + 8)?);
    }
    Some(())
}

fn read_name(message: &[u8], at: &mut usize) -> Option<String> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(*at)?);
        *at += 1;
        match length {
            0 => return Some(labels.join(".")),
            // A pointer (RFC 1035 §4.1.4) repeats a name of an earlier question.
            192.. => {
                let mut target = (length & 0x3f) << 8 | usize::from(*message.get(*at)?);
                *at += 1;
                if target >= *at - 2 {
                    return None;
                }
                labels.push(read_name(message, &mut target)?);
                return Some(labels.join("."));
            }
            _ => {
                let label = message.get(*at..*at + length)?;
                labels.push(String::from_utf8_lossy(label).into_owned());
                *at += length;
            }
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// A question for the address of a name (RFC 1035 §4.1.2).
pub(crate) fn address_question(name: &str) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap_or(0));
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// The answer to a question: the addresses of an attacker's name, or that there is no such name.
pub(crate) fn answer(message: &[u8]) -> Option<Vec<u8>> {
    let question = questions(message).into_iter().next()?;
    let Some(addresses) = rebound(&question.name) else {
        return no_such_name(message);
    };
    let mut answer = address_question(&question.name);
    answer.splice(..2, message.get(..2)?.iter().copied());
    let end = answer.len() - 4;
    answer.splice(end..end + 2, question.kind.to_be_bytes());
    // QR, RD and RA; no error.
    answer.splice(2..4, [0x81, 0x80]);
    let addresses = addresses.iter().filter(|_| question.kind == TYPE_A);
    for (count, address) in (1..).zip(addresses) {
        answer.splice(7..8, [count]);
        // A pointer to the question's name, A, IN, no time to live, four octets.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

fn rebound(name: &str) -> Option<Vec<Ipv4Addr>> {
    let labels = name.strip_suffix(REBOUND_ZONE)?.strip_suffix('.')?;
    let addresses = labels
        .split('.')
        .map(|label| label.replace('-', ".").parse());
    addresses.collect::<Result<_, _>>().ok()
}

/// The answer that there is no such name: the question again, with QR set and RCODE 3.
pub(crate) fn no_such_name(question: &[u8]) -> Option<Vec<u8>> {
    let mut answer = question.to_vec();
    *answer.get_mut(2)? |= 0x80;
    *answer.get_mut(3)? = 0x83;
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, port: u16) -> bool {
        questions(&address_question(name))
            .iter()
            .any(|question| question.asks_for_local_name(port, &HashSet::new()))
    }

    /// What a responder says of a service: SRV, its target behind a pointer to the question's name.
    fn announcement() -> Vec<u8> {
        let mut message = no_such_name(&address_question("_settle._tcp.local")).unwrap();
        message[7] = 1;
        message.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 120, 0, 16]);
        message.extend([0, 0, 0, 0, 1, 187]);
        message.extend(b"\x07Printer\xc0");
        // The last label of `_settle._tcp.local`.
        message.push(25);
        message
    }

    #[test]
    fn the_host_of_an_announced_service_is_asked_for_by_who_looks_for_the_service() {
        let hosts = HashSet::from_iter(service_hosts(&announcement()));
        assert_eq!(hosts, HashSet::from(["printer.local".to_owned()]));
        let question = &questions(&address_question("printer.local"))[0];
        assert!(!question.asks_for_local_name(5353, &hosts));
        assert!(question.asks_for_local_name(53, &hosts));
        let other = &questions(&address_question("nas.local"))[0];
        assert!(other.asks_for_local_name(5353, &hosts));
    }

    #[test]
    fn fragments_and_questions_announce_nothing() {
        let message = announcement();
        for end in 0..message.len() {
            assert!(service_hosts(&message[..end]).is_empty(), "{end}");
        }
        assert!(service_hosts(&address_question("printer.local")).is_empty());
    }

    #[test]
    fn a_local_name_counts_on_every_port() {
        for name in ["printer.local", "PRINTER.Local", "nas.home.arpa", "x.alt"] {
            assert!(asked(name, 53), "{name}");
            assert!(asked(name, 5353), "{name}");
        }
    }

    #[test]
    fn other_names_do_not_count() {
        for name in ["example.com", "notlocal", "local.example", "ab.localhost"] {
            assert!(!asked(name, 53), "{name}");
        }
    }

    #[test]
    fn discovery_counts_only_where_it_leaves_the_local_link() {
        assert!(!asked("_settle._tcp.local", 5353));
        assert!(asked("_settle._tcp.local", 53));
    }

    #[test]
    fn a_probe_is_told_from_a_question() {
        let mut probe = address_question("printer.local");
        probe[9] = 1;
        let end = probe.len();
        probe[end - 3] = 255;
        let probe = questions(&probe);
        assert!(probe[0].probe && !probe[0].asks_for_local_name(5353, &HashSet::new()));
        assert!(probe[0].asks_for_local_name(53, &HashSet::new()));
    }

    #[test]
    fn answers_and_fragments_hold_no_question() {
        let question = address_question("printer.local");
        assert!(questions(&no_such_name(&question).unwrap()).is_empty());
        for end in 0..question.len() {
            assert!(questions(&question[..end]).is_empty());
        }
    }

    #[test]
    fn a_name_of_the_attackers_has_the_addresses_that_it_says() {
        let question = address_question("127-0-0-1.127-0-0-9.rebound.example");
        let answer = answer(&question).unwrap();
        assert_eq!(answer.get(..8).unwrap(), [0, 7, 0x81, 0x80, 0, 1, 0, 2]);
        for address in [[127, 0, 0, 1], [127, 0, 0, 9]] {
            assert!(answer.windows(4).any(|octets| octets == address));
        }
        for name in ["rebound.example", "127-0-0.rebound.example", "a.example"] {
            let question = address_question(name);
            assert_eq!(super::answer(&question), no_such_name(&question), "{name}");
        }
    }

    #[test]
    fn a_pointer_to_itself_ends() {
        let mut message = address_question("a.local");
        message.truncate(HEADER);
        message.extend([0xc0, 12, 0, 1, 0, 1]);
        assert!(questions(&message).is_empty());
    }
}
