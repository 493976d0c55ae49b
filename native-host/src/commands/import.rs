//! `import`: trust in a device that knows nothing of Settle, by a certificate or a fingerprint that
//! the user got from the device itself.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::import::{ImportDecision, ImportKind, ImportSource, StartImport};
use settle_protocol::rpc::{Call, Device};
use settle_transport::import::read_pem;

use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::paths::Paths;

/// A certificate is much shorter.
const MAX_TEXT: u64 = 256 * 1024;

/// What is to be imported, as it was typed.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The name to open it under, as in nas.local
    #[arg(long)]
    name: String,
    /// Its port, where https://NAME does not lead to it by itself
    #[arg(long, default_value_t = 443)]
    port: u16,
    /// Where it is reached, as in 192.168.1.20:443; may be given several times
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Vec<SocketAddr>,
    #[command(flatten)]
    source: Source,
    /// Trust without asking; only for what you got from the device itself
    #[arg(long)]
    yes: bool,
    /// One JSON object for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// A file with the device's certificate, or with that of the authority that issues it
    #[arg(long, value_name = "FILE")]
    pem: Option<PathBuf>,
    /// The SHA-256 fingerprint of the device's certificate
    #[arg(long, value_name = "SHA256")]
    fingerprint: Option<String>,
}

impl Source {
    fn read(self) -> Result<ImportSource, CommandError> {
        if let Some(text) = self.fingerprint {
            let fingerprint = CertificateFingerprint::parse(&text)?;
            return Ok(ImportSource::Fingerprint(fingerprint));
        }
        // One of the two is there, or nothing would have been parsed.
        let text = read_text(&self.pem.unwrap_or_default())?;
        // The daemon reads it again; here it can be said what is wrong with it.
        read_pem(&text)?;
        Ok(ImportSource::Pem(text))
    }
}

/// Reads a file that holds a certificate as text.
pub(super) fn read_text(path: &Path) -> Result<String, CommandError> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        file.take(MAX_TEXT).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error| CommandError::File {
        path: path.to_path_buf(),
        error,
    })
}

pub(super) fn import(
    paths: &Paths,
    asked: Asked,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let start = Call::StartImport(StartImport {
        name: LocalName::parse(&asked.name)?,
        port: asked.port,
        addresses: asked.address,
        source: asked.source.read()?,
    });
    let mut daemon = Client::connect(paths)?;
    let decision: ImportDecision = daemon.call(start)?;
    if decision.name_taken {
        return Err(CommandError::NameTaken(decision.name.to_string()));
    }
    if !asked.json {
        explain(&decision, terminal)?;
    }
    if !asked.yes && !terminal.agrees("Trust this certificate?")? {
        terminal.say("Nothing was stored.")?;
        return Ok(Outcome::Declined);
    }
    let import = decision.import;
    let device: Device = daemon.call(Call::CommitImport { import })?;
    if asked.json {
        terminal.json(&device)?;
    } else {
        terminal.say(format_args!("Imported: https://{}/", device.unique_name))?;
    }
    Ok(Outcome::Done)
}

fn explain(decision: &ImportDecision, terminal: &mut Terminal<'_>) -> io::Result<()> {
    let ImportDecision {
        name,
        port,
        certificate,
        ..
    } = decision;
    let what = match decision.kind {
        ImportKind::Certificate => "the certificate that the device shows",
        ImportKind::Authority => "the authority that issues the device's certificate",
    };
    terminal.say(format_args!(
        "\n  {name}, port {port}\n  {certificate}\n  {what}\n\n\
         It will be trusted for https://{name}/ only. This is no pairing: the device does not learn\n\
         who you are, and nothing has proved that it is yours but the way on which you got the above.\n\
         Go on only if that was the device itself, by its screen, its cable or its box, and not this\n\
         network."
    ))
}
