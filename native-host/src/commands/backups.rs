//! `export` and `restore`: what is trusted in a file, sealed with a passphrase.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;
use settle_protocol::code::words;
use settle_protocol::rpc::backup::{
    BackupMade, MAX_PART_TO_DAEMON, Part, Passphrase, RestoreDecision,
};
use settle_protocol::rpc::{Call, Devices, Empty};
use settle_transport::random;

use super::trust::anchor_lines;
use super::unfinished::Unfinished;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;
use crate::trust_store::backup;

const DRAWN: &str = "\
The passphrase below opens the file. Write it down or read it off this screen at the other computer;
it is not shown again, and whoever has both has what you trust, with your keys for it.";

pub(super) fn export(
    paths: &Paths,
    path: &Path,
    draw: bool,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let failed = |error| CommandError::File {
        path: path.to_owned(),
        error,
    };
    let mut daemon = Client::connect(paths)?;
    // Before anybody is asked for a passphrase.
    let mut file = Unfinished::create(path).map_err(failed)?;
    let passphrase = passphrase(draw, terminal)?;
    let made: BackupMade = daemon.call(Call::MakeBackup {
        passphrase: passphrase.clone(),
    })?;
    let mut offset = 0;
    loop {
        let Part(part) = daemon.call(Call::ReadBackup { offset })?;
        if part.is_empty() {
            break;
        }
        file.write_all(&part).map_err(failed)?;
        offset += part.len() as u64;
    }
    file.finish().map_err(failed)?;
    let drawn = draw.then_some(passphrase);
    if as_json {
        let drawn = drawn.as_ref().map(Passphrase::expose);
        terminal.json(&json!({ "file": path, "devices": made.devices, "passphrase": drawn }))?;
        return Ok(Outcome::Done);
    }
    terminal.say(format_args!(
        "{} devices are in {}.",
        made.devices,
        path.display()
    ))?;
    if let Some(drawn) = drawn {
        terminal.say(format_args!("{DRAWN}\n\n  {}", drawn.expose()))?;
    }
    Ok(Outcome::Done)
}

fn passphrase(draw: bool, terminal: &mut Terminal<'_>) -> Result<Passphrase, CommandError> {
    if draw {
        let drawn = random::make_secret().map_err(|_| CommandError::Random)?;
        return Ok(Passphrase::new(&words::write(&drawn)));
    }
    terminal.new_secret("A passphrase for the file, of 12 characters or more")
}

pub(super) fn restore(
    paths: &Paths,
    path: &Path,
    yes: bool,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let sealed = read(path).map_err(|error| CommandError::File {
        path: path.to_owned(),
        error,
    })?;
    let mut daemon = Client::connect(paths)?;
    give(&mut daemon, &sealed)?;
    let passphrase = terminal.secret("The passphrase of the file")?;
    let decision: RestoreDecision = daemon.call(Call::OpenRestore { passphrase })?;
    if !as_json {
        explain(&decision, terminal)?;
    }
    if decision.added.is_empty() {
        if as_json {
            terminal.json(&decision)?;
        }
        return Ok(Outcome::Done);
    }
    if !yes && !terminal.agrees("Trust these devices?")? {
        terminal.say("Nothing was stored.")?;
        return Ok(Outcome::Declined);
    }
    let _: Devices = daemon.call(Call::CommitRestore {})?;
    if as_json {
        terminal.json(&decision)?;
    } else {
        terminal.say(format_args!(
            "{} devices were restored.",
            decision.added.len()
        ))?;
    }
    Ok(Outcome::Done)
}

/// Reads the file; a byte more than the daemon takes is enough for it to refuse.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut sealed = Vec::new();
    let most = backup::LIMIT as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut sealed)?;
    Ok(sealed)
}

/// Hands it to the daemon, part by part.
fn give(daemon: &mut Client, sealed: &[u8]) -> Result<(), CommandError> {
    // An empty file has one part as well, so that the daemon says what it is.
    let parts = sealed.chunks(MAX_PART_TO_DAEMON);
    let first = sealed.is_empty().then_some(&[][..]);
    let mut offset = 0;
    for part in first.into_iter().chain(parts) {
        let length = part.len() as u64;
        let part = Part(part.to_vec());
        let Empty {} = daemon.call(Call::WriteRestore { offset, part })?;
        offset += length;
    }
    Ok(())
}

fn explain(decision: &RestoreDecision, terminal: &mut Terminal<'_>) -> io::Result<()> {
    for device in &decision.added {
        terminal.say(format_args!("  {}   {}", device.name, device.unique_name))?;
        for line in anchor_lines(&device.anchor) {
            terminal.say(line)?;
        }
    }
    for name in &decision.kept {
        terminal.say(format_args!(
            "  {name}   is trusted already and stays as it is"
        ))?;
    }
    for name in &decision.name_taken {
        terminal.say(format_args!(
            "  {name}   stays out: another device has this name here; rename that one first"
        ))?;
    }
    if decision.added.is_empty() {
        return terminal.say("There is nothing to restore.");
    }
    terminal.say(
        "\nGo on only if you made this file yourself. It opens as securely as its passphrase was kept.",
    )
}
