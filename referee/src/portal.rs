//! What a network that has a referee may point to (RFC 8908): where its page is. Networks are not believed, so nobody comes to
//! trust anything by this; a user reads an address, and pairs by a code as ever.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::json;

/// Where it is; DHCP and router advertisements have the whole address (RFC 8910).
pub const PATH: &str = "/captive-portal/api";
/// RFC 8908 §4.
const KIND: HeaderValue = HeaderValue::from_static("application/captive+json");
/// RFC 8908 §4.1.
const PRIVATE: HeaderValue = HeaderValue::from_static("private");

/// Answers where the page is.
pub(crate) fn answer<B>(request: &Request<B>, page: &str) -> Response<Full<Bytes>> {
    if *request.method() != Method::GET {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return refused;
    }
    // RFC 8908 §5: nobody is held here.
    let told = json!({"captive": false, "venue-info-url": page});
    let mut answer = Response::new(Full::new(Bytes::from(told.to_string())));
    answer.headers_mut().insert(CONTENT_TYPE, KIND);
    answer.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    answer
}
