//! A local certificate authority for a house: it issues to servers that an administrator has named, by ACME
//! (RFC 8555) and EST (RFC 7030), for names of the local network and no others (docs/referee.md).
//!
//! A referee is a SETTLE device, by which hosts come to trust its authority (docs/pairing.md §12). It
//! knows nothing of arguments, environment or terminal.

pub mod acme;
mod admin;
pub mod administration;
pub mod authority;
mod clock;
pub mod est;
pub mod jws;
mod leaf;
pub mod limits;
mod listener;
mod lookup;
mod metrics;
pub mod portal;
mod referee;
mod service;
mod signing;
pub mod store;

pub use clock::unix_now;
pub use referee::{Referee, RefereeError, Settings, open_store};
