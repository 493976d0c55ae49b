//! The chain that a device shows in TLS: its leaf, its root, and its links, the newest first. Nothing is
//! verified here.

use rustls_pki_types::CertificateDer;

use super::Link;

/// A chain that was shown, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The current root.
    pub root: &'a CertificateDer<'a>,
    /// Of each link first `NewWithOld`, then `OldWithNew`; the newest link first.
    pub(super) links: &'a [CertificateDer<'a>],
}

impl<'a> Shown<'a> {
    /// Takes apart what stands behind a leaf; `None` when nothing does.
    #[must_use]
    pub const fn of(others: &'a [CertificateDer<'a>]) -> Option<Self> {
        match others {
            [root, links @ ..] => Some(Self { root, links }),
            [] => None,
        }
    }
}

/// What a device shows; `links` has the oldest first.
#[must_use]
pub fn chain<'a>(
    leaf: CertificateDer<'static>,
    root: &CertificateDer<'static>,
    links: impl DoubleEndedIterator<Item = &'a Link>,
) -> Vec<CertificateDer<'static>> {
    let links = links.rev();
    let links = links.flat_map(|link| [link.new_with_old.clone(), link.old_with_new.clone()]);
    [leaf, root.clone()].into_iter().chain(links).collect()
}
