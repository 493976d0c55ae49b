//! The hostile house: a local network with an attacker in it. Each attack succeeds against a stand-in
//! that is weak on purpose, so that its test can fail, and fails against Settle.
//!
//! The files are named by what the attacker does; each says which rows of `docs/requirements.md` it is.
#![cfg(test)]

mod dhcp;
mod faults;
mod flooded;
mod guessed;
mod middle;
mod misdirected;
mod moved;
mod neighbors;
mod network;
mod poisoned;
mod reset;
mod revoked;
mod scanned;
mod twin;
