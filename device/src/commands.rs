//! The owner's commands beside `serve`: what they take, what they ask the device for, and how they say
//! what it answered. They work on a device that runs and on one that does not.

mod audit;
mod init;
mod reset;
mod rollover;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use settle_device::ui::{self, Format};
use settle_device::{Event, Owner, Role, ShownCode, draw, print_code};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use zeroize::Zeroizing;

pub(crate) use self::audit::audit;
pub(crate) use self::init::{Init, init};
pub(crate) use self::reset::{Reset, reset};
pub(crate) use self::rollover::rollover;
use crate::{format, state_of};

/// The fewest digits that a client is named by.
const FEWEST_DIGITS: usize = 8;
/// So many digits of a key are shown where one is not to be compared.
const SHOWN_DIGITS: usize = 16;

/// Which device is meant.
#[derive(Args)]
pub(crate) struct Which {
    /// The device's name: `printer` becomes printer.local.
    #[arg(long, value_name = "LABEL", value_parser = Label::parse, required_unless_present = "state")]
    name: Option<Label>,
    /// The directory of identity and clients [default: settle-device/LABEL in the user's state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Write one JSON object to the standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// The first digits of the client's key, eight at least, or its label.
    #[arg(value_name = "CLIENT")]
    client: String,
    /// Also when it is the last administrator, so that whoever pairs next becomes the first again.
    #[arg(long)]
    leave_without_admin: bool,
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
pub(crate) struct Code {
    /// What its client may do: `admin`, `guest`, or a role of the policy.
    #[arg(long, value_name = "ROLE", default_value = "guest")]
    role: Role,
    /// Write the picture of the code here (PNG).
    #[arg(long, value_name = "FILE")]
    qr_file: Option<PathBuf>,
    /// Where the device will listen, if it is not running.
    #[arg(long, default_value_t = 8443, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
pub(crate) struct Sticker {
    /// The device's name: `printer` becomes printer.local.
    #[arg(long, value_name = "LABEL", value_parser = Label::parse)]
    name: Label,
    /// The directory for identity and clients [default: settle-device/LABEL in the user's state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where the device will listen, if it is not running.
    #[arg(long, default_value_t = 8443, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Write the picture of the code here (PNG).
    #[arg(long, value_name = "FILE")]
    qr_file: Option<PathBuf>,
    /// Write one JSON object to the standard output.
    #[arg(long)]
    json: bool,
}

/// One of the list, as the device tells it.
#[derive(Deserialize, Serialize)]
struct Client {
    key: String,
    label: String,
    role: Role,
    paired_at: u64,
    last_seen: Option<u64>,
}

#[derive(Deserialize, Serialize)]
struct Clients {
    clients: Vec<Client>,
}

/// A code, as the device tells it once.
#[derive(Deserialize, Serialize)]
struct Made {
    code: Zeroizing<String>,
    typed: Zeroizing<String>,
    words: Zeroizing<String>,
    role: Option<Role>,
    expires_at: Option<u64>,
}

#[derive(Deserialize)]
struct Status {
    unique_name: String,
    fingerprint: KeyFingerprint,
    running: bool,
    address: Option<String>,
    clients: usize,
    window: Window,
}

#[derive(Deserialize)]
struct Window {
    until: Option<u64>,
}

impl Which {
    async fn reach(&self, port: u16) -> anyhow::Result<Owner> {
        let state = state_of(self.state.clone(), self.name.as_ref())?;
        Ok(Owner::reach(&state, port).await?)
    }
}

/// Lists who may use the device.
pub(crate) async fn clients(which: Which) -> anyhow::Result<()> {
    let clients: Clients = which.reach(0).await?.get("clients").await?;
    let mut output = io::stdout().lock();
    if which.json {
        return line(&mut output, &clients);
    }
    if clients.clients.is_empty() {
        writeln!(output, "Nobody is paired.")?;
    }
    for client in &clients.clients {
        let key = client.key.get(..SHOWN_DIGITS).unwrap_or(&client.key);
        writeln!(
            output,
            "{key}  {:<12}  {}",
            client.role.word(),
            client.label
        )?;
    }
    Ok(())
}

/// Takes a client off the list.
pub(crate) async fn revoke(revoke: Revoke) -> anyhow::Result<()> {
    let mut owner = revoke.which.reach(0).await?;
    let clients: Clients = owner.get("clients").await?;
    let client = find(&revoke.client, &clients.clients)?;
    let path = format!("clients/{}", client.key);
    let body = json!({"leave_without_admin": revoke.leave_without_admin});
    let taken = owner.ask::<Value>(Method::DELETE, &path, &body).await;
    taken.with_context(|| format!("\"{}\" is still on the list", client.label))?;
    let mut output = io::stdout().lock();
    if revoke.which.json {
        return line(&mut output, &json!({"revoked": client}));
    }
    let end = match owner.is_running() {
        true => ": its connections are cut",
        false => "",
    };
    Ok(writeln!(
        output,
        "\"{}\" is off the list{end}.",
        client.label
    )?)
}

/// Makes a code that gives a role.
pub(crate) async fn code(code: Code) -> anyhow::Result<()> {
    let mut owner = code.which.reach(code.port).await?;
    let body = json!({"lifetime": "one_time", "role": code.role});
    let made: Made = owner.ask(Method::POST, "codes", &body).await?;
    if code.which.json {
        if let Some(path) = &code.qr_file {
            draw(&made.code, path)?;
        }
        return line(&mut io::stdout().lock(), &made);
    }
    show(made, code.qr_file, format(false))
}

/// Makes the code of a sticker.
pub(crate) async fn sticker(sticker: Sticker) -> anyhow::Result<()> {
    let state = state_of(sticker.state, Some(&sticker.name))?;
    let format = format(sticker.json);
    if let Some(mut owner) = Owner::reach_running(&state).await? {
        let body = json!({"lifetime": "printed"});
        let made: Made = owner.ask(Method::POST, "codes", &body).await?;
        return show(made, sticker.qr_file, format);
    }
    // A device that is not running may as well be none yet.
    let code = print_code(&state, &sticker.name, sticker.port, sticker.qr_file)?;
    Ok(ui::write(
        &mut io::stdout().lock(),
        format,
        &Event::Code(code),
    )?)
}

/// Says who the device is and how it does.
pub(crate) async fn status(which: Which) -> anyhow::Result<()> {
    let answer: Value = which.reach(0).await?.get("status").await?;
    let mut output = io::stdout().lock();
    if which.json {
        return line(&mut output, &answer);
    }
    let status: Status = serde_json::from_value(answer)?;
    match (status.running, &status.address) {
        (true, Some(address)) => writeln!(output, "It is running, at {address}.")?,
        (true, None) | (false, _) => writeln!(output, "It is not running.")?,
    }
    writeln!(output, "  its own name: {}", status.unique_name)?;
    ui::write_key(&mut output, status.fingerprint)?;
    writeln!(output, "  clients:      {}", status.clients)?;
    if status.window.until.is_some() {
        writeln!(output, "  its printed code admits now")?;
    }
    Ok(())
}

/// The one client that is meant.
fn find<'a>(named: &str, clients: &'a [Client]) -> anyhow::Result<&'a Client> {
    let is_key = named.len() >= FEWEST_DIGITS && named.chars().all(|c| c.is_ascii_hexdigit());
    let by_key = clients
        .iter()
        .filter(|client| is_key && client.key.starts_with(&named.to_ascii_lowercase()));
    let by_label = clients.iter().filter(|client| client.label == named);
    let mut found: Vec<&Client> = by_key.chain(by_label).collect();
    found.dedup_by_key(|client| client.key.as_str());
    match found.as_slice() {
        [client] => Ok(client),
        [] => bail!("no client is called {named:?}: `settle-device clients` lists them"),
        [_, ..] => bail!("several clients are called {named:?}: give more of the key"),
    }
}

fn show(made: Made, qr_file: Option<PathBuf>, format: Format) -> anyhow::Result<()> {
    if let Some(path) = &qr_file {
        draw(&made.code, path)?;
    }
    let code = ShownCode {
        text: made.code,
        typed: made.typed,
        words: made.words,
        expires_at: made.expires_at,
        qr_file,
    };
    Ok(ui::write(
        &mut io::stdout().lock(),
        format,
        &Event::Code(code),
    )?)
}

fn line(output: &mut impl Write, content: &impl Serialize) -> anyhow::Result<()> {
    let text = Zeroizing::new(serde_json::to_string(content)?);
    Ok(writeln!(output, "{}", *text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(key: &str, label: &str) -> Client {
        Client {
            key: key.to_owned(),
            label: label.to_owned(),
            role: Role::Guest,
            paired_at: 0,
            last_seen: None,
        }
    }

    #[test]
    fn a_client_is_named_by_its_key_or_its_label_and_never_guessed() {
        let clients = [
            client("0123456789ab", "laptop"),
            client("0123456799cd", "phone"),
            client("fedcba987654", "phone"),
        ];
        for (named, found) in [
            ("0123456789", Some(0)),
            ("laptop", Some(0)),
            ("FEDCBA98", Some(2)),
            ("01234567", None),
            ("0123", None),
            ("phone", None),
            ("desk", None),
        ] {
            let key = find(named, &clients).ok().map(|client| &client.key);
            assert_eq!(key, found.map(|at: usize| &clients[at].key), "{named}");
        }
    }
}
