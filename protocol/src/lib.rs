//! Settle's protocol, without any I/O: what both ends of a pairing, and both ends of the
//! extension's pipe, must agree on to the byte.
//!
//! No socket, file, clock or random source can be named here: the crate is `no_std`, so
//! randomness and the time are arguments. What moves the bytes is `settle-transport`.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod code;
pub mod discovery;
pub mod fingerprint;
pub mod handover;
pub mod maker;
pub mod material;
pub mod name;
pub mod origin;
pub mod pairing;
pub mod portable;
pub mod rpc;
pub mod scope;
pub mod secret;
pub mod spake2;
#[cfg(test)]
mod vectors;
mod wire;
