//! What must hold for any bytes that a peer or a stranger gives, one target a file: `run` panics when
//! it does not. libFuzzer looks for such bytes (`cargo xtask fuzz`); the corpora that it has grown
//! are replayed as plain tests.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a target tells of a finding by panicking"
)]

pub mod announced;
pub mod certificate;
pub mod client;
pub mod code;
pub mod device;
pub mod evidence;
mod exchange;
mod frames;
pub mod framing;
pub mod material;
pub mod message;
pub mod multicast;
pub mod name;
pub mod picture;
pub mod proved;
pub mod rpc;

/// A target.
pub type Run = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Run); 14] = [
    ("announced", announced::run),
    ("certificate", certificate::run),
    ("client", client::run),
    ("code", code::run),
    ("device", device::run),
    ("evidence", evidence::run),
    ("framing", framing::run),
    ("material", material::run),
    ("message", message::run),
    ("multicast", multicast::run),
    ("name", name::run),
    ("picture", picture::run),
    ("proved", proved::run),
    ("rpc", rpc::run),
];
