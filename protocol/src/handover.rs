//! What a server's client is given to get certificates from a referee, by ACME or EST, and the lines to paste there
//! (docs/referee.md §7). Nothing is asked for or decided here.
//!
//! The lines go into a shell, so whoever shows them makes them itself, of pieces whose forms leave nothing to quote: a
//! referee that was broken into can hand over a wrong key, and no command.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::name::LocalName;

/// The file with the authority's certificate, beside which the lines are run.
pub const ROOT_FILE: &str = "root.pem";
/// What the address of a directory ends in.
const DIRECTORY: &str = "/acme/directory";
/// Where EST is, on the same server (RFC 7030 §3.2.2).
pub const EST: &str = "/.well-known/est";
/// Characters of an external key's number, and of its secret.
const MAX_PIECE: usize = 128;
/// Octets of a thumbprint: SHA-256.
const THUMBPRINT: usize = 32;

/// A text that is no such piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HandoverError {
    /// The address of a directory.
    #[error("give the directory's address as https://NAME:PORT/acme/directory, with a local name")]
    Directory,
    /// The thumbprint of a key.
    #[error("a thumbprint is the SHA-256 of RFC 7638 in base64url, 43 characters")]
    Thumbprint,
    /// The number or the secret of an external key.
    #[error("an external key's number and its secret are in base64url")]
    Piece,
}

/// The address of an ACME directory on the local network.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Directory(String);

/// Which key an account has (RFC 7638).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint(String);

/// The number of an external key (RFC 8555 §7.3.4).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// Its secret, which makes one account: in no `Debug` output.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeySecret(Zeroizing<String>);

/// What one server's client is given.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Handover {
    /// The names that it may have.
    pub names: Vec<LocalName>,
    /// Where it asks for certificates.
    pub directory: Directory,
    /// What it makes its account with; none where the names are an account's that is there, or a key's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eab_kid: Option<KeyId>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eab_hmac_key: Option<KeySecret>,
    /// What a device enrols as that speaks EST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub est_user: Option<KeyId>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub est_secret: Option<KeySecret>,
}

/// Who takes the lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taker {
    /// A command for a shell.
    Certbot,
    /// Likewise.
    Lego,
    /// A site of its Caddyfile. For local names it asks no authority but its own, unless their site says so.
    Caddy,
    /// What any client of EST is told.
    Est,
    /// Commands for whoever has nothing but `openssl` and `curl`.
    ByHand,
    /// The same for each certificate after the first.
    ByHandAgain,
}

impl Taker {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Certbot,
        Self::Lego,
        Self::Caddy,
        Self::Est,
        Self::ByHand,
        Self::ByHandAgain,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certbot => "certbot",
            Self::Lego => "lego",
            Self::Caddy => "Caddy, as a site of its Caddyfile",
            Self::Est => "an EST client",
            Self::ByHand => "by hand",
            Self::ByHandAgain => "by hand, each next time",
        }
    }
}

impl Directory {
    /// Reads an address; a port that is implied is dropped.
    ///
    /// # Errors
    /// [`HandoverError::Directory`].
    pub fn parse(text: &str) -> Result<Self, HandoverError> {
        let authority = text.strip_prefix("https://");
        let authority = authority.and_then(|rest| rest.strip_suffix(DIRECTORY));
        let authority = authority.ok_or(HandoverError::Directory)?;
        let (name, port) = match authority.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        };
        let is_decimal = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        let port = port.map(|port| match port.parse::<u16>() {
            Ok(number) if is_decimal(port) => Ok(number),
            Ok(_) | Err(_) => Err(HandoverError::Directory),
        });
        let name = LocalName::parse(name).map_err(|_| HandoverError::Directory)?;
        Ok(Self(match port.transpose()?.filter(|port| *port != 443) {
            Some(port) => format!("https://{name}:{port}{DIRECTORY}"),
            None => format!("https://{name}{DIRECTORY}"),
        }))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the same server speaks EST.
    #[must_use]
    pub fn est(&self) -> String {
        let base = self.0.strip_suffix(DIRECTORY).unwrap_or_default();
        format!("{base}{EST}")
    }
}

impl Thumbprint {
    /// Reads a thumbprint.
    ///
    /// # Errors
    /// [`HandoverError::Thumbprint`].
    pub fn parse(text: &str) -> Result<Self, HandoverError> {
        let octets = BASE64URL_NOPAD.decode(text.as_bytes());
        match octets {
            Ok(octets) if octets.len() == THUMBPRINT => Ok(Self(text.to_owned())),
            Ok(_) | Err(_) => Err(HandoverError::Thumbprint),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyId {
    /// Reads a number.
    ///
    /// # Errors
    /// [`HandoverError::Piece`].
    pub fn parse(text: &str) -> Result<Self, HandoverError> {
        check_piece(text)?;
        Ok(Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeySecret {
    /// Reads a secret.
    ///
    /// # Errors
    /// [`HandoverError::Piece`].
    pub fn parse(text: Zeroizing<String>) -> Result<Self, HandoverError> {
        check_piece(&text)?;
        Ok(Self(text))
    }

    /// Its text, for the one who is given it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Handover {
    /// The lines for one of them; none where it is given nothing.
    #[must_use]
    pub fn lines(&self, taker: Taker) -> Option<Zeroizing<String>> {
        match taker {
            Taker::Certbot | Taker::Lego | Taker::Caddy => self.acme(taker),
            Taker::Est | Taker::ByHand | Taker::ByHandAgain => self.est(taker),
        }
    }

    fn acme(&self, taker: Taker) -> Option<Zeroizing<String>> {
        let (id, secret) = (self.eab_kid.as_ref()?, self.eab_hmac_key.as_ref()?);
        let (directory, id, secret) = (self.directory.as_str(), id.as_str(), secret.reveal());
        let each = |option: &str| -> String {
            let names = self.names.iter();
            names.map(|name| format!(" {option} {name}")).collect()
        };
        let lines = match taker {
            Taker::Certbot => format!(
                "REQUESTS_CA_BUNDLE={ROOT_FILE} certbot certonly --standalone --server {directory} \\\n  \
                 --eab-kid {id} --eab-hmac-key {secret} \\\n  \
                 --register-unsafely-without-email --agree-tos{}",
                each("-d")
            ),
            Taker::Lego => format!(
                "LEGO_CA_CERTIFICATES={ROOT_FILE} lego --server {directory} --eab --kid {id} \\\n  \
                 --hmac {secret} --email admin@home.arpa --accept-tos --http{} run",
                each("--domains")
            ),
            Taker::Caddy => format!(
                "{} {{\n  tls {{\n    ca {directory}\n    ca_root {ROOT_FILE}\n    eab {id} {secret}\n  }}\n}}",
                self.names
                    .iter()
                    .map(LocalName::as_str)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            Taker::Est | Taker::ByHand | Taker::ByHandAgain => return None,
        };
        Some(Zeroizing::new(lines))
    }

    fn est(&self, taker: Taker) -> Option<Zeroizing<String>> {
        let (user, secret) = (self.est_user.as_ref()?, self.est_secret.as_ref()?);
        let (est, user, secret) = (self.directory.est(), user.as_str(), secret.reveal());
        let file = self.names.first()?;
        let names = self.names.iter().map(|name| format!("DNS:{name}"));
        let names = names.collect::<Vec<_>>().join(",");
        let post = format!(
            "curl --fail --cacert {ROOT_FILE} --header 'Content-Type: application/pkcs10' \\\n  \
             --data-binary @{file}.csr"
        );
        let read = "openssl base64 -d | openssl pkcs7 -inform DER -print_certs";
        let lines = match taker {
            Taker::Est => format!("server {est}\nuser {user}\npassword {secret}"),
            Taker::ByHand => format!(
                "openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout {file}.key -subj / \\\n  \
                 -addext subjectAltName={names} -outform DER | openssl base64 -out {file}.csr\n\
                 {post} --user {user}:{secret} \\\n  {est}/simpleenroll | {read} -out {file}.pem\n\
                 curl --fail --cacert {ROOT_FILE} {est}/cacerts | {read} -out chain.pem"
            ),
            Taker::ByHandAgain => format!(
                "{post} --cert {file}.pem --key {file}.key \\\n  \
                 {est}/simplereenroll | {read} -out {file}.new && mv {file}.new {file}.pem"
            ),
            Taker::Certbot | Taker::Lego | Taker::Caddy => return None,
        };
        Some(Zeroizing::new(lines))
    }
}

/// One that begins with a hyphen would be an option of the client that it is given to.
fn check_piece(text: &str) -> Result<(), HandoverError> {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let holds = (1..=MAX_PIECE).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(is_plain);
    match holds {
        true => Ok(()),
        false => Err(HandoverError::Piece),
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

impl TryFrom<String> for Directory {
    type Error = HandoverError;

    fn try_from(text: String) -> Result<Self, HandoverError> {
        Self::parse(&text)
    }
}

impl From<Directory> for String {
    fn from(directory: Directory) -> Self {
        directory.0
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = HandoverError;

    fn try_from(text: String) -> Result<Self, HandoverError> {
        Self::parse(&text)
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.0
    }
}

impl TryFrom<String> for KeyId {
    type Error = HandoverError;

    fn try_from(text: String) -> Result<Self, HandoverError> {
        Self::parse(&text)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl TryFrom<String> for KeySecret {
    type Error = HandoverError;

    fn try_from(text: String) -> Result<Self, HandoverError> {
        Self::parse(Zeroizing::new(text))
    }
}

impl From<KeySecret> for String {
    fn from(secret: KeySecret) -> Self {
        (*secret.0).clone()
    }
}

#[cfg(test)]
mod tests;
