//! The intermediate at work: it signs certificates and lists of revoked ones.

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::LocalName;
use settle_transport::certificate::{
    self, CertificateRequest, PrivateKey, REVOCATION_LIST_LIFE, Revoked, not_after, pem,
    referee_leaf, revocation_list,
};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The longest that a certificate can live.
pub const LONGEST_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// An intermediate that ends within this time is to be renewed.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Certificates begin this long ago: clocks in a house differ.
const BACKDATE: Duration = Duration::from_secs(60 * 60);

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Nothing to issue for.
    #[error("there is no name to issue for")]
    Nameless,
    /// The intermediate ends before the certificate would.
    #[error("the intermediate has ended: run 'settle-referee intermediate'")]
    Ended,
    /// The intermediate is by another root than the one that is trusted.
    #[error("the intermediate is by a former root: run 'settle-referee intermediate'")]
    OtherRoot,
    /// It cannot be made.
    #[error(transparent)]
    Certificate(#[from] certificate::IssueError),
    /// What was made cannot be read, which is a defect.
    #[error("the certificate that was made cannot be read")]
    Unreadable,
}

/// What is to be issued.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The names, of which there is at least one; all are in the local namespaces by their type.
    pub names: &'a [LocalName],
    /// The request, of which nothing but the key is taken.
    pub request: &'a CertificateRequest,
    /// From when on.
    pub now: SystemTime,
    /// For how long; at most [`LONGEST_LIFE`], and no longer than the intermediate.
    pub life: Duration,
}

/// A certificate that was issued. It is nobody's before it is in the store.
#[derive(Clone, Debug)]
pub struct Issued {
    /// DER.
    pub certificate: CertificateDer<'static>,
    /// Its serial number.
    pub serial: [u8; 16],
    /// In seconds since the Unix epoch.
    pub not_before: u64,
    /// In seconds since the Unix epoch.
    pub not_after: u64,
}

/// An intermediate and its key.
#[derive(Debug)]
pub struct Issuer {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
    root: CertificateDer<'static>,
    key_identifier: Vec<u8>,
    /// Where its list of revoked certificates is to be had, up to the last slash.
    revocations: Option<String>,
}

impl Issuer {
    /// Takes an intermediate by `root` to work.
    ///
    /// # Errors
    /// [`IssueError::Unreadable`] when the key is not the certificate's, [`IssueError::OtherRoot`].
    pub fn new(
        key: PrivateKey,
        certificate: CertificateDer<'static>,
        root: CertificateDer<'static>,
    ) -> Result<Self, IssueError> {
        if !certificate::has_issued(&root, &certificate) {
            return Err(IssueError::OtherRoot);
        }
        let matches = certificate::fingerprint(&certificate) == Some(key.fingerprint());
        let key_identifier = key_identifier(&certificate).filter(|_| matches);
        Ok(Self {
            key_identifier: key_identifier.ok_or(IssueError::Unreadable)?,
            key,
            certificate,
            root,
            revocations: None,
        })
    }

    /// Names a place for lists of revoked certificates in what is issued: `http://referee.local:8080/crl/`.
    #[must_use]
    pub fn with_revocations(mut self, below: String) -> Self {
        self.revocations = Some(below);
        self
    }

    /// Which intermediate this is: the fingerprint of its key.
    #[must_use]
    pub fn id(&self) -> KeyFingerprint {
        self.key.fingerprint()
    }

    /// Its own serial number, by which the root revokes it.
    #[must_use]
    pub fn serial(&self) -> Option<[u8; 16]> {
        particulars(&self.certificate).map(|(serial, _, _)| serial)
    }

    /// The root certificate above it.
    #[must_use]
    pub const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// Its own certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What stands in what it issues as the key identifier of its issuer (RFC 5280 §4.2.1.1).
    #[must_use]
    pub fn key_identifier(&self) -> &[u8] {
        &self.key_identifier
    }

    /// When it ends.
    #[must_use]
    pub fn ends(&self) -> SystemTime {
        not_after(&self.certificate).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Whether it is to be renewed by now.
    #[must_use]
    pub fn ends_soon(&self, now: SystemTime) -> bool {
        self.ends() < now + SOON
    }

    /// Issues one certificate.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(&self, wanted: &Wanted<'_>) -> Result<Issued, IssueError> {
        if wanted.names.is_empty() {
            return Err(IssueError::Nameless);
        }
        let until = (wanted.now + wanted.life.min(LONGEST_LIFE)).min(self.ends());
        if until <= wanted.now {
            return Err(IssueError::Ended);
        }
        let revocations = self.revocations.as_ref();
        let revocations = revocations.map(|below| format!("{below}{}.crl", self.id().to_hex()));
        let certificate = referee_leaf(
            &self.key,
            &self.certificate,
            wanted.request,
            wanted.names,
            (wanted.now - BACKDATE, until),
            revocations.as_deref(),
        )?;
        let (serial, not_before, not_after) =
            particulars(&certificate).ok_or(IssueError::Unreadable)?;
        Ok(Issued {
            certificate,
            serial,
            not_before,
            not_after,
        })
    }

    /// A certificate and this intermediate behind it, as PEM (RFC 8555 §9.1); the root is left out, since who
    /// trusts it has it.
    #[must_use]
    pub fn chain_pem(&self, certificate: &[u8]) -> String {
        [pem(certificate), pem(&self.certificate)].concat()
    }

    /// The list of what it has revoked, DER. `number` never goes down.
    ///
    /// # Errors
    /// [`IssueError::Certificate`].
    pub fn revocation_list(
        &self,
        revoked: &[Revoked],
        number: u64,
        now: SystemTime,
    ) -> Result<Vec<u8>, IssueError> {
        let span = (now, REVOCATION_LIST_LIFE);
        let made = revocation_list(&self.key, &self.certificate, revoked, number, span);
        Ok(made?)
    }
}

fn particulars(certificate: &[u8]) -> Option<([u8; 16], u64, u64)> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let validity = read.validity();
    Some((
        read.raw_serial().try_into().ok()?,
        validity.not_before.timestamp().try_into().ok()?,
        validity.not_after.timestamp().try_into().ok()?,
    ))
}

fn key_identifier(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let mut extensions = read.extensions().iter();
    extensions.find_map(|extension| {
        let ParsedExtension::SubjectKeyIdentifier(identifier) = extension.parsed_extension() else {
            return None;
        };
        Some(identifier.0.to_vec())
    })
}
