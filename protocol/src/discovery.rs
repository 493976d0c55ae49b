//! How a device that shows a code is recognized among all that are announced (docs/pairing.md §3).
//!
//! A tag is a nonce and what the code's secret makes of it. Only who has the code can tell that a tag
//! belongs to it, the device draws a new nonce for each announcement, and no clock is asked, since
//! the clocks of devices may be wrong by years. A tag that somebody repeats leads to somebody who
//! then cannot prove to know the code.

use alloc::string::String;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::name::LocalName;
use crate::portable::{Nonce, Recognition, Seen};
use crate::secret::PairingSecret;
use crate::spake2::expand;

/// The service type of RFC 6763 under which devices are announced.
pub const SERVICE: &str = "_settle._tcp.local.";
/// The key of the TXT record that holds the device's unique name.
pub const NAME_KEY: &str = "name";
/// The key of the TXT record that holds the tags of the codes that a device shows now.
pub const TAGS_KEY: &str = "tags";
/// What stands between tags.
pub const TAGS_SEPARATOR: char = ',';
/// How many tags of one device are looked at.
pub const MAX_TAGS: usize = 4;

/// How many bytes of a nonce a tag has.
pub const NONCE: usize = 8;
const MAC: usize = 8;

/// What an announced instance says of itself; anybody may say anything.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Announced {
    /// The unique name, where it says a usable one.
    pub name: Option<LocalName>,
    /// The tags of the codes that it shows.
    pub tags: String,
    /// The mask that it is, if it is one.
    pub mask: Option<Seen>,
}

impl Announced {
    /// Reads the values of a TXT record, and the host name that stands in for a missing name.
    #[must_use]
    pub fn read(name: Option<&str>, tags: Option<&str>, host: &str) -> Self {
        Self {
            name: LocalName::parse(name.unwrap_or(host)).ok(),
            tags: tags.unwrap_or_default().into(),
            mask: None,
        }
    }

    /// The same with the marks of a TXT record, and the instance that it belongs to.
    #[must_use]
    pub fn with_marks(self, instance: &str, marks: &[u8]) -> Self {
        let mask = Seen::read(instance, marks);
        Self { mask, ..self }
    }

    /// Whether it shows the code with this secret.
    #[must_use]
    pub fn shows(&self, secret: &PairingSecret) -> bool {
        let recognized = || self.recognized(&Recognition::of_code(secret));
        is_among(secret, &self.tags) || recognized().is_some()
    }

    /// The nonce of the mask, if the device is one that this key recognizes.
    #[must_use]
    pub fn recognized(&self, key: &Recognition) -> Option<Nonce> {
        self.mask.as_ref()?.recognized(key)
    }
}

/// The tag of a code for one nonce: 26 characters of base32 (RFC 4648 §6, lower case, no padding)
/// of the nonce's 8 bytes and the first 8 of HMAC-SHA256(HKDF(secret), nonce).
#[must_use]
pub fn tag(secret: &PairingSecret, nonce: [u8; NONCE]) -> String {
    let mut bytes = [0; NONCE + MAC];
    let (front, back) = bytes.split_at_mut(NONCE);
    front.copy_from_slice(&nonce);
    back.copy_from_slice(mac(secret, nonce).get(..MAC).unwrap_or_default());
    BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}

/// Whether one of the tags of a TXT record is the code's.
fn is_among(secret: &PairingSecret, tags: &str) -> bool {
    tags.split(TAGS_SEPARATOR)
        .take(MAX_TAGS)
        .any(|tag| is_tag_of(secret, tag))
}

fn is_tag_of(secret: &PairingSecret, text: &str) -> bool {
    let Ok(bytes) = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()) else {
        return false;
    };
    let Ok(nonce) = <[u8; NONCE]>::try_from(bytes.get(..NONCE).unwrap_or_default()) else {
        return false;
    };
    // Whoever announces may be anybody, but a comparison of what is public tells nothing.
    bytes.len() == NONCE + MAC && text.eq_ignore_ascii_case(&tag(secret, nonce))
}

fn mac(secret: &PairingSecret, nonce: [u8; NONCE]) -> [u8; 32] {
    let mut key = Zeroizing::new([0; 32]);
    expand(secret.expose(), &[b"settle-pair/1 discovery"], key.as_mut());
    Hmac::<Sha256>::new_from_slice(key.as_ref()).map_or([0; 32], |mac| {
        mac.chain_update(nonce).finalize().into_bytes().into()
    })
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn a_tag_is_recognized_by_its_code_alone_and_fits_a_record() {
        let (ours, other) = (PairingSecret::new([1; 16]), PairingSecret::new([2; 16]));
        let text = tag(&ours, [3; 8]);
        assert_eq!(text.len(), 26);
        assert!(is_among(&ours, &text) && is_among(&ours, &text.to_uppercase()));
        assert!(!is_among(&other, &text));
        let among = format!("{},{},{text}", tag(&other, [4; 8]), tag(&other, [5; 8]));
        assert!(is_among(&ours, &among));
        // RFC 6763 §6.1: a string of a TXT record has at most 255 bytes.
        assert!(TAGS_KEY.len() + 1 + MAX_TAGS * 27 <= 255);
    }

    #[test]
    #[wasm_bindgen_test]
    fn every_nonce_gives_another_tag() {
        let secret = PairingSecret::new([1; 16]);
        let (one, other) = (tag(&secret, [3; 8]), tag(&secret, [4; 8]));
        assert_ne!(one, other);
        assert_ne!(one.get(13..), other.get(13..));
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_is_no_tag_is_nobodys() {
        let secret = PairingSecret::new([1; 16]);
        let text = tag(&secret, [3; 8]);
        let cut = text.get(..25).unwrap();
        let longer = format!("{text}a");
        for bad in ["", ",", "aa", cut, &longer, "\u{e9}", &"a".repeat(10_000)] {
            assert!(!is_among(&secret, bad), "{bad}");
        }
        let late = format!("a,b,c,d,{text}");
        assert!(
            !is_among(&secret, &late),
            "only the first few are looked at"
        );
    }
}
