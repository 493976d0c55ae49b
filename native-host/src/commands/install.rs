//! `install`: what it means is said first, then asked, then done.

use std::path::{Path, PathBuf};

use settle_protocol::rpc::BridgeCertificate;

use super::{CommandError, Outcome, Terminal};
use crate::install::policies::Policies;
use crate::install::{self, InstallError, Plan, Step};
use crate::paths::Paths;

const MEANING: &str = "\
Settle lets your browsers accept its proxy on this computer. For that it makes a certificate
authority of your own and adds it to the certificate stores below. Its key never leaves your keyring
and Settle's sealed store, it is limited to the names .local, .home.arpa, .alt and .localhost, and
Settle signs with it only for devices that you have paired. It ends after two years: before that,
Settle adds the next one to the same stores by itself, and then removes the old one.
'settle uninstall' takes it all back.
";

const SYSTEM_MEANING: &str = "\
With this, the browsers of ALL users of this computer accept your certificate authority, whose key
is in your keyring: you, and any program that gets hold of your keyring, could show them pages under
.local, .home.arpa, .alt and .localhost that they believe. Other names are out of its reach. The
browsers will say that they are managed by an organization. Only one user of a computer can do this;
it needs root, and again every two years: 'settle doctor' says when. 'settle uninstall --system' puts the files back as they were; a copy that Firefox has
made in a profile goes with that user's 'settle uninstall'.
";

/// What of `install` was asked for.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) yes: bool,
    pub(super) system: bool,
    pub(super) certificate: Option<PathBuf>,
    pub(super) user_data_dirs: Vec<PathBuf>,
}

pub(super) fn install(
    paths: &Paths,
    program: &Path,
    wish: &Wish,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    if wish.system {
        return install_system(paths, program, wish, terminal);
    }
    let plan = Plan::make(paths, &wish.user_data_dirs);
    terminal.say(MEANING)?;
    for place in &plan.manifests {
        terminal.say(format_args!("  {place}"))?;
    }
    for store in &plan.stores {
        terminal.say(format_args!("  {store}"))?;
    }
    for confined in &plan.confined {
        terminal.say(format_args!("\n  {}: {}.", confined.name, confined.word()))?;
    }
    if !wish.yes && !terminal.agrees("\nInstall this?")? {
        terminal.say("Nothing was changed.")?;
        return Ok(Outcome::Declined);
    }
    let steps = plan.install(paths, program)?;
    if !tell_failures(&steps, terminal)? {
        terminal
            .say("\nWhat did not fail is installed. When the rest is mended, run 'settle install' again.")?;
        return Ok(Outcome::Unwell);
    }
    terminal.say("\nInstalled. Restart your browsers, then add the Settle extension to them.")?;
    Ok(Outcome::Done)
}

fn install_system(
    paths: &Paths,
    program: &Path,
    wish: &Wish,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let policies = Policies::of(paths);
    terminal.say(SYSTEM_MEANING)?;
    let given = wish.certificate.as_deref().map(read_certificate);
    let given = given.transpose()?;
    let has_next = given.as_ref().is_some_and(|given| given.next.is_some());
    for (browser, path) in policies.plan(has_next) {
        terminal.say(format_args!("  {browser:<12} {}", path.display()))?;
    }
    if !wish.yes && !terminal.agrees("\nInstall this for all users?")? {
        terminal.say("Nothing was changed.")?;
        return Ok(Outcome::Declined);
    }
    let certificate = match given {
        Some(certificate) => certificate,
        None => install::bridge_certificate(paths)?,
    };
    // Root has another keyring, and with it another authority: it is given the certificate alone.
    if wish.certificate.is_none() && !rustix::process::geteuid().is_root() {
        let file = install::hand_over(&certificate, paths)?;
        terminal.say(format_args!(
            "\nThe rest needs root. Run:\n\n  sudo {} install --system --yes --certificate {}",
            quoted(program),
            quoted(&file)
        ))?;
        return Ok(Outcome::Unwell);
    }
    let steps = policies.install(&certificate)?;
    if !tell_failures(&steps, terminal)? {
        terminal
            .say("\nWhat did not fail is installed. When the rest is mended, run this again.")?;
        return Ok(Outcome::Unwell);
    }
    terminal.say(
        "\nInstalled. Chromium and its relatives take it up at once, Firefox when it starts.",
    )?;
    Ok(Outcome::Done)
}

fn read_certificate(file: &Path) -> Result<BridgeCertificate, InstallError> {
    let text = std::fs::read_to_string(file).map_err(|error| InstallError::File {
        path: file.to_owned(),
        error,
    })?;
    Ok(install::from_hand(&text)?)
}

/// For a shell.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if text.bytes().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Says what failed; whether nothing did.
pub(super) fn tell_failures(
    steps: &[Step],
    terminal: &mut Terminal<'_>,
) -> Result<bool, CommandError> {
    let mut is_well = true;
    for step in steps {
        if let Err(error) = &step.result {
            is_well = false;
            terminal.say(format_args!("  FAILED   {}\n           {error}", step.what))?;
        }
    }
    Ok(is_well)
}
