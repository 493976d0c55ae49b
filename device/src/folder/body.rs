//! A part of a file as the body of an answer, read as it is sent.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};

/// So much is read at once.
const PIECE: usize = 64 * 1024;

/// The rest of the part.
#[derive(Debug)]
pub(super) struct FileBody {
    file: tokio::fs::File,
    left: u64,
    piece: Vec<u8>,
}

impl FileBody {
    /// So many octets from where the file stands.
    pub(super) fn new(file: File, length: u64) -> Self {
        let piece = usize::try_from(length).unwrap_or(PIECE).min(PIECE);
        Self {
            file: tokio::fs::File::from_std(file),
            left: length,
            piece: vec![0; piece],
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { file, left, piece } = self.get_mut();
        let wanted = usize::try_from(*left).unwrap_or(piece.len());
        let wanted = wanted.min(piece.len());
        let Some(room) = piece.get_mut(..wanted).filter(|room| !room.is_empty()) else {
            return Poll::Ready(None);
        };
        let mut read = ReadBuf::new(room);
        ready!(Pin::new(file).poll_read(context, &mut read))?;
        let read = read.filled();
        if read.is_empty() {
            // It was cut off meanwhile; its length is promised, so the connection has to end.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        *left = left.saturating_sub(read.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(read)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
