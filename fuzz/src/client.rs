//! The client's side against a device that does not know the code: it never comes to a grant, with
//! what the client said itself least of all.

use settle_protocol::pairing::message::{MAX_MESSAGE, Message};
use settle_protocol::spake2::Suite;

use crate::{exchange, frames};

/// Takes frames: the hello, then whatever is to pass for a proof.
pub fn run(data: &[u8]) {
    let frames = frames::of(data);
    let [hello, proofs @ ..] = frames.as_slice() else {
        return;
    };
    // What is no message is refused in every state; keys are drawn for the others only.
    if Message::read(hello).is_err() {
        return;
    }
    let (state, own_hello) = exchange::client(&Suite::SUPPORTED);
    assert!(own_hello.len() <= MAX_MESSAGE);
    let Ok(state) = state.receive(hello) else {
        return;
    };
    assert!(
        state.receive(&own_hello).is_err(),
        "the client took itself for the device"
    );
    for proof in proofs {
        let (state, _) = exchange::client(&Suite::SUPPORTED);
        let state = state.receive(hello).expect("it was taken before");
        assert!(
            state.receive(proof).is_err(),
            "a stranger passed for the device"
        );
    }
}
