//! One pairing message: bounded, and written again as something that reads the same.

use settle_protocol::pairing::message::{MAX_MESSAGE, Message};

/// Takes one frame's content.
pub fn run(data: &[u8]) {
    let Ok(message) = Message::read(data) else {
        return;
    };
    assert!(data.len() <= MAX_MESSAGE);
    let bytes = message.to_bytes();
    assert!(
        bytes.len() <= data.len(),
        "no other form is shorter than ours"
    );
    assert_eq!(Message::read(&bytes), Ok(message));
}
