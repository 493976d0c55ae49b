//! A device as its peers meet it: real sockets on loopback, a real web interface behind it, and a
//! client built from the same states as the real one. No browser and no announcement.
#![cfg(test)]

mod announcing;
mod browsing;
mod client;
mod commands;
mod device;
mod floods;
mod middle;
mod pairing;
mod policy;
mod portable;
mod printed;
mod program;
mod reset;
mod routes;
mod upstream;
