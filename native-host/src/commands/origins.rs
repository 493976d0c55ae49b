//! `allow` and `deny`: which other sites may send requests to a device.

use settle_protocol::origin::Origin;
use settle_protocol::rpc::{Call, Device};

use super::trust::device_named;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

/// What becomes of a site.
#[derive(Clone, Copy)]
pub(super) enum Setting {
    Allowed,
    Denied,
}

pub(super) fn set(
    paths: &Paths,
    name: &str,
    origin: &str,
    setting: Setting,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let origin = Origin::parse(origin)?;
    let mut daemon = Client::connect(paths)?;
    let device = device_named(&mut daemon, name)?.id;
    let site = origin.clone();
    let (call, what) = match setting {
        Setting::Allowed => (Call::AllowOrigin { device, origin }, "may"),
        Setting::Denied => (Call::DenyOrigin { device, origin }, "may not"),
    };
    let device: Device = daemon.call(call)?;
    if as_json {
        terminal.json(&device)?;
    } else {
        let name = device.name();
        terminal.say(format_args!(
            "Pages of {site} {what} send requests to {name}."
        ))?;
    }
    Ok(Outcome::Done)
}
