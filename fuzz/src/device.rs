//! The device's side against a client that does not know the code: it is answered within bounds, and
//! never confirmed, with the device's own proof least of all.

use settle_protocol::pairing::message::{MAX_MESSAGE, Message};

use crate::{exchange, frames};

/// Takes frames: the hello, then whatever is to pass for a proof.
pub fn run(data: &[u8]) {
    let frames = frames::of(data);
    let [hello, proofs @ ..] = frames.as_slice() else {
        return;
    };
    let Ok((state, [answer, own_proof])) = exchange::device(hello) else {
        return;
    };
    for frame in [&answer, &own_proof] {
        assert!(frame.len() <= MAX_MESSAGE && Message::read(frame).is_ok());
    }
    assert!(
        state.receive(&own_proof).is_err(),
        "the device confirmed itself"
    );
    for proof in proofs {
        let (state, again) = exchange::device(hello).expect("it was answered before");
        assert_eq!(again, [answer.as_slice(), own_proof.as_slice()]);
        assert!(state.receive(proof).is_err(), "a stranger was confirmed");
    }
}
