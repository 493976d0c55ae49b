//! What earlier versions wrote, for one purpose: to be read and put into today's form.

use std::net::SocketAddr;
use std::sync::Arc;

use minicbor::Decode;
use minicbor::decode::Error;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::{Label, LocalName};
use settle_protocol::pairing::message::Role;
use settle_protocol::secret::SecretBytes;

use super::{Bridge, Contents, Devices, Paired, ProxyAddress, TrustedAnchor, TrustedDevice};
use crate::trust_store::codec;

/// Reads contents of version 1.
pub(in crate::trust_store) fn read_version_1(plain: &[u8]) -> Result<Contents, Error> {
    let former: Contents1 = minicbor::decode(plain)?;
    let mut devices = Devices::default();
    for device in former.devices {
        devices.insert(device.into());
    }
    Ok(Contents {
        devices,
        bridge: former.bridge,
        proxy: former.proxy,
        audit: None,
        next_bridge: None,
        makers: Vec::new(),
        unverified: Vec::new(),
    })
}

#[derive(Decode)]
#[cbor(map)]
struct Contents1 {
    #[n(0)]
    devices: Vec<Device1>,
    #[n(1)]
    bridge: Option<Bridge>,
    #[n(2)]
    proxy: Option<ProxyAddress>,
}

#[derive(Decode)]
#[cbor(map)]
struct Device1 {
    #[n(0)]
    id: String,
    #[n(1)]
    kind: Kind,
    #[cbor(n(2), with = "codec::text")]
    petname: Label,
    #[cbor(n(3), with = "codec::text")]
    unique_name: LocalName,
    #[n(4)]
    port: u16,
    #[cbor(n(5), with = "minicbor::bytes")]
    root: Vec<u8>,
    #[n(6)]
    fingerprint: KeyFingerprint,
    #[n(7)]
    role: Role,
    #[cbor(n(8), with = "codec::secret")]
    client_key: Arc<SecretBytes>,
    #[cbor(n(9), with = "minicbor::bytes")]
    client_certificate: Vec<u8>,
    #[cbor(n(10), with = "codec::secret")]
    discovery_key: Arc<SecretBytes>,
    #[n(11)]
    addresses: Vec<SocketAddr>,
    #[n(12)]
    ceremony: Lifetime,
    #[n(13)]
    paired_at: u64,
    #[n(14)]
    last_verified_at: Option<u64>,
    #[n(15)]
    confirmed: bool,
}

impl From<Device1> for TrustedDevice {
    fn from(former: Device1) -> Self {
        Self {
            id: former.id,
            petname: former.petname,
            unique_name: former.unique_name,
            port: former.port,
            addresses: former.addresses,
            trusted_at: former.paired_at,
            last_verified_at: former.last_verified_at,
            allowed_origins: Vec::new(),
            anchor: TrustedAnchor::Paired(Paired {
                kind: former.kind,
                root: former.root,
                fingerprint: former.fingerprint,
                role: former.role,
                client_key: former.client_key,
                client_certificate: former.client_certificate,
                discovery_key: former.discovery_key,
                code: former.ceremony,
                confirmed: former.confirmed,
                former: Vec::new(),
                authority: None,
            }),
        }
    }
}
