//! The access rule: which requests to a device come from where the user meant them to.
//!
//! Browsers skip their Local Network Access checks for requests that go through a proxy
//! (ARCHITECTURE.md, "What browsers do"), so a public page could reach every paired device. This is what stops it:
//! pure, by what the browser itself says about a request, which pages cannot forge.

use http::header::{HeaderMap, HeaderName, ORIGIN, REFERER};
use http::{Method, Uri};

use settle_protocol::name::LocalName;
use settle_protocol::origin::Origin;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What the rule says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Access {
    /// The request may go on.
    Granted,
    /// Another site asked for it.
    CrossSite {
        /// Which one, where the browser says.
        origin: Option<String>,
    },
}

/// One request, as far as the rule looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name in the address.
    pub name: &'a LocalName,
    /// The port in the address.
    pub port: u16,
    /// The method.
    pub method: &'a Method,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// Whether it opens a WebSocket.
    pub websocket: bool,
    /// The other sites that the user lets in.
    pub allowed: &'a [Origin],
}

/// Judges a request (Fetch Metadata; RFC 6454 §7; RFC 6455 §10.2).
#[must_use]
pub fn judge(asked: Asked<'_>) -> Access {
    let origin = asked
        .headers
        .get(ORIGIN)
        .map(|value| value.to_str().unwrap_or("null"));
    let own = origin.is_some_and(|origin| is_own(origin, asked));
    if own || (origin.is_none() && !asked.websocket && from_here(asked)) {
        return Access::Granted;
    }
    let origin = origin
        .map(str::to_owned)
        .or_else(|| referring_origin(asked.headers));
    if origin
        .as_deref()
        .is_some_and(|origin| is_allowed(origin, asked))
    {
        return Access::Granted;
    }
    Access::CrossSite { origin }
}

/// Browsers write origins in one way (RFC 6454 §6.2), so they are compared as text.
fn is_allowed(origin: &str, asked: Asked<'_>) -> bool {
    asked
        .allowed
        .iter()
        .any(|allowed| allowed.as_str() == origin)
}

/// Judges a request that names no origin.
fn from_here(asked: Asked<'_>) -> bool {
    let header = |name| {
        asked
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    match header(SITE) {
        Some("same-origin" | "none") => true,
        // A link or a bookmark may lead anywhere, and a GET must change nothing (RFC 9110 §9.2.1).
        // What is only prefetched is no step of the user's (Fetch §4.1 "Sec-Purpose").
        Some(_) => {
            *asked.method == Method::GET
                && header(MODE) == Some("navigate")
                && header(DESTINATION) == Some("document")
                && !asked.headers.contains_key(PURPOSE)
        }
        // No browser of today: scripts of the user's own, and old browsers, which say `Referer`.
        // One that cannot be read is not ours either.
        None if asked.headers.contains_key(REFERER) => {
            referring_origin(asked.headers).is_some_and(|origin| is_own(&origin, asked))
        }
        None => true,
    }
}

fn is_own(origin: &str, asked: Asked<'_>) -> bool {
    let Some(authority) = origin.strip_prefix("https://") else {
        return false;
    };
    match authority.rsplit_once(':') {
        Some((host, port)) => host == asked.name.as_str() && port == asked.port.to_string(),
        None => authority == asked.name.as_str() && asked.port == 443,
    }
}

fn referring_origin(headers: &HeaderMap) -> Option<String> {
    let referer: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    Some(format!(
        "{}://{}",
        referer.scheme_str()?,
        referer.authority()?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAVIGATION: [(&str, &str); 2] = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];

    fn granted(method: &Method, headers: &[(&str, &str)], websocket: bool) -> bool {
        granted_with(&[], method, headers, websocket)
    }

    fn granted_with(
        allowed: &[Origin],
        method: &Method,
        headers: &[(&str, &str)],
        websocket: bool,
    ) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let asked = Asked {
            name: &LocalName::parse("printer.local").unwrap(),
            port: 443,
            method,
            headers: &headers,
            websocket,
            allowed,
        };
        judge(asked) == Access::Granted
    }

    fn navigation<'a>(site: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [&[("sec-fetch-site", site)], &NAVIGATION[..], more].concat()
    }

    #[test]
    fn the_devices_own_pages_and_the_users_own_steps_pass() {
        let own = ("origin", "https://printer.local");
        assert!(granted(&Method::GET, &[("sec-fetch-site", "none")], false));
        assert!(granted(
            &Method::GET,
            &[("sec-fetch-site", "same-origin")],
            false
        ));
        assert!(granted(
            &Method::POST,
            &[("sec-fetch-site", "same-origin"), own],
            false
        ));
        assert!(granted(&Method::GET, &[own], true));
        assert!(granted(&Method::GET, &[], false));
    }

    #[test]
    fn a_link_on_another_site_passes_when_it_is_a_plain_navigation() {
        for site in ["cross-site", "same-site"] {
            assert!(granted(&Method::GET, &navigation(site, &[]), false));
            let frame = [("sec-fetch-dest", "iframe")];
            let framed = [&[("sec-fetch-site", site), NAVIGATION[0]], &frame[..]].concat();
            assert!(!granted(&Method::GET, &framed, false));
        }
    }

    #[test]
    fn a_prefetch_passes_for_the_devices_own_pages_alone() {
        for purpose in ["prefetch", "prefetch;prerender"] {
            let purpose = [("sec-purpose", purpose)];
            for (site, is) in [
                ("cross-site", false),
                ("same-site", false),
                ("same-origin", true),
                ("none", true),
            ] {
                let headers = navigation(site, &purpose);
                assert_eq!(granted(&Method::GET, &headers, false), is, "{site}");
            }
        }
    }

    #[test]
    fn whatever_else_another_site_asks_for_is_refused() {
        let foreign = ("origin", "https://example.com");
        for headers in [
            navigation("cross-site", &[foreign]),
            vec![
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "no-cors"),
            ],
            vec![("sec-fetch-site", "same-origin"), foreign],
            vec![foreign],
            vec![("origin", "null")],
            vec![("origin", "http://printer.local")],
            vec![("origin", "https://printer.local:8443")],
            vec![("origin", "https://a.printer.local")],
            vec![("origin", "https://printer.local.example.com")],
            vec![("referer", "https://example.com/page")],
            vec![("referer", "https://example.com/<page>")],
            vec![("referer", "https://printer.local@example.com/")],
            vec![("referer", "https://")],
            vec![("referer", "")],
            vec![("referer", "about:blank")],
        ] {
            assert!(!granted(&Method::POST, &headers, false), "{headers:?}");
            assert!(!granted(&Method::OPTIONS, &headers, false), "{headers:?}");
        }
        assert!(!granted(
            &Method::POST,
            &navigation("cross-site", &[]),
            false
        ));
    }

    #[test]
    fn an_origin_that_the_user_allowed_is_let_in_and_no_other() {
        let allowed = [Origin::parse("https://cloud.example").unwrap()];
        let cross = ("sec-fetch-site", "cross-site");
        for (origin, granted) in [
            ("https://cloud.example", true),
            ("http://cloud.example", false),
            ("https://cloud.example:8443", false),
            ("https://a.cloud.example", false),
            ("null", false),
        ] {
            for websocket in [false, true] {
                let headers = [cross, ("origin", origin)];
                let is = granted_with(&allowed, &Method::POST, &headers, websocket);
                assert_eq!(is, granted, "{origin}");
            }
        }
        // An image: browsers name its page in `Referer` alone.
        let image = [cross, ("referer", "https://cloud.example/album")];
        assert!(granted_with(&allowed, &Method::GET, &image, false));
        assert!(!granted(&Method::GET, &image, false));
    }

    #[test]
    fn a_websocket_needs_the_devices_own_origin() {
        assert!(!granted(&Method::GET, &[], true));
        assert!(!granted(&Method::GET, &navigation("cross-site", &[]), true));
        assert!(!granted(
            &Method::GET,
            &[("origin", "https://example.com")],
            true
        ));
    }

    #[test]
    fn the_refusal_names_who_asked() {
        let headers = HeaderMap::from_iter([(REFERER, "https://a.example/x?y".parse().unwrap())]);
        let asked = Asked {
            name: &LocalName::parse("printer.local").unwrap(),
            port: 443,
            method: &Method::POST,
            headers: &headers,
            websocket: false,
            allowed: &[],
        };
        assert_eq!(
            judge(asked),
            Access::CrossSite {
                origin: Some("https://a.example".to_owned())
            }
        );
    }
}
