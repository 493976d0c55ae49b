//! A maker's evidence inside the exchange (docs/pairing.md §5.7): what a device may show of it, and
//! what the key of its certificate signs, so that a copied chain is worth nothing.
//!
//! Octets only. Whether certificates and voucher hold is for whoever can read them to say.

use alloc::vec::Vec;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::Binding;
use crate::fingerprint::KeyFingerprint;
use crate::spake2::length_prefixed;

/// How many certificates a chain may have, the maker's own not among them.
pub const MAX_CHAIN: usize = 4;
/// The longest certificate, in octets.
pub const MAX_CERTIFICATE: usize = 4 * 1024;
/// The longest voucher, in octets.
pub const MAX_VOUCHER: usize = 8 * 1024;
/// All of it together, in octets: the grant around it has its room in the message.
pub const MAX_EVIDENCE: usize = 12 * 1024;
/// The longest signature, in octets: ECDSA over P-384 takes 104.
const MAX_SIGNATURE: usize = 128;

/// What the signature is about, after the padding of RFC 8446 §4.4.3: the key may also be used for TLS.
const CONTEXT: &[u8] = b"settle-pair/1 maker's evidence";
const PADDING: [u8; 64] = [0x20; 64];

/// The form of a voucher (RFC 8366).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum VoucherForm {
    /// CMS `SignedData` (RFC 5652), DER.
    #[n(0)]
    Cms,
    /// JWS (RFC 7515), the general JSON serialization.
    #[n(1)]
    Jws,
}

/// What a device shows of its maker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evidence {
    /// The `IDevID` certificate (IEEE 802.1AR), then its issuers; the maker's own is left out. DER.
    #[n(0)]
    pub chain: Vec<ByteVec>,
    /// Of the voucher.
    #[n(1)]
    pub form: VoucherForm,
    /// The maker's statement that this serial number has this root key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub voucher: Vec<u8>,
    /// By the key of the `IDevID` certificate, over what [`Exchange::to_sign`] gives.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

impl Evidence {
    /// Whether every part of it is within its limits.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let chain: usize = self.chain.iter().map(|certificate| certificate.len()).sum();
        let all = chain + self.voucher.len() + self.signature.len();
        (1..=MAX_CHAIN).contains(&self.chain.len())
            && self.chain.iter().all(|one| one.len() <= MAX_CERTIFICATE)
            && self.voucher.len() <= MAX_VOUCHER
            && self.signature.len() <= MAX_SIGNATURE
            && all <= MAX_EVIDENCE
    }
}

/// Evidence as it came, with what its signature has to be over.
#[derive(Clone, Debug)]
pub struct Presented {
    /// What the device sent.
    pub evidence: Evidence,
    /// The octets that its signature is over.
    pub signed: Vec<u8>,
}

/// What makes one exchange different from all others: both keys, and the associated data of its
/// confirmation (docs/pairing.md §5.5).
#[derive(Clone, Debug)]
pub struct Exchange {
    client: KeyFingerprint,
    device: KeyFingerprint,
    associated_data: [u8; 32],
}

impl Exchange {
    pub(super) const fn new(binding: &Binding, associated_data: [u8; 32]) -> Self {
        Self {
            client: binding.client,
            device: binding.device,
            associated_data,
        }
    }

    /// The octets that the key of `certificate` signs to say that it is here (docs/pairing.md §5.7).
    #[must_use]
    pub fn to_sign(&self, certificate: &[u8], voucher: &[u8]) -> Vec<u8> {
        let digest = Sha256::digest(length_prefixed(&[
            self.client.as_bytes(),
            self.device.as_bytes(),
            &self.associated_data,
            certificate,
            voucher,
        ]));
        [&PADDING, CONTEXT, &[0], digest.as_slice()].concat()
    }

    pub(super) fn present(&self, evidence: Evidence) -> Presented {
        let certificate = evidence.chain.first().map_or(&[][..], |first| first);
        let signed = self.to_sign(certificate, &evidence.voucher);
        Presented { evidence, signed }
    }
}
