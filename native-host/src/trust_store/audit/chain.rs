//! How an entry of the audit log is tied to all before it: HMAC-SHA256 over the former entry's code and
//! the entry's text. Files are not known here.

use data_encoding::HEXLOWER;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use settle_protocol::rpc::audit::AuditEntry;
use settle_protocol::secret::Secret;
use sha2::Sha256;

use crate::trust_store::seal::StoreKey;

/// Derives the key from the store's (RFC 5869 §2.2, as the salt).
const PURPOSE: &[u8] = b"settle audit log 1";

/// Signs and checks entries.
#[derive(Debug)]
pub(in crate::trust_store) struct ChainKey(Secret<64>);

/// An entry as the next one sees it. The first follows the default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Encode, Decode)]
#[cbor(map)]
pub(in crate::trust_store) struct Link {
    /// Counted from 1; 0 is before the first.
    #[n(0)]
    pub(super) number: u64,
    /// Its authentication code.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) code: [u8; 32],
}

impl ChainKey {
    /// Derives the key.
    pub(in crate::trust_store) fn derive(key: &StoreKey) -> Self {
        let (derived, _) = Hkdf::<Sha256>::extract(Some(PURPOSE), key.expose());
        // RFC 2104 §2: a key shorter than a block is followed by zeros.
        let mut block = [0; 64];
        for (byte, derived) in block.iter_mut().zip(derived) {
            *byte = derived;
        }
        Self(Secret::new(block))
    }

    fn mac(&self, before: Link, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(self.0.expose().into());
        mac.update(&before.code);
        mac.update(text.as_bytes());
        mac
    }
}

/// Makes the line of the entry that follows `before`.
pub(super) fn sign(key: &ChainKey, before: Link, entry: &AuditEntry) -> (Link, String) {
    // Names, numbers and words: nothing in an entry can fail to be written.
    let text = serde_json::to_string(entry).unwrap_or_default();
    let code: [u8; 32] = key.mac(before, &text).finalize().into_bytes().into();
    let number = entry.number;
    let line = format!("{} {text}", HEXLOWER.encode(&code));
    (Link { number, code }, line)
}

/// Reads a line; `None` unless it is the entry that follows `before`.
pub(super) fn check(key: &ChainKey, before: Link, line: &str) -> Option<(Link, AuditEntry)> {
    let (code, text) = line.split_once(' ')?;
    let code: [u8; 32] = HEXLOWER.decode(code.as_bytes()).ok()?.try_into().ok()?;
    key.mac(before, text).verify_slice(&code).ok()?;
    let entry: AuditEntry = serde_json::from_str(text).ok()?;
    let number = before.number + 1;
    (entry.number == number).then_some((Link { number, code }, entry))
}
