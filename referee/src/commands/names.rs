//! `authorize`, `names`, `withdraw`: who may have which name. They speak to the store, whether the referee runs or not.

use std::io::{self, Write};
use std::net::IpAddr;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;
use settle_device::LocalName;
use settle_referee::authority::Files;
use settle_referee::store::{By, ChallengeKind, ExternalKey, Grant, Holder};
use settle_transport::certificate::pem;

use super::{block_on, now, store};
use crate::Which;

/// Where `serve` listens by default, under its default name.
const DIRECTORY: &str = "https://referee.local:14000/acme/directory";
/// The root, for clients to trust.
const ROOT: &str = "root.pem";

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
    #[arg(long, value_name = "THUMBPRINT")]
    key: Option<String>,
    /// Have the server show this besides, each time.
    #[arg(long, value_name = "CHALLENGE")]
    challenge: Option<Asked>,
    /// Where it shows that, if the name does not lead there.
    #[arg(long, value_name = "ADDRESS", requires = "challenge")]
    address: Option<IpAddr>,
    /// The directory's address, for the lines that are printed.
    #[arg(long, value_name = "URL", default_value = DIRECTORY)]
    directory: String,
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

/// Grants names to an account, a key, or an external key that is made for them.
pub(crate) fn authorize(authorize: &Authorize) -> anyhow::Result<()> {
    block_on(async {
        let store = store(&authorize.which).await?;
        let (holder, external) = match (&authorize.account, &authorize.key) {
            (Some(account), _) if store.account(account).await?.is_none() => {
                bail!("there is no account {account}: settle-referee accounts lists them")
            }
            (Some(account), _) => (Holder::Account(account.clone()), None),
            (None, Some(key)) => (Holder::Key(key.clone()), None),
            (None, None) => {
                let external = store.make_external_key(now()).await?;
                (Holder::ExternalKey(external.id.clone()), Some(external))
            }
        };
        for name in &authorize.names {
            let grant = Grant {
                name: name.clone(),
                holder: holder.clone(),
                challenge: authorize.challenge.map(Asked::kind),
                address: authorize.address,
            };
            store.grant(&grant, By::Owner, now()).await?;
        }
        say(authorize, &holder, external.as_ref())
    })
}

fn say(
    authorize: &Authorize,
    holder: &Holder,
    external: Option<&ExternalKey>,
) -> anyhow::Result<()> {
    let state = authorize.which.state()?;
    let (root, _) = Files::new(&state, None).authority()?;
    let path = state.join(ROOT);
    settle_device::replace_file(&path, pem(&root).as_bytes())?;
    let names: Vec<&str> = authorize.names.iter().map(LocalName::as_str).collect();
    let mut output = io::stdout().lock();
    if authorize.which.json {
        let told = json!({
            "names": names,
            "holder": holder.to_string(),
            "directory": authorize.directory,
            "root": path,
            "eab_kid": external.map(|key| key.id.clone()),
            "eab_hmac_key": external.map(|key| key.secret.to_string()),
        });
        writeln!(output, "{told}")?;
        return Ok(());
    }
    writeln!(output, "{} may be had by {holder}.", names.join(", "))?;
    if let Some(external) = external {
        let lines = lines(&names, &authorize.directory, external);
        writeln!(
            output,
            "\nThe first account that uses this key is the one. The server has to trust {}: copy it there.\n\n{lines}",
            path.display()
        )?;
    }
    Ok(())
}

/// What is given to clients, ready to be used.
fn lines(names: &[&str], directory: &str, external: &ExternalKey) -> String {
    let (id, secret) = (&external.id, external.secret.as_str());
    let each = |option: &str| -> String {
        names
            .iter()
            .map(|name| format!(" {option} {name}"))
            .collect()
    };
    let (certbot, lego) = (each("-d"), each("--domains"));
    format!(
        "certbot:
  REQUESTS_CA_BUNDLE={ROOT} certbot certonly --standalone --server {directory} \\
    --eab-kid {id} --eab-hmac-key {secret} \\
    --register-unsafely-without-email --agree-tos{certbot}

lego:
  LEGO_CA_CERTIFICATES={ROOT} lego --server {directory} --eab --kid {id} \\
    --hmac {secret} --email admin@home.arpa --accept-tos --http{lego} run

Caddy, in the global options of its Caddyfile:
  acme_ca {directory}
  acme_ca_root {ROOT}
  acme_eab {{
    key_id {id}
    mac_key {secret}
  }}"
    )
}

/// Lists the names.
pub(crate) fn names(which: &Which) -> anyhow::Result<()> {
    let grants = block_on(async { Ok(store(which).await?.grants().await?) })?;
    let mut output = io::stdout().lock();
    if which.json {
        let grants = grants.iter().map(|grant| {
            json!({
                "name": grant.name,
                "holder": grant.holder.to_string(),
                "challenge": grant.challenge.map(ChallengeKind::as_str),
                "address": grant.address,
            })
        });
        let grants: Vec<_> = grants.collect();
        writeln!(output, "{}", json!({"names": grants}))?;
        return Ok(());
    }
    for grant in grants {
        let challenge = grant.challenge.map_or("", ChallengeKind::as_str);
        writeln!(output, "{}  {}  {challenge}", grant.name, grant.holder)?;
    }
    Ok(())
}

/// Takes a name back.
pub(crate) fn withdraw(withdraw: &Withdraw) -> anyhow::Result<()> {
    let name = &withdraw.name;
    let withdrawn = block_on(async {
        let store = store(&withdraw.which).await?;
        Ok(store.withdraw(name, By::Owner, now()).await?)
    })?;
    if !withdrawn {
        bail!("nobody may have {name}: settle-referee names lists them");
    }
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
