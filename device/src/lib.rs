//! Makes any box with a web interface a SETTLE device: its identity and its codes, the TLS port
//! that pairs and then lets paired clients alone through to the interface, and its announcement.
//!
//! A maker can embed [`Device`]: [`Device::builder`] shows how, `examples/embedded.rs` is a whole
//! program. It knows nothing of arguments, environment or terminal, except for [`ui`], which writes
//! what happens to wherever it is given.

mod address;
mod announce;
mod api;
mod audit;
mod authority;
mod builder;
mod button;
mod ceremony;
mod client;
mod clock;
mod code;
mod control;
mod device;
mod event;
mod evidence;
mod folder;
mod front;
mod handler;
mod identity;
mod leaf;
mod listener;
mod local;
pub mod maker;
mod mount;
mod notices;
mod owner;
mod page;
mod picture;
mod policy;
mod portable;
mod presenter;
mod register;
mod reset;
mod role;
mod shown;
mod state;
mod stored;
pub mod ui;
mod upstream;
mod upstreams;

pub use address::{AddressError, listen_address};
pub use announce::{Beside, Service};
pub use audit::{
    AuditEntry, AuditEvent, AuditFault, By, Head, PairingRefusal, SignedHead,
    verify as verify_audit,
};
pub use authority::Authority;
pub use builder::Builder;
pub use button::Button;
pub use client::Client;
pub use device::{Announcing, Clients, Device, DeviceError, Settings};
pub use event::{Event, ShownCode};
pub use handler::Handler;
pub use identity::IdentityError;
pub use mount::{MountError, MountPath};
pub use owner::{Owner, OwnerError};
pub use picture::PictureError;
pub use policy::{PathError, Policy, PolicyError, PolicyFault};
pub use portable::{Rotation, Step, WORN, mask};
pub use presenter::PresentError;
pub use register::RegisterError;
pub use reset::{Fresh, Reset, ResetError};
pub use role::{Role, RoleError, RoleName};
pub use settle_protocol::fingerprint::KeyFingerprint;
pub use settle_protocol::name::{Label, LocalName};
pub use settle_transport::succession::{Link, MAX_LINKS as MAX_ROLLOVERS};
pub use shown::{ShowError, draw};
pub use state::StateError;
pub use state::replace as replace_file;
pub use stored::{Prepared, prepare, print_code};
pub use upstream::{Caller, UpstreamUrl, UrlError};
pub use upstreams::{Target, Upstreams, UpstreamsError};
