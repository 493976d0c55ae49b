//! The text of a QR code: what reads is within bounds, and is written again as something that says the
//! same.

use data_encoding::BASE32_NOPAD;
use settle_protocol::material::{MAX_ADDRESSES, MAX_CODE, PREFIX, PairingMaterial};

/// Takes UTF-8, as everything that reads codes gives it, or what such a text would say: behind base32,
/// hardly a change of the text leads to another item that is well-formed.
pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        read(text);
    }
    read(&format!("{PREFIX}{}", BASE32_NOPAD.encode(data)));
}

fn read(text: &str) {
    let Ok(material) = PairingMaterial::parse(text) else {
        return;
    };
    assert!(material.addresses.len() <= MAX_ADDRESSES);
    assert!(!material.suites.is_empty() && material.port > 0);
    let times = |suite| material.suites.iter().filter(|it| *it == suite).count();
    assert!(material.suites.iter().all(|suite| times(suite) == 1));
    let code = material.to_code();
    assert!(code.len() <= MAX_CODE);
    let again = PairingMaterial::parse(&code).expect("what was read is written so that it reads");
    assert_eq!(format!("{again:?}"), format!("{material:?}"));
    assert!(again.secret.matches(material.secret.expose()));
}
