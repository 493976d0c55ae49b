//! Where the device can be reached, as far as it can tell: hints for codes, never trusted.

use std::net::{IpAddr, SocketAddr};

use settle_protocol::material::MAX_ADDRESSES;

/// The hints for a listener: its own address when that is one, else those of the interfaces.
pub(crate) fn hints(listener: SocketAddr) -> Vec<SocketAddr> {
    if !listener.ip().is_unspecified() {
        return vec![listener];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the addresses of this machine cannot be listed");
        Vec::new()
    });
    let addresses = interfaces
        .iter()
        .filter(|interface| interface.is_oper_up())
        .map(if_addrs::Interface::ip);
    choose(addresses.collect(), listener)
}

fn choose(mut addresses: Vec<IpAddr>, listener: SocketAddr) -> Vec<SocketAddr> {
    addresses.retain(|address| {
        // A link-local IPv6 address means nothing without the other side's interface.
        let usable = match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(address) => listener.is_ipv6() && !address.is_unicast_link_local(),
        };
        usable && !address.is_unspecified()
    });
    if addresses.iter().any(|address| !address.is_loopback()) {
        addresses.retain(|address| !address.is_loopback());
    }
    addresses.sort_by_key(|address| (is_link_local(address), address.is_ipv6()));
    addresses.dedup();
    addresses
        .into_iter()
        .take(MAX_ADDRESSES)
        .map(|address| SocketAddr::new(address, listener.port()))
        .collect()
}

const fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(addresses: &[&str], listener: &str) -> Vec<String> {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        choose(addresses.collect(), listener.parse().unwrap())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_listener_on_one_address_is_reached_there() {
        let listener = "192.0.2.7:8443".parse().unwrap();
        assert_eq!(hints(listener), [listener]);
    }

    #[test]
    fn interface_addresses_come_before_loopback_and_none_without_a_meaning_elsewhere() {
        let all = ["127.0.0.1", "::1", "fe80::1", "2001:db8::7", "192.0.2.7"];
        assert_eq!(
            chosen(&all, "[::]:8443"),
            ["192.0.2.7:8443", "[2001:db8::7]:8443"]
        );
        assert_eq!(chosen(&all, "0.0.0.0:8443"), ["192.0.2.7:8443"]);
    }

    #[test]
    fn loopback_is_the_hint_where_there_is_nothing_else() {
        assert_eq!(
            chosen(&["127.0.0.1", "::1"], "[::]:443"),
            ["127.0.0.1:443", "[::1]:443"]
        );
    }

    #[test]
    fn a_code_is_not_given_more_than_it_holds() {
        let many: Vec<String> = (1..9).map(|last| format!("192.0.2.{last}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(chosen(&many, "[::]:443").len(), MAX_ADDRESSES);
    }
}
