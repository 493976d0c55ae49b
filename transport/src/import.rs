//! Reading a certificate that the user got from a device which knows nothing of Settle, and telling
//! what it can be trusted as.
//!
//! Nothing is trusted here: the user is shown what was read, and the scope comes from the user.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{PemObject, SectionKind};
use settle_protocol::fingerprint::{CertificateFingerprint, KeyFingerprint};
use settle_protocol::scope::ExactScope;

use crate::anchor::{Anchor, Authority};
use crate::certificate;

#[cfg(test)]
mod tests;

/// Octets of text; the longest chains of real servers have a quarter of it.
const MAX_TEXT: usize = 64 * 1024;

/// Why a text is not one certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// Longer than any certificate.
    #[error("this is too long for a certificate: {0} bytes")]
    TooLong(usize),
    /// A private key is in it, which nobody but the device should have.
    #[error("this holds a private key: give the certificate alone, and keep the key on the device")]
    PrivateKey,
    /// No `BEGIN CERTIFICATE`.
    #[error("this holds no certificate: it begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// More than one, of which it is unclear which is meant.
    #[error("this holds {0} certificates: give the one that is to be trusted")]
    Several(usize),
    /// The markers are there, and what is between them is damaged.
    #[error("the certificate is damaged")]
    Damaged,
}

/// One certificate, not trusted yet.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The whole of it.
    pub certificate: CertificateDer<'static>,
    /// What the user compares.
    pub fingerprint: CertificateFingerprint,
    /// Of the key inside.
    pub key: KeyFingerprint,
    /// What it can be trusted as.
    pub kind: ImportedKind,
}

/// What a certificate can be trusted as.
#[derive(Clone, Debug)]
pub enum ImportedKind {
    /// An authority: servers show what it issued, or itself.
    Authority(Authority),
    /// The certificate of one server, self-signed or not.
    Server,
}

impl Imported {
    /// Makes it the anchor for the names and ports that the user chose.
    #[must_use]
    pub fn anchor(self, scope: ExactScope) -> Anchor {
        match self.kind {
            ImportedKind::Authority(authority) => Anchor::imported(authority, scope),
            ImportedKind::Server => Anchor::certificate(self.fingerprint, scope),
        }
    }
}

/// Reads exactly one certificate out of PEM (RFC 7468).
///
/// # Errors
/// [`ImportError`].
pub fn read_pem(text: &str) -> Result<Imported, ImportError> {
    if text.len() > MAX_TEXT {
        return Err(ImportError::TooLong(text.len()));
    }
    // Of every kind, the encrypted ones among them, which the reader below does not know.
    if text.contains("PRIVATE KEY-----") {
        return Err(ImportError::PrivateKey);
    }
    let mut certificates = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let (kind, contents) = section.map_err(|_| ImportError::Damaged)?;
        if kind == SectionKind::Certificate {
            certificates.push(contents);
        }
    }
    let count = certificates.len();
    let (Some(der), 1) = (certificates.pop(), count) else {
        return Err(match count {
            0 => ImportError::NoCertificate,
            _ => ImportError::Several(count),
        });
    };
    read_der(der.into())
}

/// Reads one certificate in DER.
///
/// # Errors
/// [`ImportError::Damaged`].
pub fn read_der(certificate: CertificateDer<'static>) -> Result<Imported, ImportError> {
    let key = certificate::fingerprint(&certificate).ok_or(ImportError::Damaged)?;
    // An authority that cannot be used as one can still be a server's own certificate.
    let kind =
        Authority::from_der(&certificate).map_or(ImportedKind::Server, ImportedKind::Authority);
    Ok(Imported {
        fingerprint: CertificateFingerprint::of_der(&certificate),
        key,
        kind,
        certificate,
    })
}
