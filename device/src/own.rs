//! The paths under `/.well-known/settle/`, which the device answers itself: they never reach the
//! upstream, so nothing behind the device can speak in its name.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;

use crate::role::Role;

const RESERVED: &str = "/.well-known/settle/";
const ROLE: &str = "/.well-known/settle/role";

/// Answers a reserved path; `None` for every other.
pub(crate) fn answer(path: &str, role: &Role) -> Option<Response<Full<Bytes>>> {
    if !path.starts_with(RESERVED) {
        return None;
    }
    let (status, body) = if path == ROLE {
        (
            StatusCode::OK,
            format!("{{\"role\":\"{}\"}}\n", role.word()),
        )
    } else {
        (
            StatusCode::NOT_FOUND,
            "{\"error\":\"not_found\"}\n".to_owned(),
        )
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_paths_are_answered_here_and_no_others() {
        let status = |path| answer(path, &Role::Guest).map(|response| response.status());
        assert_eq!(status("/.well-known/settle/role"), Some(StatusCode::OK));
        assert_eq!(status("/.well-known/settle/x"), Some(StatusCode::NOT_FOUND));
        assert_eq!(status("/.well-known/other"), None);
        assert_eq!(status("/"), None);
    }
}
