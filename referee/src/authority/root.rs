//! The root of a referee and its sealed key. It is opened to sign an intermediate, or to be replaced, and closed again.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use settle_protocol::rpc::backup::Passphrase;
use settle_transport::certificate::{
    self, PrivateKey, ROOT_LIST_LIFE, Revoked, referee_intermediate, referee_rollover,
    referee_root, revocation_list,
};
use settle_transport::envelope::{Envelope, EnvelopeError, Magic};
use settle_transport::succession::{Link, MAX_LINKS};

use super::issuer::{IssueError, Issuer};

/// The most roots of one referee, one after the other.
pub const MAX_ROOTS: usize = MAX_LINKS + 1;
const MAGIC: &Magic = b"settle-anchor";

/// Why a root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Of the sealed key.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Of a certificate.
    #[error(transparent)]
    Certificate(#[from] certificate::IssueError),
    /// Of an intermediate.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The sealed key is another root's.
    #[error("the sealed key is not that of the root that is trusted")]
    OtherKey,
    /// Hosts follow no more links than this.
    #[error("this authority was replaced {MAX_LINKS} times: begin a new referee, and pair with it")]
    Exhausted,
}

/// A root whose key is open.
#[derive(Debug)]
pub struct Root {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
    links: Vec<Link>,
}

impl Root {
    /// Makes the first one.
    ///
    /// # Errors
    /// [`RootError::Certificate`].
    pub fn make() -> Result<Self, RootError> {
        let key = PrivateKey::make()?;
        Ok(Self {
            certificate: referee_root(&key)?,
            key,
            links: Vec::new(),
        })
    }

    /// Opens one with its sealed key.
    ///
    /// # Errors
    /// [`RootError::Envelope`], [`RootError::OtherKey`].
    pub fn open(
        sealed: &[u8],
        passphrase: &Passphrase,
        certificate: CertificateDer<'static>,
        links: Vec<Link>,
    ) -> Result<Self, RootError> {
        let pkcs8 = Envelope::of(MAGIC, sealed, passphrase)?.open(sealed)?;
        let key = PrivateKey::from_pkcs8(&pkcs8)?;
        if certificate::fingerprint(&certificate) != Some(key.fingerprint()) {
            return Err(RootError::OtherKey);
        }
        Ok(Self {
            key,
            certificate,
            links,
        })
    }

    /// Its key, sealed.
    ///
    /// # Errors
    /// [`RootError::Envelope`].
    pub fn seal(&self, passphrase: &Passphrase) -> Result<Vec<u8>, RootError> {
        let envelope = Envelope::make(MAGIC, passphrase)?;
        Ok(envelope.seal(self.key.expose_pkcs8())?)
    }

    /// Its certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The links to it from the first one, the oldest first.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Makes an intermediate with a key of its own. `lists` is what the address of the root's list of revoked ones begins
    /// with, up to the last slash.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn intermediate(
        &self,
        now: SystemTime,
        lists: Option<&str>,
    ) -> Result<(Issuer, PrivateKey), RootError> {
        let key = PrivateKey::make()?;
        let certificate = referee_intermediate(
            &self.key,
            &self.certificate,
            &key,
            now,
            lists
                .map(|below| format!("{below}{}.crl", self.id()))
                .as_deref(),
        )?;
        let copy = PrivateKey::from_pkcs8(key.expose_pkcs8())?;
        let issuer = Issuer::new(key, certificate, self.certificate.clone())?;
        Ok((issuer, copy))
    }

    /// The list of intermediates that it has revoked, DER.
    ///
    /// # Errors
    /// [`RootError::Certificate`].
    pub fn revocation_list(
        &self,
        revoked: &[Revoked],
        now: SystemTime,
    ) -> Result<Vec<u8>, RootError> {
        let number = now.duration_since(SystemTime::UNIX_EPOCH);
        let number = number.unwrap_or_default().as_secs();
        let span = (now, ROOT_LIST_LIFE);
        let made = revocation_list(&self.key, &self.certificate, revoked, number, span);
        Ok(made?)
    }

    /// What its list goes by: the fingerprint of its key.
    fn id(&self) -> String {
        certificate::fingerprint(&self.certificate).map_or_else(String::new, |key| key.to_hex())
    }

    /// The next root, to which hosts follow from this one.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn next(&self) -> Result<Self, RootError> {
        if self.links.len() >= MAX_LINKS {
            return Err(RootError::Exhausted);
        }
        let key = PrivateKey::make()?;
        let made = referee_rollover(&self.key, &self.certificate, &key)?;
        let links = self.links.iter().cloned().chain([made.link]).collect();
        Ok(Self {
            key,
            certificate: made.root,
            links,
        })
    }
}
