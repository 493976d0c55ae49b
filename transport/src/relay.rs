//! What a proxy may and may not pass on of an HTTP message (RFC 9110 §7.6), and the tunnel after
//! an upgrade. Whom to ask and whether to is the caller's decision.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

/// 64 KiB: large enough for bulk, small enough for many idle tunnels.
const TUNNEL_BUFFER: usize = 64 * 1024;

/// How the names of headers begin that Settle alone may say, on either side of it.
pub const SETTLE: &str = "settle-";

/// Headers that concern one connection only, beside those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 5] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
];

/// The one protocol that a connection may be switched to.
const WEBSOCKET: &str = "websocket";

/// Removes what must not be forwarded. An upgrade that both sides of the hop are to take part in
/// is kept when `upgrade` is set.
pub fn strip_hop_by_hop(headers: &mut HeaderMap, upgrade: bool) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    // RFC 9110 §10.1.4: whoever passes trailers on may say so itself.
    let trailers = takes_trailers(headers);
    // RFC 9112 §6.3: of two lengths the chunks' is the true one, and the other goes no further.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    let wanted = if upgrade {
        headers.get(UPGRADE).cloned()
    } else {
        None
    };
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    headers.remove(UPGRADE);
    if trailers {
        headers.insert(TE, http::HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = wanted {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, http::HeaderValue::from_static("upgrade"));
    }
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(TE).iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

/// Removes every header whose name begins with `prefix`, which is in lower case, and whatever an
/// interface may take for it.
pub fn strip_prefixed(headers: &mut HeaderMap, prefix: &str) {
    strip_read_as(headers, |name| name.starts_with(prefix));
}

/// Removes every header that some interface reads under a name that is `meant`. CGI has letters, digits
/// and `_` for all there is (RFC 3875 §4.1.18), so to programs behind it `Settle_Role` and `Settle-Role`
/// are one.
pub fn strip_read_as(headers: &mut HeaderMap, meant: impl Fn(&str) -> bool) {
    let read_as = |name: &HeaderName| -> String {
        let letters = name.as_str().chars();
        letters
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect()
    };
    let names: Vec<HeaderName> = headers
        .keys()
        .filter(|name| meant(&read_as(name)))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// Whether a request asks to leave HTTP/1.1 for a WebSocket (RFC 9110 §7.8). Whatever else it asks for
/// is passed over: in a tunnel of HTTP/2, which `h2c` would open, nobody would judge requests or say
/// who asks.
#[must_use]
pub fn wants_upgrade<B>(request: &Request<B>) -> bool {
    let named = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
        })
    };
    let mut protocols = request.headers().get_all(UPGRADE).iter();
    let protocol = protocols.next().and_then(|value| value.to_str().ok());
    protocol.is_some_and(|protocol| protocol.trim().eq_ignore_ascii_case(WEBSOCKET))
        && protocols.next().is_none()
        && request.headers().get_all(CONNECTION).iter().any(named)
}

/// Joins both sides of an upgraded exchange in the background, until either ends.
pub fn join_upgraded<B>(asked: OnUpgrade, response: &mut Response<B>) {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    let answered = hyper::upgrade::on(response);
    tokio::spawn(async move {
        if let Err(error) = tunnel(asked, answered).await {
            tracing::debug!(%error, "an upgraded connection ended");
        }
    });
}

async fn tunnel(
    asked: OnUpgrade,
    answered: OnUpgrade,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (client, server): (Upgraded, Upgraded) = tokio::try_join!(asked, answered)?;
    let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
    copy_bidirectional_with_sizes(&mut client, &mut server, TUNNEL_BUFFER, TUNNEL_BUFFER).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_of_one_connection_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, x-private"),
            ("x-private", "1"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("cookie", "kept"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        strip_hop_by_hop(&mut headers, false);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["cookie"]);
    }

    #[test]
    fn an_upgrade_is_kept_where_it_is_wanted() {
        let request = Request::builder()
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "websocket")
            .body(())
            .unwrap();
        assert!(wants_upgrade(&request));
        let mut headers = request.headers().clone();
        strip_hop_by_hop(&mut headers, true);
        assert_eq!(headers["upgrade"], "websocket");
        assert_eq!(headers["connection"], "upgrade");
    }

    #[test]
    fn no_other_protocol_than_websocket_is_switched_to() {
        for protocols in [
            &["h2c"][..],
            &["tls/1.0"],
            &["websocket, h2c"],
            &["websocket", "h2c"],
            &["h2c", "websocket"],
            &[],
        ] {
            let mut request = Request::builder().header("connection", "upgrade, http2-settings");
            for protocol in protocols {
                request = request.header("upgrade", *protocol);
            }
            assert!(!wants_upgrade(&request.body(()).unwrap()), "{protocols:?}");
        }
    }

    #[test]
    fn of_two_lengths_the_wrong_one_is_not_passed_on() {
        let mut headers = HeaderMap::new();
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
        strip_hop_by_hop(&mut headers, false);
        assert!(headers.is_empty());
    }

    #[test]
    fn names_that_an_interface_may_read_as_ours_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        for name in [
            "settle-role",
            "settle_role",
            "settle.role",
            "settler",
            "x-settle",
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        }
        strip_prefixed(&mut headers, SETTLE);
        assert_eq!(headers.len(), 2);
        assert!(headers.contains_key("settler") && headers.contains_key("x-settle"));
    }
}
