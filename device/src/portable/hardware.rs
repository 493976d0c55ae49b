//! Network cards that show the address which their maker gave them: whoever sees it on two networks has seen the same
//! device, whatever that announces. It is told and nothing more, since addresses are the system's to change.

use std::fs;
use std::path::Path;

/// What Linux tells of interfaces; elsewhere there is nothing to be found.
const INTERFACES: &str = "/sys/class/net";
/// ARPHRD_ETHER, which wireless cards are too.
const ETHERNET: &str = "1";

/// Warns of each.
pub(super) fn tell() {
    for interface in lasting(Path::new(INTERFACES)) {
        tracing::warn!(
            interface,
            "this card has its maker's address on every network, by which the device is followed: docs/device.md"
        );
    }
}

/// The interfaces that are not down and whose address is the only one in the world.
fn lasting(interfaces: &Path) -> Vec<String> {
    let entries = fs::read_dir(interfaces).into_iter().flatten().flatten();
    let lasting = entries.filter(|entry| {
        let read = |name| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        let is_up = read("operstate").trim() != "down";
        is_up && read("type").trim() == ETHERNET && is_universal(read("address").trim())
    });
    let mut names: Vec<String> = lasting
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    names
}

/// IEEE 802, the two lowest bits of the first octet: an address for one station, given by its maker. One that
/// is drawn, or made for a network, has the second of them set.
fn is_universal(address: &str) -> bool {
    let first = address.split(':').next();
    let first = first.and_then(|octet| u8::from_str_radix(octet, 16).ok());
    let is_none = address.chars().all(|digit| matches!(digit, '0' | ':'));
    first.is_some_and(|octet| octet & 0b11 == 0) && !is_none
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_shows_its_makers_address_is_found_among_others() {
        let folder = tempfile::tempdir().unwrap();
        for (name, address, kind, state) in [
            ("eth0", "00:1b:21:3c:9d:f8", "1", "up"),
            ("wlan0", "3c:a9:f4:00:00:01", "1", "unknown"),
            ("unplugged", "00:1b:21:3c:9d:f9", "1", "down"),
            ("drawn", "4e:d6:ea:ca:26:63", "1", "up"),
            ("lo", "00:00:00:00:00:00", "772", "unknown"),
            ("without", "00:00:00:00:00:00", "1", "up"),
            ("tunnel", "", "65534", "unknown"),
        ] {
            let interface = folder.path().join(name);
            fs::create_dir(&interface).unwrap();
            fs::write(interface.join("address"), format!("{address}\n")).unwrap();
            fs::write(interface.join("type"), format!("{kind}\n")).unwrap();
            fs::write(interface.join("operstate"), format!("{state}\n")).unwrap();
        }
        assert_eq!(lasting(folder.path()), ["eth0", "wlan0"]);
        assert_eq!(lasting(&folder.path().join("absent")), [""; 0]);
    }
}
