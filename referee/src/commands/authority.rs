//! The commands that make, renew and replace the authority. They need the passphrase, and no referee that runs.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use settle_protocol::rpc::backup::Passphrase;
use settle_referee::administration::AuthorityTold;
use settle_referee::authority::{Files, Root};
use settle_transport::certificate::{Revoked, fingerprint};
use zeroize::Zeroizing;

use super::now as unix_now;

use crate::Which;

/// RFC 5280 §5.3.1.
const CA_COMPROMISE: u8 = 2;
/// Characters of a passphrase, at least.
const SHORTEST: usize = 12;

/// How the root's key is opened.
#[derive(Args)]
pub(crate) struct Sealed {
    /// Where the root's sealed key is, if not in the state directory: on a disk that is put away.
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// A file with the passphrase, or - for the standard input, instead of asking for it.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// What the address of the lists of revoked certificates begins with, where `serve --lists` has them:
    /// http://referee.local:8080. The intermediate names the root's list there.
    #[arg(long, value_name = "URL", value_parser = place)]
    lists: Option<String>,
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
pub(crate) struct Renew {
    /// Revoke a former intermediate besides, by its serial number, in the root's list for relying parties that ask it.
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    revoke: Option<[u8; 16]>,
    #[command(flatten)]
    sealed: Sealed,
}

/// Who needs a list may be about to judge the referee's own certificate, so it is to be had without TLS.
fn place(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|_| "this is no address")?;
    match (uri.scheme_str(), uri.path()) {
        (Some("http"), "" | "/") => Ok(format!("{}/crl/", text.trim_end_matches('/'))),
        _ => Err("give an address as http://NAME:PORT".to_owned()),
    }
}

fn serial(text: &str) -> Result<[u8; 16], String> {
    let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
    let serial = octets.ok().and_then(|octets| octets.try_into().ok());
    serial.ok_or_else(|| "a serial number has 32 hexadecimal digits".to_owned())
}

impl Sealed {
    fn files(&self) -> anyhow::Result<Files> {
        Ok(Files::new(&self.which.state()?, self.root_key.clone()))
    }

    fn passphrase(&self, is_new: bool) -> anyhow::Result<Passphrase> {
        let text = match &self.passphrase_file {
            Some(path) if path.as_os_str() == "-" => {
                let mut text = Zeroizing::new(String::new());
                io::stdin().read_to_string(&mut text)?;
                text
            }
            Some(path) => Zeroizing::new(
                fs::read_to_string(path)
                    .with_context(|| format!("cannot read the passphrase {}", path.display()))?,
            ),
            None if !io::stdin().is_terminal() => {
                bail!("there is no terminal to ask for the passphrase: give --passphrase-file")
            }
            None => return ask(is_new),
        };
        usable(text.trim_end_matches(['\r', '\n']), is_new)
    }
}

fn ask(is_new: bool) -> anyhow::Result<Passphrase> {
    let first = Zeroizing::new(rpassword::prompt_password(
        "Passphrase of the root's key: ",
    )?);
    if is_new {
        let again = Zeroizing::new(rpassword::prompt_password("The same once more: ")?);
        if *first != *again {
            bail!("the two passphrases differ: nothing was written");
        }
    }
    usable(&first, is_new)
}

fn usable(text: &str, is_new: bool) -> anyhow::Result<Passphrase> {
    if is_new && text.chars().count() < SHORTEST {
        bail!("the passphrase is too short: take at least {SHORTEST} characters");
    }
    Ok(Passphrase::new(text))
}

/// Makes an authority where there is none.
pub(crate) fn init(sealed: &Sealed) -> anyhow::Result<()> {
    let files = sealed.files()?;
    files.check_free()?;
    let passphrase = sealed.passphrase(true)?;
    let root = files.init(&passphrase)?;
    renew(&files, &root, sealed, None)?;
    say(
        sealed,
        &files,
        "The authority is made. Nobody but the passphrase opens its root's key: without it there will be no\n\
         next intermediate. Put a copy of the state directory away.",
    )
}

/// Makes the next intermediate.
pub(crate) fn intermediate(Renew { revoke, sealed }: &Renew) -> anyhow::Result<()> {
    let files = sealed.files()?;
    files.authority()?;
    let root = files.root(&sealed.passphrase(false)?)?;
    renew(&files, &root, sealed, *revoke)?;
    say(
        sealed,
        &files,
        "A new intermediate is made. Restart the referee, if it runs.",
    )
}

/// Makes the next root.
pub(crate) fn rollover(sealed: &Sealed) -> anyhow::Result<()> {
    let files = sealed.files()?;
    files.authority()?;
    let passphrase = sealed.passphrase(false)?;
    let next = files.root(&passphrase)?.next()?;
    files.write_root(&next, &passphrase)?;
    renew(&files, &next, sealed, None)?;
    say(
        sealed,
        &files,
        "The authority has a new root, and the former key is gone. Restart the referee: servers renew what\n\
         they have, and paired computers follow.",
    )
}

/// Says what the authority is.
pub(crate) fn show(which: &Which) -> anyhow::Result<()> {
    let files = Files::new(&which.state()?, None);
    tell(which, &files, None)
}

/// Whatever opens the root's key makes its list anew, so that this ends no sooner than what it is about.
fn renew(
    files: &Files,
    root: &Root,
    sealed: &Sealed,
    revoke: Option<[u8; 16]>,
) -> anyhow::Result<()> {
    let now = SystemTime::now();
    let mut revoked = files.revoked()?;
    if let Some(serial) = revoke
        && revoked.iter().all(|one| one.serial != serial)
    {
        let reason = Some(CA_COMPROMISE);
        let at = unix_now();
        revoked.push(Revoked { serial, at, reason });
    }
    files.write_root_list(&root.revocation_list(&revoked, now)?)?;
    let (issuer, key) = root.intermediate(now, sealed.lists.as_deref())?;
    files.write_intermediate(&issuer, &key)?;
    Ok(())
}

fn say(sealed: &Sealed, files: &Files, done: &str) -> anyhow::Result<()> {
    tell(&sealed.which, files, Some(done))
}

fn tell(which: &Which, files: &Files, done: Option<&str>) -> anyhow::Result<()> {
    let (root, links) = files.authority()?;
    let key = fingerprint(&root).context("the root is no certificate")?;
    let issuer = files.issuer();
    let mut output = io::stdout().lock();
    if which.json {
        let told = AuthorityTold::of(&root, &links, issuer.as_ref().ok());
        writeln!(output, "{}", serde_json::to_string(&told)?)?;
        return Ok(());
    }
    if let Some(done) = done {
        writeln!(output, "{done}\n")?;
    }
    writeln!(output, "  issues under   {key}")?;
    writeln!(output, "  in words       {}", key.to_words())?;
    match issuer {
        Ok(issuer) => {
            let left = issuer.ends().duration_since(SystemTime::now());
            let days = left.map_or(0, |left| left.as_secs() / 86400);
            writeln!(output, "  intermediate   {}, for {days} days", issuer.id())?;
            let serial = issuer.serial().unwrap_or_default();
            writeln!(output, "  its number     {}", HEXLOWER.encode(&serial))?;
        }
        Err(error) => writeln!(output, "  intermediate   none: {error}")?,
    }
    Ok(())
}
