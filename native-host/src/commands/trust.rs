//! `list`, `show`, `rename` and `revoke`.

use data_encoding::HEXLOWER;
use settle_protocol::material::Lifetime;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::{Call, Device, DeviceAnchor, DeviceState, Devices, Empty};

use super::time::when;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

pub(super) fn list(
    paths: &Paths,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let devices: Devices = Client::connect(paths)?.call(Call::ListDevices {})?;
    if as_json {
        terminal.json(&devices)?;
        return Ok(Outcome::Done);
    }
    if devices.devices.is_empty() {
        terminal
            .say("No device is trusted yet. Pair one in the browser, or with 'settle pair'.")?;
    }
    for device in &devices.devices {
        terminal.say(line(device))?;
    }
    Ok(Outcome::Done)
}

fn line(device: &Device) -> String {
    let name = device.name().as_str();
    let digest: String = HEXLOWER
        .encode(device.anchor.digest())
        .chars()
        .take(16)
        .collect();
    let role = match &device.anchor {
        DeviceAnchor::Device(paired) | DeviceAnchor::Referee(paired) => paired.role.as_str(),
        DeviceAnchor::Authority { .. }
        | DeviceAnchor::Certificate { .. }
        | DeviceAnchor::Vouched { .. } => "-",
    };
    format!("{name:<32} {role:<6} {digest}…  {}", device.unique_name)
}

pub(super) fn show(
    paths: &Paths,
    name: &str,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let device = device_named(&mut Client::connect(paths)?, name)?;
    if as_json {
        terminal.json(&device)?;
        return Ok(Outcome::Done);
    }
    let names: Vec<&str> = device.names.iter().map(LocalName::as_str).collect();
    terminal.say(device.name())?;
    terminal.say(format_args!("  names          {}", names.join(", ")))?;
    terminal.say(format_args!("  port           {}", device.port))?;
    for line in anchor_lines(&device.anchor) {
        terminal.say(line)?;
    }
    terminal.say(format_args!(
        "  state          {}",
        match device.state {
            DeviceState::Active => "paired",
            DeviceState::Pending => "consented to; the device has not confirmed it yet",
        }
    ))?;
    terminal.say(format_args!("  trusted since  {}", when(device.paired_at)))?;
    terminal.say(format_args!(
        "  last verified  {}",
        device
            .last_verified_at
            .map_or_else(|| "never".to_owned(), when)
    ))?;
    for origin in &device.allowed_origins {
        terminal.say(format_args!("  allowed        {origin}"))?;
    }
    if let Some(reason) = device.unstored_rollover {
        terminal.say(format_args!(
            "  new key        not stored yet, so the one above stays valid: {reason}"
        ))?;
    }
    Ok(Outcome::Done)
}

pub(super) fn anchor_lines(anchor: &DeviceAnchor) -> Vec<String> {
    match anchor {
        DeviceAnchor::Device(paired) | DeviceAnchor::Referee(paired) => {
            let mut lines = vec![
                format!("  key            {}", paired.fingerprint),
                format!("  your role      {}", paired.role),
                format!(
                    "  trusted by     {}",
                    match paired.code {
                        Lifetime::OneTime => "a one-time code that you had from the device",
                        Lifetime::Printed => "the code that is printed on the device",
                    }
                ),
            ];
            let former = paired.former.iter();
            lines.extend(former.map(|key| format!("  former key     {key}")));
            let authority = paired.authority.iter();
            lines.extend(
                authority.map(|key| {
                    format!("  issues under   {key}, for any server of the local network")
                }),
            );
            lines
        }
        DeviceAnchor::Authority { certificate } => vec![
            format!("  authority      {certificate}"),
            "  trusted by     a certificate that you imported; the device does not know you".into(),
        ],
        DeviceAnchor::Vouched { authority, .. } => vec![
            format!("  authority      {authority}"),
            "  trusted by     a referee that vouches for it; the server does not know you".into(),
        ],
        DeviceAnchor::Certificate { certificate } => vec![
            format!("  certificate    {certificate}"),
            "  trusted by     a certificate that you imported; the device does not know you".into(),
        ],
    }
}

/// Looks whether a referee vouches for a name: `nas.local`, or `nas.local:8443`.
pub(super) fn vouch(
    paths: &Paths,
    server: &str,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let (name, port) = match server.split_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| CommandError::NoPort)?),
        None => (server, 443),
    };
    let name = LocalName::parse(name)?;
    let vouch = Call::VouchName { name, port };
    let device: Device = Client::connect(paths)?.call(vouch)?;
    if as_json {
        terminal.json(&device)?;
    } else {
        terminal.say(format_args!("Vouched for: https://{server}/"))?;
    }
    Ok(Outcome::Done)
}

pub(super) fn rename(
    paths: &Paths,
    name: &str,
    new: &str,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let petname = Label::parse(new.strip_suffix(".local").unwrap_or(new))?;
    let mut daemon = Client::connect(paths)?;
    let device = device_named(&mut daemon, name)?.id;
    let renamed: Device = daemon.call(Call::RenameDevice { device, petname })?;
    if as_json {
        terminal.json(&renamed)?;
    } else {
        let name = renamed.name();
        terminal.say(format_args!("It opens under https://{name}/ now."))?;
    }
    Ok(Outcome::Done)
}

pub(super) fn revoke(
    paths: &Paths,
    name: &str,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let mut daemon = Client::connect(paths)?;
    let device = device_named(&mut daemon, name)?;
    let id = device.id.clone();
    let Empty {} = daemon.call(Call::RevokeDevice { device: id })?;
    if as_json {
        terminal.json(&device)?;
    } else {
        let name = device.name();
        terminal.say(format_args!(
            "{name} is not trusted any more, and its open pages are cut off."
        ))?;
    }
    Ok(Outcome::Done)
}

/// The trusted device that has this name, with or without `.local`.
pub(super) fn device_named(daemon: &mut Client, name: &str) -> Result<Device, CommandError> {
    let wanted =
        LocalName::parse(name).or_else(|_| Label::parse(name).map(|label| label.dot_local()))?;
    let devices: Devices = daemon.call(Call::ListDevices {})?;
    let mut devices = devices.devices.into_iter();
    devices
        .find(|device| device.names.contains(&wanted))
        .ok_or_else(|| CommandError::UnknownName(wanted.to_string()))
}
