//! The login keychain of macOS. Compiled for it by `cargo xtask test`, and not run on it yet.
//!
//! Not the data protection keychain: that takes only programs that are signed with an entitlement.

use apple_native_keyring_store::keychain::Store;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};

use super::{SERVICE, USER};

pub(super) fn entry() -> Result<Entry, Error> {
    Store::new()?.build(SERVICE, USER, None)
}
