//! A connection to a device on which it is heard when the device does not know us. The HTTP client above
//! drops the reason where a connection ends before a request is on it. And it is told whether there was
//! an answer before, notes when anything was heard, and holds the connection's place. Nothing is decided here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use rustls::AlertDescription;
use settle_transport::tls;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::client::TlsStream;

use super::upstream::Open;

/// How often a device has refused us.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals(Arc<AtomicU64>);

impl Refusals {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Whether a connection has carried an answer; the same for all requests on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered(Arc<AtomicBool>);

impl Answered {
    /// Notes an answer, in whose extensions the mark of its connection is.
    pub(super) fn note(extensions: &Extensions) {
        if let Some(Self(mark)) = extensions.get() {
            mark.store(true, Ordering::Release);
        }
    }

    /// Whether the connection on which a request failed had been good before.
    pub(super) fn before(error: &legacy::Error) -> bool {
        let mut extensions = Extensions::new();
        if let Some(connection) = error.connect_info() {
            connection.get_extras(&mut extensions);
        }
        let mark = extensions.get();
        mark.is_some_and(|Self(mark)| mark.load(Ordering::Acquire))
    }
}

/// A TLS stream whose refusal is counted.
#[derive(Debug)]
pub(super) struct Heard<S> {
    stream: S,
    refusals: Refusals,
    answered: Answered,
    open: Open,
    _place: OwnedSemaphorePermit,
}

impl<S> Heard<S> {
    pub(super) fn new(
        stream: S,
        refusals: Refusals,
        place: OwnedSemaphorePermit,
        open: Open,
    ) -> Self {
        Self {
            stream,
            refusals,
            answered: Answered::default(),
            open,
            _place: place,
        }
    }
}

/// Whether the device has judged our certificate, which it does when a TLS 1.3 handshake is over for
/// us. Any other alert may be one that somebody between us provoked, and says nothing of the device.
fn is_refusal(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(
        tls,
        Some(rustls::Error::AlertReceived(AlertDescription::AccessDenied))
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if read.as_ref().is_err_and(is_refusal) {
            self.refusals.0.fetch_add(1, Ordering::Release);
        }
        self.open.hear();
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }
}

impl Connection for Heard<TlsStream<TcpStream>> {
    fn connected(&self) -> Connected {
        let (_, tls) = self.stream.get_ref();
        let connected = Connected::new().extra(self.answered.clone());
        if tls.alpn_protocol() == Some(tls::HTTP_2) {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::sync::Semaphore;

    use super::super::upstream::Line;
    use super::*;

    /// A TLS stream that ends with an alert.
    struct Alerted(AlertDescription);

    impl AsyncRead for Alerted {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                rustls::Error::AlertReceived(self.0),
            )))
        }
    }

    #[tokio::test]
    async fn a_refusal_is_counted_and_no_other_alert() {
        for (alert, count) in [
            (AlertDescription::AccessDenied, 1),
            (AlertDescription::BadRecordMac, 0),
            (AlertDescription::HandshakeFailure, 0),
        ] {
            let refusals = Refusals::default();
            let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
            let open = Line::default().open(None);
            let mut heard = Heard::new(Alerted(alert), refusals.clone(), place, open);
            assert!(heard.read_u8().await.is_err());
            assert_eq!(refusals.count(), count, "{alert:?}");
        }
    }
}
