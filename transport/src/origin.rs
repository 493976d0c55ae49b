//! Which origin has a hand in a request (Fetch Metadata, RFC 6454): what is asked before something is changed. Says
//! nothing about who asks, which is the connection's.

use http::Uri;
use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

const SITE: &str = "sec-fetch-site";
const HTTPS_PORT: &str = ":443";

/// Whether a page of another origin has a hand in it. Browsers always say so for what changes
/// something, and programs that are none say nothing.
#[must_use]
pub fn is_foreign(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut sites = headers.get_all(SITE).iter();
    if sites.any(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let own = match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().ok();
        let origin = origin.and_then(|origin| origin.strip_prefix("https://"));
        origin.is_some_and(|origin| {
            own.is_some_and(|own| without_port(own).eq_ignore_ascii_case(without_port(origin)))
        })
    };
    !headers.get_all(ORIGIN).iter().all(is_own)
}

fn without_port(authority: &str) -> &str {
    authority.strip_suffix(HTTPS_PORT).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_and_programs_change_something() {
        let foreign = |fields: &[(&'static str, &str)], uri: &str| {
            let fields = fields.iter();
            let headers = fields
                .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
            is_foreign(&headers.collect(), &uri.parse().unwrap())
        };
        let host = ("host", "printer.local");
        for fields in [
            vec![host],
            vec![
                host,
                (SITE, "same-origin"),
                ("origin", "https://printer.local"),
            ],
            vec![
                ("host", "Printer.local:443"),
                ("origin", "https://printer.local"),
            ],
            vec![
                ("host", "printer.local:8443"),
                ("origin", "https://printer.local:8443"),
            ],
            vec![host, (SITE, "none")],
        ] {
            assert!(!foreign(&fields, "/"), "{fields:?}");
        }
        for fields in [
            vec![host, (SITE, "cross-site")],
            vec![host, (SITE, "same-site")],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "http://printer.local")],
            vec![host, ("origin", "https://printer.local:8443")],
            vec![host, ("origin", "https://printer.local.example")],
            vec![host, (SITE, "same-origin"), ("origin", "https://nas.local")],
            vec![("origin", "https://printer.local")],
        ] {
            assert!(foreign(&fields, "/"), "{fields:?}");
        }
        // HTTP/2 names the host in its target.
        let origin = ("origin", "https://printer.local");
        assert!(!foreign(&[origin], "https://printer.local/x"));
        assert!(foreign(&[origin, host], "https://nas.local/x"));
    }
}
