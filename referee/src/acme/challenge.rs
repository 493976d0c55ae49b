//! Looking whether a server shows what it was asked for, at its own name. That is in addition to the administrator's word,
//! against mistakes and against who has got the account's key but not the server.

mod http;
mod tls_alpn;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use settle_protocol::name::LocalName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::store::{Challenge, ChallengeKind};

const PATIENCE: Duration = Duration::from_secs(8);
/// So many at a time.
const LOOKS: usize = 16;

/// Why a challenge is not met.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unmet {
    #[error("nobody answers at {0}: {1}")]
    Nobody(LocalName, io::Error),
    #[error("{0} took too long")]
    Slow(LocalName),
    #[error("what it shows is not what was asked for")]
    Other,
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("it speaks no HTTP: {0}")]
    Http(hyper::Error),
    #[error("its certificate is not the one that was asked for: {0}")]
    Certificate(io::Error),
}

/// Who looks.
#[derive(Debug)]
pub struct Validator {
    http: u16,
    tls: u16,
    looks: Semaphore,
}

impl Validator {
    /// At the ports of RFC 8555 §8.3 and RFC 8737 §3.
    #[must_use]
    pub fn usual() -> Self {
        Self::at(80, 443)
    }

    /// At other ports.
    #[must_use]
    pub fn at(http: u16, tls: u16) -> Self {
        Self {
            http,
            tls,
            looks: Semaphore::new(LOOKS),
        }
    }

    pub(super) async fn look(
        &self,
        name: &LocalName,
        challenge: &Challenge,
        proof: &str,
    ) -> Result<(), Unmet> {
        let look = async {
            // It is never closed.
            let _one = self.looks.acquire().await;
            match challenge.kind {
                ChallengeKind::Http01 => {
                    let stream = connect(name, challenge.address, self.http).await?;
                    http::look(stream, name, &challenge.token, proof).await
                }
                ChallengeKind::TlsAlpn01 => {
                    let stream = connect(name, challenge.address, self.tls).await?;
                    tls_alpn::look(stream, name, proof).await
                }
            }
        };
        let looked = timeout(PATIENCE, look).await;
        looked.unwrap_or_else(|_| Err(Unmet::Slow(name.clone())))
    }
}

/// Where the administrator has said, else where the system says that the name leads.
async fn connect(name: &LocalName, address: Option<IpAddr>, port: u16) -> Result<TcpStream, Unmet> {
    let connected = match address {
        Some(address) => TcpStream::connect(SocketAddr::new(address, port)).await,
        None => TcpStream::connect((name.as_str(), port)).await,
    };
    connected.map_err(|error| Unmet::Nobody(name.clone(), error))
}
