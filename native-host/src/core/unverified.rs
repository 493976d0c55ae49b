//! Names that the user lets open without pairing.

use settle_protocol::name::LocalName;
use settle_protocol::rpc::{Devices, Empty, ErrorKind, UnverifiedName};

use super::Core;
use crate::trust_store::TrustStore;

impl Core {
    /// All that opens: what is trusted, and what is not verified.
    #[must_use]
    pub fn all(&self) -> Devices {
        let mut unverified: Vec<UnverifiedName> = self.vault.read(|contents| {
            let all = contents.unverified.iter();
            all.map(|unverified| unverified.view()).collect()
        });
        unverified.sort_by(|a, b| a.name.cmp(&b.name));
        Devices {
            devices: self.devices(),
            unverified,
        }
    }

    /// Lets a name open without pairing.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn add_unverified(&self, name: LocalName) -> Result<Empty, ErrorKind> {
        tracing::info!(%name, "a name opens without being verified");
        let add = move |store: &mut TrustStore, now| store.add_unverified(name, now);
        self.change(add).await?;
        self.devices_changed();
        Ok(Empty {})
    }

    /// Takes that back; what is open there is cut when this returns.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn remove_unverified(&self, name: LocalName) -> Result<Empty, ErrorKind> {
        let remove = move |store: &mut TrustStore, now| Ok(store.remove_unverified(&name, now)?);
        if self.change(remove).await? {
            self.devices_changed();
        }
        Ok(Empty {})
    }
}
