//! Plain HTTP to a name that opens without pairing: one request at a time, as a proxy passes it on, and none that another
//! site has sent.

use std::sync::Arc;

use http::header::{ALT_SVC, HOST, HeaderValue, ORIGIN};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use settle_protocol::name::LocalName;
use settle_transport::cut::Cut;
use settle_transport::relay;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::{Host, full};
use crate::proxy::forward::{Answer, is_plain};
use crate::proxy::page;
use crate::proxy::target::Target;

impl Host {
    /// Forwards one request of plain HTTP, over a connection of its own.
    pub(in crate::proxy) async fn forward(&self, request: Request<Incoming>, port: u16) -> Answer {
        if !is_plain(&request) {
            return own(page::malformed());
        }
        if !is_from_here(&self.name, &request) {
            return own(page::foreign(&self.name));
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return full();
        };
        let Some(request) = outgoing(request, &self.name, port) else {
            return own(page::malformed());
        };
        let Some(stream) = self.dial(port).await else {
            return own(page::nobody(&self.name));
        };
        match send(stream, request, place).await {
            Ok(response) => answer(response),
            Err(error) => {
                tracing::debug!(%error, name = %self.name, "an unverified host broke off");
                own(page::lost(&self.name))
            }
        }
    }
}

/// Whether no other site sends a request. Towards `http:` browsers say so by `Origin` alone (Fetch Metadata §4); what
/// carries none is kept out by the extension's rules, or is a link.
fn is_from_here<B>(name: &LocalName, request: &Request<B>) -> bool {
    let is_own = |origin: &HeaderValue| {
        let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
        origin.is_some_and(|origin| origin.host() == Some(name.as_str()))
    };
    let mut origins = request.headers().get_all(ORIGIN).iter();
    origins.all(is_own)
}

fn outgoing(
    mut request: Request<Incoming>,
    name: &LocalName,
    port: u16,
) -> Option<Request<Incoming>> {
    let target = Target {
        name: name.clone(),
        port,
    };
    let host = target.without_port(80);
    let headers = request.headers_mut();
    relay::strip_hop_by_hop(headers, false);
    relay::strip_prefixed(headers, relay::SETTLE);
    headers.insert(HOST, HeaderValue::try_from(host).ok()?);
    let root = PathAndQuery::from_static("/");
    let path = request.uri().path_and_query().unwrap_or(&root).clone();
    *request.uri_mut() = path.into();
    Some(request)
}

async fn send(
    stream: Cut<TcpStream>,
    request: Request<Incoming>,
    place: OwnedSemaphorePermit,
) -> hyper::Result<Response<Incoming>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to an unverified host ended");
        }
        drop(place);
    });
    sender.send_request(request).await
}

fn answer(response: Response<Incoming>) -> Answer {
    // Nobody asked for it, so nobody can read what follows.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return own(page::broken());
    }
    let mut response = response.map(Either::Left);
    *response.version_mut() = http::Version::default();
    let headers = response.headers_mut();
    relay::strip_hop_by_hop(headers, false);
    relay::strip_prefixed(headers, relay::SETTLE);
    // It would lead past this proxy.
    headers.remove(ALT_SVC);
    response
}

fn own(page: Response<hyper::body::Bytes>) -> Answer {
    page.map(|body| Either::Right(Full::new(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_that_says_where_it_is_from_is_kept_out() {
        let name = LocalName::parse("cam.local").unwrap();
        let asked = |origins: &[&str]| {
            let mut request = Request::new(());
            for origin in origins {
                let origin = HeaderValue::try_from(*origin).unwrap();
                request.headers_mut().append(ORIGIN, origin);
            }
            is_from_here(&name, &request)
        };
        assert!(asked(&[]));
        assert!(asked(&["http://cam.local"]) && asked(&["https://cam.local:8443"]));
        for other in [
            "null",
            "",
            "https://news.example",
            "http://a.cam.local",
            "http://cam.local.example",
        ] {
            assert!(!asked(&[other]), "{other:?}");
        }
        assert!(!asked(&["http://cam.local", "https://news.example"]));
    }
}
