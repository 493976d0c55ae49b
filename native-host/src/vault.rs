//! The trust store for asynchronous code: what it holds is read at once, from a copy in memory; it is
//! written on a thread that may block, be it for a keyring that waits for its user.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::trust_store::TrustStore;
use crate::trust_store::record::Contents;

/// A handle on the open trust store; clones share it.
#[derive(Clone, Debug)]
pub struct Vault(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Mutex<TrustStore>,
    contents: RwLock<Contents>,
}

/// The thread that wrote was ended; only a shutdown does that.
#[derive(Debug, thiserror::Error)]
#[error("the daemon is shutting down")]
pub struct Interrupted;

impl Vault {
    /// Takes over an open store.
    #[must_use]
    pub fn new(store: TrustStore) -> Self {
        let contents = RwLock::new(store.contents().clone());
        let store = Mutex::new(store);
        Self(Arc::new(Shared { store, contents }))
    }

    /// Reads what the disk holds, from memory.
    pub fn read<T>(&self, read: impl FnOnce(&Contents) -> T) -> T {
        let contents = self.0.contents.read();
        read(&contents.unwrap_or_else(PoisonError::into_inner))
    }

    /// Works with the store itself, one caller after the other.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut TrustStore) -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || shared.write(write))
            .await
            .map_err(|_| Interrupted)
    }
}

impl Shared {
    fn write<T>(&self, write: impl FnOnce(&mut TrustStore) -> T) -> T {
        // A commit that panics has changed the memory wholly or not at all.
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let result = write(&mut store);
        let contents = store.contents().clone();
        *self
            .contents
            .write()
            .unwrap_or_else(PoisonError::into_inner) = contents;
        result
    }
}
