//! `settle-device init`: makes a device without serving it, and changes nothing of one that is there.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use settle_device::ui::{self, Format};
use settle_device::{Event, Owner, Prepared, prepare};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;

use super::{Status, line};
use crate::{format, state_of};

#[derive(Args)]
pub(crate) struct Init {
    /// The device's name: `printer` becomes printer.local.
    #[arg(long, value_name = "LABEL", value_parser = Label::parse)]
    name: Label,
    /// The directory for identity and clients [default: settle-device/LABEL in the user's state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where the device will listen.
    #[arg(long, default_value_t = 8443, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Write the picture of the code here (PNG).
    #[arg(long, value_name = "FILE")]
    qr_file: Option<PathBuf>,
    /// Write one JSON object to the standard output.
    #[arg(long)]
    json: bool,
}

/// Makes the device where there is none.
pub(crate) async fn init(init: Init) -> anyhow::Result<()> {
    let state = state_of(init.state, Some(&init.name))?;
    let mut output = io::stdout().lock();
    if let Some(mut owner) = Owner::reach_running(&state).await? {
        let answer: Value = owner.get("status").await?;
        let status: Status = serde_json::from_value(answer)?;
        if init.json {
            let told = told(false, true, &status.unique_name, status.fingerprint);
            return line(&mut output, &json!({"init": told}));
        }
        writeln!(
            output,
            "It is there already, and running: nothing was changed."
        )?;
        writeln!(output, "  its own name: {}", status.unique_name)?;
        return Ok(ui::write_key(&mut output, status.fingerprint)?);
    }
    let prepared = prepare(&state, &init.name, init.port, init.qr_file)?;
    match format(init.json) {
        Format::Json => line(&mut output, &json!({"init": as_json(&prepared)})),
        format @ (Format::Terminal | Format::Plain) => say(&mut output, format, prepared),
    }
}

fn say(output: &mut impl Write, format: Format, prepared: Prepared) -> anyhow::Result<()> {
    let name = &prepared.name;
    match prepared.made {
        true => writeln!(output, "{name} is made.")?,
        false => writeln!(output, "{name} is there already: nothing was changed.")?,
    }
    writeln!(output, "  its own name: {}", prepared.unique_name)?;
    ui::write_key(output, prepared.fingerprint)?;
    match prepared.code {
        Some(code) => ui::write(output, format, &Event::Code(code))?,
        None => writeln!(
            output,
            "Somebody is paired: settle-device code makes a code for one more."
        )?,
    }
    Ok(())
}

fn as_json(prepared: &Prepared) -> Value {
    let name = prepared.unique_name.as_str();
    let mut told = told(prepared.made, false, name, prepared.fingerprint);
    if let (Some(code), Some(members)) = (&prepared.code, told.as_object_mut()) {
        let code = json!({
            "code": *code.text,
            "typed": *code.typed,
            "words": *code.words,
            "expires_at": code.expires_at,
        });
        members.insert("code".to_owned(), code);
    }
    told
}

/// The code is null where there is none to be shown.
fn told(made: bool, running: bool, unique_name: &str, fingerprint: KeyFingerprint) -> Value {
    json!({
        "made": made,
        "running": running,
        "unique_name": unique_name,
        "fingerprint": fingerprint,
        "code": null,
    })
}
