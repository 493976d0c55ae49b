//! The extension's logic: every decision that the background and the pages take, as pure
//! `update(model, event) -> effects` and `view(model)`.
//!
//! Nothing here knows a browser; [`browser`] alone touches JavaScript, and the few lines of script
//! in `extension/` carry out effects and put views on the page.

pub mod address;
pub mod background;
pub mod browser;
pub mod code;
pub mod drawing;
pub mod fault;
#[cfg(test)]
mod fixtures;
pub mod message;
mod names;
pub mod other_sites;
pub mod page;
pub mod phrase;
pub mod routes;
#[cfg(test)]
mod shipped;
pub mod typing;
pub mod view;
pub mod vouching;
