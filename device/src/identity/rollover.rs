//! The rollovers of a device so far, as its identity's file has them: each link, when it was made, and who
//! wanted it. The register tells its log of them (`register/rollover.rs`).

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_transport::certificate;
use settle_transport::succession::{self, Link, Shown};

use crate::audit::By;

/// One rollover.
#[derive(Clone, Debug)]
pub(crate) struct Rolled {
    /// In seconds since the Unix epoch, by the device's clock.
    pub(crate) at: u64,
    pub(crate) by: By,
    pub(crate) link: Link,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRollover {
    at: u64,
    by: By,
    new_with_old: String,
    old_with_new: String,
}

impl Rolled {
    /// The key that was replaced, and the one that replaced it.
    pub(crate) fn keys(&self) -> Option<(KeyFingerprint, KeyFingerprint)> {
        let was = certificate::fingerprint(&self.link.old_with_new)?;
        Some((was, certificate::fingerprint(&self.link.new_with_old)?))
    }

    pub(super) fn stored(&self) -> StoredRollover {
        StoredRollover {
            at: self.at,
            by: self.by.clone(),
            new_with_old: BASE64.encode(&self.link.new_with_old),
            old_with_new: BASE64.encode(&self.link.old_with_new),
        }
    }

    pub(super) fn read(stored: StoredRollover) -> Option<Self> {
        let der = |text: String| Some(CertificateDer::from(BASE64.decode(text.as_bytes()).ok()?));
        Some(Self {
            at: stored.at,
            by: stored.by,
            link: Link {
                new_with_old: der(stored.new_with_old)?,
                old_with_new: der(stored.old_with_new)?,
            },
        })
    }
}

/// The first root key, if the links lead from it to this root: what hosts will find too.
pub(super) fn first_key(
    root: &CertificateDer<'static>,
    rollovers: &[Rolled],
) -> Option<KeyFingerprint> {
    let links = rollovers.iter().map(|rolled| &rolled.link);
    let shown = succession::chain(root.clone(), root, links);
    let former = succession::former_keys(&Shown::of(shown.get(1..)?)?).ok()?;
    former
        .first()
        .copied()
        .or_else(|| certificate::fingerprint(root))
}
