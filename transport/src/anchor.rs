//! How a peer's certificate is judged: by one anchor, for one name and port, after every rule of
//! `docs/trust-store.md` §2. Nothing here falls back to another anchor.
//!
//! `rustls-webpki` builds the path and checks the signatures; [`rules`] and [`subject`] hold what it
//! leaves out. Who becomes an anchor is not decided here.

pub(crate) mod authority;
mod constraints;
mod device;
mod error;
mod pin;
pub(crate) mod rules;
mod subject;
#[cfg(test)]
mod tests;
mod verifier;

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::LocalName;
use settle_protocol::scope::{ExactScope, NamespaceScope, Scope};

pub use authority::Authority;
pub use device::{Successor, follow_authority};
pub use error::{AnchorError, BrokenRule};
pub use verifier::AnchorVerifier;

/// One reason to trust a certificate, and what the trust is limited to.
#[derive(Clone, Debug)]
pub struct Anchor {
    trusted: Trusted,
    scope: Scope,
}

#[derive(Clone, Debug)]
enum Trusted {
    /// A paired device's root, which issues for that device alone.
    Device(device::Root),
    /// A referee, which issues for many.
    Referee(Authority, constraints::Subtrees),
    /// An authority that the user imported, and that may also be the server's own certificate.
    Import(Authority),
    /// Exactly one certificate.
    Certificate(CertificateFingerprint),
}

impl Anchor {
    /// The root of a paired device.
    ///
    /// # Errors
    /// [`AnchorError::UnusableAnchor`].
    pub fn device(root: &CertificateDer<'_>, scope: ExactScope) -> Result<Self, AnchorError> {
        Ok(Self {
            trusted: Trusted::Device(device::Root::from_der(root)?),
            scope: Scope::Exact(scope),
        })
    }

    /// A referee's root. It vouches inside its namespaces, and for no address anywhere.
    ///
    /// # Errors
    /// [`AnchorError::UnusableAnchor`].
    pub fn referee(root: &CertificateDer<'_>, scope: NamespaceScope) -> Result<Self, AnchorError> {
        let within = constraints::Subtrees::within(scope.namespaces());
        Ok(Self {
            trusted: Trusted::Referee(Authority::from_der(root)?, within),
            scope: Scope::Namespaces(scope),
        })
    }

    /// An authority that the user got out of band. A server that shows this very certificate as its
    /// own is judged as by [`Anchor::certificate`]: many devices have one self-signed certificate
    /// with CA:TRUE and use it directly.
    #[must_use]
    pub const fn imported(authority: Authority, scope: ExactScope) -> Self {
        Self {
            trusted: Trusted::Import(authority),
            scope: Scope::Exact(scope),
        }
    }

    /// Exactly one certificate, whoever issued it and whatever it says of itself, known by its
    /// fingerprint: the user has bound it to the names of the scope out of band.
    #[must_use]
    pub const fn certificate(expected: CertificateFingerprint, scope: ExactScope) -> Self {
        Self {
            trusted: Trusted::Certificate(expected),
            scope: Scope::Exact(scope),
        }
    }

    /// What the trust is limited to.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Verifies that `leaf`, shown with `others`, is the certificate of `name` at `port`, now.
    ///
    /// That the peer holds its key is proved by the handshake, not here.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &LocalName,
        port: u16,
        now: UnixTime,
    ) -> Result<(), AnchorError> {
        self.follow(leaf, others, name, port, now).map(drop)
    }

    /// The same, and the root that has taken the place of the trusted one, if the certificate is by that.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub fn follow(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &LocalName,
        port: u16,
        now: UnixTime,
    ) -> Result<Option<Successor>, AnchorError> {
        if !self.scope.covers(name, port) {
            let name = name.clone();
            return Err(AnchorError::OutOfScope { name, port });
        }
        let last = others.last().unwrap_or(leaf);
        let shown = authority::Shown { leaf, others, last };
        let successor = match &self.trusted {
            Trusted::Certificate(expected) => return pinned(pin::verify(expected, leaf, now)),
            Trusted::Import(authority) if authority.is(leaf) => {
                return pinned(pin::verify(&authority.certificate(), leaf, now));
            }
            Trusted::Import(authority) => {
                authority.verify(&shown, None, now)?;
                None
            }
            Trusted::Referee(authority, limit) => {
                authority.verify(&shown, Some(limit), now)?;
                None
            }
            Trusted::Device(root) => root.verify(leaf, others, now)?,
        };
        subject::check(leaf, name).map_err(AnchorError::Unacceptable)?;
        Ok(successor)
    }

    /// Whether this certificate is trusted as itself and not for who issued it.
    fn pins(&self, leaf: &CertificateDer<'_>) -> bool {
        match &self.trusted {
            Trusted::Certificate(expected) => {
                expected.matches(&CertificateFingerprint::of_der(leaf))
            }
            Trusted::Import(authority) => authority.is(leaf),
            Trusted::Device(..) | Trusted::Referee(..) => false,
        }
    }
}

/// Exactly one certificate has no successor, and its names are not asked.
fn pinned(judged: Result<(), AnchorError>) -> Result<Option<Successor>, AnchorError> {
    judged.map(|()| None)
}
