//! The commands that make, renew and replace the authority. They need the passphrase, and no referee that runs.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;
use settle_protocol::rpc::backup::Passphrase;
use settle_referee::administration::AuthorityTold;
use settle_referee::authority::{Files, Root};
use settle_transport::certificate::fingerprint;
use zeroize::Zeroizing;

use crate::Which;

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
    #[command(flatten)]
    which: Which,
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
    renew(&files, &root)?;
    say(
        sealed,
        &files,
        "The authority is made. Nobody but the passphrase opens its root's key: without it there will be no\n\
         next intermediate. Put a copy of the state directory away.",
    )
}

/// Makes the next intermediate.
pub(crate) fn intermediate(sealed: &Sealed) -> anyhow::Result<()> {
    let files = sealed.files()?;
    files.authority()?;
    let root = files.root(&sealed.passphrase(false)?)?;
    renew(&files, &root)?;
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
    renew(&files, &next)?;
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

fn renew(files: &Files, root: &Root) -> anyhow::Result<()> {
    let (issuer, key) = root.intermediate(SystemTime::now())?;
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
        }
        Err(error) => writeln!(output, "  intermediate   none: {error}")?,
    }
    Ok(())
}
