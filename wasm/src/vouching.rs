//! When a referee may vouch for an address. The daemon looks and decides; this only says when to ask it.

use settle_protocol::rpc::{Device, DeviceAnchor};

use crate::address::Address;

/// Whether it is worth asking: there is a referee, and the name is no device's own, nor vouched for at this
/// port already.
#[must_use]
pub fn may_help(address: &Address, devices: &[Device]) -> bool {
    let has_referee = devices
        .iter()
        .any(|device| matches!(device.anchor, DeviceAnchor::Referee(_)));
    let mut holders = devices
        .iter()
        .filter(|device| device.names.contains(address.name()));
    has_referee && holders.all(|device| is_vouched(device) && device.port != address.port())
}

/// The referee that vouches for a device.
#[must_use]
pub fn voucher<'a>(device: &Device, devices: &'a [Device]) -> Option<&'a Device> {
    let DeviceAnchor::Vouched { referee, .. } = &device.anchor else {
        return None;
    };
    devices.iter().find(|device| device.id == *referee)
}

/// What a referee has vouched for.
pub fn vouched<'a>(referee: &Device, devices: &'a [Device]) -> impl Iterator<Item = &'a Device> {
    let id = referee.id.clone();
    devices.iter().filter(move |device| {
        matches!(&device.anchor, DeviceAnchor::Vouched { referee, .. } if *referee == id)
    })
}

const fn is_vouched(device: &Device) -> bool {
    matches!(device.anchor, DeviceAnchor::Vouched { .. })
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::fixtures::{device, referee, vouched_by};

    fn helps(address: &str, devices: &[Device]) -> bool {
        may_help(&Address::parse(address).unwrap(), devices)
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_referee_is_asked_about_names_that_nobody_has_and_about_other_ports_of_its_own() {
        let nas = vouched_by(&referee("referee"), "nas");
        assert!(!helps("https://nas.local/", &[]));
        assert!(!helps("https://nas.local/", &[device("printer")]));
        assert!(helps("https://nas.local/", &[referee("referee")]));
        let known = [referee("referee"), device("printer"), nas];
        assert!(!helps("https://printer.local/", &known));
        assert!(!helps("https://printer.local:8443/", &known));
        assert!(!helps("https://referee.local/", &known));
        assert!(!helps("https://nas.local/", &known));
        assert!(helps("https://nas.local:8443/", &known));
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_is_vouched_for_and_its_referee_find_each_other() {
        let (one, other) = (referee("one"), referee("other"));
        let nas = vouched_by(&one, "nas");
        let devices = [one.clone(), other.clone(), nas.clone()];
        assert_eq!(voucher(&nas, &devices), Some(&one));
        assert_eq!(voucher(&one, &devices), None);
        assert_eq!(vouched(&one, &devices).collect::<Vec<_>>(), [&nas]);
        assert_eq!(vouched(&other, &devices).count(), 0);
    }
}
