//! A keyring in memory, for unit tests: it can be shared, and told to fail.

use std::sync::{Arc, Mutex};

use settle_keyring::{KeySlot, SlotError};
use settle_protocol::rpc::audit::KeyPlace;
use zeroize::Zeroizing;

/// Clones share the item.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    item: Option<Vec<u8>>,
    locked: bool,
    deaf: bool,
}

impl Memory {
    /// From now on items are written, and nobody is told.
    pub fn lose_answers(&self) {
        self.state.lock().unwrap().deaf = true;
    }

    /// From now on everything fails, or works again.
    pub fn lock(&self, locked: bool) {
        self.state.lock().unwrap().locked = locked;
    }

    /// The item, to put it back later.
    #[must_use]
    pub fn item(&self) -> Option<Vec<u8>> {
        self.state.lock().unwrap().item.clone()
    }

    /// Puts an item there.
    pub fn set_item(&self, item: Option<Vec<u8>>) {
        self.state.lock().unwrap().item = item;
    }
}

impl KeySlot for Memory {
    fn place(&self) -> KeyPlace {
        KeyPlace::Keyring
    }

    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SlotError> {
        let state = self.state.lock().unwrap();
        if state.locked {
            return Err(SlotError::Locked);
        }
        Ok(state.item.clone().map(Zeroizing::new))
    }

    fn write(&self, item: &[u8]) -> Result<(), SlotError> {
        let mut state = self.state.lock().unwrap();
        if state.locked {
            return Err(SlotError::Locked);
        }
        state.item = Some(item.to_vec());
        if state.deaf {
            return Err(SlotError::Missing("no answer".to_owned()));
        }
        Ok(())
    }

    fn forget(&self) -> Result<(), SlotError> {
        self.state.lock().unwrap().item = None;
        Ok(())
    }
}
