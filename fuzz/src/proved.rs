//! Whoever knows the code may be hostile all the same: what it says after its proof is what was proved
//! and granted, or it is refused.

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::pairing::client::AwaitingGrant;
use settle_protocol::pairing::device::AwaitingCommit;
use settle_protocol::pairing::message::{Commit, Message};

use crate::{exchange, frames};

/// Takes frames, each of which both sides are given as the next.
pub fn run(data: &[u8]) {
    // What is no message is refused in every state; ends are made for the others only.
    let is_message = |frame: &&[u8]| Message::read(frame).is_ok();
    for frame in frames::of(data).into_iter().filter(is_message) {
        let (client, device) = exchange::proved().expect("both ends are honest up to here");
        grant(client, frame);
        commit(device, frame);
    }
}

fn grant(client: AwaitingGrant, frame: &[u8]) {
    let Ok(deciding) = client.receive(frame, |root| Some(KeyFingerprint::of_spki(root))) else {
        return;
    };
    let granted = deciding.granted();
    let (root, role) = (granted.fingerprint, granted.role);
    assert_eq!(root, exchange::device_key());
    assert_eq!(granted.root, exchange::ROOT);
    assert_eq!(granted.unique_name, granted.label.unique(&root));
    assert!(granted.port > 0);
    let (state, _, commit) = deciding.consent();
    let accepted = Message::Commit(Commit { root, role });
    assert_eq!(Message::read(&commit), Ok(accepted));
    assert!(
        state.receive(frame).is_err(),
        "a grant passed for the last word"
    );
}

fn commit(device: AwaitingCommit, frame: &[u8]) {
    let Ok(committed) = device.receive(frame) else {
        return;
    };
    let granted = Message::Commit(Commit {
        root: exchange::device_key(),
        role: exchange::ROLE,
    });
    assert_eq!(Message::read(frame), Ok(granted));
    assert_eq!(committed.role(), exchange::ROLE);
    assert_eq!(committed.client(), exchange::client_key());
    assert_eq!(committed.label(), exchange::LABEL);
}
