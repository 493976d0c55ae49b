//! `audit`: the log of who was trusted and what was refused, in words, and whether it is whole.

use settle_protocol::material::Lifetime;
use settle_protocol::rpc::audit::{Audit, AuditEvent, KeyPlace, ReadAudit};
use settle_protocol::rpc::import::ImportKind;
use settle_protocol::rpc::maker::MakerStatement;
use settle_protocol::rpc::{Call, Refusal};

use super::time::when;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

pub(super) fn audit(
    paths: &Paths,
    limit: u32,
    verify: bool,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let limit = if verify { 0 } else { limit };
    let audit = read(&mut Client::connect(paths)?, limit)?;
    let outcome = match audit.damage {
        None => Outcome::Done,
        Some(_) => Outcome::Unwell,
    };
    if as_json {
        terminal.json(&audit)?;
        return Ok(outcome);
    }
    for entry in audit.entries.iter().rev() {
        let (number, at) = (entry.number, when(entry.at));
        terminal.say(format_args!("{number:>6}  {at}  {}", words(&entry.event)))?;
    }
    match (&audit.damage, audit.verified) {
        (Some(damage), _) => terminal.say(format_args!("The audit log is damaged: {damage}."))?,
        (None, Some(count)) if verify => terminal.say(format_args!(
            "The audit log is whole: {count} entries, and none was changed or taken away."
        ))?,
        (None, _) => {}
    }
    Ok(outcome)
}

/// Asks until there are as many as wanted, since one answer holds only so many.
fn read(daemon: &mut Client, limit: u32) -> Result<Audit, CommandError> {
    let mut all: Audit = daemon.call(Call::ReadAudit(ReadAudit {
        before: None,
        limit,
    }))?;
    loop {
        let held = u32::try_from(all.entries.len()).unwrap_or(u32::MAX);
        let before = all.entries.last().map(|oldest| oldest.number);
        let Some(before) = before.filter(|_| held < limit) else {
            return Ok(all);
        };
        let more: Audit = daemon.call(Call::ReadAudit(ReadAudit {
            before: Some(before),
            limit: limit - held,
        }))?;
        if more.entries.is_empty() {
            return Ok(all);
        }
        all.entries.extend(more.entries);
    }
}

#[expect(clippy::too_many_lines, reason = "one sentence for each event")]
fn words(event: &AuditEvent) -> String {
    match event {
        AuditEvent::Paired {
            name,
            unique_name,
            fingerprint,
            role,
            code,
        } => format!(
            "{name} was paired as {role} by a {} code ({unique_name}, key {fingerprint})",
            match code {
                Lifetime::OneTime => "one-time",
                Lifetime::Printed => "printed",
            }
        ),
        AuditEvent::Imported {
            name,
            certificate,
            kind,
        } => {
            let what = match kind {
                ImportKind::Authority => "an authority",
                ImportKind::Certificate => "a certificate",
            };
            format!("{what} was imported for {name} (certificate {certificate})")
        }
        AuditEvent::Recorded { name } => format!("{name} has confirmed the pairing"),
        AuditEvent::PairingFailed { reason } => format!("a pairing failed: {reason}"),
        AuditEvent::Revoked { name, unique_name } => {
            format!("{name} was revoked ({unique_name})")
        }
        AuditEvent::Dropped { name } => {
            format!("{name} was dropped: the device had not recorded the pairing")
        }
        AuditEvent::Renamed { from, to } => format!("{from} was renamed to {to}"),
        AuditEvent::OriginAllowed { name, origin } => {
            format!("{origin} may send requests to {name}")
        }
        AuditEvent::OriginPassed { name, origin } => {
            format!("{origin} may send requests to {name} for ten minutes")
        }
        AuditEvent::OriginDenied { name, origin } => {
            format!("{origin} may not send requests to {name} any more")
        }
        AuditEvent::Refused {
            name,
            refusal,
            times,
        } => {
            let reason = reason(refusal);
            match times {
                1 => format!("{name} was refused: {reason}"),
                times => format!("{name} was refused {times} more times: {reason}"),
            }
        }
        AuditEvent::MakerSaid { name, statement } => match statement {
            MakerStatement::Valid {
                maker,
                serial_number,
            } => format!("{name} was made by {maker}, serial number {serial_number}"),
            MakerStatement::Invalid { maker, detail, .. } => {
                format!("{name} is not what {maker} says, and was paired all the same: {detail}")
            }
        },
        AuditEvent::MakerAdded {
            maker,
            certificate,
            serial_numbers,
        } => format!(
            "{maker} was put on the list of makers, for the serial numbers {serial_numbers} \
             (certificate {certificate})"
        ),
        AuditEvent::MakerRemoved { maker, certificate } => {
            format!("{maker} was taken off the list of makers (certificate {certificate})")
        }
        AuditEvent::BackupMade { devices } => {
            format!("a backup of {devices} devices was made")
        }
        AuditEvent::Restored {
            name, unique_name, ..
        } => format!("{name} came out of a backup ({unique_name})"),
        AuditEvent::Vouched {
            name,
            referee,
            authority,
        } => format!("{referee} vouches for {name}, under {authority}"),
        AuditEvent::UnverifiedAdded { name } => {
            format!("{name} opens without pairing, and is not verified")
        }
        AuditEvent::UnverifiedRemoved { name } => {
            format!("{name} opens without pairing no more")
        }
        AuditEvent::VouchedNoMore { name } => {
            format!("{name} is not trusted by a referee's word any more")
        }
        AuditEvent::AuthorityRolledOver {
            name,
            was,
            authority,
        } => format!(
            "{name} issues under a new key, {authority}, which its key until then, {was}, names"
        ),
        AuditEvent::RolledOver {
            name,
            was,
            fingerprint,
        } => format!("{name} has a new key, {fingerprint}, which its key until then, {was}, names"),
        AuditEvent::RolloverNotStored {
            name,
            fingerprint,
            reason,
        } => format!(
            "{name} has a new key, {fingerprint}, which could not be stored ({reason}): the former \
             one stays valid"
        ),
        AuditEvent::KeyMoved { to } => match to {
            KeyPlace::Keyring => "the trust store's key was moved to the keyring".to_owned(),
            KeyPlace::PassphraseFile => {
                "the trust store's key was sealed with a passphrase".to_owned()
            }
        },
        AuditEvent::BridgeMade { .. } => "a bridge authority was made".to_owned(),
        AuditEvent::BridgePrepared { .. } => "the next bridge authority was made".to_owned(),
        AuditEvent::BridgeReplaced { .. } => {
            "the next bridge authority replaced the former, whose key was destroyed".to_owned()
        }
        AuditEvent::BridgeDestroyed {} => "the bridge authority was destroyed".to_owned(),
        AuditEvent::LogDamaged { found } => {
            format!("the audit log was found damaged and begun anew: {found}")
        }
    }
}

fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::WrongKey { expected, seen } => match seen {
            Some(seen) => format!("something with the key {seen} answered instead of {expected}"),
            None => format!("what answered is not the device with the key {expected}"),
        },
        Refusal::RolloverRefused {
            expected,
            seen,
            flaw,
        } => match seen {
            Some(seen) => format!("the new key {seen} is not vouched for by {expected}: {flaw}"),
            None => format!("a new key is not vouched for by {expected}: {flaw}"),
        },
        Refusal::WrongCertificate { expected, seen } => {
            format!("the certificate {seen} was shown instead of {expected}")
        }
        Refusal::BrokenRule { rule } => rule.clone(),
        Refusal::Unreachable {} => "the device did not answer".to_owned(),
        Refusal::Expired {} => "its certificate is out of its time".to_owned(),
        Refusal::NotAdmitted {} => "the device does not know this computer".to_owned(),
        Refusal::CrossSite { origin } => match origin {
            Some(origin) => format!("a page of {origin} asked for it"),
            None => "a page of another site asked for it".to_owned(),
        },
    }
}
