//! `maker`: the list of makers whose statements about devices are shown in a pairing. No entry on it makes
//! a device trusted, or a step of a pairing go away.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use settle_protocol::maker::{MakerName, SerialPattern};
use settle_protocol::material::Kind;
use settle_protocol::rpc::maker::{AddMaker, Maker, Makers};
use settle_protocol::rpc::{Call, Empty};
use settle_transport::evidence::MakerAnchor;
use settle_transport::import::read_pem;

use super::import::read_text;
use super::time::when;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

/// What is to be done with the list.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put a maker on the list, by its authority's certificate
    Add {
        /// The certificate, as PEM
        file: PathBuf,
        /// Your name for the maker
        #[arg(long)]
        name: String,
        /// The serial numbers that it is believed about; * stands for anything
        #[arg(long, value_name = "PATTERN", default_value = "*")]
        serial_numbers: String,
        /// The kinds that it is believed about; may be given several times
        #[arg(long, value_enum, default_values_t = [KindName::Device])]
        kind: Vec<KindName>,
        /// Add it without asking; only for a certificate that you got from the maker
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
    /// Take a maker off the list; devices that were paired stay so
    Remove {
        /// Your name for it
        name: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
}

/// What a maker makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum KindName {
    /// Devices.
    Device,
    /// Referees.
    Referee,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Device => Self::Device,
            KindName::Referee => Self::Referee,
        }
    }
}

pub(super) fn run(
    paths: &Paths,
    command: Command,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    match command {
        Command::Add {
            file,
            name,
            serial_numbers,
            kind,
            yes,
            json,
        } => {
            let asked = AddMaker {
                name: MakerName::parse(&name)?,
                pem: read_text(&file)?,
                serial_numbers: SerialPattern::parse(&serial_numbers)?,
                kinds: kind.into_iter().map(Kind::from).collect(),
            };
            add(paths, asked, yes, json, terminal)
        }
        Command::List { json } => list(paths, json, terminal),
        Command::Remove { name, json } => remove(paths, &MakerName::parse(&name)?, json, terminal),
    }
}

fn add(
    paths: &Paths,
    asked: AddMaker,
    yes: bool,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    // The daemon reads it again; here it can be said what is wrong with it, and what it is.
    let anchor = MakerAnchor::from_der(&read_pem(&asked.pem)?.certificate)?;
    if !as_json {
        terminal.say(format_args!(
            "\n  {}\n  {}\n  for the serial numbers {}\n\n\
             When a device of this maker is paired, you will be told so, or warned when it is not what\n\
             its maker says. That makes no device trusted: you go on pairing each by its code.\n\
             Go on only if you got this certificate from the maker.",
            asked.name,
            anchor.certificate(),
            asked.serial_numbers
        ))?;
    }
    if !yes && !terminal.agrees("Put this maker on the list?")? {
        terminal.say("Nothing was stored.")?;
        return Ok(Outcome::Declined);
    }
    let maker: Maker = Client::connect(paths)?.call(Call::AddMaker(asked))?;
    if as_json {
        terminal.json(&maker)?;
    } else {
        terminal.say(format_args!("{} is on the list.", maker.name))?;
    }
    Ok(Outcome::Done)
}

fn remove(
    paths: &Paths,
    name: &MakerName,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let mut daemon = Client::connect(paths)?;
    let makers: Makers = daemon.call(Call::ListMakers {})?;
    let mut makers = makers.makers.into_iter();
    let maker = makers.find(|maker| maker.name == *name);
    let Empty {} = daemon.call(Call::RemoveMaker { name: name.clone() })?;
    if as_json {
        terminal.json(&maker)?;
    } else {
        terminal.say(format_args!("{name} is on the list no more."))?;
    }
    Ok(Outcome::Done)
}

fn list(
    paths: &Paths,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let makers: Makers = Client::connect(paths)?.call(Call::ListMakers {})?;
    if as_json {
        terminal.json(&makers)?;
        return Ok(Outcome::Done);
    }
    if makers.makers.is_empty() {
        terminal
            .say("No maker is on the list. That is no loss: devices are trusted by their code.")?;
    }
    for maker in &makers.makers {
        terminal.say(format_args!(
            "{}\n  certificate     {}\n  serial numbers  {}\n  kinds           {}\n  since           {}",
            maker.name,
            maker.certificate,
            maker.serial_numbers,
            kinds(&maker.kinds),
            when(maker.added_at)
        ))?;
    }
    Ok(Outcome::Done)
}

fn kinds(kinds: &[Kind]) -> String {
    let words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            Kind::Device => "devices",
            Kind::Referee => "referees",
        })
        .collect();
    words.join(", ")
}
