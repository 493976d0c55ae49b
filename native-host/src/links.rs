//! Link-local addresses of IPv6, which mean nothing without a link (RFC 4007): a device that gives its
//! own in a code cannot know which of this computer's links leads to it, and neither does a record know it
//! after a restart, when links have other numbers. So each is tried; which of them is the device, its key decides.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// More links than this are not tried.
const MOST: usize = 8;

/// The same addresses, each link-local one without a link once for every link that there is.
pub(crate) fn on_every_link(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_bare = |address: &SocketAddr| bare(address).is_some();
    let links = match addresses.iter().any(is_bare) {
        true => links(),
        false => Vec::new(),
    };
    spread(addresses, &links)
}

/// The numbers of links that have link-local addresses themselves.
fn links() -> Vec<u32> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the links of this computer cannot be listed");
        Vec::new()
    });
    let usable = interfaces.iter().filter(|interface| {
        let is_link_local = match interface.ip() {
            IpAddr::V6(address) => address.is_unicast_link_local(),
            IpAddr::V4(_) => false,
        };
        interface.is_oper_up() && is_link_local
    });
    let mut links: Vec<u32> = usable.filter_map(|interface| interface.index).collect();
    links.sort_unstable();
    links.dedup();
    links.truncate(MOST);
    links
}

fn spread(addresses: &[SocketAddr], links: &[u32]) -> Vec<SocketAddr> {
    let spread = addresses.iter().flat_map(|address| match bare(address) {
        Some(ip) => {
            let port = address.port();
            let on = |link: &u32| SocketAddrV6::new(ip, port, 0, *link).into();
            links.iter().map(on).collect()
        }
        None => vec![*address],
    });
    spread.collect()
}

/// The address, where it is one that lacks its link.
const fn bare(address: &SocketAddr) -> Option<Ipv6Addr> {
    match address {
        SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() && v6.scope_id() == 0 => {
            Some(*v6.ip())
        }
        SocketAddr::V6(_) | SocketAddr::V4(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_link_is_tried_on_every_link() {
        let given = [
            "192.0.2.7:1",
            "[fe80::7]:2",
            "[fe80::8%5]:3",
            "[2001:db8::7]:4",
        ];
        let given = given.map(|text| text.parse().unwrap());
        let spread: Vec<String> = spread(&given, &[2, 3])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            spread,
            [
                "192.0.2.7:1",
                "[fe80::7%2]:2",
                "[fe80::7%3]:2",
                "[fe80::8%5]:3",
                "[2001:db8::7]:4"
            ]
        );
    }
}
