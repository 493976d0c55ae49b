//! The item in the operating system's keyring. What differs between the systems is one function each,
//! which says where the item is; reading, writing and deleting it are alike.

#[cfg_attr(target_os = "macos", path = "system/macos.rs")]
#[cfg_attr(windows, path = "system/windows.rs")]
#[cfg_attr(
    not(any(target_os = "macos", windows)),
    path = "system/secret_service.rs"
)]
mod place;

use keyring_core::Error;
use settle_protocol::rpc::audit::KeyPlace;
use zeroize::Zeroizing;

use crate::{KeySlot, SlotError};

/// By these the item is found; nothing secret.
const SERVICE: &str = "org.settle.host";
const USER: &str = "trust-store";

/// The keyring of the user who is logged in.
#[derive(Debug)]
pub struct Keyring;

impl KeySlot for Keyring {
    fn place(&self) -> KeyPlace {
        KeyPlace::Keyring
    }

    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SlotError> {
        match place::entry()?.get_secret() {
            Ok(item) => Ok(Some(Zeroizing::new(item))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, item: &[u8]) -> Result<(), SlotError> {
        Ok(place::entry()?.set_secret(item)?)
    }

    fn forget(&self) -> Result<(), SlotError> {
        match place::entry()?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<Error> for SlotError {
    fn from(error: Error) -> Self {
        if matches!(error, Error::NoStorageAccess(_)) {
            Self::Locked
        } else if matches!(error, Error::Ambiguous(_) | Error::BadStoreFormat(_)) {
            Self::Foreign
        } else {
            // The rest are failures of the system's service.
            Self::Missing(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_about_a_failure_tells_it_from_others() {
        let why = || Box::new(std::io::Error::other("why"));
        let told = SlotError::from(Error::NoStorageAccess(why()));
        assert!(matches!(told, SlotError::Locked));
        let told = SlotError::from(Error::BadStoreFormat("why".to_owned()));
        assert!(matches!(told, SlotError::Foreign));
        let told = SlotError::from(Error::PlatformFailure(why()));
        assert!(matches!(told, SlotError::Missing(why) if why.contains("why")));
    }
}
