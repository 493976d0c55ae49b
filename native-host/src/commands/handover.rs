//! `handover`: a name for a server, from a referee that this computer administers, with the lines to paste there.

use clap::Args;
use settle_protocol::handover::{ROOT_FILE, Taker, Thumbprint};
use settle_protocol::name::LocalName;
use settle_protocol::rpc::handover::{HandOver, HandedOver, HandedTo};
use settle_protocol::rpc::{Call, Device, DeviceAnchor, Devices};

use super::trust::device_named;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

/// What is to be handed over.
#[derive(Args, Debug)]
pub struct Asked {
    /// The name: nas.local
    name: String,
    /// Any of the referee's names, if several are paired
    #[arg(long)]
    referee: Option<String>,
    /// For a device that speaks EST, not ACME
    #[arg(long, conflicts_with = "key")]
    est: bool,
    /// For whoever has the account key of this thumbprint (RFC 7638)
    #[arg(long, value_name = "THUMBPRINT", value_parser = Thumbprint::parse)]
    key: Option<Thumbprint>,
    /// One JSON object for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn handover(
    paths: &Paths,
    asked: Asked,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let name = LocalName::parse(&asked.name)?;
    let mut daemon = Client::connect(paths)?;
    let referee = match &asked.referee {
        Some(referee) => device_named(&mut daemon, referee)?,
        None => only_referee(&mut daemon)?,
    };
    let opened = referee.name().clone();
    let to = match (asked.key, asked.est) {
        (Some(thumbprint), _) => HandedTo::Key { thumbprint },
        (None, true) => HandedTo::Est,
        (None, false) => HandedTo::Acme,
    };
    let handed: HandedOver = daemon.call(Call::HandOver(HandOver {
        referee: referee.id,
        name: name.clone(),
        to,
    }))?;
    if asked.json {
        terminal.json(&handed)?;
        return Ok(Outcome::Done);
    }
    terminal.say(format_args!(
        "{opened} gives {name} to the server that has this now."
    ))?;
    terminal.say(format_args!(
        "\n{ROOT_FILE}, which the server has to trust:\n"
    ))?;
    terminal.say(format_args!("{}", handed.root.trim_end()))?;
    for taker in Taker::ALL {
        if let Some(lines) = handed.handover.lines(taker) {
            terminal.say(format_args!("\n{}:\n", taker.name()))?;
            terminal.say(format_args!("{}", *lines))?;
        }
    }
    Ok(Outcome::Done)
}

fn only_referee(daemon: &mut Client) -> Result<Device, CommandError> {
    let devices: Devices = daemon.call(Call::ListDevices {})?;
    let is_referee = |device: &Device| matches!(device.anchor, DeviceAnchor::Referee(_));
    let mut referees = devices.devices.into_iter().filter(is_referee);
    match (referees.next(), referees.next()) {
        (Some(only), None) => Ok(only),
        (None, _) | (_, Some(_)) => Err(CommandError::WhichReferee),
    }
}
