//! The hostile house: a local network with an attacker in it. Each attack succeeds against a stand-in
//! that is weak on purpose, so that its test can fail, and fails against Settle.
//!
//! A file for each row of the attacks in `docs/requirements.md`, and the network itself first.
#![cfg(test)]

mod dhcp;
mod network;
