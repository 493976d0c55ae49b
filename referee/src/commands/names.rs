//! `authorize`, `names`, `withdraw`: who may have which name. They speak to the store, whether the referee runs or not.

use std::io::{self, Write};
use std::net::IpAddr;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;
use settle_device::LocalName;
use settle_referee::authority::Files;
use settle_referee::est;
use settle_referee::store::{By, ChallengeKind, EnrollmentSecret, ExternalKey, Grant, Holder};
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
        let (holder, made) = match (&authorize.account, &authorize.key) {
            _ if authorize.est => {
                let secret = store.make_enrollment(now()).await?;
                (
                    Holder::Enrollment(secret.id.clone()),
                    Some(Made::Secret(secret)),
                )
            }
            (Some(account), _) if store.account(account).await?.is_none() => {
                bail!("there is no account {account}: settle-referee accounts lists them")
            }
            (Some(account), _) => (Holder::Account(account.clone()), None),
            (None, Some(key)) => (Holder::Key(key.clone()), None),
            (None, None) => {
                let external = store.make_external_key(now()).await?;
                (
                    Holder::ExternalKey(external.id.clone()),
                    Some(Made::Key(external)),
                )
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
        say(authorize, &holder, made.as_ref())
    })
}

/// What was made for whoever is to have the names.
enum Made {
    Key(ExternalKey),
    Secret(EnrollmentSecret),
}

fn say(authorize: &Authorize, holder: &Holder, made: Option<&Made>) -> anyhow::Result<()> {
    let state = authorize.which.state()?;
    let (root, _) = Files::new(&state, None).authority()?;
    let path = state.join(ROOT);
    settle_device::replace_file(&path, pem(&root).as_bytes())?;
    let names: Vec<&str> = authorize.names.iter().map(LocalName::as_str).collect();
    let base = authorize.directory.strip_suffix("/acme/directory");
    let est = format!("{}{}", base.unwrap_or(&authorize.directory), est::PATH);
    let mut output = io::stdout().lock();
    if authorize.which.json {
        let (key, secret) = match made {
            Some(Made::Key(key)) => (Some(key), None),
            Some(Made::Secret(secret)) => (None, Some(secret)),
            None => (None, None),
        };
        let told = json!({
            "names": names,
            "holder": holder.to_string(),
            "directory": authorize.directory,
            "est": est,
            "root": path,
            "eab_kid": key.map(|key| key.id.clone()),
            "eab_hmac_key": key.map(|key| key.secret.to_string()),
            "est_user": secret.map(|secret| secret.id.clone()),
            "est_secret": secret.map(|secret| secret.secret.to_string()),
        });
        writeln!(output, "{told}")?;
        return Ok(());
    }
    writeln!(output, "{} may be had by {holder}.", names.join(", "))?;
    let path = path.display();
    match made {
        Some(Made::Key(key)) => writeln!(
            output,
            "\nThe first account that uses this key is the one. The server has to trust {path}: copy it there.\n\n{}",
            lines(&names, &authorize.directory, key)
        )?,
        Some(Made::Secret(secret)) => writeln!(
            output,
            "\nThe secret is good once, within a week. The device has to trust {path}: copy it there.\n\n{}",
            est_lines(&names, &est, secret)
        )?,
        None => {}
    }
    Ok(())
}

/// What is given to a device that speaks EST, and to whoever has nothing but curl and openssl.
fn est_lines(names: &[&str], est: &str, secret: &EnrollmentSecret) -> String {
    let (user, password) = (&secret.id, secret.secret.as_str());
    let file = names.first().copied().unwrap_or_default();
    let all: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let all = all.join(",");
    let post = format!(
        "curl --fail --cacert {ROOT} --header 'Content-Type: application/pkcs10' \\
    --data-binary @{file}.csr"
    );
    let read = "openssl base64 -d | openssl pkcs7 -inform DER -print_certs";
    format!(
        "an EST client:
  server {est}
  user {user}
  password {password}

by hand:
  openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout {file}.key -subj / \\
    -addext subjectAltName={all} -outform DER | openssl base64 -out {file}.csr
  {post} --user {user}:{password} \\
    {est}/simpleenroll | {read} -out {file}.pem
  curl --fail --cacert {ROOT} {est}/cacerts | {read} -out chain.pem

by hand, each next time:
  {post} --cert {file}.pem --key {file}.key \\
    {est}/simplereenroll | {read} -out {file}.new && mv {file}.new {file}.pem"
    )
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
