//! Does what the extension's self-check does: an HTTPS request to the proxy's own name.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use settle_protocol::rpc::{BridgeCertificate, Proxy};
use settle_transport::tls;

const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Asks the proxy with the bridge certificate as the only root. Returns the certificate that it
/// shows, in PEM, for others to judge.
pub(super) fn ask(
    proxy: &Proxy,
    certificate: &BridgeCertificate,
) -> Result<String, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.pem.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(proxy.host.clone())?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port))?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    let mut tls = StreamOwned::new(connection, stream);
    let host = &proxy.host;
    write!(
        tls,
        "GET /health HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    (&mut tls).take(1024).read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200") {
        return Err("it gives an unexpected answer".into());
    }
    let shown = tls.conn.peer_certificates().and_then(<[_]>::first);
    let shown = shown.ok_or("it shows no certificate")?;
    Ok(settle_transport::certificate::pem(shown))
}
