//! How a name and a port are written where a browser asks for them: in one way. What other readers could
//! take for another place is refused, not mended.

use http::HeaderMap;
use http::header::HOST;
use settle_protocol::name::LocalName;

/// A name and a port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) name: LocalName,
    pub(super) port: u16,
}

impl Target {
    /// Reads `name:port`, or `name` alone where a port goes without saying (RFC 3986 §3.2). There is no
    /// user in it, no port 0 and no empty one.
    pub(super) fn parse(text: &str, default: Option<u16>) -> Option<Self> {
        let (name, port) = match text.split_once(':') {
            None => (text, default?),
            Some((name, digits)) => (name, port(digits)?),
        };
        let name = LocalName::parse(name).ok()?;
        Some(Self { name, port })
    }

    /// Whether each `Host` that is there says the same.
    pub(super) fn is_said_by(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        hosts.all(|host| {
            let host = host.to_str().ok();
            host.and_then(|host| Self::parse(host, Some(443))).as_ref() == Some(self)
        })
    }

    /// As it is written in an address of `https:`.
    pub(super) fn authority(&self) -> String {
        self.without_port(443)
    }

    /// As it is written where `default` is the port that goes without saying.
    pub(super) fn without_port(&self, default: u16) -> String {
        match self.port == default {
            true => self.name.to_string(),
            false => format!("{}:{}", self.name, self.port),
        }
    }
}

fn port(digits: &str) -> Option<u16> {
    let is_plain = digits.starts_with(|first: char| ('1'..='9').contains(&first));
    is_plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_name_is_folded_and_nothing_else_is_mended() {
        for text in [
            "printer.local:443",
            "PRINTER.local:443",
            "printer.local.:443",
        ] {
            let target = Target::parse(text, None).unwrap();
            assert_eq!(target.authority(), "printer.local", "{text}");
        }
        for text in [
            "printer.local",
            "printer.local:",
            "printer.local:0",
            "printer.local:0443",
            "printer.local:+443",
            "printer.local: 443",
            "printer.local:443 ",
            "printer.local:65536",
            "printer.local:443:443",
            "printer.local..:443",
            "user@printer.local:443",
            "printer.local:443@printer.local:443",
            "printer%2elocal:443",
            "printer.local/:443",
            "[::1]:443",
            "127.0.0.1:443",
            "",
            ":443",
        ] {
            assert_eq!(Target::parse(text, None), None, "{text}");
        }
    }

    #[test]
    fn every_host_has_to_say_the_same() {
        let target = Target::parse("printer.local:443", None).unwrap();
        for (hosts, same) in [
            (&[][..], true),
            (&["printer.local"], true),
            (&["Printer.local:443"], true),
            (&["printer.local:8443"], false),
            (&["printer.local", "nas.local"], false),
            (&["user@printer.local"], false),
            (&["printer.local:"], false),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            assert_eq!(target.is_said_by(&headers), same, "{headers:?}");
        }
    }
}
