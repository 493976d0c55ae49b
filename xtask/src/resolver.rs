//! The name server of the private network: it knows no names but an attacker's, and says so at once.
//!
//! Without it a browser's questions would time out one by one. What was asked is told by the
//! capture, which sees every packet, not by this.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

use anyhow::Context as _;

use crate::dns;

/// Answers on 127.0.0.1:53 as long as the process lives.
pub(crate) fn start() -> anyhow::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).context("the name server's port")?;
    thread::spawn(move || {
        let mut message = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut message) {
            let answer = message.get(..length).and_then(dns::answer);
            if let Some(answer) = answer {
                // Who asked may be gone.
                drop(socket.send_to(&answer, peer));
            }
        }
    });
    Ok(())
}
