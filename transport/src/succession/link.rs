//! One link as it was shown, and what it has to have in common with the roots that it joins.

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;
use webpki::aws_lc_rs::ECDSA_P256_SHA256;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_SIG_ECDSA_WITH_SHA256, OID_X509_EXT_NAME_CONSTRAINTS,
};
use x509_parser::prelude::X509Certificate;

use super::BrokenLink;
use crate::anchor::authority::{path_length, valid_at, validity};
use crate::anchor::{BrokenRule, rules};

/// Whom a root is for: the same octets in every root of a device, and in every link.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Profile<'a> {
    name: &'a [u8],
    constraints: &'a [u8],
    path_length: u32,
}

impl<'a> Profile<'a> {
    /// Reads it off a root or a link, which have to be limited as docs/pairing.md §6 and §12 have it.
    pub(super) fn of(certificate: &'a X509Certificate<'_>) -> Result<Self, BrokenLink> {
        let path_length = path_length(certificate).ok_or(BrokenLink::PathLength)?;
        let constraints = certificate
            .extensions()
            .iter()
            .find(|extension| extension.oid == OID_X509_EXT_NAME_CONSTRAINTS)
            .filter(|extension| extension.critical)
            .ok_or(BrokenLink::Constraints)?;
        Ok(Self {
            name: certificate.subject().as_raw(),
            constraints: constraints.value,
            path_length,
        })
    }

    /// Checks that a certificate has it too, and that its issuer goes by the same name.
    fn check(&self, certificate: &X509Certificate<'_>) -> Result<(), BrokenLink> {
        let theirs = Profile::of(certificate)?;
        if theirs.name != self.name || certificate.issuer().as_raw() != self.name {
            return Err(BrokenLink::OtherName);
        }
        if theirs.constraints != self.constraints {
            return Err(BrokenLink::Constraints);
        }
        if theirs.path_length != self.path_length {
            return Err(BrokenLink::PathLength);
        }
        Ok(())
    }
}

/// Both halves of a link, read.
#[derive(Debug)]
pub(super) struct Step<'a> {
    new_with_old: X509Certificate<'a>,
    old_with_new: X509Certificate<'a>,
}

impl<'a> Step<'a> {
    pub(super) fn read(
        new_with_old: &'a CertificateDer<'_>,
        old_with_new: &'a CertificateDer<'_>,
    ) -> Result<Self, BrokenLink> {
        Ok(Self {
            new_with_old: read(new_with_old)?,
            old_with_new: read(old_with_new)?,
        })
    }

    /// The key of the earlier root.
    pub(super) fn old_key(&self) -> KeyFingerprint {
        key_of(&self.old_with_new)
    }

    /// The key of the later root.
    pub(super) fn new_key(&self) -> KeyFingerprint {
        key_of(&self.new_with_old)
    }

    /// Checks both halves: each root's key is signed by the other's.
    pub(super) fn check(
        &self,
        profile: &Profile<'_>,
        now: Option<UnixTime>,
    ) -> Result<(), BrokenLink> {
        let (new, old) = (&self.new_with_old, &self.old_with_new);
        for (signed, by) in [(new, old), (old, new)] {
            authority(signed, profile, now)?;
            if !is_signed(signed, by) {
                return Err(BrokenLink::Signature);
            }
        }
        Ok(())
    }
}

/// Reads one certificate and nothing behind it. What of it no signature covers, webpki reads more strictly.
pub(super) fn read<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, BrokenLink> {
    webpki::EndEntityCert::try_from(der).map_err(BrokenRule::Path)?;
    Ok(rules::read(der)?)
}

pub(super) fn key_of(certificate: &X509Certificate<'_>) -> KeyFingerprint {
    KeyFingerprint::of_spki(certificate.public_key().raw)
}

/// Checks the root that the links lead to. That it signed itself says that its key is meant to be one.
pub(super) fn check_root(
    root: &X509Certificate<'_>,
    profile: &Profile<'_>,
    now: Option<UnixTime>,
) -> Result<(), BrokenLink> {
    authority(root, profile, now)?;
    if is_signed(root, root) {
        Ok(())
    } else {
        Err(BrokenLink::Signature)
    }
}

fn authority(
    certificate: &X509Certificate<'_>,
    profile: &Profile<'_>,
    now: Option<UnixTime>,
) -> Result<(), BrokenLink> {
    rules::intermediate(certificate)?;
    rules::key(certificate.public_key())?;
    profile.check(certificate)?;
    if now.is_some_and(|now| !valid_at(validity(certificate), now)) {
        return Err(BrokenLink::OutOfTime);
    }
    Ok(())
}

/// Whether the key in `by` signed a certificate: ECDSA, P-256 and SHA-256, as all roots of devices have.
fn is_signed(certificate: &X509Certificate<'_>, by: &X509Certificate<'_>) -> bool {
    let algorithms = [
        &certificate.signature_algorithm.algorithm,
        &certificate.tbs_certificate.signature.algorithm,
    ];
    let key = by.public_key();
    let curve = key.algorithm.parameters.as_ref().map(|any| any.as_oid());
    let is_p256 = curve
        .and_then(Result::ok)
        .is_some_and(|curve| curve == OID_EC_P256);
    let signature = ECDSA_P256_SHA256.verify_signature(
        &key.subject_public_key.data,
        certificate.tbs_certificate.as_ref(),
        &certificate.signature_value.data,
    );
    is_p256
        && algorithms
            .iter()
            .all(|oid| **oid == OID_SIG_ECDSA_WITH_SHA256)
        && signature.is_ok()
}
