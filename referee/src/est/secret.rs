//! What a device says of itself the first time: HTTP Basic (RFC 7617), over TLS alone.

use data_encoding::BASE64;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

/// A number and a secret, as they were shown.
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
}

impl Credentials {
    /// Those of a request that has them once.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (Some(shown), None) = (shown.next(), shown.next()) else {
            return None;
        };
        let (scheme, encoded) = shown.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let octets = Zeroizing::new(BASE64.decode(encoded.trim().as_bytes()).ok()?);
        let (id, secret) = std::str::from_utf8(&octets).ok()?.split_once(':')?;
        Some(Self {
            id: id.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
        })
    }
}
