//! What the trust store holds, as it is encoded: scoped anchors, the bridge authority and the proxy's
//! address. Keys are numbers, so later versions can add fields; what older versions wrote is read in
//! `former`.

mod devices;
pub(super) mod former;
mod maker;
mod unverified;
mod vouched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minicbor::{Decode, Encode};
use settle_protocol::fingerprint::{CertificateFingerprint, KeyFingerprint};
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::{Label, LocalName};
use settle_protocol::origin::Origin;
use settle_protocol::pairing::client::{Consented, Granted};
use settle_protocol::pairing::message::Role;
use settle_protocol::rpc::audit::AuditEvent;
use settle_protocol::rpc::import::ImportKind;
use settle_protocol::rpc::maker::MakerStatement;
use settle_protocol::rpc::{self, DeviceAnchor, DeviceState, PairedAnchor};
use settle_protocol::secret::SecretBytes;
use settle_transport::certificate;

use super::audit::Pending;
use super::codec;
use super::import::{ConsentedImport, Import};
pub use devices::Devices;
pub use maker::{MAX_MAKERS, Maker};
pub(super) use unverified::removed;
pub use unverified::{MAX_UNVERIFIED, Unverified};
pub use vouched::{Authority, Vouched};

/// One trusted device: its anchor, and everything that the trust in it is limited to.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct TrustedDevice {
    /// Its identifier in this store, the same for as long as it is trusted.
    #[n(0)]
    pub id: String,
    /// The user's label for it: it opens under `<petname>.local`.
    #[cbor(n(1), with = "codec::text")]
    pub petname: Label,
    /// The name that its certificate is verified for, and no other device's.
    #[cbor(n(2), with = "codec::text")]
    pub unique_name: LocalName,
    /// The TCP port of its HTTPS listener.
    #[n(3)]
    pub port: u16,
    /// Where it was reached before: hints, never trusted, and none of a portable device.
    #[n(4)]
    pub addresses: Vec<SocketAddr>,
    /// Seconds since the Unix epoch.
    #[n(5)]
    pub trusted_at: u64,
    /// Seconds since the Unix epoch of the last verified connection.
    #[n(6)]
    pub last_verified_at: Option<u64>,
    /// The anchor, and how the trust in it came about.
    #[n(7)]
    pub anchor: TrustedAnchor,
    /// Origins of other sites that the user lets in.
    #[n(8)]
    pub allowed_origins: Vec<Origin>,
}

/// What a device's certificate is verified against.
#[derive(Clone, Debug, Encode, Decode)]
pub enum TrustedAnchor {
    /// Of a completed ceremony.
    #[n(0)]
    Paired(#[n(0)] Paired),
    /// Of a certificate that the user got out of band.
    #[n(1)]
    Imported(#[n(0)] Imported),
    /// Of a referee that vouches for it.
    #[n(2)]
    Vouched(#[n(0)] Vouched),
}

/// The anchor of a device that was paired, and what both sides agreed on.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Paired {
    /// Device or referee.
    #[n(0)]
    pub kind: Kind,
    /// The trust anchor: its root certificate, DER.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The fingerprint of the root key.
    #[n(2)]
    pub fingerprint: KeyFingerprint,
    /// The role that it granted to us.
    #[n(3)]
    pub role: Role,
    /// The private key made for this device alone, PKCS #8.
    #[cbor(n(4), with = "codec::secret")]
    pub client_key: Arc<SecretBytes>,
    /// The certificate of that key, DER.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub client_certificate: Vec<u8>,
    /// For finding it when its names rotate.
    #[cbor(n(6), with = "codec::secret")]
    pub discovery_key: Arc<SecretBytes>,
    /// The kind of code that was scanned, pasted or typed.
    #[n(7)]
    pub code: Lifetime,
    /// Whether the device is known to have recorded us.
    #[n(8)]
    pub confirmed: bool,
    /// The fingerprints of its former root keys, from the first on: history, and trusted no more.
    #[cbor(n(9), default)]
    pub former: Vec<KeyFingerprint>,
    /// Of a referee: what it issues under.
    #[n(10)]
    pub authority: Option<Authority>,
}

/// A certificate, or the fingerprint of one, that the user got out of band.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Imported {
    /// SHA-256 of the certificate.
    #[n(0)]
    pub fingerprint: CertificateFingerprint,
    /// The certificate, DER, where the user had it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub certificate: Option<Vec<u8>>,
    /// What it is trusted as.
    #[cbor(n(2), with = "codec::import_kind")]
    pub kind: ImportKind,
}

/// What the host adds to the grant of a completed ceremony.
#[derive(Debug)]
pub struct Ours {
    /// The user's label for the device.
    pub petname: Label,
    /// The private key made for this device, PKCS #8.
    pub client_key: SecretBytes,
    /// Its certificate, DER.
    pub client_certificate: Vec<u8>,
    /// Where the device was found.
    pub address: SocketAddr,
    /// What a maker on the list is to have said of it; for the audit log alone.
    pub maker: Option<MakerStatement>,
}

impl TrustedDevice {
    /// Makes a record out of the proof of a completed ceremony and consent; there is no other way to
    /// a paired one.
    pub(super) fn paired(id: String, consented: Consented, ours: Ours, now: SystemTime) -> Self {
        let Granted {
            root,
            fingerprint,
            unique_name,
            port,
            kind,
            role,
            discovery_key,
            code,
            label: _,
            former,
            evidence: _,
            authority,
        } = consented.into_granted();
        Self {
            id,
            petname: ours.petname,
            unique_name,
            port,
            addresses: vec![ours.address],
            trusted_at: unix(now),
            last_verified_at: None,
            allowed_origins: Vec::new(),
            anchor: TrustedAnchor::Paired(Paired {
                kind,
                root,
                fingerprint,
                role,
                client_key: Arc::new(ours.client_key),
                client_certificate: ours.client_certificate,
                discovery_key: Arc::new(SecretBytes::new(discovery_key.expose().to_vec())),
                code,
                confirmed: false,
                former,
                authority: authority.and_then(Authority::new),
            }),
        }
    }

    /// Makes a record out of the user's consent to a certificate; there is no other way to an
    /// imported one.
    pub(super) fn imported(id: String, consented: ConsentedImport, now: SystemTime) -> Self {
        let Import {
            name,
            petname,
            port,
            addresses,
            imported,
        } = consented.into_import();
        Self {
            id,
            petname,
            unique_name: name,
            port,
            addresses,
            trusted_at: unix(now),
            last_verified_at: None,
            allowed_origins: Vec::new(),
            anchor: TrustedAnchor::Imported(imported),
        }
    }

    /// Every name that opens it: the user's first, then the one that is its alone. What was imported or
    /// vouched for under one name opens by no other.
    #[must_use]
    pub fn names(&self) -> Vec<LocalName> {
        let mut names = match &self.anchor {
            TrustedAnchor::Paired(_) => vec![self.petname.dot_local(), self.unique_name.clone()],
            TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => {
                vec![self.unique_name.clone()]
            }
        };
        names.dedup();
        names
    }

    /// The ports that the trust covers: that of a bare address, and the device's own. Behind another port
    /// of a name that a referee vouches for there may be another server.
    #[must_use]
    pub const fn covers_port(&self, port: u16) -> bool {
        port == self.port || (port == 443 && !self.is_vouched())
    }

    /// Whether both sides are known to have the trust.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        match &self.anchor {
            TrustedAnchor::Paired(paired) => paired.confirmed,
            // There is nobody who would have to record us.
            TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => true,
        }
    }

    /// Notes a verified connection, and where it led if that is to be kept.
    pub(super) fn verified(&mut self, address: Option<SocketAddr>, now: SystemTime) {
        if let TrustedAnchor::Paired(paired) = &mut self.anchor {
            paired.confirmed = true;
        }
        self.last_verified_at = Some(unix(now));
        let Some(address) = address else {
            self.addresses.clear();
            return;
        };
        self.addresses.retain(|known| *known != address);
        self.addresses.insert(0, address);
        self.addresses
            .truncate(settle_protocol::material::MAX_ADDRESSES);
    }

    /// Whether it has the same anchor as another record.
    #[must_use]
    pub fn is_same_anchor(&self, other: &Self) -> bool {
        match (&self.anchor, &other.anchor) {
            (TrustedAnchor::Paired(ours), TrustedAnchor::Paired(theirs)) => {
                ours.fingerprint.matches(&theirs.fingerprint)
            }
            // One authority may be trusted for several names, each by itself.
            (TrustedAnchor::Imported(ours), TrustedAnchor::Imported(theirs)) => {
                ours.fingerprint.matches(&theirs.fingerprint)
                    && self.unique_name == other.unique_name
            }
            (TrustedAnchor::Vouched(ours), TrustedAnchor::Vouched(theirs)) => {
                ours.fingerprint.matches(&theirs.fingerprint)
                    && self.unique_name == other.unique_name
            }
            (TrustedAnchor::Paired(_), TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_))
            | (TrustedAnchor::Imported(_), TrustedAnchor::Paired(_) | TrustedAnchor::Vouched(_))
            | (TrustedAnchor::Vouched(_), TrustedAnchor::Paired(_) | TrustedAnchor::Imported(_)) => {
                false
            }
        }
    }

    /// Whether it is the same device as that of another record, whichever of them knows its later root.
    #[must_use]
    pub fn is_same_device(&self, other: &Self) -> bool {
        self.is_same_anchor(other) || self.follows(other) || other.follows(self)
    }

    /// Whether this record's root has taken the place of the other's.
    #[must_use]
    pub fn follows(&self, other: &Self) -> bool {
        let (TrustedAnchor::Paired(ours), TrustedAnchor::Paired(theirs)) =
            (&self.anchor, &other.anchor)
        else {
            return false;
        };
        let mut former = ours.former.iter();
        self.unique_name == other.unique_name
            && former.any(|former| former.matches(&theirs.fingerprint))
    }

    /// What it issues under, if it is a referee.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        match &self.anchor {
            TrustedAnchor::Paired(paired) => paired.authority.as_ref(),
            TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => None,
        }
    }

    /// Whether it is trusted because a referee is.
    #[must_use]
    pub const fn is_vouched(&self) -> bool {
        matches!(self.anchor, TrustedAnchor::Vouched(_))
    }

    /// What the audit log tells of its beginning, if the user consented to it.
    pub(super) fn trusted_event(&self) -> Option<AuditEvent> {
        Some(match &self.anchor {
            TrustedAnchor::Paired(paired) => AuditEvent::Paired {
                name: self.petname.dot_local(),
                unique_name: self.unique_name.clone(),
                fingerprint: paired.fingerprint,
                role: paired.role.word().to_owned(),
                code: paired.code,
            },
            TrustedAnchor::Imported(imported) => AuditEvent::Imported {
                name: self.unique_name.clone(),
                certificate: imported.fingerprint,
                kind: imported.kind,
            },
            TrustedAnchor::Vouched(_) => return None,
        })
    }

    /// The user's name for it.
    #[must_use]
    pub fn name(&self) -> LocalName {
        match &self.anchor {
            TrustedAnchor::Paired(_) => self.petname.dot_local(),
            TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => self.unique_name.clone(),
        }
    }

    /// What it is verified by, as it is shown.
    #[must_use]
    pub fn anchor_view(&self) -> DeviceAnchor {
        match &self.anchor {
            TrustedAnchor::Paired(paired) => {
                let view = PairedAnchor {
                    fingerprint: paired.fingerprint,
                    role: paired.role.word().to_owned(),
                    code: paired.code,
                    former: paired.former.clone(),
                    authority: paired.authority.as_ref().map(|made| made.fingerprint),
                };
                match paired.kind {
                    Kind::Device => DeviceAnchor::Device(view),
                    Kind::Referee => DeviceAnchor::Referee(view),
                }
            }
            TrustedAnchor::Imported(imported) => {
                let certificate = imported.fingerprint;
                match imported.kind {
                    ImportKind::Authority => DeviceAnchor::Authority { certificate },
                    ImportKind::Certificate => DeviceAnchor::Certificate { certificate },
                }
            }
            TrustedAnchor::Vouched(vouched) => DeviceAnchor::Vouched {
                referee: vouched.referee.clone(),
                authority: vouched.fingerprint,
            },
        }
    }

    /// What pages and the command line show of it.
    #[must_use]
    pub fn view(&self) -> rpc::Device {
        rpc::Device {
            id: self.id.clone(),
            petname: self.petname.clone(),
            names: self.names(),
            unique_name: self.unique_name.clone(),
            anchor: self.anchor_view(),
            port: self.port,
            allowed_origins: self.allowed_origins.clone(),
            passing_origins: Vec::new(),
            paired_at: self.trusted_at,
            last_verified_at: self.last_verified_at,
            state: if self.is_confirmed() {
                DeviceState::Active
            } else {
                DeviceState::Pending
            },
            unstored_rollover: None,
        }
    }
}

/// The bridge authority, by which this user's browsers accept the verifying proxy.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Bridge {
    /// Its private key, PKCS #8.
    #[cbor(n(0), with = "codec::secret")]
    pub key: Arc<SecretBytes>,
    /// Its certificate, DER.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
}

impl Bridge {
    /// Of its key, for the audit log.
    pub(super) fn fingerprint(&self) -> Option<KeyFingerprint> {
        certificate::fingerprint(&self.certificate)
    }
}

/// The verifying proxy's address, which browsers keep across restarts.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct ProxyAddress {
    /// What the first label of its host name is made of, 16 bytes.
    #[cbor(n(0), with = "codec::secret")]
    pub token: Arc<SecretBytes>,
    /// The TCP port on the loopback; 0 before the first start.
    #[n(1)]
    pub port: u16,
}

/// All of it. Copies are cheap: they share the records.
#[derive(Clone, Debug, Default, Encode, Decode)]
#[cbor(map)]
pub struct Contents {
    /// What is trusted.
    #[n(0)]
    pub devices: Devices,
    /// Made when it is first needed.
    #[n(1)]
    pub bridge: Option<Bridge>,
    /// Drawn when it is first needed.
    #[n(2)]
    pub proxy: Option<ProxyAddress>,
    /// Where the audit log ends, or has to be made to end.
    #[n(3)]
    pub audit: Option<Pending>,
    /// Takes the place of `bridge` before that ends.
    #[n(4)]
    pub next_bridge: Option<Bridge>,
    /// The makers on the user's list; they make nothing trusted.
    #[cbor(n(5), default)]
    pub makers: Vec<Maker>,
    /// What the user lets open without being verified, the oldest first.
    #[cbor(n(6), default)]
    pub unverified: Vec<Unverified>,
}

impl Contents {
    /// Whether another device than the one with this unique name opens under `petname`, or under a
    /// name that is easily taken for it. What referees vouch for gives way to a device's own anchor.
    #[must_use]
    pub fn taken(&self, petname: &Label, unique_name: &LocalName) -> bool {
        let name = petname.dot_local();
        let mut others = self
            .devices
            .iter()
            .filter(|device| device.unique_name != *unique_name && !device.is_vouched());
        others.any(|device| device.names().contains(&name) || device.petname.looks_like(petname))
    }

    /// Whether a device opens under `name`, or under one that is easily taken for it; likewise.
    #[must_use]
    pub fn name_taken(&self, name: &LocalName, petname: &Label) -> bool {
        let mut devices = self.devices.iter().filter(|device| !device.is_vouched());
        devices.any(|device| device.names().contains(name) || device.petname.looks_like(petname))
    }
}

/// Seconds since the Unix epoch; 0 before it.
#[must_use]
pub fn unix(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
}
