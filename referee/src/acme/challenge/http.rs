//! `http-01` (RFC 8555 §8.3). No redirection is followed: it would lead away from the name.

use ::http::header::HOST;
use ::http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use settle_protocol::name::LocalName;
use tokio::net::TcpStream;

use super::Unmet;

/// A proof has about 90 octets; white space may follow.
const MOST: usize = 1024;

pub(super) async fn look(
    stream: TcpStream,
    name: &LocalName,
    token: &str,
    proof: &str,
) -> Result<(), Unmet> {
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(Unmet::Http)?;
    let asking = async move {
        let request = Request::get(format!("/.well-known/acme-challenge/{token}"))
            .header(HOST, name.as_str())
            .body(Empty::<Bytes>::new());
        let request = request.map_err(|_| Unmet::Other)?;
        let answer = sender.send_request(request).await.map_err(Unmet::Http)?;
        if answer.status() != StatusCode::OK {
            return Err(Unmet::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), MOST).collect().await;
        let body = body.map_err(|_| Unmet::Other)?.to_bytes();
        match body.trim_ascii_end() == proof.as_bytes() {
            true => Ok(()),
            false => Err(Unmet::Other),
        }
    };
    tokio::pin!(asking, connection);
    tokio::select! {
        biased;
        came = &mut asking => came,
        // What was read by then is still to be had, or the error.
        _ = &mut connection => asking.await,
    }
}
