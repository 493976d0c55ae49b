//! A device's next root, and the link that joins it to the one before (docs/pairing.md §10).

use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;

use super::{IssueError, PrivateKey, always, device_authority, device_root, sign};
use crate::succession::Link;

/// What a rollover makes.
#[derive(Clone, Debug)]
pub struct Rollover {
    /// The next root, self-signed.
    pub root: CertificateDer<'static>,
    /// What leads there from the one before.
    pub link: Link,
}

/// Makes the next root of a device and the link to it. Afterwards the old key has nothing more to sign. As a
/// root, a link depends on no clock.
///
/// # Errors
/// [`IssueError`].
pub fn rollover(
    old_key: &PrivateKey,
    old: &CertificateDer<'_>,
    new_key: &PrivateKey,
    names: &[LocalName],
) -> Result<Rollover, IssueError> {
    let half = || {
        let mut params = device_authority(names, always())?;
        params.use_authority_key_identifier_extension = true;
        Ok::<_, IssueError>(params)
    };
    let root = device_root(new_key, names)?;
    let link = Link {
        new_with_old: sign(half()?, old_key, old, new_key)?,
        old_with_new: sign(half()?, new_key, &root, old_key)?,
    };
    Ok(Rollover { root, link })
}
