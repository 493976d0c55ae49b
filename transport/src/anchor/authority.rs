//! A certificate authority as the end of a path: its own certificate checked, and the path to a
//! server's certificate found and judged.

use std::cell::RefCell;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use settle_protocol::fingerprint::{CertificateFingerprint, KeyFingerprint};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::prelude::X509Certificate;

use super::constraints::Subtrees;
use super::{AnchorError, BrokenRule, rules};
use crate::{certificate, tls};

/// A certificate authority, checked to be one.
#[derive(Clone, Debug)]
pub struct Authority {
    anchor: TrustAnchor<'static>,
    key: KeyFingerprint,
    certificate: CertificateFingerprint,
    validity: Validity,
    path_length: Option<u32>,
}

/// What a peer showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) leaf: &'a CertificateDer<'a>,
    /// Where intermediates may be taken from.
    pub(super) others: &'a [CertificateDer<'a>],
    /// The end of the shown chain, to tell which key it ends in.
    pub(super) last: &'a CertificateDer<'a>,
}

/// Seconds since the Unix epoch, first and last.
pub(crate) type Validity = (i64, i64);

impl Authority {
    /// Reads an authority's certificate. That it signed itself is not asked: the bytes are trusted,
    /// not a signature by the key inside them (RFC 5280 §6.1.1 (d)).
    ///
    /// # Errors
    /// [`AnchorError::UnusableAnchor`] for anything but an authority whose rules are all understood.
    pub fn from_der(der: &CertificateDer<'_>) -> Result<Self, AnchorError> {
        let unusable = AnchorError::UnusableAnchor;
        let parsed = rules::read(der).map_err(unusable)?;
        rules::anchor(&parsed).map_err(unusable)?;
        let anchor = webpki::anchor_from_trusted_cert(der)
            .map_err(|error| unusable(BrokenRule::Path(error)))?;
        Ok(Self {
            anchor: anchor.to_owned(),
            key: KeyFingerprint::of_spki(parsed.public_key().raw),
            certificate: CertificateFingerprint::of_der(der),
            validity: validity(&parsed),
            path_length: path_length(&parsed),
        })
    }

    /// The fingerprint of its key.
    #[must_use]
    pub const fn fingerprint(&self) -> KeyFingerprint {
        self.key
    }

    /// The fingerprint of its certificate.
    #[must_use]
    pub const fn certificate(&self) -> CertificateFingerprint {
        self.certificate
    }

    /// Whether it issued `leaf` directly, at whatever time that is valid: what pairing asks before
    /// it takes a root for the identity behind a connection. Clocks may be wrong there.
    #[must_use]
    pub fn issued(&self, leaf: &CertificateDer<'_>) -> bool {
        let (others, last) = ([].as_slice(), leaf);
        certificate::not_before(leaf).is_some_and(|begin| {
            let shown = Shown { leaf, others, last };
            self.verify_path(&shown, None, UnixTime::since_unix_epoch(begin))
                .and_then(|()| rules::server(&rules::read(leaf)?))
                .is_ok()
        })
    }

    /// Whether `leaf` is its own certificate.
    pub(super) fn is(&self, leaf: &CertificateDer<'_>) -> bool {
        self.certificate
            .matches(&CertificateFingerprint::of_der(leaf))
    }

    /// Verifies that a server's certificate leads to this authority, now, inside of `limit`.
    pub(super) fn verify(
        &self,
        shown: &Shown<'_>,
        limit: Option<&Subtrees>,
        now: UnixTime,
    ) -> Result<(), AnchorError> {
        if !valid_at(self.validity, now) {
            return Err(AnchorError::Expired);
        }
        self.verify_path(shown, limit, now)
            .and_then(|()| rules::server(&rules::read(shown.leaf)?))
            .map_err(|broken| self.explain(broken, shown.last))
    }

    /// Finds a path by RFC 5280 §6.1 and checks all of its certificates.
    pub(super) fn verify_path(
        &self,
        shown: &Shown<'_>,
        limit: Option<&Subtrees>,
        now: UnixTime,
    ) -> Result<(), BrokenRule> {
        let leaf = EndEntityCert::try_from(shown.leaf).map_err(BrokenRule::Path)?;
        let broken = RefCell::new(None);
        // Webpki's own errors are what this may return, so ours wait beside it.
        let judge = |path: &VerifiedPath<'_>| {
            self.judge(path, limit, now).map_err(|rule| {
                broken.replace(Some(rule));
                webpki::Error::UnknownIssuer
            })
        };
        let found = leaf.verify_for_usage(
            tls::provider().signature_verification_algorithms.all,
            std::slice::from_ref(&self.anchor),
            shown.others,
            now,
            // Demanded of what is present, in every certificate; of the leaf also that it is there.
            KeyUsage::server_auth(),
            None,
            Some(&judge),
        );
        if let Err(error) = found {
            return Err(broken.take().unwrap_or(BrokenRule::Path(error)));
        }
        rules::end_entity(&rules::read(shown.leaf)?)
    }

    /// Judges one path whose signatures are good. Another may be tried after it.
    fn judge(
        &self,
        path: &VerifiedPath<'_>,
        limit: Option<&Subtrees>,
        now: UnixTime,
    ) -> Result<(), BrokenRule> {
        let intermediates: Vec<CertificateDer<'_>> = path
            .intermediate_certificates()
            .map(webpki::Cert::der)
            .collect();
        for der in &intermediates {
            rules::intermediate(&rules::read(der)?)?;
        }
        let below = u32::try_from(intermediates.len()).unwrap_or(u32::MAX);
        if self.path_length.is_some_and(|admitted| below > admitted) {
            return Err(BrokenRule::PathTooLong);
        }
        match limit {
            Some(limit) => self.within(path, &intermediates, limit, now),
            None => Ok(()),
        }
    }

    /// Walks the same path once more with our constraints in the place of the authority's own, which
    /// were applied the first time: webpki takes one set.
    fn within(
        &self,
        path: &VerifiedPath<'_>,
        intermediates: &[CertificateDer<'_>],
        limit: &Subtrees,
        now: UnixTime,
    ) -> Result<(), BrokenRule> {
        let anchors = [TrustAnchor {
            name_constraints: Some(limit.contents()),
            ..self.anchor.clone()
        }];
        let again = path.end_entity().verify_for_usage(
            tls::provider().signature_verification_algorithms.all,
            &anchors,
            intermediates,
            now,
            KeyUsage::server_auth(),
            None,
            None,
        );
        again.map(drop).map_err(BrokenRule::Path)
    }

    fn explain(&self, broken: BrokenRule, last: &CertificateDer<'_>) -> AnchorError {
        use webpki::Error;
        let BrokenRule::Path(error) = &broken else {
            return AnchorError::Unacceptable(broken);
        };
        if matches!(
            error,
            Error::CertExpired { .. } | Error::CertNotValidYet { .. }
        ) {
            return AnchorError::Expired;
        }
        if matches!(
            error,
            Error::UnknownIssuer | Error::InvalidSignatureForPublicKey
        ) {
            return AnchorError::WrongKey {
                expected: self.key,
                seen: certificate::fingerprint(last),
            };
        }
        AnchorError::Unacceptable(broken)
    }
}

pub(crate) fn validity(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    )
}

pub(crate) fn valid_at((first, last): Validity, now: UnixTime) -> bool {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    (first..=last).contains(&now)
}

pub(crate) fn path_length(certificate: &X509Certificate<'_>) -> Option<u32> {
    let constraints = certificate.basic_constraints().ok().flatten()?;
    constraints.value.path_len_constraint
}
