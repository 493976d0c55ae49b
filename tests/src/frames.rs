//! HTTP/2 by hand (RFC 9113), for frames that no library makes: fields as literals without Huffman
//! codes (RFC 7541 §6.2.2), and of what comes back only how a stream ended.

use std::io::{self, Read, Write};

/// The connection preface, and settings that change nothing.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// Types of frames (RFC 9113 §6).
pub mod kind {
    /// DATA.
    pub const DATA: u8 = 0;
    /// HEADERS.
    pub const HEADERS: u8 = 1;
    /// RST_STREAM.
    pub const RESET: u8 = 3;
    /// SETTINGS.
    pub const SETTINGS: u8 = 4;
    /// GOAWAY.
    pub const GO_AWAY: u8 = 7;
    /// CONTINUATION.
    pub const CONTINUATION: u8 = 9;
}

/// The flag of a stream's last frame.
pub const END_STREAM: u8 = 1;
/// The flag of a field block's last frame; of settings that it acknowledges.
pub const END_HEADERS: u8 = 4;

/// How the peer ended a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// With an answer: the status, where it is one that HPACK has a number for, else 0.
    Answer(u16),
    /// Reset, with the code.
    Reset(u32),
    /// With the connection.
    Connection,
}

/// Makes a frame.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    let [_, length @ ..] = length;
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Makes a field block.
#[must_use]
pub fn fields(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name.as_bytes(), value] {
            integer(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// Makes a request on a stream, with no body.
#[must_use]
pub fn request(stream: u32, all: &[(&str, &[u8])]) -> Vec<u8> {
    frame(
        kind::HEADERS,
        END_STREAM | END_HEADERS,
        stream,
        &fields(all),
    )
}

/// RFC 7541 §5.1, with a prefix of seven bits.
fn integer(block: &mut Vec<u8>, number: usize) {
    let Some(mut rest) = number.checked_sub(127) else {
        block.push(number.to_le_bytes()[0]);
        return;
    };
    block.push(127);
    while rest >= 128 {
        block.push(rest.to_le_bytes()[0] | 128);
        rest >>= 7;
    }
    block.push(rest.to_le_bytes()[0]);
}

/// Reads the next frame: type, flags, stream and payload.
///
/// # Errors
/// When the connection ends.
pub fn read(stream: &mut impl Read) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [a, b, c, kind, flags, id @ ..] = head;
    let length = u32::from_be_bytes([0, a, b, c]);
    let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(id), payload))
}

/// Waits for the end of a stream, and acknowledges settings meanwhile.
pub fn wait_for_end<S: Read + Write>(stream: &mut S, id: u32) -> End {
    let mut status = None;
    while let Ok((kind, flags, of, payload)) = read(stream) {
        if kind == kind::SETTINGS && flags & 1 == 0 {
            // Whoever has gone meanwhile is found gone by the next read.
            drop(stream.write_all(&frame(kind::SETTINGS, 1, 0, &[])));
        }
        if of != id {
            continue;
        }
        if kind == kind::RESET {
            let code = payload.try_into().map_or(0, u32::from_be_bytes);
            // RFC 9113 §8.1: an answer that came before the whole request may end with NO_ERROR.
            return match status {
                Some(status) if code == 0 => End::Answer(status),
                Some(_) | None => End::Reset(code),
            };
        }
        if kind == kind::HEADERS && status.is_none() {
            status = Some(status_of(&payload));
        }
        if let Some(status) = status.filter(|_| kind <= kind::HEADERS && flags & END_STREAM != 0) {
            return End::Answer(status);
        }
    }
    End::Connection
}

/// The status, which is the first field: indexed (RFC 7541 appendix A), after updates of the table's size.
fn status_of(block: &[u8]) -> u16 {
    let first = block.iter().find(|byte| **byte & 0xe0 != 0x20);
    match first {
        Some(0x88) => 200,
        Some(0x89) => 204,
        Some(0x8c) => 400,
        Some(0x8d) => 404,
        Some(0x8e) => 500,
        Some(_) | None => 0,
    }
}
