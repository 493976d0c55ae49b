//! The harness of the end-to-end tests: real binaries, a real keyring and bus, in homes of their
//! own. Dropping a value ends what it started, by its process number.
//!
//! Nothing of Settle is linked in but the messages of `settle-protocol`: what is tested here is
//! what a user installs.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness fails a test by panicking, as the test itself does"
)]

pub mod acme;
pub mod app;
pub mod avahi;
pub mod census;
pub mod connector;
pub mod curl;
pub mod device;
pub mod disk;
pub mod est;
pub mod film;
pub mod foreign;
pub mod forger;
pub mod frames;
pub mod home;
pub mod instant;
pub mod lab;
pub mod line;
pub mod multicast;
pub mod neighbor;
pub mod openapi;
pub mod postgres;
pub mod process;
pub mod referee;
pub mod relay;
pub mod rogue;
pub mod screen;
pub mod second;
pub mod server;
pub mod soak;
pub mod strike;
pub mod tap;
pub mod upstream;
pub mod visit;
pub mod wire;

pub use crate::acme::AcmeClient;
pub use crate::app::App;
pub use crate::avahi::Avahi;
pub use crate::connector::Connector;
pub use crate::curl::Curl;
pub use crate::device::Device;
pub use crate::est::EstDevice;
pub use crate::home::{Home, Keyring};
pub use crate::process::eventually;
pub use crate::referee::Referee;
pub use crate::relay::{Fate, Relay};
pub use crate::rogue::Rogue;
pub use crate::upstream::Upstream;
pub use crate::visit::Visit;
pub use crate::wire::Wire;
