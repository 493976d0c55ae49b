//! The Secret Service of the desktop (gnome-keyring, KWallet, KeePassXC), on Linux and the BSDs.
//!
//! Each call opens a connection of its own, so a keyring that was restarted is simply found again.

use std::collections::HashMap;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zbus_secret_service_keyring_store::Store;

use super::{SERVICE, USER};

/// For people who look into their keyring.
const LABEL: &str = "Settle's trust store";

pub(super) fn entry() -> Result<Entry, Error> {
    let label = HashMap::from([("label", LABEL)]);
    Store::new()?.build(SERVICE, USER, Some(&label))
}
