//! Streams of frames: those of pairing, and those of native messaging, which the daemon reads in one
//! way and blocking ends in another. What is read keeps to its limit and is, written again, what came.

use std::io::ErrorKind;

use futures_util::FutureExt as _;
use native_messaging::host::{NmError, decode_message_opt};
use settle::framing;
use settle_protocol::pairing::message::MAX_MESSAGE;
use settle_protocol::rpc::{MAX_FROM_BROWSER, Request};
use settle_transport::pairing::{read_frame, write_frame};

use crate::rpc;

const READY: &str = "a stream in memory never waits";

/// Takes a stream, as a peer fills it.
pub fn run(data: &[u8]) {
    pairing(data);
    messages(data);
}

fn pairing(data: &[u8]) {
    let (mut rest, mut written) = (data, Vec::new());
    let error = loop {
        match read_frame(&mut rest).now_or_never().expect(READY) {
            Ok(frame) => {
                assert!(frame.len() <= MAX_MESSAGE);
                let writing = write_frame(&mut written, &frame).now_or_never();
                writing.expect(READY).expect("what was read can be written");
            }
            Err(error) => break error.kind(),
        }
    };
    assert!(data.starts_with(&written));
    let tail = &data.get(written.len()..).unwrap_or_default();
    let promised = tail.first_chunk().map(|length| u32::from_be_bytes(*length));
    let too_long = promised.is_some_and(|length| usize::try_from(length).is_ok_and(is_too_long));
    assert_eq!(error == ErrorKind::InvalidData, too_long);
    assert_eq!(error == ErrorKind::UnexpectedEof, !too_long);
}

const fn is_too_long(length: usize) -> bool {
    length > MAX_MESSAGE
}

fn messages(data: &[u8]) {
    let (mut daemon, mut blocking) = (data, data);
    loop {
        let reading = framing::read(&mut daemon, MAX_FROM_BROWSER).now_or_never();
        let other = decode_message_opt(&mut blocking, MAX_FROM_BROWSER);
        let frame = match reading.expect(READY) {
            Ok(Some(frame)) => frame,
            Ok(None) => return assert!(matches!(other, Ok(None))),
            Err(_) => return assert!(other.is_err()),
        };
        assert!(frame.len() <= MAX_FROM_BROWSER);
        match other {
            Ok(text) => assert_eq!(text.map(String::into_bytes).as_ref(), Some(&frame)),
            Err(error) => {
                assert!(matches!(error, NmError::IncomingNotUtf8(_)));
                assert!(framing::parse::<Request>(&frame).is_err());
            }
        }
        message(&frame);
    }
}

fn message(frame: &[u8]) {
    rpc::run(frame);
    let Ok(request) = framing::parse::<Request>(frame) else {
        return;
    };
    let mut stream = Vec::new();
    let writing = framing::write(&mut stream, &request, MAX_FROM_BROWSER).now_or_never();
    writing.expect(READY).expect("what was read can be written");
    let reading = framing::read(&mut stream.as_slice(), MAX_FROM_BROWSER).now_or_never();
    let frame = reading.expect(READY).expect("it was written whole");
    let again: Option<Request> = frame.and_then(|frame| framing::parse(&frame).ok());
    assert_eq!(again, Some(request));
}
