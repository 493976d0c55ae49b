//! The page for who runs the referee, which the device shows to paired clients alone.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use settle_device::Handler;
use settle_transport::certificate::fingerprint;
use settle_transport::page::page;

/// Answers the requests of paired clients.
pub(crate) fn handler(root: &[u8]) -> Handler {
    let key = fingerprint(root).map_or_else(String::new, |key| key.to_hex());
    let content: Arc<str> = format!("<dl><dt>Issues under</dt><dd>{key}</dd></dl>").into();
    Handler::new(service_fn(move |_: Request<Incoming>| {
        let content = Arc::clone(&content);
        async move {
            let page = page(http::StatusCode::OK, "Referee", &content);
            Ok::<_, Infallible>(page.map(http_body_util::Full::new))
        }
    }))
}
