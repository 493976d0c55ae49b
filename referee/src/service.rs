//! All that a referee serves to servers and devices, at one port: which of its protocols a request is meant for.

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Bytes};

use crate::acme::Acme;
use crate::est::{self, Est, Peer};

/// The protocols.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) acme: Acme,
    pub(crate) est: Est,
}

impl Service {
    /// Answers a request that came over TLS.
    pub(crate) async fn answer<B>(&self, request: Request<B>, peer: &Peer) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = request.uri().path();
        if path
            .strip_prefix(est::PATH)
            .is_some_and(|rest| rest.starts_with('/'))
        {
            return Box::pin(self.est.answer(request, peer)).await;
        }
        Box::pin(self.acme.answer(request, peer.address)).await
    }

    /// Answers a request that came without TLS.
    pub(crate) async fn answer_in_the_clear<B>(
        &self,
        request: &Request<B>,
        peer: &Peer,
    ) -> Response<Full<Bytes>> {
        self.acme.answer_in_the_clear(request, peer.address).await
    }
}
