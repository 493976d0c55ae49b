//! How a paired client recognizes a portable device, and how it asks for it, when everything that
//! the device says in the clear is drawn anew again and again (docs/pairing.md §11).
//!
//! A mask is one set of names: a nonce, from which the names are made, and a mark for each key that
//! may recognize the device. Marks of one key under two nonces have nothing in common for whoever
//! lacks the key. No clock is asked, since the clocks of devices may be wrong by years.

use alloc::string::String;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::fingerprint::KeyFingerprint;
use crate::secret::{PairingSecret, Secret};
use crate::spake2::expand;

/// The key of the TXT record that holds the marks, as bytes.
pub const MARKS_KEY: &str = "m";
/// How many bytes of a nonce a mask has, and a knock.
pub const NONCE: usize = 10;
/// How many bytes a mark has.
pub const MARK: usize = 6;
/// How many marks every mask has, whatever the number of those who may recognize it.
pub const MARKS: usize = 40;
/// All marks of a mask: one value of a TXT record (RFC 6763 §6.1: 255 bytes with key and `=`).
pub const MARKS_BYTES: usize = MARKS * MARK;

/// Characters of base32 for a nonce.
const LABEL: usize = NONCE * 8 / 5;
const PROOF: usize = 10;
/// The domain of the server name of a knock.
const DOMAIN: &str = ".local";

/// What a mask is made of, drawn for it alone.
pub type Nonce = [u8; NONCE];
/// What one key makes of a nonce.
pub type Mark = [u8; MARK];

/// The key that a device gives to one client, so that it recognizes the device until the device
/// leaves its marks out. Others of the same device have other keys.
#[must_use]
pub fn discovery_key(device: &Secret<32>, client: &KeyFingerprint) -> Secret<32> {
    let mut key = [0; 32];
    let info = [&b"settle-portable/1 client"[..], client.as_bytes()];
    expand(device.expose(), &info, &mut key);
    Secret::new(key)
}

/// What recognizes a device, and is let in by it: a client's discovery key, or a code's secret.
#[derive(Debug)]
pub struct Recognition {
    mark: Secret<32>,
    door: Secret<32>,
}

impl Recognition {
    /// Of a discovery key.
    #[must_use]
    pub fn of_client(discovery_key: &[u8]) -> Self {
        Self::derive(discovery_key)
    }

    /// Of a code that is shown.
    #[must_use]
    pub fn of_code(secret: &PairingSecret) -> Self {
        Self::derive(secret.expose())
    }

    fn derive(key: &[u8]) -> Self {
        let part = |info: &[u8]| {
            let mut part = [0; 32];
            expand(key, &[info], &mut part);
            Secret::new(part)
        };
        Self {
            mark: part(b"settle-portable/1 mark"),
            door: part(b"settle-portable/1 door"),
        }
    }

    /// The mark under a mask.
    #[must_use]
    pub fn mark(&self, mask: &Nonce) -> Mark {
        first(&hmac(&self.mark, &[mask]))
    }

    /// The server name to ask with, once: of the mask that is seen, or of none when the address comes
    /// from the code itself. `fresh` is drawn for it.
    #[must_use]
    pub fn knock(&self, mask: Option<&Nonce>, fresh: Nonce) -> String {
        let mut bytes = [0; NONCE + PROOF];
        let (front, back) = bytes.split_at_mut(NONCE);
        front.copy_from_slice(&fresh);
        back.copy_from_slice(&self.proof(mask, &fresh));
        let mut name = BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
        name.push_str(DOMAIN);
        name
    }

    /// Whether a knock was made with this key, for this mask.
    #[must_use]
    pub fn admits(&self, mask: Option<&Nonce>, knock: &Knock) -> bool {
        self.proof(mask, &knock.fresh).ct_eq(&knock.proof).into()
    }

    fn proof(&self, mask: Option<&Nonce>, fresh: &Nonce) -> [u8; PROOF] {
        let mask = mask.map_or(&[][..], |mask| &mask[..]);
        first(&hmac(&self.door, &[mask, fresh]))
    }
}

/// The server name of a TLS ClientHello, read; whoever sends it may be anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Knock {
    /// What makes it another one each time.
    pub fresh: Nonce,
    proof: [u8; PROOF],
}

impl Knock {
    /// Reads a server name that may be one.
    #[must_use]
    pub fn read(server_name: &str) -> Option<Self> {
        let label = server_name.strip_suffix(DOMAIN)?;
        let bytes: [u8; NONCE + PROOF] = decode(label)?;
        Some(Self {
            fresh: first(&bytes),
            proof: bytes.get(NONCE..)?.try_into().ok()?,
        })
    }
}

/// The one label of a mask: its instance's, and its host's below `local`.
#[must_use]
pub fn label(mask: &Nonce) -> String {
    BASE32_NOPAD.encode(mask).to_ascii_lowercase()
}

/// The marks of a mask as they are announced. `decoys` are drawn for it and fill the places that
/// are left; sorted, no place says what is in it.
#[must_use]
pub fn marks(known: impl Iterator<Item = Mark>, decoys: [u8; MARKS_BYTES]) -> [u8; MARKS_BYTES] {
    let mut places: [Mark; MARKS] = [[0; MARK]; MARKS];
    for (place, decoy) in places.iter_mut().zip(decoys.as_chunks().0) {
        *place = *decoy;
    }
    for (place, mark) in places.iter_mut().zip(known) {
        *place = mark;
    }
    places.sort_unstable();
    let mut marks = [0; MARKS_BYTES];
    for (bytes, place) in marks.as_chunks_mut().0.iter_mut().zip(places) {
        *bytes = place;
    }
    marks
}

/// A mask that was seen on the network; anybody may show anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    mask: Nonce,
    marks: [Mark; MARKS],
}

impl Seen {
    /// Reads the label of an instance and the value of its TXT record. Whoever forges a conflict makes
    /// a device append to its label, so what follows is not looked at.
    #[must_use]
    pub fn read(instance: &str, marks: &[u8]) -> Option<Self> {
        let mask = decode(instance.get(..LABEL)?)?;
        let (places, []) = marks.as_chunks::<MARK>() else {
            return None;
        };
        let marks = places.try_into().ok()?;
        Some(Self { mask, marks })
    }

    /// The mask's nonce, if it is of the device that this key recognizes.
    #[must_use]
    pub fn recognized(&self, key: &Recognition) -> Option<Nonce> {
        self.marks
            .contains(&key.mark(&self.mask))
            .then_some(self.mask)
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes());
    bytes.ok()?.try_into().ok()
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut first = [0; N];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    first
}

fn hmac(key: &Secret<32>, parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else {
        // A key of any length is taken (RFC 2104 §2).
        return [0; 32];
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const DECOYS: [u8; MARKS_BYTES] = [0x55; MARKS_BYTES];

    fn key(seed: u8) -> Recognition {
        Recognition::of_client(&[seed; 32])
    }

    fn mask_of(keys: &[Recognition], nonce: Nonce) -> Seen {
        let marks = marks(keys.iter().map(|key| key.mark(&nonce)), DECOYS);
        Seen::read(&label(&nonce), &marks).unwrap()
    }

    #[test]
    #[wasm_bindgen_test]
    fn who_has_a_key_of_the_device_recognizes_every_mask_and_nobody_else_any() {
        for nonce in [[1; NONCE], [2; NONCE]] {
            let seen = mask_of(&[key(1), key(2)], nonce);
            assert_eq!(seen.recognized(&key(1)), Some(nonce));
            assert_eq!(seen.recognized(&key(2)), Some(nonce));
            assert_eq!(seen.recognized(&key(3)), None);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn masks_of_one_device_have_nothing_in_common_but_their_sizes() {
        let (one, other) = ([1; NONCE], [2; NONCE]);
        assert_ne!(label(&one), label(&other));
        assert_eq!(label(&one).len(), 16);
        assert_ne!(key(1).mark(&one), key(1).mark(&other));
        // RFC 6763 §6.1.
        assert!(MARKS_KEY.len() + 1 + MARKS_BYTES <= 255);
    }

    #[test]
    #[wasm_bindgen_test]
    fn no_place_says_whose_mark_it_holds() {
        let (a, b) = (key(1).mark(&[1; NONCE]), key(2).mark(&[1; NONCE]));
        let in_order = marks([a, b].into_iter(), DECOYS);
        assert_eq!(in_order, marks([b, a].into_iter(), DECOYS));
        assert_eq!(marks(core::iter::empty(), DECOYS).len(), in_order.len());
        let many = marks(core::iter::repeat_n(a, MARKS + 5), DECOYS);
        assert!(many.as_chunks::<MARK>().0.iter().all(|mark| *mark == a));
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_knock_is_good_for_its_key_and_its_mask_alone() {
        let mask = [1; NONCE];
        let name = key(1).knock(Some(&mask), [7; NONCE]);
        assert_eq!(name.len(), 32 + DOMAIN.len());
        let knock = Knock::read(&name).unwrap();
        assert!(key(1).admits(Some(&mask), &knock));
        assert!(!key(2).admits(Some(&mask), &knock));
        assert!(!key(1).admits(Some(&[2; NONCE]), &knock));
        assert!(!key(1).admits(None, &knock));
        let code = Recognition::of_code(&PairingSecret::new([1; 16]));
        let of_code = Knock::read(&code.knock(None, [7; NONCE])).unwrap();
        assert!(code.admits(None, &of_code) && !code.admits(Some(&mask), &of_code));
    }

    #[test]
    #[wasm_bindgen_test]
    fn clients_of_one_device_have_keys_of_their_own() {
        let device = Secret::new([1; 32]);
        let key_of = |client: &[u8]| {
            let client = KeyFingerprint::of_spki(client);
            *discovery_key(&device, &client).expose()
        };
        assert_ne!(key_of(b"one"), key_of(b"other"));
        assert_eq!(key_of(b"one"), key_of(b"one"));
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_is_no_mask_and_no_knock_is_nobodys() {
        let good = marks(core::iter::empty(), DECOYS);
        let text = label(&[1; NONCE]);
        assert!(Seen::read(&(text.to_string() + " (2)._settle"), &good).is_some());
        let short = good.get(1..).unwrap();
        for (instance, marks) in [
            (&*text, &b""[..]),
            (&text, short),
            (&text, &[0; MARKS_BYTES + MARK]),
            ("printer", &good),
            ("aaaaaaaaaaaaaaa\u{e9}", &good),
            ("1111111111111111", &good),
        ] {
            assert_eq!(Seen::read(instance, marks), None, "{instance}");
        }
        let knock = key(1).knock(None, [7; NONCE]);
        let cut = knock.get(1..).unwrap();
        for bad in ["", ".local", "printer.local", cut, "\u{e9}.local"] {
            assert_eq!(Knock::read(bad), None, "{bad}");
        }
        assert!(
            Knock::read(&knock.to_uppercase()).is_none(),
            "the domain is lower case"
        );
    }
}
