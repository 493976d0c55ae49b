//! Where the trust store's key is kept: one small trait, and the operating system's own keyring behind
//! it. What the item says, and what is done when it does not fit, is the trust store's business.

mod system;

use settle_protocol::rpc::audit::KeyPlace;
use zeroize::Zeroizing;

pub use self::system::Keyring;

/// Where one small item is kept. One implementation a backend; all calls block.
pub trait KeySlot: std::fmt::Debug + Send {
    /// Where that is.
    fn place(&self) -> KeyPlace;

    /// Reads the item; `None` when there is none yet.
    ///
    /// # Errors
    /// [`SlotError`].
    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SlotError>;

    /// Writes the item, in the place of the former one.
    ///
    /// # Errors
    /// [`SlotError`].
    fn write(&self, item: &[u8]) -> Result<(), SlotError>;

    /// Deletes the item, and with it the key; that there is none is no error.
    ///
    /// # Errors
    /// [`SlotError`].
    fn forget(&self) -> Result<(), SlotError>;
}

/// Why the keyring gives or takes nothing.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// Nothing offers a keyring.
    #[error("no keyring answers: {0}")]
    Missing(String),
    /// It is locked, and the user did not unlock it.
    #[error("the keyring is locked")]
    Locked,
    /// The file that holds it in the place of a keyring cannot be read or written.
    #[error("the file of the key cannot be used: {0}")]
    File(#[from] std::io::Error),
    /// The item is none of Settle's.
    #[error("the keyring's item is not one that this Settle understands")]
    Foreign,
}
