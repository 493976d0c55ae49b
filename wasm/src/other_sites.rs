//! What happens to every address that is not local: the proxy that the user had set up before
//! Settle's script took the place of the browser's whole proxy setting.
//!
//! Fixed servers and a script's text are kept in the new script. The address of a script and the
//! system's setting have no form in a script: then other sites are reached directly, and pages say so.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::{Kept, ProxyControl};

/// The browser's answer to `proxy.settings.get`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxySetting {
    /// Who controls it.
    #[serde(default)]
    pub level_of_control: Control,
    /// The setting in force.
    #[serde(default)]
    pub value: Value,
}

/// Who controls a setting, in the browser's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// An administrator.
    NotControllable,
    /// An extension that was installed later.
    ControlledByOtherExtensions,
    /// Nobody, so we can.
    #[default]
    ControllableByThisExtension,
    /// We do.
    ControlledByThisExtension,
}

impl Control {
    /// What pages should know of it.
    #[must_use]
    pub const fn for_pages(self, other_sites: &OtherSites) -> ProxyControl {
        match (self, other_sites) {
            (Self::NotControllable, _) => ProxyControl::Policy,
            (Self::ControlledByOtherExtensions, _) => ProxyControl::OtherExtension,
            (_, OtherSites::Lost) => ProxyControl::Replaced,
            (_, OtherSites::Direct | OtherSites::Servers(_) | OtherSites::Script(_)) => {
                ProxyControl::Ours
            }
        }
    }
}

/// How other sites are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherSites {
    /// With no proxy, as before.
    #[default]
    Direct,
    /// By the user's fixed servers.
    Servers(Servers),
    /// By the user's script.
    Script(String),
    /// With no proxy, since the user's setting has no form in a script.
    Lost,
}

/// The user's fixed servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Servers {
    single_proxy: Option<Server>,
    proxy_for_http: Option<Server>,
    proxy_for_https: Option<Server>,
    fallback_proxy: Option<Server>,
    bypass_list: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Server {
    #[serde(default)]
    scheme: Scheme,
    host: String,
    #[serde(default)]
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    #[default]
    Http,
    Https,
    Quic,
    Socks4,
    Socks5,
}

impl OtherSites {
    /// Reads a setting that is not Settle's own.
    #[must_use]
    pub fn of_setting(value: &Value) -> Self {
        let mode = value.get("mode").and_then(Value::as_str);
        match mode.unwrap_or("direct") {
            "direct" => Self::Direct,
            "fixed_servers" => value
                .get("rules")
                .and_then(|rules| Servers::deserialize(rules.clone()).ok())
                .map_or(Self::Lost, Self::Servers),
            "pac_script" => value
                .pointer("/pacScript/data")
                .and_then(Value::as_str)
                .map_or(Self::Lost, |text| Self::Script(text.to_owned())),
            _ => Self::Lost,
        }
    }

    /// What is kept for them of what the user had set up.
    #[must_use]
    pub fn kept(&self) -> Kept {
        match self {
            Self::Direct | Self::Lost => Kept::Nothing,
            Self::Servers(servers) => servers
                .usual()
                .map_or(Kept::Nothing, |server| Kept::Server(server.in_script())),
            Self::Script(_) => Kept::Script,
        }
    }

    /// A script's function `otherSites(url, host)`.
    #[must_use]
    pub fn function(&self) -> String {
        match self {
            Self::Direct | Self::Lost => {
                "function otherSites(url, host) {\n  return \"DIRECT\";\n}\n".to_owned()
            }
            Self::Servers(servers) => servers.function(),
            Self::Script(text) => {
                format!(
                    "var otherSites = (function () {{\n{text}\nreturn FindProxyForURL;\n}})();\n"
                )
            }
        }
    }
}

impl Servers {
    /// The one that most sites are reached by.
    fn usual(&self) -> Option<&Server> {
        let by_scheme = self
            .proxy_for_https
            .as_ref()
            .or(self.proxy_for_http.as_ref());
        let one = self.single_proxy.as_ref().or(by_scheme);
        one.or(self.fallback_proxy.as_ref())
    }

    fn function(&self) -> String {
        let bypass: Vec<String> = self.bypass_list.iter().filter_map(|p| bypass(p)).collect();
        let mut lines = Vec::new();
        if !bypass.is_empty() {
            lines.push(format!(
                "  if ({}) return \"DIRECT\";\n",
                bypass.join(" || ")
            ));
        }
        let by_scheme = [
            ("http:", &self.proxy_for_http),
            ("https:", &self.proxy_for_https),
        ];
        for (scheme, server) in by_scheme {
            if let (None, Some(server)) = (&self.single_proxy, server) {
                let start = quoted(&format!("{scheme}*"));
                let server = quoted(&server.in_script());
                lines.push(format!(
                    "  if (shExpMatch(url, {start})) return {server};\n"
                ));
            }
        }
        let rest = self.single_proxy.as_ref().or(self.fallback_proxy.as_ref());
        let rest = rest.map_or_else(|| "DIRECT".to_owned(), Server::in_script);
        lines.push(format!("  return {};\n", quoted(&rest)));
        format!("function otherSites(url, host) {{\n{}}}\n", lines.concat())
    }
}

impl Server {
    fn in_script(&self) -> String {
        let (word, usual) = match self.scheme {
            Scheme::Http => ("PROXY", 80),
            Scheme::Https => ("HTTPS", 443),
            Scheme::Quic => ("QUIC", 443),
            Scheme::Socks4 => ("SOCKS", 1080),
            Scheme::Socks5 => ("SOCKS5", 1080),
        };
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let host = if bare.contains(':') {
            format!("[{bare}]")
        } else {
            bare.to_owned()
        };
        format!("{word} {host}:{}", self.port.unwrap_or(usual))
    }
}

/// The condition of one entry of a bypass list; entries for schemes and ports are `None`, so that
/// what they name goes through the user's proxy.
fn bypass(entry: &str) -> Option<String> {
    if entry == "<local>" {
        return Some("isPlainHostName(host)".to_owned());
    }
    if let Some((network, bits)) = entry.split_once('/') {
        let network: std::net::Ipv4Addr = network.parse().ok()?;
        let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        let mask = std::net::Ipv4Addr::from_bits(mask);
        return Some(format!("isInNet(host, \"{network}\", \"{mask}\")"));
    }
    let known = |b: u8| b.is_ascii_alphanumeric() || b".-*_".contains(&b);
    if entry.is_empty() || !entry.bytes().all(known) {
        return None;
    }
    let pattern = if entry.starts_with('.') {
        format!("*{entry}")
    } else {
        entry.to_owned()
    };
    Some(format!("shExpMatch(host, {})", quoted(&pattern)))
}

/// A string literal of JavaScript: JSON's are a subset of it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn fixed_servers_are_kept_for_other_sites() {
        let sites = OtherSites::of_setting(&json!({
            "mode": "fixed_servers",
            "rules": {
                "proxyForHttp": { "host": "plain.example", "port": 3128 },
                "proxyForHttps": { "scheme": "https", "host": "2001:db8::7" },
                "fallbackProxy": { "scheme": "socks5", "host": "socks.example" },
                "bypassList": ["<local>", ".corp.example", "10.0.0.0/8", "http://x:80", "<-loopback>"],
            },
        }));
        assert_eq!(
            sites.function(),
            "function otherSites(url, host) {\n  \
             if (isPlainHostName(host) || shExpMatch(host, \"*.corp.example\") || \
             isInNet(host, \"10.0.0.0\", \"255.0.0.0\")) return \"DIRECT\";\n  \
             if (shExpMatch(url, \"http:*\")) return \"PROXY plain.example:3128\";\n  \
             if (shExpMatch(url, \"https:*\")) return \"HTTPS [2001:db8::7]:443\";\n  \
             return \"SOCKS5 socks.example:1080\";\n}\n"
        );
        let server = "HTTPS [2001:db8::7]:443".to_owned();
        assert_eq!(sites.kept(), Kept::Server(server));
    }

    #[test]
    #[wasm_bindgen_test]
    fn one_server_for_everything_outranks_the_others() {
        let sites = OtherSites::of_setting(&json!({
            "mode": "fixed_servers",
            "rules": { "singleProxy": { "host": "a\"b", "port": 1 } },
        }));
        assert_eq!(
            sites.function(),
            "function otherSites(url, host) {\n  return \"PROXY a\\\"b:1\";\n}\n"
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_script_is_kept_and_its_names_stay_its_own() {
        let text = "function FindProxyForURL() { return 'PROXY a:1'; }";
        let sites = OtherSites::of_setting(&json!({
            "mode": "pac_script", "pacScript": { "data": text },
        }));
        assert_eq!(sites, OtherSites::Script(text.to_owned()));
        assert!(
            sites
                .function()
                .starts_with("var otherSites = (function () {")
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn says_what_cannot_be_kept() {
        for value in [
            json!({ "mode": "system" }),
            json!({ "mode": "auto_detect" }),
            json!({ "mode": "pac_script", "pacScript": { "url": "http://wpad/wpad.dat" } }),
        ] {
            let sites = OtherSites::of_setting(&value);
            assert_eq!(sites, OtherSites::Lost, "{value}");
            let control = Control::ControlledByThisExtension;
            assert_eq!(control.for_pages(&sites), ProxyControl::Replaced);
        }
        assert_eq!(OtherSites::of_setting(&Value::Null), OtherSites::Direct);
    }
}
