//! A maker (manufacturer) on the user's list: its authority's certificate, and what it is believed about.

use minicbor::{Decode, Encode};
use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::maker::{MakerName, SerialNumber, SerialPattern};
use settle_protocol::material::Kind;
use settle_protocol::rpc::maker;

use crate::trust_store::codec;

/// How many there may be: each is asked about a device that names it.
pub const MAX_MAKERS: usize = 64;

/// One maker.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Maker {
    /// The user's name for it.
    #[cbor(n(0), with = "codec::text")]
    pub name: MakerName,
    /// Its authority's certificate, DER.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// The serial numbers that it is believed about.
    #[cbor(n(2), with = "codec::text")]
    pub serial_numbers: SerialPattern,
    /// The kinds that it is believed about.
    #[n(3)]
    pub kinds: Vec<Kind>,
    /// Seconds since the Unix epoch.
    #[n(4)]
    pub added_at: u64,
}

impl Maker {
    /// Of its certificate.
    #[must_use]
    pub fn fingerprint(&self) -> CertificateFingerprint {
        CertificateFingerprint::of_der(&self.certificate)
    }

    /// Whether it is believed about such a device.
    #[must_use]
    pub fn covers(&self, kind: Kind, serial_number: &SerialNumber) -> bool {
        self.kinds.contains(&kind) && self.serial_numbers.matches(serial_number)
    }

    /// What pages and the command line show of it.
    #[must_use]
    pub fn view(&self) -> maker::Maker {
        maker::Maker {
            name: self.name.clone(),
            certificate: self.fingerprint(),
            serial_numbers: self.serial_numbers.clone(),
            kinds: self.kinds.clone(),
            added_at: self.added_at,
        }
    }
}
