//! The Credential Manager of Windows. Compiled for it by `cargo xtask test`, and not run on it yet.
//!
//! It takes items of 2,560 bytes at most; ours has 73.

use std::collections::HashMap;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use windows_native_keyring_store::Store;

use super::{SERVICE, USER};

pub(super) fn entry() -> Result<Entry, Error> {
    // On this computer only: the item of a roaming profile says nothing of this computer's file.
    let local = HashMap::from([("persistence", "Local")]);
    Store::new()?.build(SERVICE, USER, Some(&local))
}
