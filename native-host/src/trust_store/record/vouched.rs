//! What referees bring into the store: the authority that one issues under, and the servers that it has
//! vouched for.

use minicbor::{Decode, Encode};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_transport::certificate;

/// A referee's authority. It is trusted for nothing by itself: see [`Vouched`].
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Authority {
    /// The root certificate, DER.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The fingerprint of its key.
    #[n(1)]
    pub fingerprint: KeyFingerprint,
    /// Those of its former keys, from the first on: history, and trusted no more.
    #[n(2)]
    pub former: Vec<KeyFingerprint>,
}

impl Authority {
    /// Of a certificate, if it is one.
    pub(super) fn new(root: Vec<u8>) -> Option<Self> {
        let fingerprint = certificate::fingerprint(&root)?;
        Some(Self {
            root,
            fingerprint,
            former: Vec::new(),
        })
    }
}

/// A server that showed a certificate of a referee's for its name.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Vouched {
    /// The identifier of the referee's record, with which this one goes.
    #[n(0)]
    pub referee: String,
    /// The root certificate that the referee issues under, DER.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The fingerprint of its key.
    #[n(2)]
    pub fingerprint: KeyFingerprint,
}
