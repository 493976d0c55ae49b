//! The certificates that a maker (manufacturer) issues: its authority's, those of devices (`IDevID`, IEEE
//! 802.1AR), and those that sign vouchers. `docs/maker.md` has the profile.

use std::time::{Duration, SystemTime};

use rcgen::string::PrintableString;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use settle_protocol::maker::{MakerName, SerialNumber};

use super::{IssueError, PrivateKey, common, no_end, read, sign, span};
use crate::evidence::DOCUMENT_SIGNING;

/// X.520 §6.2.9.
const SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];

/// A maker's authority, which users put on their lists. It issues directly.
///
/// # Errors
/// [`IssueError`].
pub fn maker_authority(
    key: &PrivateKey,
    name: &MakerName,
    now: SystemTime,
) -> Result<CertificateDer<'static>, IssueError> {
    let mut params = of_maker(name, now)?;
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{name} devices"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(&key.pair)?.der().clone())
}

/// The certificate of a device, which has no end.
///
/// # Errors
/// [`IssueError`].
pub fn idevid(
    authority_key: &PrivateKey,
    authority: &CertificateDer<'_>,
    key: &PrivateKey,
    serial_number: &SerialNumber,
    now: SystemTime,
) -> Result<CertificateDer<'static>, IssueError> {
    let mut params = end_entity(&name_of(authority)?, now)?;
    let serial_number = PrintableString::try_from(serial_number.as_str())?;
    params.distinguished_name.push(
        DnType::CustomDnType(SERIAL_NUMBER.to_vec()),
        DnValue::PrintableString(serial_number),
    );
    sign(params, authority_key, authority, key)
}

/// The certificate of a key that signs vouchers and nothing else.
///
/// # Errors
/// [`IssueError`].
pub fn voucher_signer(
    authority_key: &PrivateKey,
    authority: &CertificateDer<'_>,
    key: &PrivateKey,
    life: Duration,
    now: SystemTime,
) -> Result<CertificateDer<'static>, IssueError> {
    let name = name_of(authority)?;
    let mut params = end_entity(&name, now)?;
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{name} vouchers"));
    params.not_after = (now + life).into();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())];
    sign(params, authority_key, authority, key)
}

/// The name of a maker, as its certificate has it.
///
/// # Errors
/// [`IssueError::Nameless`].
pub fn name_of(authority: &CertificateDer<'_>) -> Result<MakerName, IssueError> {
    let parsed = read(authority).ok_or(IssueError::Nameless)?;
    let mut names = parsed.subject().iter_organization();
    let name = names.next().and_then(|name| name.as_str().ok());
    name.and_then(|name| MakerName::parse(name).ok())
        .ok_or(IssueError::Nameless)
}

fn end_entity(name: &MakerName, now: SystemTime) -> Result<CertificateParams, IssueError> {
    let mut params = of_maker(name, now)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn of_maker(name: &MakerName, now: SystemTime) -> Result<CertificateParams, IssueError> {
    let (from, _) = span(now, Duration::ZERO);
    let mut params = common(Vec::new(), (from, no_end()))?;
    params
        .distinguished_name
        .push(DnType::OrganizationName, name.as_str());
    Ok(params)
}
