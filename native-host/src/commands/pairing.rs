//! `pair`: a ceremony on the command line, by a code that was read off the device.

use settle_protocol::name::Label;
use settle_protocol::rpc::maker::MakerStatement;
use settle_protocol::rpc::{
    Call, CommitPairing, Decision, Device, Empty, Event, PairingStep, StartPairing,
};

use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

/// How it is to be done.
pub(super) struct Asked {
    pub(super) name: Option<String>,
    pub(super) yes: bool,
    pub(super) json: bool,
}

pub(super) fn pair(
    paths: &Paths,
    code: String,
    asked: &Asked,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let name = asked.name.as_deref();
    let petname = name.map(Label::parse).transpose()?;
    let code = if code == "-" { terminal.line()? } else { code };
    let mut daemon = Client::connect(paths)?;
    let start = Call::StartPairing(StartPairing {
        code,
        client_label: "Settle on the command line".to_owned(),
    });
    let mut told = Ok(());
    let mut last = None;
    let decision: Decision = daemon.call_hearing(start, |event| {
        // Each step is told once, however many addresses are tried.
        if let Event::PairingProgress { step, .. } = event
            && !asked.json
            && last != Some(step)
        {
            last = Some(step);
            told = terminal.say(words(step));
        }
    })?;
    told?;
    let petname = petname.unwrap_or_else(|| decision.label.clone());
    // Nobody has agreed to this in advance.
    let warned = matches!(decision.maker, Some(MakerStatement::Invalid { .. }));
    if !asked.json || warned {
        explain(&decision, &petname, terminal)?;
    }
    let pairing = decision.pairing;
    if (!asked.yes || warned) && !terminal.agrees("Trust this device?")? {
        let Empty {} = daemon.call(Call::AbortPairing { pairing })?;
        terminal.say("Nothing was stored.")?;
        return Ok(Outcome::Declined);
    }
    if decision.name_taken && petname == decision.label {
        return Err(CommandError::NameTaken(decision.name.to_string()));
    }
    let commit = Call::CommitPairing(CommitPairing { pairing, petname });
    let device: Device = daemon.call(commit)?;
    if asked.json {
        terminal.json(&device)?;
    } else {
        terminal.say(format_args!("Paired: https://{}/", device.name()))?;
    }
    Ok(Outcome::Done)
}

const fn words(step: PairingStep) -> &'static str {
    match step {
        PairingStep::Looking => "Looking for the device …",
        PairingStep::Connecting => "Connecting …",
        PairingStep::Proving => "Proving both sides to each other …",
    }
}

fn explain(
    decision: &Decision,
    petname: &Label,
    terminal: &mut Terminal<'_>,
) -> Result<(), CommandError> {
    let covers = match decision.authority {
        None => format!(
            "it may show pages under https://{}/ only",
            petname.dot_local()
        ),
        Some(authority) => format!(
            "it is a REFEREE: it may vouch for any server of the local network (names in .local,\n  \
             home.arpa and .alt), except for devices that you have paired yourself.\n  \
             It issues under {authority}"
        ),
    };
    terminal.say(format_args!(
        "\n  {}   {}\n  key {}\n  {covers}; your role there: {}",
        decision.label, decision.unique_name, decision.fingerprint, decision.role
    ))?;
    terminal.say(format_args!(
        "  its key in words: {}",
        decision.fingerprint.to_words()
    ))?;
    for line in decision.fingerprint.to_picture().lines() {
        terminal.say(format_args!("    {}", line.trim_end()))?;
    }
    match &decision.maker {
        Some(MakerStatement::Valid {
            maker,
            serial_number,
        }) => terminal.say(format_args!(
            "  made by {maker}, serial number {serial_number}"
        ))?,
        Some(MakerStatement::Invalid { maker, detail, .. }) => terminal.say(format_args!(
            "\n  ********************************************************************\n  \
               WARNING: the device says that it was made by {maker}, and that\n  \
               does not hold: {detail}.\n  \
               It may be a counterfeit, or another device in its place.\n  \
               ********************************************************************"
        ))?,
        None => {}
    }
    terminal.say(
        "\nGo on only if you read this code off the device yourself. If somebody sent it to you, or\n\
         asked you on the phone to type it, stop here.",
    )?;
    Ok(())
}
