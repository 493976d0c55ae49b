//! A device's next root, and the link that joins it to the one before (docs/pairing.md §10).

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;

use super::{DAY, IssueError, PrivateKey, always, device_authority, not_after, not_before, sign};
use crate::succession::Link;

/// What is left at least of the next root where the one before has an end.
const LIFE: Duration = Duration::from_secs(20 * 365 * DAY);

/// What a rollover makes.
#[derive(Clone, Debug)]
pub struct Rollover {
    /// The next root, self-signed.
    pub root: CertificateDer<'static>,
    /// What leads there from the one before.
    pub link: Link,
}

/// Makes the next root of a device and the link to it. Afterwards the old key has nothing more to sign.
///
/// The new root begins when the old one did and never ends before it, whatever the clock says: a device's
/// clock may be wrong by years, and its root stays.
///
/// # Errors
/// [`IssueError`].
pub fn rollover(
    old_key: &PrivateKey,
    old: &CertificateDer<'_>,
    new_key: &PrivateKey,
    names: &[LocalName],
    now: SystemTime,
) -> Result<Rollover, IssueError> {
    let begin = SystemTime::UNIX_EPOCH + not_before(old).unwrap_or(Duration::ZERO);
    let old_end = not_after(old).unwrap_or(begin);
    let end = old_end.max(now + LIFE);
    let until = |end: SystemTime| {
        let mut params = device_authority(names, always())?;
        params.not_before = begin.into();
        params.not_after = end.into();
        params.use_authority_key_identifier_extension = true;
        Ok::<_, IssueError>(params)
    };
    let root = until(end)?.self_signed(&new_key.pair)?.der().clone();
    let link = Link {
        new_with_old: sign(until(end)?, old_key, old, new_key)?,
        old_with_new: sign(until(old_end)?, new_key, &root, old_key)?,
    };
    Ok(Rollover { root, link })
}
