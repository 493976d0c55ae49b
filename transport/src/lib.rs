//! What host, device and referee share below the application: certificates, TLS with the exact
//! verifier each connection needs, pairing messages over it, and the relaying of HTTP.
//!
//! No policy: who is trusted comes in as an anchor or a list of keys, and what a failure means to
//! a user is decided by the caller.

pub mod anchor;
pub mod certificate;
pub mod cut;
pub mod danger;
pub mod envelope;
pub mod evidence;
pub mod import;
pub mod origin;
pub mod page;
pub mod pairing;
pub mod pool;
pub mod random;
pub mod relay;
pub mod succession;
pub mod tls;
