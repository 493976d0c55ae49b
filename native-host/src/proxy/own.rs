//! What the proxy answers by itself on a browser's connection to it, before any device is meant.

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Bytes;

use super::target::Target;

/// Plain `http:` never leaves the machine: the browser is told to come back by `https:`.
pub(super) fn to_https(target: &Target, asked: &Uri) -> Response<Full<Bytes>> {
    let path = asked.path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    let location = format!("https://{}{slash}{path}", target.authority());
    let mut response = plain(StatusCode::TEMPORARY_REDIRECT, "this name opens by https\n");
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The bare port of `http:` is on the way to that of `https:`.
pub(super) fn with_tls(target: Target) -> Target {
    match target.port {
        80 => Target {
            port: 443,
            ..target
        },
        _ => target,
    }
}

pub(super) fn not_paired() -> Response<Full<Bytes>> {
    plain(
        StatusCode::FORBIDDEN,
        "this name is not paired with Settle\n",
    )
}

/// The extension asks this to see whether the browser accepts the bridge authority.
pub(super) fn healthy() -> Response<Full<Bytes>> {
    let mut response = plain(StatusCode::OK, "ok\n");
    let anybody = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    response
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, fixed("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    response
}
