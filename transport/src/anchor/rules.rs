//! The rules for one certificate that webpki leaves out; it checks signatures, times, basic
//! constraints, path lengths below the anchor, name constraints and extended key usage.

use std::collections::HashSet;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{KeyUsage, ParsedExtension};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name, X509Version};

use super::{BrokenRule, constraints};

/// RFC 5280 §4.1.2.2.
const MAX_SERIAL_OCTETS: usize = 20;
/// NIST SP 800-131A; also the least that the TLS library verifies.
const MIN_RSA_BITS: usize = 2048;

/// Reads one certificate and nothing behind it.
pub(crate) fn read(der: &[u8]) -> Result<X509Certificate<'_>, BrokenRule> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => Err(BrokenRule::Unreadable),
    }
}

/// Checks an anchor. Its serial number is not looked at: the user has this very certificate, and old
/// private authorities have the number 0.
pub(super) fn anchor(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    authority(certificate)?;
    if serves(certificate)? == Some(false) {
        return Err(BrokenRule::Purpose);
    }
    Ok(())
}

/// Checks an authority, whatever it issues for.
pub(crate) fn authority(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    any(certificate)?;
    if certificate
        .extensions()
        .iter()
        .any(|extension| extension.critical && !of_authority(extension.parsed_extension()))
    {
        return Err(BrokenRule::CriticalExtension);
    }
    let constraints = certificate.basic_constraints().map_err(unreadable)?;
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(BrokenRule::NoAuthority);
    }
    // RFC 5280 §6.1.4 (n).
    if key_usage(certificate)?.is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(BrokenRule::MayNotSign);
    }
    // RFC 5280 §4.1.2.6.
    if is_empty(certificate.subject()) {
        return Err(BrokenRule::Nameless);
    }
    match certificate.name_constraints().map_err(unreadable)? {
        Some(extension) => constraints::check(extension.value),
        None => Ok(()),
    }
}

/// Checks an authority between anchor and leaf.
pub(crate) fn intermediate(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    serial(certificate)?;
    anchor(certificate)
}

/// Checks a server's certificate, all but its names and whether it is meant for servers.
pub(crate) fn end_entity(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    serial(certificate)?;
    any(certificate)?;
    if certificate
        .extensions()
        .iter()
        .any(|extension| extension.critical && !of_end_entity(extension.parsed_extension()))
    {
        return Err(BrokenRule::CriticalExtension);
    }
    let constraints = certificate.basic_constraints().map_err(unreadable)?;
    // RFC 5280 §4.2.1.9, §4.2.1.10: of authorities only.
    if constraints.is_some_and(|constraints| constraints.value.path_len_constraint.is_some())
        || certificate
            .name_constraints()
            .map_err(unreadable)?
            .is_some()
    {
        return Err(BrokenRule::NotAnAuthoritys);
    }
    // RFC 8446 §4.4.2.2 and RFC 5280 §4.2.1.3.
    if key_usage(certificate)?
        .is_some_and(|usage| !usage.digital_signature() || usage.key_cert_sign())
    {
        return Err(BrokenRule::KeyUsage);
    }
    key(certificate.public_key())
}

/// Checks that a certificate says it is for servers; "any purpose" does not say it
/// (RFC 5280 §4.2.1.12 leaves that to the application).
pub(super) fn server(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    match serves(certificate)? {
        Some(true) => Ok(()),
        Some(false) | None => Err(BrokenRule::Purpose),
    }
}

/// Checks that a key is one which the TLS library verifies signatures of.
pub(crate) fn key(spki: &SubjectPublicKeyInfo<'_>) -> Result<(), BrokenRule> {
    let algorithm = &spki.algorithm.algorithm;
    let strong = if *algorithm == OID_PKCS1_RSAENCRYPTION {
        rsa_bits(spki) >= MIN_RSA_BITS
    } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = spki.algorithm.parameters.as_ref().map(|any| any.as_oid());
        // A curve that is spelled out instead of named is no identifier (RFC 5480 §2.1.1).
        curve
            .and_then(Result::ok)
            .is_some_and(|curve| [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521].contains(&curve))
    } else {
        *algorithm == OID_SIG_ED25519
    };
    if strong { Ok(()) } else { Err(BrokenRule::Key) }
}

/// Whether a name has no attribute.
pub(super) fn is_empty(name: &X509Name<'_>) -> bool {
    name.iter_rdn().next().is_none()
}

fn any(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    let fields = &certificate.tbs_certificate;
    if fields.version != X509Version::V3
        || fields.issuer_uid.is_some()
        || fields.subject_uid.is_some()
    {
        return Err(BrokenRule::Version);
    }
    // RFC 5280 §4.1.2.4.
    if is_empty(certificate.issuer()) {
        return Err(BrokenRule::Nameless);
    }
    let mut known = HashSet::new();
    for extension in certificate.extensions() {
        // RFC 5280 §4.2.
        if !known.insert(&extension.oid) {
            return Err(BrokenRule::DuplicateExtension);
        }
        let parsed = extension.parsed_extension();
        if matches!(parsed, ParsedExtension::ParseError { .. }) {
            return Err(BrokenRule::UnreadableExtension);
        }
        // RFC 5280 §4.2.1.11 has it critical always; we process it never.
        if matches!(parsed, ParsedExtension::PolicyConstraints(_)) {
            return Err(BrokenRule::Policies);
        }
    }
    Ok(())
}

/// Checks the number that its issuer gave it.
pub(crate) fn serial(certificate: &X509Certificate<'_>) -> Result<(), BrokenRule> {
    let serial = certificate.raw_serial();
    let negative = serial.first().is_none_or(|first| first & 0x80 != 0);
    let zero = serial.iter().all(|octet| *octet == 0);
    if negative || zero || serial.len() > MAX_SERIAL_OCTETS {
        return Err(BrokenRule::Serial);
    }
    Ok(())
}

const fn of_authority(extension: &ParsedExtension<'_>) -> bool {
    of_end_entity(extension) || matches!(extension, ParsedExtension::NameConstraints(_))
}

const fn of_end_entity(extension: &ParsedExtension<'_>) -> bool {
    matches!(
        extension,
        ParsedExtension::BasicConstraints(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::ExtendedKeyUsage(_)
            | ParsedExtension::SubjectAlternativeName(_)
    )
}

fn key_usage(certificate: &X509Certificate<'_>) -> Result<Option<KeyUsage>, BrokenRule> {
    let usage = certificate.key_usage().map_err(unreadable)?;
    Ok(usage.map(|usage| *usage.value))
}

/// Whether the extended key usage has servers in it, if there is one.
fn serves(certificate: &X509Certificate<'_>) -> Result<Option<bool>, BrokenRule> {
    let usage = certificate.extended_key_usage().map_err(unreadable)?;
    Ok(usage.map(|usage| usage.value.server_auth))
}

fn rsa_bits(spki: &SubjectPublicKeyInfo<'_>) -> usize {
    let Ok(PublicKey::RSA(key)) = spki.parsed() else {
        return 0;
    };
    let leading = key.modulus.iter().take_while(|octet| **octet == 0).count();
    let significant = key.modulus.get(leading..).unwrap_or_default();
    let first = significant.first().map_or(0, |first| first.leading_zeros());
    (significant.len() * 8).saturating_sub(usize::try_from(first).unwrap_or(usize::MAX))
}

fn unreadable(_: x509_parser::error::X509Error) -> BrokenRule {
    BrokenRule::UnreadableExtension
}
