//! Pairing messages over TLS: length-prefixed frames, and the binding to the very connection.

use std::io;

use rustls::CommonState;
use rustls_pki_types::CertificateDer;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::pairing::message::MAX_MESSAGE;
use settle_protocol::pairing::{ALPN, Binding, EXPORTER_LABEL};
use settle_protocol::secret::Secret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{client, server};

use crate::anchor::Authority;
use crate::certificate;
use crate::succession::{self, Shown};

/// The binding of a provisional connection at the client: its own key, and the root key that the
/// device showed behind its leaf.
///
/// `None` when the connection did not agree on pairing, or the device showed no root of its leaf.
#[must_use]
pub fn client_binding<S>(tls: &client::TlsStream<S>, ours: KeyFingerprint) -> Option<Binding> {
    let (_, connection) = tls.get_ref();
    let exporter = connection
        .export_keying_material([0; 32], EXPORTER_LABEL, None)
        .ok()?;
    let (device, former) = shown_root(connection)?;
    Some(Binding {
        exporter: Secret::new(exporter),
        client: ours,
        device,
        former,
    })
}

/// The binding of a provisional connection at the device.
///
/// `None` when the connection did not agree on pairing or the client showed no certificate.
#[must_use]
pub fn device_binding<S>(tls: &server::TlsStream<S>, root: KeyFingerprint) -> Option<Binding> {
    let (_, connection) = tls.get_ref();
    let exporter = connection
        .export_keying_material([0; 32], EXPORTER_LABEL, None)
        .ok()?;
    let client = pairing_peer(connection)?
        .first()
        .and_then(|key| certificate::fingerprint(key))?;
    Some(Binding {
        exporter: Secret::new(exporter),
        client,
        device: root,
        former: Vec::new(),
    })
}

/// The chain that the peer of a provisional connection showed, the end entity first.
#[must_use]
pub fn pairing_peer(connection: &CommonState) -> Option<&[CertificateDer<'static>]> {
    (connection.alpn_protocol() == Some(ALPN))
        .then(|| connection.peer_certificates())
        .flatten()
}

/// The root that the device showed, if it issued the leaf whose key this connection was opened
/// with; without that, anybody could show anybody's root. Before it the keys of its former roots, if
/// links lead from them to it.
fn shown_root(connection: &CommonState) -> Option<(KeyFingerprint, Vec<KeyFingerprint>)> {
    let [leaf, others @ ..] = pairing_peer(connection)? else {
        return None;
    };
    let shown = Shown::of(others)?;
    let root = Authority::from_der(shown.root).ok()?;
    let former = succession::former_keys(&shown)
        .inspect_err(|broken| tracing::debug!(%broken, "a device shows unusable links"))
        .ok()?;
    root.issued(leaf).then(|| (root.fingerprint(), former))
}

/// Writes one message: its length as four bytes, big-endian, then itself.
///
/// # Errors
/// Of the connection; `InvalidInput` for a message that no peer would take.
pub async fn write_frame(stream: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len())
        .ok()
        .filter(|_| frame.len() <= MAX_MESSAGE)
        .ok_or(io::ErrorKind::InvalidInput)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(frame).await?;
    stream.flush().await
}

/// Reads one message.
///
/// # Errors
/// Of the connection; `InvalidData` for a length over [`MAX_MESSAGE`], before anything is stored.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_MESSAGE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).await?;
    Ok(frame)
}
