//! Settle's host: what runs on the user's computer beside the browser.
//!
//! A browser starts it as a [`connector`], which leads to the one [`daemon`] of the user; that owns
//! the [`trust_store`], finds and pairs devices ([`discovery`], [`pairing`]) and is the verifying
//! [`proxy`]. People use the [`commands`]. Arguments and the environment are read in `main` alone.

pub mod client;
pub mod commands;
pub mod connector;
pub mod core;
pub mod daemon;
pub mod discovery;
pub mod doctor;
pub mod framing;
pub mod install;
mod links;
pub mod log_file;
pub mod makers;
pub mod pairing;
pub mod paths;
pub mod proxy;
pub mod reach;
pub mod trust_store;
pub mod vault;
