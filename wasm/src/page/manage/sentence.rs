//! What the audit log tells, in the user's language.

use settle_protocol::name::LocalName;
use settle_protocol::rpc::audit::{AuditEvent, KeyPlace};
use settle_protocol::rpc::import::ImportKind;
use settle_protocol::rpc::maker::MakerStatement;

use crate::fault::Fault;
use crate::page::Reason;
use crate::phrase::Phrase;
use crate::view::Text;

/// One line.
pub(super) fn of(event: &AuditEvent) -> Text {
    let say = Text::say_of;
    match event {
        AuditEvent::Paired { name, role, .. } => say(Phrase::LogPaired, &[name, role]),
        AuditEvent::Imported {
            name,
            kind: ImportKind::Authority,
            ..
        } => say(Phrase::LogImportedAuthority, &[name]),
        AuditEvent::Imported {
            name,
            kind: ImportKind::Certificate,
            ..
        } => say(Phrase::LogImportedCertificate, &[name]),
        AuditEvent::Recorded { name } => say(Phrase::LogRecorded, &[name]),
        // Its own sentence says that it was a pairing.
        AuditEvent::PairingFailed { reason } => Fault::from(*reason).sentence(),
        AuditEvent::Revoked { name, .. } => say(Phrase::LogRevoked, &[name]),
        AuditEvent::Dropped { name } => say(Phrase::LogDropped, &[name]),
        AuditEvent::Renamed { from, to } => say(Phrase::LogRenamed, &[from, to]),
        AuditEvent::OriginAllowed { name, origin } => {
            say(Phrase::LogOriginAllowed, &[name, origin])
        }
        AuditEvent::OriginPassed { name, origin } => say(Phrase::LogOriginPassed, &[name, origin]),
        AuditEvent::OriginDenied { name, origin } => say(Phrase::LogOriginDenied, &[name, origin]),
        AuditEvent::Refused { name, refusal, .. } => say(Reason::of(refusal).headline(), &[name]),
        AuditEvent::UnverifiedAdded { name } => say(Phrase::LogUnverifiedAdded, &[name]),
        AuditEvent::UnverifiedRemoved { name } => say(Phrase::LogUnverifiedRemoved, &[name]),
        AuditEvent::MakerSaid {
            name,
            statement: MakerStatement::Valid { maker, .. },
        } => say(Phrase::LogMakerSaid, &[name, maker]),
        AuditEvent::MakerSaid {
            name,
            statement: MakerStatement::Invalid { maker, .. },
        } => say(Phrase::LogMakerDenied, &[name, maker]),
        AuditEvent::MakerAdded { maker, .. } => say(Phrase::LogMakerAdded, &[maker]),
        AuditEvent::MakerRemoved { maker, .. } => say(Phrase::LogMakerRemoved, &[maker]),
        AuditEvent::BackupMade { devices } => say(Phrase::LogBackupMade, &[devices]),
        AuditEvent::Restored { name, .. } => say(Phrase::LogRestored, &[name]),
        AuditEvent::Vouched { name, referee, .. } => say(Phrase::LogVouched, &[name, referee]),
        AuditEvent::VouchedNoMore { name } => say(Phrase::LogVouchedNoMore, &[name]),
        AuditEvent::AuthorityRolledOver { name, .. } => {
            say(Phrase::LogAuthorityRolledOver, &[name])
        }
        AuditEvent::RolledOver { name, .. } => say(Phrase::LogRolledOver, &[name]),
        AuditEvent::RolloverNotStored { name, .. } => say(Phrase::LogRolloverNotStored, &[name]),
        AuditEvent::KeyMoved {
            to: KeyPlace::Keyring,
        } => Text::say(Phrase::LogKeyToKeyring),
        AuditEvent::KeyMoved {
            to: KeyPlace::PassphraseFile,
        } => Text::say(Phrase::LogKeyToPassphrase),
        AuditEvent::BridgeMade { .. } => Text::say(Phrase::LogBridgeMade),
        AuditEvent::BridgePrepared { .. } => Text::say(Phrase::LogBridgePrepared),
        AuditEvent::BridgeReplaced { .. } => Text::say(Phrase::LogBridgeReplaced),
        AuditEvent::BridgeDestroyed {} => Text::say(Phrase::LogBridgeDestroyed),
        AuditEvent::LogDamaged { .. } => Text::say(Phrase::LogWasDamaged),
    }
}

/// How often it happened, where that was more than once.
pub(super) fn times(event: &AuditEvent) -> Option<Text> {
    let AuditEvent::Refused { times, .. } = event else {
        return None;
    };
    (*times > 1).then(|| Text::say_of(Phrase::LogTimes, &[times]))
}

/// The devices that it is about, by the names that they had then.
pub(super) fn names(event: &AuditEvent) -> Vec<&LocalName> {
    match event {
        AuditEvent::Paired {
            name, unique_name, ..
        }
        | AuditEvent::Revoked { name, unique_name }
        | AuditEvent::Restored { name, unique_name } => vec![name, unique_name],
        AuditEvent::Renamed { from, to } => vec![from, to],
        AuditEvent::Vouched { name, referee, .. } => vec![name, referee],
        AuditEvent::Imported { name, .. }
        | AuditEvent::Recorded { name }
        | AuditEvent::Dropped { name }
        | AuditEvent::OriginAllowed { name, .. }
        | AuditEvent::OriginPassed { name, .. }
        | AuditEvent::OriginDenied { name, .. }
        | AuditEvent::Refused { name, .. }
        | AuditEvent::UnverifiedAdded { name }
        | AuditEvent::UnverifiedRemoved { name }
        | AuditEvent::VouchedNoMore { name }
        | AuditEvent::AuthorityRolledOver { name, .. }
        | AuditEvent::RolledOver { name, .. }
        | AuditEvent::RolloverNotStored { name, .. }
        | AuditEvent::MakerSaid { name, .. } => vec![name],
        AuditEvent::PairingFailed { .. }
        | AuditEvent::MakerAdded { .. }
        | AuditEvent::MakerRemoved { .. }
        | AuditEvent::BackupMade { .. }
        | AuditEvent::KeyMoved { .. }
        | AuditEvent::BridgeMade { .. }
        | AuditEvent::BridgePrepared { .. }
        | AuditEvent::BridgeReplaced { .. }
        | AuditEvent::BridgeDestroyed {}
        | AuditEvent::LogDamaged { .. } => Vec::new(),
    }
}
