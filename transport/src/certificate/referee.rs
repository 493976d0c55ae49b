//! What a referee issues (docs/pairing.md §12, docs/referee.md): its authority, the authorities below it that
//! are at work, the certificates of servers, and lists of what is revoked.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateRevocationListParams, CrlDistributionPoint,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, RevocationReason, RevokedCertParams,
    SerialNumber,
};
use rustls_pki_types::CertificateDer;
use settle_protocol::name::{LOCAL_NAMESPACES, LocalName};

use super::{
    CertificateRequest, IssueError, PrivateKey, Rollover, always, authority, end_entity, sign_for,
    span,
};
use crate::succession::Link;

/// How long an authority at work lives.
pub const INTERMEDIATE_LIFE: Duration = Duration::from_secs(90 * super::DAY);
/// How long a list of revoked certificates is good for.
pub const REVOCATION_LIST_LIFE: Duration = Duration::from_secs(super::DAY);
/// How long the list of revoked authorities is good for: until the next one that is at work has long been made.
pub const ROOT_LIST_LIFE: Duration = Duration::from_secs(100 * super::DAY);

/// A referee's authority: for the local namespaces, and one authority below it.
///
/// # Errors
/// [`IssueError`].
pub fn referee_root(key: &PrivateKey) -> Result<CertificateDer<'static>, IssueError> {
    Ok(root_params()?.self_signed(&key.pair)?.der().clone())
}

/// The next authority, and the link to it from the one before.
///
/// # Errors
/// [`IssueError`].
pub fn referee_rollover(
    old_key: &PrivateKey,
    old: &CertificateDer<'_>,
    new_key: &PrivateKey,
) -> Result<Rollover, IssueError> {
    let half = || {
        let mut params = root_params()?;
        params.use_authority_key_identifier_extension = true;
        Ok::<_, IssueError>(params)
    };
    let root = referee_root(new_key)?;
    let link = Link {
        new_with_old: sign_for(half()?, old_key, old, &new_key.pair)?,
        old_with_new: sign_for(half()?, new_key, &root, &old_key.pair)?,
    };
    Ok(Rollover { root, link })
}

/// An authority at work, which signs what servers get. `revocations` is the address of the root's list.
///
/// # Errors
/// [`IssueError`].
pub fn referee_intermediate(
    root_key: &PrivateKey,
    root: &CertificateDer<'_>,
    key: &PrivateKey,
    now: SystemTime,
    revocations: Option<&str>,
) -> Result<CertificateDer<'static>, IssueError> {
    let span = span(now, INTERMEDIATE_LIFE);
    // Each has a name of its own, so that a chain is found by it as well as by the key.
    let mark: String = key.fingerprint().to_hex().chars().take(16).collect();
    let mut params = authority(
        &format!("Settle referee at work {mark}"),
        namespaces(),
        span,
    )?;
    params.use_authority_key_identifier_extension = true;
    params.crl_distribution_points = points(revocations);
    sign_for(params, root_key, root, &key.pair)
}

/// A server's certificate: names, and the key out of its request. `revocations` is the address of the list.
///
/// # Errors
/// [`IssueError`].
pub fn referee_leaf(
    issuer_key: &PrivateKey,
    issuer: &CertificateDer<'_>,
    key: &CertificateRequest,
    names: &[LocalName],
    validity: (SystemTime, SystemTime),
    revocations: Option<&str>,
) -> Result<CertificateDer<'static>, IssueError> {
    let names = names.iter().map(|name| name.as_str().to_owned()).collect();
    let mut params = end_entity(names, validity)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.crl_distribution_points = points(revocations);
    sign_for(params, issuer_key, issuer, key.public_key())
}

/// A certificate that is good no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: [u8; 16],
    /// Since when, in seconds since the Unix epoch.
    pub at: u64,
    /// Why (RFC 5280 §5.3.1), if that was said; numbers that are not used are left out.
    pub reason: Option<u8>,
}

/// The list of what an authority has revoked (RFC 5280 §5), DER, good for `life`. `number` never goes down.
///
/// # Errors
/// [`IssueError`].
pub fn revocation_list(
    issuer_key: &PrivateKey,
    issuer: &CertificateDer<'_>,
    revoked: &[Revoked],
    number: u64,
    (now, life): (SystemTime, Duration),
) -> Result<Vec<u8>, IssueError> {
    let revoked = revoked.iter().map(|revoked| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&revoked.serial),
        revocation_time: (SystemTime::UNIX_EPOCH + Duration::from_secs(revoked.at)).into(),
        reason_code: revoked.reason.and_then(reason),
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: now.into(),
        next_update: (now + life).into(),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = Issuer::from_ca_cert_der(issuer, &issuer_key.pair)?;
    Ok(list.signed_by(&issuer)?.der().to_vec())
}

fn points(revocations: Option<&str>) -> Vec<CrlDistributionPoint> {
    let point = revocations.map(|address| CrlDistributionPoint {
        uris: vec![address.to_owned()],
    });
    point.into_iter().collect()
}

const fn reason(number: u8) -> Option<RevocationReason> {
    Some(match number {
        1 => RevocationReason::KeyCompromise,
        2 => RevocationReason::CaCompromise,
        3 => RevocationReason::AffiliationChanged,
        4 => RevocationReason::Superseded,
        5 => RevocationReason::CessationOfOperation,
        6 => RevocationReason::CertificateHold,
        9 => RevocationReason::PrivilegeWithdrawn,
        10 => RevocationReason::AaCompromise,
        // 0 "should be absent", 8 is of other lists, 7 is of nobody.
        _ => return None,
    })
}

fn root_params() -> Result<rcgen::CertificateParams, IssueError> {
    let mut params = authority("Settle referee", namespaces(), always())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    Ok(params)
}

fn namespaces() -> Vec<String> {
    LOCAL_NAMESPACES.map(str::to_owned).to_vec()
}
