//! `accounts`, `end-account`, `certificates`, `revoke`, `audit`: what has come of the names. They speak to the store,
//! whether the referee runs or not.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::{block_on, now, owner};
use crate::Which;

/// Lines of the log that are shown.
const LINES: u32 = 1000;

#[derive(Args)]
pub(crate) struct EndAccount {
    /// Its number, as `accounts` lists it.
    #[arg(value_name = "NUMBER")]
    account: String,
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// Its serial number, as `certificates` lists it.
    #[arg(value_name = "SERIAL")]
    serial: String,
    /// Why: the number of RFC 5280 §5.3.1, such as 1 where its key is somebody else's by now.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    reason: u8,
    #[command(flatten)]
    which: Which,
}

/// Lists the accounts.
pub(crate) fn accounts(which: &Which) -> anyhow::Result<()> {
    let accounts = block_on(async { Ok(owner(which).await?.accounts().await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        writeln!(output, "{}", json!({"accounts": accounts}))?;
        return Ok(());
    }
    for account in accounts {
        let state = if account.valid { "" } else { "  ended" };
        let contacts = account.contacts.join(" ");
        writeln!(
            output,
            "{}  key {}  {contacts}{state}",
            account.account, account.key
        )?;
    }
    Ok(())
}

/// Ends one.
pub(crate) fn end_account(end: &EndAccount) -> anyhow::Result<()> {
    let account = &end.account;
    block_on(async { Ok(owner(&end.which).await?.end_account(account).await?) })?;
    writeln!(
        io::stdout(),
        "{account} is ended. What was issued to it stays good to its end, unless it is revoked."
    )?;
    Ok(())
}

/// Lists the certificates.
pub(crate) fn certificates(which: &Which) -> anyhow::Result<()> {
    let certificates = block_on(async { Ok(owner(which).await?.certificates().await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        writeln!(output, "{}", json!({"certificates": certificates}))?;
        return Ok(());
    }
    for certificate in certificates {
        let hours = certificate.not_after.saturating_sub(now()) / 3600;
        let state = match certificate.revoked {
            Some(_) => "revoked".to_owned(),
            None => format!("for {hours} hours"),
        };
        let names = certificate.names.join(" ");
        writeln!(output, "{}  {names}  {state}", certificate.serial)?;
    }
    Ok(())
}

/// Revokes one.
pub(crate) fn revoke(revoke: &Revoke) -> anyhow::Result<()> {
    let (serial, reason) = (&revoke.serial, revoke.reason);
    block_on(async { Ok(owner(&revoke.which).await?.revoke(serial, reason).await?) })?;
    writeln!(
        io::stdout(),
        "{serial} is revoked. Hosts of Settle ask no list: withdraw its names, and have it end by itself."
    )?;
    Ok(())
}

/// Shows the log.
pub(crate) fn audit(which: &Which) -> anyhow::Result<()> {
    let lines = block_on(async { Ok(owner(which).await?.log(LINES).await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
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
