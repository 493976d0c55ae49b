//! Which key a server has (draft-wing-settle-referee): for clients that compare keys, and read no certificates. What
//! they can believe of it is what they believe of this server's own certificate.

use std::net::IpAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use settle_protocol::name::LocalName;

use crate::clock::unix_now as now;
use crate::limits::{Limited, Limits};
use crate::store::Store;

/// Below this are names.
pub(crate) const PATH: &str = "/.well-known/referee/sha256/";

/// Answers which key a name has.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) store: Store,
    pub(crate) limits: Arc<Limits>,
}

impl Lookup {
    /// Answers one request: 32 octets, the SHA-256 of the SubjectPublicKeyInfo.
    pub(crate) async fn answer<B>(
        &self,
        request: &Request<B>,
        from: IpAddr,
    ) -> Response<Full<Bytes>> {
        if let Err(Limited(wait)) = self.limits.request(from) {
            let mut answer = refuse(StatusCode::TOO_MANY_REQUESTS);
            answer
                .headers_mut()
                .insert(RETRY_AFTER, (wait.as_secs() + 1).into());
            return answer;
        }
        if *request.method() != Method::GET {
            return refuse(StatusCode::METHOD_NOT_ALLOWED);
        }
        let name = request.uri().path().strip_prefix(PATH);
        let name = name.and_then(|name| LocalName::parse(name).ok());
        let Some(name) = name else {
            return refuse(StatusCode::NOT_FOUND);
        };
        let found = self
            .store
            .key_of(&name, now())
            .await
            .map(|key| key.and_then(|key| HEXLOWER.decode(key.as_bytes()).ok()));
        match found {
            Ok(Some(digest)) => told(digest),
            Ok(None) => refuse(StatusCode::NOT_FOUND),
            Err(error) => {
                tracing::error!(%error, "a key could not be looked up");
                refuse(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

fn told(digest: Vec<u8>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(digest)));
    let kind = HeaderValue::from_static("application/octet-stream");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

fn refuse(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
