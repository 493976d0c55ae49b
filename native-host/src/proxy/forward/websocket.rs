//! WebSockets on a stream of HTTP/2 (RFC 8441), as browsers open them, put into the form of HTTP/1.1
//! (RFC 6455 §4), which every device knows, and back.

use data_encoding::BASE64;
use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use settle_transport::random;

use crate::proxy::upstream::Outgoing;

const WEBSOCKET: &str = "websocket";

/// Whether a CONNECT asks for a WebSocket and for nothing else.
pub(super) fn is_asked<B>(request: &Request<B>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    protocol.is_some_and(|protocol| protocol.as_str() == WEBSOCKET)
}

/// The same as a request of HTTP/1.1; `None` where there is no randomness.
pub(super) fn ask(request: Request<Incoming>) -> Option<Request<Outgoing>> {
    let mut request = request.map(|_| Either::Right(Full::default()));
    *request.method_mut() = Method::GET;
    request.extensions_mut().remove::<Protocol>();
    let key = random::make_bytes::<16>().ok()?;
    let headers = request.headers_mut();
    headers.insert(
        SEC_WEBSOCKET_KEY,
        HeaderValue::try_from(BASE64.encode(&key)).ok()?,
    );
    headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    Some(request)
}

/// The device has switched: on HTTP/2 that is a success like any other.
pub(super) fn agree<B>(response: &mut Response<B>) {
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().remove(SEC_WEBSOCKET_ACCEPT);
}
