//! A small real web interface: tells what it was asked, takes bodies, and echoes after an upgrade.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A running web interface, gone when dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                let connection = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .with_upgrades();
                tokio::spawn(connection);
            }
        });
        Self {
            address,
            task: task.abort_handle(),
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    mut request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    if request.headers().contains_key("upgrade") {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
            // Ends in whatever way the other side ends.
            drop(tokio::io::copy(&mut read, &mut write).await);
        });
        return Ok(Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("connection", "upgrade")
            .header("upgrade", "echo")
            .body(full(""))
            .unwrap());
    }
    let response = Response::builder()
        .header("settle-refusal", "forged")
        .header("x-upstream", "yes");
    if request.uri().path() == "/mirror" {
        return Ok(response.body(request.into_body().boxed()).unwrap());
    }
    let mut told = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        told.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    Ok(response.body(full(&told)).unwrap())
}

fn full(text: &str) -> BoxBody<Bytes, hyper::Error> {
    Full::new(Bytes::from(text.to_owned()))
        .map_err(|never| match never {})
        .boxed()
}
