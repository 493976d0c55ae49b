//! What was heard, put together: which instance is at which host, says what, and has which addresses.
//!
//! Nothing replaces anything, since anybody can say anything: what the device says counts besides what
//! others say in its place. There is room for so much, and what was heard first gives way.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use settle_protocol::discovery::{Announced, NAME_KEY, SERVICE, TAGS_KEY};
use settle_protocol::portable::MARKS_KEY;

use super::packet::{self, Data, Record};

/// Instances, and hosts, at once.
pub const MAX_NAMES: usize = 256;
/// Of one instance, places that it is said to be at and what it is said to say; of one host, addresses.
const MAX_SERVICES: usize = 8;
const MAX_TEXTS: usize = 4;
const MAX_ADDRESSES: usize = 32;

/// All that is known now.
#[derive(Debug, Default)]
pub struct Table {
    instances: Names<Instance>,
    hosts: Names<Host>,
}

#[derive(Debug, Default)]
struct Host {
    addresses: Vec<IpAddr>,
    /// Those that are said to be there.
    instances: Vec<String>,
}

/// What a packet brought.
#[derive(Debug, Default)]
pub struct Heard {
    /// What is complete by it.
    pub found: Vec<Found>,
    /// What it began and left open, to be asked for.
    pub open: Vec<(String, u16)>,
}

#[derive(Debug, Default)]
struct Instance {
    services: Vec<(String, u16)>,
    text: Vec<Vec<u8>>,
}

/// Something by name, of which the oldest goes when there is no room.
#[derive(Debug)]
struct Names<T> {
    by_name: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            by_name: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T: Default> Names<T> {
    fn of(&mut self, name: &str) -> &mut T {
        if !self.by_name.contains_key(name) {
            if self.order.len() == MAX_NAMES
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_name.remove(&oldest);
            }
            self.order.push_back(name.to_owned());
        }
        self.by_name.entry(name.to_owned()).or_default()
    }
}

/// One thing that somebody said, complete.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Of an instance, what it says of itself.
    pub announced: Option<Announced>,
    /// In lower case, with the final dot.
    pub host: String,
    /// 0 of a host that announces nothing.
    pub port: u16,
    /// Each with the interface, where it means nothing without one.
    pub addresses: Vec<SocketAddr>,
}

impl Table {
    /// Takes in what a packet says. `scope` is the interface, for addresses that mean nothing without
    /// one.
    pub fn hear(&mut self, records: Vec<Record>, scope: u32) -> Heard {
        let (mut instances, mut hosts) = (BTreeSet::new(), BTreeSet::new());
        for Record { name, data } in records {
            match data {
                Data::Instance(instance) if name == SERVICE => {
                    instances.insert(instance);
                }
                Data::Service(host, port) if name.ends_with(SERVICE) => {
                    push(
                        &mut self.hosts.of(&host).instances,
                        name.clone(),
                        MAX_SERVICES,
                    );
                    push(
                        &mut self.instances.of(&name).services,
                        (host, port),
                        MAX_SERVICES,
                    );
                    instances.insert(name);
                }
                Data::Text(text) if name.ends_with(SERVICE) => {
                    push(&mut self.instances.of(&name).text, text, MAX_TEXTS);
                    instances.insert(name);
                }
                Data::Address(address) => {
                    let host = self.hosts.of(&name);
                    push(&mut host.addresses, address, MAX_ADDRESSES);
                    instances.extend(host.instances.iter().cloned());
                    hosts.insert(name);
                }
                Data::Instance(_) | Data::Service(..) | Data::Text(_) | Data::Nothing => {}
            }
        }
        let mut heard = Heard::default();
        heard
            .found
            .extend(hosts.iter().map(|host| self.host(host, scope)));
        for name in instances {
            let nothing = Instance::default();
            let instance = self.instances.by_name.get(&name).unwrap_or(&nothing);
            heard.found.extend(self.instance(&name, instance, scope));
            self.open(name, instance, &mut heard.open);
        }
        heard
    }

    /// All that is complete, for somebody who begins to look.
    pub fn all(&self) -> Vec<Found> {
        let instances = self.instances.by_name.iter();
        instances
            .flat_map(|(name, instance)| self.instance(name, instance, 0))
            .collect()
    }

    /// What an instance lacks.
    fn open(&self, name: String, instance: &Instance, open: &mut Vec<(String, u16)>) {
        for (host, _) in &instance.services {
            let known = self.hosts.by_name.get(host);
            if known.is_none_or(|host| host.addresses.is_empty()) {
                open.push((host.clone(), packet::A));
                open.push((host.clone(), packet::AAAA));
            }
        }
        if instance.text.is_empty() {
            open.push((name.clone(), packet::TXT));
        }
        if instance.services.is_empty() {
            open.push((name, packet::SRV));
        }
    }

    fn host(&self, host: &str, scope: u32) -> Found {
        Found {
            announced: None,
            host: host.to_owned(),
            port: 0,
            addresses: self.addresses(host, 0, scope),
        }
    }

    fn instance(&self, name: &str, instance: &Instance, scope: u32) -> Vec<Found> {
        let mut found = Vec::new();
        for (host, port) in &instance.services {
            for text in &instance.text {
                found.push(Found {
                    announced: Some(announced(name, host, text)),
                    host: host.clone(),
                    port: *port,
                    addresses: self.addresses(host, *port, scope),
                });
            }
        }
        found
    }

    fn addresses(&self, host: &str, port: u16, scope: u32) -> Vec<SocketAddr> {
        let host = self.hosts.by_name.get(host).into_iter();
        let addresses = host.flat_map(|host| &host.addresses);
        addresses.map(|address| at(*address, port, scope)).collect()
    }
}

fn push<T: PartialEq>(all: &mut Vec<T>, one: T, most: usize) {
    if all.contains(&one) {
        return;
    }
    if all.len() == most {
        all.remove(0);
    }
    all.push(one);
}

fn announced(instance: &str, host: &str, text: &[u8]) -> Announced {
    let value = |key| std::str::from_utf8(packet::value(text, key)?).ok();
    let announced = Announced::read(value(NAME_KEY), value(TAGS_KEY), host);
    match packet::value(text, MARKS_KEY) {
        Some(marks) => announced.with_marks(instance, marks),
        None => announced,
    }
}

fn at(address: IpAddr, port: u16, scope: u32) -> SocketAddr {
    match address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            SocketAddrV6::new(v6, port, 0, scope).into()
        }
        IpAddr::V4(_) | IpAddr::V6(_) => SocketAddr::new(address, port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, data: Data) -> Record {
        Record {
            name: name.to_owned(),
            data,
        }
    }

    fn said(number: u32, host: &str, port: u16) -> Vec<Record> {
        let instance = format!("lamp-{number}.{SERVICE}");
        vec![
            record(SERVICE, Data::Instance(instance.clone())),
            record(&instance, Data::Service(host.to_owned(), port)),
            record(&instance, Data::Text(b"\x09name=a.local".to_vec())),
        ]
    }

    fn address(host: &str, last: u8) -> Record {
        record(host, Data::Address(IpAddr::from([127, 0, 0, last])))
    }

    #[test]
    fn an_instance_is_found_once_its_host_has_an_address_in_whatever_packet() {
        let mut table = Table::default();
        let first = table.hear(said(1, "lamp.local.", 443), 0);
        assert!(first.found.iter().all(|found| found.addresses.is_empty()));
        let host = "lamp.local.".to_owned();
        assert_eq!(
            first.open,
            [(host.clone(), packet::A), (host, packet::AAAA)]
        );
        let Heard { found, open } = table.hear(vec![address("lamp.local.", 1)], 0);
        assert_eq!(open, []);
        let instance = found
            .iter()
            .find(|found| found.announced.is_some())
            .unwrap();
        assert_eq!(
            instance.addresses,
            [SocketAddr::from(([127, 0, 0, 1], 443))]
        );
    }

    #[test]
    fn an_instance_that_is_only_mentioned_is_asked_for() {
        let mut table = Table::default();
        let instance = format!("lamp.{SERVICE}");
        let heard = table.hear(vec![record(SERVICE, Data::Instance(instance.clone()))], 0);
        assert_eq!(heard.found, []);
        assert_eq!(
            heard.open,
            [(instance.clone(), packet::TXT), (instance, packet::SRV)]
        );
    }

    #[test]
    fn what_others_say_in_its_place_takes_nothing_away() {
        let mut table = Table::default();
        table.hear(said(1, "lamp.local.", 443), 0);
        table.hear(vec![address("lamp.local.", 1)], 0);
        table.hear(vec![address("lamp.local.", 66)], 0);
        let Heard { found, .. } = table.hear(said(1, "evil.local.", 666), 0);
        let ports: Vec<u16> = found.iter().map(|found| found.port).collect();
        assert_eq!(ports, [443, 666]);
        let [true_one, _] = &found[..] else { panic!() };
        assert_eq!(true_one.addresses.len(), 2);
    }

    #[test]
    fn there_is_room_for_so_much_and_the_newest_is_kept() {
        let mut table = Table::default();
        for number in 0..20_000 {
            table.hear(said(number, &format!("h-{number}.local."), 443), 0);
            table.hear(vec![address(&format!("h-{number}.local."), 1)], 0);
        }
        assert_eq!(table.instances.by_name.len(), MAX_NAMES);
        assert_eq!(table.instances.order.len(), MAX_NAMES);
        assert_eq!(table.hosts.by_name.len(), MAX_NAMES);
        assert_eq!(table.all().len(), MAX_NAMES);
        for last in 0..=255 {
            table.hear(vec![address("h.local.", last)], 0);
        }
        assert_eq!(table.host("h.local.", 0).addresses.len(), MAX_ADDRESSES);
    }
}
