//! What a proxy may and may not pass on of an HTTP message (RFC 9110 §7.6), and the tunnel after
//! an upgrade. Whom to ask and whether to is the caller's decision.

use http::header::{
    CONNECTION, HeaderMap, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

/// 64 KiB: large enough for bulk, small enough for many idle tunnels.
const TUNNEL_BUFFER: usize = 64 * 1024;

/// Headers that concern one connection only, beside those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
];

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
    if let Some(protocol) = wanted {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, http::HeaderValue::from_static("upgrade"));
    }
}

/// Whether a request asks to leave HTTP/1.1 for another protocol (RFC 9110 §7.8).
#[must_use]
pub fn wants_upgrade<B>(request: &Request<B>) -> bool {
    let named = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
        })
    };
    request.headers().contains_key(UPGRADE)
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
}
