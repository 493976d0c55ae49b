//! `unverified`: names that open without pairing. What answers there is whoever has the network, and the browser says
//! so; a name that a device has is never among them.

use clap::Subcommand;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::{Call, Devices, Empty, UnverifiedName};

use super::time::when;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

/// What is to be done with the list.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let a name open without pairing
    Add {
        /// Like cam.local
        name: String,
        /// Add it without asking; only for what cannot pair
        #[arg(long)]
        yes: bool,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Show the list
    List {
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Let a name open only once it is paired
    Remove {
        /// Like cam.local
        name: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(
    paths: &Paths,
    command: Command,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    match command {
        Command::Add { name, yes, json } => {
            add(paths, &LocalName::parse(&name)?, yes, json, terminal)
        }
        Command::List { json } => list(paths, json, terminal),
        Command::Remove { name, json } => remove(paths, &LocalName::parse(&name)?, json, terminal),
    }
}

fn add(
    paths: &Paths,
    name: &LocalName,
    yes: bool,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    if !as_json {
        terminal.say(format_args!(
            "\nNobody can say what answers as {name}: whoever has the network reads and changes all that\n\
             goes there, passwords too. If the device has a Settle code, pair it; if it has a certificate,\n\
             import that."
        ))?;
    }
    if !yes && !terminal.agrees("Let it open without pairing?")? {
        terminal.say("Nothing was changed.")?;
        return Ok(Outcome::Declined);
    }
    let mut daemon = Client::connect(paths)?;
    let Empty {} = daemon.call(Call::AddUnverified { name: name.clone() })?;
    if as_json {
        terminal.json(&named(&mut daemon, name)?)?;
    } else {
        terminal.say(format_args!("{name} opens, and is not verified."))?;
    }
    Ok(Outcome::Done)
}

fn remove(
    paths: &Paths,
    name: &LocalName,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let mut daemon = Client::connect(paths)?;
    let known = named(&mut daemon, name)?;
    let Empty {} = daemon.call(Call::RemoveUnverified { name: name.clone() })?;
    if as_json {
        terminal.json(&known)?;
    } else if known.is_some() {
        terminal.say(format_args!("{name} opens without pairing no more."))?;
    } else {
        terminal.say(format_args!("{name} did not open without pairing."))?;
    }
    Ok(Outcome::Done)
}

fn named(daemon: &mut Client, name: &LocalName) -> Result<Option<UnverifiedName>, CommandError> {
    let all: Devices = daemon.call(Call::ListDevices {})?;
    let mut unverified = all.unverified.into_iter();
    Ok(unverified.find(|known| known.name == *name))
}

fn list(
    paths: &Paths,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let all: Devices = Client::connect(paths)?.call(Call::ListDevices {})?;
    if as_json {
        terminal.json(&serde_json::json!({ "unverified": all.unverified }))?;
        return Ok(Outcome::Done);
    }
    if all.unverified.is_empty() {
        terminal.say("No name opens without pairing.")?;
    }
    for UnverifiedName { name, since } in &all.unverified {
        terminal.say(format_args!("{name}  since {}", when(*since)))?;
    }
    Ok(Outcome::Done)
}
