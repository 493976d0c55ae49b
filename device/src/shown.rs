//! A code as it is shown: the whole material as text and picture, and the secret in the forms for
//! people without a camera.

use settle_protocol::code;
use settle_protocol::material::{Kind, Lifetime, PairingMaterial};
use settle_protocol::secret::PairingSecret;
use settle_protocol::spake2::Suite;
use zeroize::Zeroizing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::clock::to_wall;
use crate::event::ShownCode;
use crate::identity::Identity;
use crate::picture::{self, PictureError};
use crate::state;

/// Why a code cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// It cannot be drawn.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The picture cannot be written.
    #[error("cannot write the picture {path}: {source}")]
    File {
        /// The picture's file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What the device of a code is, and where it is to be found.
#[derive(Debug)]
pub(crate) struct Place {
    /// Device or referee.
    pub(crate) kind: Kind,
    /// The port of its listener.
    pub(crate) port: u16,
    /// Where it is now; a sticker cannot know.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// Writes the picture of a code (PNG), readable by its owner alone.
///
/// # Errors
/// [`ShowError`]; an earlier file is then still there.
pub fn draw(text: &str, path: &Path) -> Result<(), ShowError> {
    let picture = picture::png(text)?;
    state::replace(path, &picture).map_err(|source| ShowError::File {
        path: path.to_path_buf(),
        source,
    })
}

/// Puts a secret into every form, with its end, which is by the steady clock; and the picture into its file where there is to be one. Blocks
/// for as long as the disk does.
pub(crate) fn show(
    identity: &Identity,
    place: Place,
    secret: PairingSecret,
    expires_at: Option<u64>,
    qr_file: Option<PathBuf>,
) -> Result<ShownCode, ShowError> {
    let (typed, words) = code::forms_to_read(&secret);
    let expires_at = expires_at.map(to_wall);
    let material = PairingMaterial {
        secret,
        root: identity.fingerprint(),
        kind: place.kind,
        label: identity.label().clone(),
        unique_name: identity.unique_name(),
        port: place.port,
        addresses: place.addresses,
        suites: Suite::SUPPORTED.to_vec(),
        expires_at,
        lifetime: match expires_at {
            Some(_) => Lifetime::OneTime,
            None => Lifetime::Printed,
        },
    };
    let text = Zeroizing::new(material.to_code());
    if let Some(path) = &qr_file {
        draw(&text, path)?;
    }
    Ok(ShownCode {
        text,
        typed: Zeroizing::new(typed),
        words: Zeroizing::new(words),
        expires_at,
        qr_file,
    })
}
