//! What a device is made of when it starts, or when its owner looks at it while it does not run: its
//! state directory, its identity and its register, all or none of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use settle_protocol::name::Label;

use crate::clock::unix_now;
use crate::device::DeviceError;
use crate::event::ShownCode;
use crate::identity::Identity;
use crate::register::Contents;
use crate::shown::{self, Place};
use crate::state::StateDir;

/// Makes a printed code for a device that is not running, new or not, in the place of an earlier
/// one: what its maker or owner sticks on it. `port` is where it will listen.
///
/// # Errors
/// [`DeviceError`]; an earlier printed code then still stands.
pub fn print_code(
    state: &Path,
    label: &Label,
    port: u16,
    qr_file: Option<PathBuf>,
) -> Result<ShownCode, DeviceError> {
    let (dir, identity, mut contents) = load(state, label)?;
    let secret = contents.print_code(unix_now())?;
    let addresses = Vec::new();
    let code = shown::show(&identity, Place { port, addresses }, secret, None, qr_file)?;
    contents.store(&dir)?;
    Ok(code)
}

/// Reads what is there, or makes a new device where nothing is and nobody relies on one.
pub(crate) fn load(
    path: &Path,
    label: &Label,
) -> Result<(Arc<StateDir>, Identity, Contents), DeviceError> {
    let dir = StateDir::open(path)?;
    let (identity, mut contents) = match (Identity::load(&dir, label)?, Contents::load(&dir)?) {
        (Some(identity), Some(contents)) => (identity, contents),
        (Some(_), None) => return Err(Contents::missing(&dir).into()),
        (None, Some(contents)) if contents.has_clients() => {
            return Err(Identity::missing(&dir).into());
        }
        // Also a first start that was cut off before it had written the identity.
        (None, Some(_) | None) => {
            let contents = Contents::make(&dir)?;
            (Identity::make(&dir, label)?, contents)
        }
    };
    contents.take_up(&dir, unix_now())?;
    Ok((Arc::new(dir), identity, contents))
}
