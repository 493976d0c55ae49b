//! The server behind every proxy: TLS 1.3 with one certificate, HTTP/1.1, and answers of any length.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A piece of a long answer.
const PIECE: usize = 64 * 1024;

/// Serves on a free port for as long as the runtime lives.
pub(crate) async fn start(mut config: ServerConfig) -> anyhow::Result<SocketAddr> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever goes in the middle is of no interest here.
                if stream.set_nodelay(true).is_ok()
                    && let Ok(stream) = acceptor.accept(stream).await
                {
                    let served = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(answer));
                    drop(served.await);
                }
            });
        }
    });
    Ok(address)
}

/// `/1024` has 1,024 bytes.
async fn answer(
    request: Request<Incoming>,
) -> Result<
    Response<StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>>>>,
    Infallible,
> {
    static ZEROS: [u8; PIECE] = [0; PIECE];
    let path = request.uri().path().trim_start_matches('/');
    let length: usize = path.parse().unwrap_or(0);
    let pieces = stream::unfold(length, |left| async move {
        let piece = left.min(PIECE);
        let bytes = Bytes::from_static(ZEROS.get(..piece)?);
        (piece > 0).then(|| (Ok(Frame::data(bytes)), left - piece))
    });
    let mut response = Response::new(StreamBody::new(pieces));
    response
        .headers_mut()
        .insert("content-length", length.into());
    Ok(response)
}
