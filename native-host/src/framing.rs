//! The frames of native messaging on an asynchronous stream: a length of four bytes in the
//! machine's byte order, then one JSON text. The daemon's socket speaks the same frames as the
//! browser's pipe, so a connector only copies; blocking ends use the `native_messaging` crate.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Reads one frame; `None` at the end of the stream between two frames.
///
/// # Errors
/// Of the stream; `InvalidData` for a frame over `limit` bytes, before anything is stored.
pub async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if stream.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..]).await?;
    let length = usize::try_from(u32::from_ne_bytes(length)).unwrap_or(usize::MAX);
    if length > limit {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).await?;
    Ok(Some(frame))
}

/// Writes one message as a frame.
///
/// # Errors
/// Of the stream; `InvalidInput` for a message over `limit` bytes.
pub async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
    limit: usize,
) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u32::try_from(text.len())
        .ok()
        .filter(|_| text.len() <= limit)
        .ok_or(io::ErrorKind::InvalidInput)?;
    let frame = [&length.to_ne_bytes(), text.as_slice()].concat();
    stream.write_all(&frame).await?;
    stream.flush().await
}

/// Reads a message out of a frame.
///
/// # Errors
/// When the frame holds no such message.
pub fn parse<T: DeserializeOwned>(frame: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_comes_out_as_it_went_in() {
        let mut stream = Vec::new();
        write(&mut stream, &["a", "b"], 100).await.unwrap();
        let frame = read(&mut stream.as_slice(), 100).await.unwrap().unwrap();
        assert_eq!(parse::<Vec<String>>(&frame).unwrap(), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_before_it_is_believed() {
        let stream = u32::MAX.to_ne_bytes();
        let error = read(&mut stream.as_slice(), 1 << 20).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_told_from_a_broken_frame() {
        assert_eq!(read(&mut [].as_slice(), 9).await.unwrap(), None);
        for broken in [&[1_u8][..], &[1, 0, 0], &5_u32.to_ne_bytes()] {
            let error = read(&mut &*broken, 9).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
