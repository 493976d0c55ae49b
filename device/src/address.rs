//! Where the device listens, as its owner writes it, and where it can be reached, as far as it can
//! tell: hints for codes, never trusted.

use std::net::{AddrParseError, IpAddr, SocketAddr};

use settle_protocol::material::MAX_ADDRESSES;

/// Why a text is no address to listen at.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("write it as ADDRESS:PORT: 192.0.2.7:8443, [::]:443, or [fe80::7%eth0]:443")]
    Malformed(#[from] AddrParseError),
    /// There is no such interface, or it has no address.
    #[error("there is no interface {0} that has an address")]
    NoInterface(String),
}

/// Reads an address to listen at. A link-local one of IPv6 may name its interface, as in
/// `[fe80::7%eth0]:443` (RFC 4007 §11).
///
/// # Errors
/// [`AddressError`].
pub fn listen_address(text: &str) -> Result<SocketAddr, AddressError> {
    let zone = text.split_once('%').and_then(|(head, rest)| {
        let (name, tail) = rest.split_once(']')?;
        Some((head, name, tail))
    });
    match zone {
        Some((head, name, tail)) if name.parse::<u32>().is_err() => {
            let index = index_of(name).ok_or_else(|| AddressError::NoInterface(name.to_owned()))?;
            Ok(format!("{head}%{index}]{tail}").parse()?)
        }
        Some(_) | None => Ok(text.parse()?),
    }
}

fn index_of(name: &str) -> Option<u32> {
    let interfaces = if_addrs::get_if_addrs().ok()?;
    let found = interfaces.iter().find(|interface| interface.name == name);
    found?.index
}

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
        let usable = address.is_ipv4() || listener.is_ipv6();
        usable && !address.is_unspecified()
    });
    if addresses.iter().any(|address| !address.is_loopback()) {
        addresses.retain(|address| !address.is_loopback());
    }
    // On which of the other side's links a link-local address is, that side has to find out.
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
        IpAddr::V6(address) => address.is_unicast_link_local(),
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
    fn interface_addresses_come_before_link_local_ones_and_loopback_is_none() {
        let all = ["127.0.0.1", "::1", "fe80::1", "2001:db8::7", "192.0.2.7"];
        assert_eq!(
            chosen(&all, "[::]:8443"),
            ["192.0.2.7:8443", "[2001:db8::7]:8443", "[fe80::1]:8443"]
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
    fn an_address_names_its_interface_by_number_or_by_name() {
        for text in ["192.0.2.7:8443", "[::]:443", "[fe80::7%3]:443"] {
            assert_eq!(listen_address(text).unwrap().to_string(), text);
        }
        let by_name = listen_address("[fe80::7%lo]:443").unwrap();
        assert_eq!(by_name.to_string(), "[fe80::7%1]:443");
        let missing = listen_address("[fe80::7%nosuch0]:443").unwrap_err();
        assert!(matches!(missing, AddressError::NoInterface(name) if name == "nosuch0"));
        for text in ["8443", "fe80::7%lo:443", "[fe80::7]", "localhost:8443"] {
            let error = listen_address(text).unwrap_err();
            assert!(matches!(error, AddressError::Malformed(_)), "{text}");
        }
    }

    #[test]
    fn a_code_is_not_given_more_than_it_holds() {
        let many: Vec<String> = (1..9).map(|last| format!("192.0.2.{last}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(chosen(&many, "[::]:443").len(), MAX_ADDRESSES);
    }
}
