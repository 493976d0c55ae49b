//! `invite`: a code for another computer, from a device that this one administers.

use settle_protocol::code;
use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::invitation::{Invitation, Invite, InvitedAs};
use settle_protocol::rpc::{Call, ErrorKind};

use super::time::when;
use super::trust::device_named;
use super::{CommandError, InvitedRole, Outcome, Terminal};
use crate::client::{CallError, Client};
use crate::paths::Paths;

pub(super) fn invite(
    paths: &Paths,
    name: &str,
    role: InvitedRole,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let role = InvitedAs::from(role);
    let mut daemon = Client::connect(paths)?;
    let device = device_named(&mut daemon, name)?;
    let opened = device.name().clone();
    let invitation: Invitation = daemon.call(Call::InviteComputer(Invite {
        device: device.id,
        role,
    }))?;
    if as_json {
        terminal.json(&invitation)?;
        return Ok(Outcome::Done);
    }
    let material = PairingMaterial::parse(&invitation.code)
        .map_err(|_| CallError::Refused(ErrorKind::DeviceMisbehaved.into()))?;
    let (typed, words) = code::forms_to_read(&material.secret);
    terminal.say(format_args!(
        "One computer is let in to {opened} as {}, until {}, by one of:",
        role.word(),
        when(invitation.expires_at)
    ))?;
    terminal.say(format_args!("  {}", invitation.code))?;
    terminal.say(format_args!("  {typed}"))?;
    terminal.say(format_args!("  {words}"))?;
    Ok(Outcome::Done)
}
