//! What the audit log tells: who was trusted, why and when, and what was refused. Nothing secret.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::import::ImportKind;
use super::maker::MakerStatement;
use super::{ErrorKind, Refusal};
use crate::fingerprint::{CertificateFingerprint, KeyFingerprint};
use crate::maker::{MakerName, SerialPattern};
use crate::material::Lifetime;
use crate::name::LocalName;
use crate::origin::Origin;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1, without gaps.
    pub number: u64,
    /// Seconds since the Unix epoch, by this computer's clock.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: AuditEvent,
}

/// Everything that is worth remembering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditEvent {
    /// The user consented to a device that had proved itself.
    Paired {
        /// The name under which the user opens it.
        name: LocalName,
        /// The name that is its alone.
        unique_name: LocalName,
        /// Of its root key.
        fingerprint: KeyFingerprint,
        /// The role that it granted.
        role: String,
        /// The code that proved it.
        code: Lifetime,
    },
    /// The user consented to a certificate that was got out of band.
    Imported {
        /// The one name that it is trusted for.
        name: LocalName,
        /// Of the certificate.
        certificate: CertificateFingerprint,
        /// What it is trusted as.
        kind: ImportKind,
    },
    /// A device is known to have recorded us.
    Recorded {
        /// The user's name for it.
        name: LocalName,
    },
    /// A pairing did not come about.
    PairingFailed {
        /// Why.
        reason: ErrorKind,
    },
    /// The trust in a device was ended.
    Revoked {
        /// The user's name for it.
        name: LocalName,
        /// The name that was its alone.
        unique_name: LocalName,
    },
    /// A device that had not recorded us was dropped.
    Dropped {
        /// The user's name for it.
        name: LocalName,
    },
    /// The user lets a name open without pairing, verified by nobody.
    UnverifiedAdded {
        /// The name.
        name: LocalName,
    },
    /// It opens so no more: the user has taken it back, or a device has the name.
    UnverifiedRemoved {
        /// The name.
        name: LocalName,
    },
    /// A device got another name.
    Renamed {
        /// Until then.
        from: LocalName,
        /// From then on.
        to: LocalName,
    },
    /// Another site may send requests to a device.
    OriginAllowed {
        /// The user's name for the device.
        name: LocalName,
        /// The site.
        origin: Origin,
    },
    /// Another site may send requests to a device for ten minutes.
    OriginPassed {
        /// The user's name for the device.
        name: LocalName,
        /// The site.
        origin: Origin,
    },
    /// It may no longer.
    OriginDenied {
        /// The user's name for the device.
        name: LocalName,
        /// The site.
        origin: Origin,
    },
    /// Requests to a paired name went no further.
    Refused {
        /// The name that was asked for.
        name: LocalName,
        /// Why.
        refusal: Refusal,
        /// How many of the same kind, since the last line that told of them.
        times: u64,
    },
    /// What the maker of a device that was paired then is to have said of it: the user consented to
    /// the device all the same, where that does not hold.
    MakerSaid {
        /// The user's name for the device.
        name: LocalName,
        /// What it came to.
        statement: MakerStatement,
    },
    /// A maker was put on the user's list.
    MakerAdded {
        /// The user's name for it.
        maker: MakerName,
        /// Of its certificate.
        certificate: CertificateFingerprint,
        /// The serial numbers that it is believed about.
        serial_numbers: SerialPattern,
    },
    /// A maker was taken off the list.
    MakerRemoved {
        /// The user's name for it.
        maker: MakerName,
        /// Of its certificate.
        certificate: CertificateFingerprint,
    },
    /// What is trusted was sealed with a passphrase and given away.
    BackupMade {
        /// How many anchors were in it.
        devices: u64,
    },
    /// A device is trusted because it was in a backup.
    Restored {
        /// The user's name for it.
        name: LocalName,
        /// The name that is its alone.
        unique_name: LocalName,
    },
    /// A server showed a certificate of a trusted referee for its name.
    Vouched {
        /// The name.
        name: LocalName,
        /// The user's name for the referee.
        referee: LocalName,
        /// The key of the root that the referee issues under.
        authority: KeyFingerprint,
    },
    /// What a referee vouched for is trusted no more: the referee was revoked, or the name is a device's
    /// own by now.
    VouchedNoMore {
        /// The name.
        name: LocalName,
    },
    /// The root that a referee issues under has given way to another one, by links that both have signed.
    AuthorityRolledOver {
        /// The user's name for the referee.
        name: LocalName,
        /// The key of the root until then.
        was: KeyFingerprint,
        /// That from then on.
        authority: KeyFingerprint,
    },
    /// A device's root has given way to another one, by links that both have signed.
    RolledOver {
        /// The user's name for it.
        name: LocalName,
        /// The root key that was trusted until then.
        was: KeyFingerprint,
        /// The one from then on.
        fingerprint: KeyFingerprint,
    },
    /// The same, but it could not be stored: the former root is trusted as before.
    RolloverNotStored {
        /// The user's name for the device.
        name: LocalName,
        /// The root key that would be trusted.
        fingerprint: KeyFingerprint,
        /// Why not.
        reason: ErrorKind,
    },
    /// The store's key is kept somewhere else from then on.
    KeyMoved {
        /// Where.
        to: KeyPlace,
    },
    /// A bridge authority was made.
    BridgeMade {
        /// Of its key.
        fingerprint: Option<KeyFingerprint>,
    },
    /// The bridge authority that will come next was made.
    BridgePrepared {
        /// Of its key.
        fingerprint: Option<KeyFingerprint>,
    },
    /// The next bridge authority has taken the place of the former, whose key was destroyed.
    BridgeReplaced {
        /// Of the key that signs from then on.
        fingerprint: Option<KeyFingerprint>,
    },
    /// The bridge authority's key was destroyed.
    BridgeDestroyed {},
    /// The log itself was found damaged, and was begun anew.
    LogDamaged {
        /// What was found, in English.
        found: String,
    },
}

/// Where the trust store's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In the operating system's keyring.
    Keyring,
    /// In a file that a passphrase opens.
    PassphraseFile,
}

/// Parameters of `audit.read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAudit {
    /// Only entries with a smaller number; the newest, if there is none.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// A part of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The newest first.
    pub entries: Vec<AuditEntry>,
    /// How many entries there are whose chain was checked to its end, if it holds.
    pub verified: Option<u64>,
    /// Why it does not hold, in English.
    pub damage: Option<String>,
}
