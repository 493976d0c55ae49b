//! The address of the web interface that the device stands in front of.

use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// Why a text is no address of a web interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UrlError {
    /// Not `http://HOST[:PORT][/PATH]`.
    #[error("give the upstream as http://HOST:PORT, with a path if it has one")]
    Malformed,
    /// TLS towards the upstream.
    #[error("the upstream is reached by plain http: it runs on this machine")]
    NotHttp,
    /// A user name or password in the address.
    #[error("the upstream's address may hold no user name and no password")]
    Credentials,
    /// A query in the address.
    #[error("the upstream's address may hold no query")]
    Query,
}

/// An `http://` address, perhaps with a base path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpstreamUrl {
    authority: Authority,
    /// Without a slash at its end.
    base: String,
}

impl FromStr for UpstreamUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => {}
            Some(_) => return Err(UrlError::NotHttp),
            None => return Err(UrlError::Malformed),
        }
        let authority = uri.authority().ok_or(UrlError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        if uri.query().is_some() {
            return Err(UrlError::Query);
        }
        Ok(Self {
            authority: authority.clone(),
            base: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl UpstreamUrl {
    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Where a request for `path` goes; `None` when the path would lead out of the base.
    pub(crate) fn target(&self, path: &PathAndQuery) -> Option<Uri> {
        if !path.as_str().starts_with('/') {
            return None;
        }
        let target = if self.base.is_empty() {
            path.clone()
        } else if climbs(path.path()) {
            return None;
        } else {
            PathAndQuery::try_from(format!("{}{path}", self.base)).ok()?
        };
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(target)
            .build()
            .ok()
    }
}

impl std::fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}{}", self.authority, self.base)
    }
}

/// Whether a segment goes up, in any of the ways in which it can be written.
fn climbs(path: &str) -> bool {
    let path = path
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/")
        .replace('\\', "/");
    path.split('/').any(|segment| segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, path: &str) -> Option<String> {
        let url: UpstreamUrl = url.parse().unwrap();
        url.target(&path.parse().unwrap())
            .map(|uri| uri.to_string())
    }

    #[test]
    fn a_base_path_goes_before_every_path() {
        for base in ["http://127.0.0.1:631/ui", "http://127.0.0.1:631/ui/"] {
            assert_eq!(
                target(base, "/jobs?which=all").unwrap(),
                "http://127.0.0.1:631/ui/jobs?which=all"
            );
        }
        assert_eq!(
            target("http://localhost", "/").unwrap(),
            "http://localhost/"
        );
    }

    #[test]
    fn no_path_leads_out_of_the_base() {
        for path in ["/../x", "/a/%2E%2e/x", "/a%2f..%2fx", "/..%5cx"] {
            assert_eq!(target("http://127.0.0.1/ui", path), None, "{path}");
        }
        assert!(target("http://127.0.0.1/ui", "/a..b/x").is_some());
    }

    #[test]
    fn what_is_no_plain_address_is_refused_with_its_reason() {
        for (text, reason) in [
            ("127.0.0.1:631", UrlError::Malformed),
            ("/ui", UrlError::Malformed),
            ("https://127.0.0.1", UrlError::NotHttp),
            ("http://a:b@127.0.0.1", UrlError::Credentials),
            ("http://127.0.0.1/?q=1", UrlError::Query),
        ] {
            assert_eq!(text.parse::<UpstreamUrl>(), Err(reason), "{text}");
        }
    }
}
