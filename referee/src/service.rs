//! All that a referee serves to servers and devices, at one port: which of its protocols a request is meant for, and how
//! many there were. Beside it, what is served without TLS.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes};

use crate::acme::Acme;
use crate::est::{self, Est, Peer};
use crate::lookup::{self, Lookup};
use crate::metrics::{self, Metrics};
use crate::portal;

/// The protocols.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) acme: Acme,
    pub(crate) est: Est,
    pub(crate) lookup: Lookup,
    pub(crate) metrics: Arc<Metrics>,
    /// The address that is told of the portal; none where none is served.
    pub(crate) portal: Option<String>,
}

impl Service {
    /// Answers a request that came over TLS.
    pub(crate) async fn answer<B>(&self, request: Request<B>, peer: &Peer) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = request.uri().path();
        let kind = metrics::kind(path);
        let is_est = path
            .strip_prefix(est::PATH)
            .is_some_and(|rest| rest.starts_with('/'));
        let answer = match (path, &self.portal) {
            _ if is_est => Box::pin(self.est.answer(request, peer)).await,
            (path, _) if path.starts_with(lookup::PATH) => {
                Box::pin(self.lookup.answer(&request, peer.address)).await
            }
            (portal::PATH, Some(page)) => portal::answer(&request, page),
            _ => Box::pin(self.acme.answer(request, peer.address)).await,
        };
        self.metrics.count(kind, answer.status());
        answer
    }

    /// Answers a request for a list of revoked certificates, which came without TLS.
    pub(crate) async fn answer_in_the_clear<B>(
        &self,
        request: &Request<B>,
        peer: &Peer,
    ) -> Response<Full<Bytes>> {
        let kind = metrics::kind(request.uri().path());
        let answer = self.acme.answer_in_the_clear(request, peer.address);
        let answer = answer.await;
        self.metrics.count(kind, answer.status());
        answer
    }

    /// Answers whoever collects the counters on this machine.
    pub(crate) async fn tell_metrics<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let is_asked = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            // A site whose name leads here would be let in by browsers on this machine.
            _ if !names_this_machine(request) => bare(StatusCode::MISDIRECTED_REQUEST),
            "/metrics" if is_asked => counters(&self.metrics).await,
            "/metrics" => bare(StatusCode::METHOD_NOT_ALLOWED),
            _ => bare(StatusCode::NOT_FOUND),
        }
    }
}

/// The counters as an answer.
pub(crate) async fn counters(metrics: &Metrics) -> Response<Full<Bytes>> {
    let text = match metrics.text().await {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "nothing can be counted");
            return bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    let mut answer = Response::new(Full::from(text));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(metrics::TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// Whether it was asked under a name that only this machine can have.
fn names_this_machine<B>(request: &Request<B>) -> bool {
    let asked = request.uri().authority().cloned().or_else(|| {
        let host = request.headers().get(HOST)?;
        Authority::try_from(host.as_bytes()).ok()
    });
    asked.is_some_and(|asked| {
        let host = asked.host();
        let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_are_asked_for_under_a_name_of_this_machine() {
        for (host, expected) in [
            ("127.0.0.1:9100", true),
            ("[::1]:9100", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("evil.example:9100", false),
            ("localhost.evil.example", false),
            ("192.0.2.1", false),
            ("", false),
        ] {
            let request = Request::get("/metrics").header(HOST, host);
            let request = request.body(()).unwrap();
            assert_eq!(names_this_machine(&request), expected, "{host}");
        }
        let absolute = Request::get("http://evil.example/metrics").header(HOST, "localhost");
        assert!(!names_this_machine(&absolute.body(()).unwrap()));
        assert!(!names_this_machine(
            &Request::get("/metrics").body(()).unwrap()
        ));
    }
}
