//! `authorize`, `names`, `withdraw`: who may have which name. They speak to the store, whether the referee runs or not.

use std::io::{self, Write};
use std::net::IpAddr;

use clap::{Args, ValueEnum};
use serde_json::json;
use settle_device::LocalName;
use settle_protocol::handover::{Directory, ROOT_FILE, Taker, Thumbprint};
use settle_referee::administration::{Authorized, Wanted};
use settle_referee::authority::Files;
use settle_referee::store::ChallengeKind;
use settle_transport::certificate::pem;

use super::{block_on, owner};
use crate::Which;

/// Where `serve` listens by default, under its default name.
const DIRECTORY: &str = "https://referee.local:14000/acme/directory";

/// What a server has to show besides.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Asked {
    #[value(name = "http-01")]
    Http01,
    #[value(name = "tls-alpn-01")]
    TlsAlpn01,
}

#[derive(Args)]
pub(crate) struct Authorize {
    /// The names, which become one server's: nas.local.
    #[arg(value_name = "NAME", required = true, value_parser = LocalName::parse)]
    names: Vec<LocalName>,
    /// Whose they become: an account that is there, by its number.
    #[arg(long, value_name = "NUMBER", conflicts_with = "key")]
    account: Option<String>,
    /// Whose they become: whoever has the account key of this thumbprint (RFC 7638).
    #[arg(long, value_name = "THUMBPRINT", value_parser = Thumbprint::parse)]
    key: Option<Thumbprint>,
    /// Whose they become: a device that speaks EST, which gets a secret that is good once.
    #[arg(long, conflicts_with_all = ["account", "key", "challenge"])]
    est: bool,
    /// Have the server show this besides, each time.
    #[arg(long, value_name = "CHALLENGE")]
    challenge: Option<Asked>,
    /// Where it shows that, if the name does not lead there.
    #[arg(long, value_name = "ADDRESS", requires = "challenge")]
    address: Option<IpAddr>,
    /// The directory's address, for the lines that are printed.
    #[arg(long, value_name = "URL", default_value = DIRECTORY, value_parser = Directory::parse)]
    directory: Directory,
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
pub(crate) struct Withdraw {
    /// The name.
    #[arg(value_name = "NAME", value_parser = LocalName::parse)]
    name: LocalName,
    #[command(flatten)]
    which: Which,
}

/// Grants names to an account, a key, or a secret that is made for them.
pub(crate) fn authorize(authorize: &Authorize) -> anyhow::Result<()> {
    let wanted = Wanted {
        names: authorize.names.clone(),
        account: authorize.account.clone(),
        key: authorize.key.clone(),
        est: authorize.est,
        challenge: authorize.challenge.map(Asked::kind),
        address: authorize.address,
    };
    let authorized = block_on(async {
        let owner = owner(&authorize.which).await?;
        Ok(owner.authorize(&wanted, &authorize.directory).await?)
    })?;
    say(&authorize.which, &authorized)
}

fn say(which: &Which, authorized: &Authorized) -> anyhow::Result<()> {
    let state = which.state()?;
    let (root, _) = Files::new(&state, None).authority()?;
    let path = state.join(ROOT_FILE);
    settle_device::replace_file(&path, pem(&root).as_bytes())?;
    let mut output = io::stdout().lock();
    if which.json {
        let mut told = serde_json::to_value(authorized)?;
        if let Some(told) = told.as_object_mut() {
            told.insert("root".to_owned(), json!(path));
        }
        writeln!(output, "{told}")?;
        return Ok(());
    }
    let Authorized { holder, handover } = authorized;
    let names: Vec<&str> = handover.names.iter().map(LocalName::as_str).collect();
    writeln!(output, "{} may be had by {holder}.", names.join(", "))?;
    let path = path.display();
    if handover.eab_kid.is_some() {
        writeln!(
            output,
            "\nThe first account that uses this key is the one. The server has to trust {path}: copy it there."
        )?;
    }
    if handover.est_user.is_some() {
        writeln!(
            output,
            "\nThe secret is good once, within a week. The device has to trust {path}: copy it there."
        )?;
    }
    for taker in Taker::ALL {
        let Some(lines) = handover.lines(taker) else {
            continue;
        };
        writeln!(output, "\n{}:", taker.name())?;
        for line in lines.lines() {
            writeln!(output, "  {line}")?;
        }
    }
    Ok(())
}

/// Lists the names.
pub(crate) fn names(which: &Which) -> anyhow::Result<()> {
    let names = block_on(async { Ok(owner(which).await?.names().await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        writeln!(output, "{}", json!({"names": names}))?;
        return Ok(());
    }
    for granted in names {
        let challenge = granted.challenge.unwrap_or_default();
        writeln!(output, "{}  {}  {challenge}", granted.name, granted.holder)?;
    }
    Ok(())
}

/// Takes a name back.
pub(crate) fn withdraw(withdraw: &Withdraw) -> anyhow::Result<()> {
    let name = &withdraw.name;
    block_on(async { Ok(owner(&withdraw.which).await?.withdraw(name).await?) })?;
    writeln!(io::stdout(), "{name} is nobody's now.")?;
    Ok(())
}

impl Asked {
    const fn kind(self) -> ChallengeKind {
        match self {
            Self::Http01 => ChallengeKind::Http01,
            Self::TlsAlpn01 => ChallengeKind::TlsAlpn01,
        }
    }
}
