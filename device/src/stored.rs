//! What a device is made of when it starts, or when its owner looks at it while it does not run: its
//! state directory, its identity and its register, all or none of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::Kind;
use settle_protocol::name::{Label, LocalName};

use crate::clock::{steady_now, unix_now};
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
    let code = shown::show(&identity, place(port), secret, None, qr_file)?;
    contents.store(&dir)?;
    Ok(code)
}

/// A device that is there without being served.
#[derive(Debug)]
pub struct Prepared {
    /// Whether it was made right now.
    pub made: bool,
    /// `<label>.local`.
    pub name: LocalName,
    /// The name that is its alone.
    pub unique_name: LocalName,
    /// The fingerprint of its root key.
    pub fingerprint: KeyFingerprint,
    /// The code that its first start will show; none once somebody has paired.
    pub code: Option<ShownCode>,
}

/// Makes a device that is not running, or finds the one that is there, as it is. `port` is where it
/// will listen.
///
/// # Errors
/// [`DeviceError`].
pub fn prepare(
    state: &Path,
    label: &Label,
    port: u16,
    qr_file: Option<PathBuf>,
) -> Result<Prepared, DeviceError> {
    let dir = StateDir::open(state)?;
    let made = Identity::load(&dir, label)?.is_none();
    let (identity, mut contents) = load_from(&dir, label)?;
    let code = match contents.first_code(steady_now())? {
        Some((secret, end)) => {
            contents.store(&dir)?;
            Some(shown::show(
                &identity,
                place(port),
                secret,
                Some(end),
                qr_file,
            )?)
        }
        None => None,
    };
    Ok(Prepared {
        made,
        name: label.dot_local(),
        unique_name: identity.unique_name(),
        fingerprint: identity.fingerprint(),
        code,
    })
}

/// Of a device that does not run: a referee makes its codes while it does.
const fn place(port: u16) -> Place {
    Place {
        kind: Kind::Device,
        port,
        addresses: Vec::new(),
    }
}

/// Reads what is there, or makes a new device where nothing is and nobody relies on one.
pub(crate) fn load(
    path: &Path,
    label: &Label,
) -> Result<(Arc<StateDir>, Identity, Contents), DeviceError> {
    let dir = StateDir::open(path)?;
    let (identity, contents) = load_from(&dir, label)?;
    Ok((Arc::new(dir), identity, contents))
}

fn load_from(dir: &StateDir, label: &Label) -> Result<(Identity, Contents), DeviceError> {
    let (identity, mut contents) = match (Identity::load(dir, label)?, Contents::load(dir)?) {
        (Some(identity), Some(contents)) => (identity, contents),
        (Some(_), None) => return Err(Contents::missing(dir).into()),
        (None, Some(contents)) if contents.has_clients() => {
            return Err(Identity::missing(dir).into());
        }
        // Also a first start that was cut off before it had written the identity.
        (None, Some(_) | None) => {
            let contents = Contents::make(dir)?;
            (Identity::make(dir, label)?, contents)
        }
    };
    contents.take_up(dir, unix_now())?;
    contents.tell_rollovers(&identity);
    Ok((identity, contents))
}
