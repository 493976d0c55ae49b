//! `accounts`, `certificates`, `revoke`, `audit`: what has come of the names. They speak to the store, whether the referee
//! runs or not.

use std::io::{self, Write};

use anyhow::bail;
use clap::Args;
use serde_json::json;

use settle_referee::store::{By, Revocation};

use super::{block_on, now, store};
use crate::Which;

/// Lines of the log that are shown.
const LINES: u32 = 1000;

#[derive(Args)]
pub(crate) struct Revoke {
    /// Its serial number, as `certificates` lists it.
    #[arg(value_name = "SERIAL")]
    serial: String,
    /// Why: the number of RFC 5280 §5.3.1, such as 1 where its key is somebody else's by now.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=10))]
    reason: u8,
    #[command(flatten)]
    which: Which,
}

/// Lists the accounts.
pub(crate) fn accounts(which: &Which) -> anyhow::Result<()> {
    let accounts = block_on(async { Ok(store(which).await?.accounts().await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        let accounts = accounts.iter().map(|account| {
            json!({
                "account": account.id,
                "key": account.thumbprint,
                "valid": account.is_valid,
                "contacts": account.contacts,
                "external_key": account.external_key,
            })
        });
        let accounts: Vec<_> = accounts.collect();
        writeln!(output, "{}", json!({"accounts": accounts}))?;
        return Ok(());
    }
    for account in accounts {
        let state = if account.is_valid { "" } else { "  ended" };
        let contacts = account.contacts.join(" ");
        writeln!(
            output,
            "{}  key {}  {contacts}{state}",
            account.id, account.thumbprint
        )?;
    }
    Ok(())
}

/// Lists the certificates.
pub(crate) fn certificates(which: &Which) -> anyhow::Result<()> {
    let certificates = block_on(async { Ok(store(which).await?.certificates(now()).await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        let certificates = certificates.iter().map(|certificate| {
            json!({
                "serial": certificate.issued.serial,
                "names": certificate.names,
                "account": certificate.account,
                "fingerprint": certificate.issued.key,
                "not_before": certificate.issued.not_before,
                "not_after": certificate.issued.not_after,
                "revoked": certificate.revoked.map(|revoked| revoked.at),
            })
        });
        let certificates: Vec<_> = certificates.collect();
        writeln!(output, "{}", json!({"certificates": certificates}))?;
        return Ok(());
    }
    for certificate in certificates {
        let hours = certificate.issued.not_after.saturating_sub(now()) / 3600;
        let state = match certificate.revoked {
            Some(_) => "revoked".to_owned(),
            None => format!("for {hours} hours"),
        };
        let names = certificate.names.join(" ");
        writeln!(output, "{}  {names}  {state}", certificate.issued.serial)?;
    }
    Ok(())
}

/// Revokes one.
pub(crate) fn revoke(revoke: &Revoke) -> anyhow::Result<()> {
    let revoked = block_on(async {
        let store = store(&revoke.which).await?;
        let (reason, at) = (revoke.reason, now());
        let revocation = Revocation { at, reason };
        let revoked = store.revoke(&revoke.serial, revocation, "", By::Owner);
        Ok(revoked.await?)
    })?;
    if !revoked {
        bail!("{} is not a certificate that is good", revoke.serial);
    }
    writeln!(
        io::stdout(),
        "{} is revoked. Hosts of Settle ask no list: withdraw its names, and have it end by itself.",
        revoke.serial
    )?;
    Ok(())
}

/// Shows the log.
pub(crate) fn audit(which: &Which) -> anyhow::Result<()> {
    let lines = block_on(async { Ok(store(which).await?.audit(LINES).await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        let lines = lines.iter().map(|line| {
            json!({
                "at": line.at,
                "event": line.event.as_str(),
                "account": line.account,
                "by": line.by.word(),
                "subject": line.subject,
                "detail": line.detail,
            })
        });
        let lines: Vec<_> = lines.collect();
        writeln!(output, "{}", json!({"lines": lines}))?;
        return Ok(());
    }
    for line in lines {
        let event = line.event.as_str();
        // What came over the network is shown as one line, whatever it holds.
        let (subject, detail) = (line.subject.escape_debug(), line.detail.escape_debug());
        writeln!(
            output,
            "{}  {event}  {subject}  {detail}  {}  {}",
            line.at,
            line.account,
            line.by.word()
        )?;
    }
    Ok(())
}
