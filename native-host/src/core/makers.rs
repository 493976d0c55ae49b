//! The user's list of makers, and what it says to the device of a pairing.

use std::time::SystemTime;

use rustls_pki_types::UnixTime;
use settle_protocol::maker::MakerName;
use settle_protocol::pairing::client::Granted;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::maker::{AddMaker, Maker, MakerStatement, Makers};

use super::Core;
use crate::makers;
use crate::trust_store::TrustStore;
use crate::trust_store::record::{Maker as StoredMaker, unix};

impl Core {
    /// The list, in the order of names.
    #[must_use]
    pub fn makers(&self) -> Makers {
        let mut makers: Vec<Maker> = self
            .vault
            .read(|contents| contents.makers.iter().map(StoredMaker::view).collect());
        makers.sort_by(|a, b| a.name.cmp(&b.name));
        Makers { makers }
    }

    /// Puts a maker on the list.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn add_maker(&self, asked: AddMaker) -> Result<Maker, ErrorKind> {
        let maker = makers::read(asked, unix(SystemTime::now())).map_err(|error| {
            tracing::warn!(%error, "no maker was added");
            ErrorKind::MakerUnusable
        })?;
        let add = move |store: &mut TrustStore, now| store.add_maker(maker, now);
        Ok(self.change(add).await?.view())
    }

    /// Takes a maker off the list.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn remove_maker(&self, name: MakerName) -> Result<(), ErrorKind> {
        let remove = move |store: &mut TrustStore, now| Ok(store.remove_maker(&name, now)?);
        match self.change(remove).await? {
            true => Ok(()),
            false => Err(ErrorKind::UnknownMaker),
        }
    }

    /// What a maker on the list is to have said of a device that was proved, and whether it holds.
    pub(super) fn statement_of(&self, granted: &Granted) -> Option<MakerStatement> {
        granted.evidence.as_ref()?;
        let makers = self.vault.read(|contents| contents.makers.clone());
        makers::judge(&makers, granted, UnixTime::now())
    }
}
