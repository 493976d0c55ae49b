//! The address that a user was on the way to: a web address inside the local namespaces.
//!
//! It comes from a page's fragment, which anybody can write, so it is parsed and never passed on
//! as it came: what leaves here is `https`, has no user information and a name that holds.

use std::fmt;

use settle_protocol::name::LocalName;

/// A local web address, always opened by HTTPS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    name: LocalName,
    port: Option<u16>,
    rest: String,
}

impl Address {
    /// Reads an `http:` or `https:` address whose host is a local name; anything else is `None`.
    ///
    /// The port of an `http:` address is dropped: that is never where HTTPS answers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (secure, text) = text
            .strip_prefix("https://")
            .map(|text| (true, text))
            .or_else(|| text.strip_prefix("http://").map(|text| (false, text)))?;
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (authority, rest) = text.split_at_checked(end)?;
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (authority, None),
        };
        if rest.chars().any(char::is_control) {
            return None;
        }
        Some(Self {
            name: LocalName::parse(host).ok()?,
            port: port.filter(|port| secure && *port != 443),
            rest: if rest.starts_with('/') {
                rest.to_owned()
            } else {
                format!("/{rest}")
            },
        })
    }

    /// The same address as it was asked for, by HTTP or HTTPS and with its port: for what nobody verifies.
    #[must_use]
    pub fn as_asked(&self, text: &str) -> String {
        let Some(text) = text.strip_prefix("http://") else {
            return self.to_string();
        };
        let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
        let port = authority
            .split_once(':')
            .map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(80) | Err(_)) | None => format!("http://{}{}", self.name, self.rest),
            Some(Ok(port)) => format!("http://{}:{port}{}", self.name, self.rest),
        }
    }

    /// The first page of a name.
    #[must_use]
    pub fn home(name: LocalName) -> Self {
        Self {
            name,
            port: None,
            rest: "/".to_owned(),
        }
    }

    /// Reads what [`Address::to_fragment`] wrote.
    #[must_use]
    pub fn from_fragment(text: &str) -> Option<Self> {
        Self::parse(&format!("https://{text}"))
    }

    /// The short form for a page's fragment: the bare name for a first page.
    #[must_use]
    pub fn to_fragment(&self) -> String {
        let text = self.to_string();
        let short = text.strip_prefix("https://").unwrap_or(&text);
        short
            .strip_suffix('/')
            .filter(|name| !name.contains('/'))
            .unwrap_or(short)
            .to_owned()
    }

    /// The host.
    #[must_use]
    pub const fn name(&self) -> &LocalName {
        &self.name
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(443)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.name)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn becomes_https_at_the_name_that_was_asked_for() {
        for (given, want) in [
            ("http://printer.local/", "https://printer.local/"),
            (
                "http://Printer.LOCAL.:631/jobs?a=b",
                "https://printer.local/jobs?a=b",
            ),
            (
                "https://nas.home.arpa:8443/x",
                "https://nas.home.arpa:8443/x",
            ),
            ("https://nas.alt:443", "https://nas.alt/"),
            ("https://nas.alt?q#f", "https://nas.alt/?q#f"),
        ] {
            assert_eq!(Address::parse(given).unwrap().to_string(), want);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn what_nobody_verifies_is_opened_as_it_was_asked_for() {
        for (given, want) in [
            ("http://Cam.local/", "http://cam.local/"),
            ("http://cam.local:80/x?y", "http://cam.local/x?y"),
            ("http://cam.local:8080/x", "http://cam.local:8080/x"),
            ("https://cam.local:8443/x", "https://cam.local:8443/x"),
            ("https://cam.local", "https://cam.local/"),
        ] {
            assert_eq!(Address::parse(given).unwrap().as_asked(given), want);
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn refuses_whatever_is_no_local_web_address() {
        for given in [
            "",
            "printer.local",
            "https://example.com/",
            "https://example.com/printer.local",
            "https://printer.local@example.com/",
            "https://printer.local:x@example.com/",
            "https://me@printer.local/",
            "https://printer.local:99999/",
            "javascript:alert(1)//printer.local",
            "https://printer.local/\u{1}",
            "https://\u{202e}printer.local/",
        ] {
            assert_eq!(Address::parse(given), None, "{given:?}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_fragment_reads_back_and_is_short_for_a_first_page() {
        for (address, fragment) in [
            ("https://printer.local/", "printer.local"),
            ("https://printer.local/a/", "printer.local/a/"),
            ("https://printer.local:8443/?x", "printer.local:8443/?x"),
        ] {
            let address = Address::parse(address).unwrap();
            assert_eq!(address.to_fragment(), fragment);
            assert_eq!(Address::from_fragment(fragment), Some(address));
        }
    }
}
