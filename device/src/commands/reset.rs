//! `settle-device reset`: asks whether it is meant, since nothing brings back what it destroys.

use std::io::{self, IsTerminal, Write};

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{Which, line};
use crate::state_of;

#[derive(Args)]
pub(crate) struct Reset {
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    which: Which,
}

/// Resets a device that does not run.
pub(crate) fn reset(asked: Reset) -> anyhow::Result<()> {
    let Reset { yes, which } = asked;
    let state = state_of(which.state, which.name.as_ref())?;
    let reset = settle_device::Reset::prepare(&state, which.name.as_ref())?;
    if !yes && !is_meant(&reset)? {
        bail!("nothing was reset");
    }
    let before = reset.before().cloned();
    let fresh = reset.carry_out()?;
    let mut output = io::stdout().lock();
    if which.json {
        let before = before.as_ref().map(|name| name.as_str());
        let after = json!({
            "before": before,
            "unique_name": fresh.unique_name.as_str(),
            "fingerprint": fresh.fingerprint,
        });
        return line(&mut output, &json!({"reset": after}));
    }
    writeln!(output, "The device is as new: nobody is paired.")?;
    writeln!(output, "  its own name: {}", fresh.unique_name)?;
    writeln!(output, "  its key:      {}", fresh.fingerprint)?;
    Ok(writeln!(
        output,
        "Start it for a code, or make a sticker with settle-device sticker."
    )?)
}

/// Whoever is at the terminal has to write the label.
fn is_meant(reset: &settle_device::Reset) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked whether this is meant: give --yes");
    }
    let label = reset.label().as_str();
    let mut output = io::stderr().lock();
    match reset.before() {
        Some(name) => writeln!(output, "This is {name}.")?,
        None => writeln!(output, "This is {label}, whose identity cannot be read.")?,
    }
    writeln!(
        output,
        "Its key, the list of its clients, its codes and its log are destroyed. Every browser has \
         to be paired anew. There is no way back."
    )?;
    write!(output, "Write {label} to reset it: ")?;
    output.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == label)
}
