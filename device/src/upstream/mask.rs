//! The upstream sees itself asked under its own address, and the browser sees answers from the
//! device's: names are exchanged in the headers where they decide something (RFC 9110 §10.2.2).
//!
//! Interfaces on the loopback refuse foreign names in `Host` (CUPS does, against DNS rebinding) and
//! compare `Origin` with it, so the two are exchanged together. Bodies are never touched.

use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, ORIGIN, REFERER};

use super::UpstreamUrl;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The device's address as one browser has it: `printer.local`, with a port if it is not 443.
#[derive(Debug)]
pub(super) struct PublicName(HeaderValue);

impl PublicName {
    /// Puts the upstream's name in the place of the device's, and says the device's beside it.
    pub(super) fn hide(headers: &mut HeaderMap, upstream: &UpstreamUrl) -> Option<Self> {
        let own = HeaderValue::try_from(upstream.authority()).ok()?;
        let public = Self(headers.insert(HOST, own)?);
        let origins = (public.origin()?, format!("http://{}", upstream.authority()));
        for name in [ORIGIN, REFERER] {
            exchange(headers, &name, &origins.0, &origins.1);
        }
        headers.insert(FORWARDED_HOST, public.0.clone());
        Some(public)
    }

    /// Leads a redirect of the upstream to itself back to the device.
    pub(super) fn show(&self, headers: &mut HeaderMap, upstream: &UpstreamUrl) {
        if let Some(origin) = self.origin() {
            exchange(headers, &LOCATION, &upstream.to_string(), &origin);
        }
    }

    fn origin(&self) -> Option<String> {
        Some(format!("https://{}", self.0.to_str().ok()?))
    }
}

/// Replaces `from` at the start of a header's value, where it ends with it or a path follows.
fn exchange(headers: &mut HeaderMap, name: &HeaderName, from: &str, to: &str) {
    let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) else {
        return;
    };
    let Some(rest) = value.strip_prefix(from) else {
        return;
    };
    if !rest.is_empty() && !rest.starts_with(['/', '?', '#']) {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(format!("{to}{rest}")) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, value.parse().unwrap()))
            .collect()
    }

    fn upstream() -> UpstreamUrl {
        "http://127.0.0.1:631/ui".parse().unwrap()
    }

    #[test]
    fn the_upstream_is_asked_under_its_own_name() {
        let mut asked = headers(&[
            (HOST, "printer.local"),
            (ORIGIN, "https://printer.local"),
            (REFERER, "https://printer.local/jobs"),
        ]);
        PublicName::hide(&mut asked, &upstream()).unwrap();
        assert_eq!(asked[HOST], "127.0.0.1:631");
        assert_eq!(asked[ORIGIN], "http://127.0.0.1:631");
        assert_eq!(asked[REFERER], "http://127.0.0.1:631/jobs");
        assert_eq!(asked[FORWARDED_HOST], "printer.local");
    }

    #[test]
    fn a_foreign_origin_stays_what_it_is() {
        for foreign in [
            "null",
            "https://printer.local.example",
            "http://printer.local",
        ] {
            let mut asked = headers(&[(HOST, "printer.local"), (ORIGIN, foreign)]);
            PublicName::hide(&mut asked, &upstream()).unwrap();
            assert_eq!(asked[ORIGIN], foreign);
        }
    }

    #[test]
    fn a_redirect_to_itself_leads_back_to_the_device() {
        let mut asked = headers(&[(HOST, "printer.local:8443")]);
        let public = PublicName::hide(&mut asked, &upstream()).unwrap();
        for (given, want) in [
            (
                "http://127.0.0.1:631/ui/jobs",
                "https://printer.local:8443/jobs",
            ),
            ("http://127.0.0.1:631/other", "http://127.0.0.1:631/other"),
            ("/ui/jobs", "/ui/jobs"),
            ("https://example.com/", "https://example.com/"),
        ] {
            let mut answered = headers(&[(LOCATION, given)]);
            public.show(&mut answered, &upstream());
            assert_eq!(answered[LOCATION], want);
        }
    }
}
