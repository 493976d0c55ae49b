//! The origin of a web page (RFC 6454): who asks for something. Never a device's own name for itself.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use minicbor::decode::{Decoder, Error};
use minicbor::encode::{Encoder, Write};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest host name (RFC 1035 §2.3.4), a scheme and a port.
const MAX_LENGTH: usize = 8 + 253 + 6;

/// The origin of an `https:` or `http:` page, as browsers write it (RFC 6454 §6.2): in lower case, and
/// without the port that the scheme implies.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is no origin: give the scheme and the host of the site, as in https://cloud.example")]
pub struct OriginError;

impl Origin {
    /// Reads an origin; a path, a user name or an opaque origin is none.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.len() > MAX_LENGTH {
            return Err(OriginError);
        }
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or(OriginError)?;
        let implied = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(OriginError),
        };
        let (host, port) = split_port(authority)?;
        if !is_host(host) {
            return Err(OriginError);
        }
        Ok(Self(match port.filter(|port| *port != implied) {
            Some(port) => alloc::format!("{scheme}://{host}:{port}"),
            None => alloc::format!("{scheme}://{host}"),
        }))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, it)| it);
        split_port(authority).map_or(authority, |(host, _)| host)
    }
}

/// Takes a port off the end; colons inside of brackets belong to an IPv6 address.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), OriginError> {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = digits.then(|| port.parse().ok()).flatten();
            Ok((host, Some(port.ok_or(OriginError)?)))
        }
        _ => Ok((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<core::net::Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(fits)
    };
    host.split('.').all(is_label)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        Self::parse(text)
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<C> Encode<C> for Origin {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Origin {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        Self::parse(d.str()?).map_err(|error| Error::message(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin) in [
            ("https://cloud.example", "https://cloud.example"),
            ("HTTPS://Cloud.Example:443/", "https://cloud.example"),
            ("http://nas.local:8080", "http://nas.local:8080"),
            ("http://nas:80", "http://nas"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("https://[::1]", "https://[::1]"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), origin);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_host_has_neither_scheme_nor_port() {
        for (origin, host) in [
            ("https://cloud.example", "cloud.example"),
            ("http://nas.local:8080", "nas.local"),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]"),
            ("https://[::1]", "[::1]"),
        ] {
            assert_eq!(Origin::parse(origin).unwrap().host(), host);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_is_no_web_origin_is_refused() {
        for text in [
            "",
            "null",
            "cloud.example",
            "ftp://cloud.example",
            "https://",
            "https://cloud.example/path",
            "https://user@cloud.example",
            "https://cloud.example:",
            "https://cloud.example:+1",
            "https://cloud.example:65536",
            "https://cloud..example",
            "https://[::g]",
            "https://b\u{fc}ro.example",
        ] {
            assert_eq!(Origin::parse(text), Err(OriginError), "{text}");
        }
    }
}
