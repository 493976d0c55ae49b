//! A paired device's root: what it issued for that device is accepted, and so is what a root issued
//! that has taken its place by links of its own (docs/pairing.md §10). No path is built over a link.

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::scope::Namespace;

use super::AnchorError;
use super::authority::{self, Authority};
use super::constraints::Subtrees;
use crate::certificate;
use crate::succession::{self, Shown};

/// The root of one device.
#[derive(Clone, Debug)]
pub(super) struct Root {
    authority: Authority,
    certificate: CertificateDer<'static>,
    limit: Subtrees,
}

/// A root that has taken the place of a trusted one. Nothing but [`super::Anchor::follow`] makes one, so
/// it is the proof that links lead to it from there.
#[derive(Clone, Debug)]
pub struct Successor {
    root: CertificateDer<'static>,
    fingerprint: KeyFingerprint,
    former: Vec<KeyFingerprint>,
}

impl Successor {
    /// Its certificate.
    #[must_use]
    pub const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The fingerprint of its key.
    #[must_use]
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// The keys on the way to it, that of the trusted root at the front.
    #[must_use]
    pub fn former(&self) -> &[KeyFingerprint] {
        &self.former
    }
}

impl Root {
    pub(super) fn from_der(root: &CertificateDer<'_>) -> Result<Self, AnchorError> {
        Ok(Self {
            authority: Authority::from_der(root)?,
            certificate: root.clone().into_owned(),
            limit: Subtrees::within(Namespace::ALL),
        })
    }

    /// Verifies that the leaf is by this root, or by the one that is shown and that links lead to.
    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Option<Successor>, AnchorError> {
        // The device shows its root behind its leaf, and then its links.
        let last = others.first().unwrap_or(leaf);
        // A device's root has path length 0 (docs/pairing.md §6).
        let shown = authority::Shown {
            leaf,
            others: &[],
            last,
        };
        let direct = self.authority.verify(&shown, Some(&self.limit), now);
        let Err(AnchorError::WrongKey { .. }) = &direct else {
            return direct.map(|()| None);
        };
        let shown_roots = Shown::of(others);
        let Some(successor) = shown_roots.and_then(|roots| follow(&self.certificate, &roots, now))
        else {
            return direct.map(|()| None);
        };
        let successor = successor?;
        let next = Authority::from_der(successor.root())?;
        next.verify(&shown, Some(&self.limit), now)?;
        Ok(Some(successor))
    }
}

/// The authority that a referee issues under by now, if the links lead to it from the one that is trusted;
/// `None` when it is still that one. `shown` has the current one and then the links, the newest first.
///
/// # Errors
/// [`AnchorError`] for another authority that no links lead to, and for links that do not hold.
pub fn follow_authority(
    trusted: &CertificateDer<'_>,
    shown: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Option<Successor>, AnchorError> {
    let expected = Authority::from_der(trusted)?.fingerprint();
    let seen = shown
        .first()
        .and_then(|root| certificate::fingerprint(root));
    if seen.is_some_and(|seen| seen.matches(&expected)) {
        return Ok(None);
    }
    let roots = Shown::of(shown).ok_or(AnchorError::WrongKey { expected, seen })?;
    let followed = follow(trusted, &roots, now);
    let successor = followed.unwrap_or(Err(AnchorError::WrongKey { expected, seen }))?;
    Authority::from_der(successor.root())?;
    Ok(Some(successor))
}

/// The root that is shown, if the links lead to it from a trusted one; `None` when they do not claim to.
fn follow(
    trusted: &CertificateDer<'_>,
    shown: &Shown<'_>,
    now: UnixTime,
) -> Option<Result<Successor, AnchorError>> {
    let expected = certificate::fingerprint(trusted)?;
    let walked = succession::follow(trusted, shown, now)?;
    let seen = certificate::fingerprint(shown.root);
    Some(match (walked, seen) {
        (Ok(former), Some(fingerprint)) => Ok(Successor {
            root: shown.root.clone().into_owned(),
            fingerprint,
            former,
        }),
        (Ok(_), None) => Err(AnchorError::WrongKey { expected, seen }),
        (Err(broken), seen) => Err(AnchorError::Rollover {
            expected,
            seen,
            broken: Box::new(broken),
        }),
    })
}
