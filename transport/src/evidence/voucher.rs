//! What a voucher says (RFC 8366 §5), as JSON: read without leaving anything out, and held against the
//! device that was proved. The two signed forms are beside this, and how one is made in `seal`.

use data_encoding::BASE64;
use rustls_pki_types::UnixTime;
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::idevid::Device;
use super::{Proved, VoucherError};
use crate::certificate;

/// Clocks differ: what was made less than a day ahead of ours is not of the future. In seconds.
const SKEW: i64 = 24 * 60 * 60;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Artifact {
    #[serde(rename = "ietf-voucher:voucher")]
    pub(super) voucher: Voucher,
}

/// RFC 8366 §5.3, and the one field that is ours. A field of a later version could take back what the
/// others say, so none is skipped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Voucher {
    pub(super) created_on: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_on: Option<String>,
    pub(super) assertion: String,
    pub(super) serial_number: String,
    /// The value of the authority key identifier of the device's certificate.
    pub(super) idevid_issuer: String,
    /// The "domain" is the device's own name space, whose authority is its root.
    pub(super) pinned_domain_cert: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) domain_cert_revocation_checks: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_renewal_date: Option<String>,
    /// Also what tells this statement from one that hands a device over to an owner's network.
    #[serde(rename = "settle-voucher:unique-name")]
    pub(super) unique_name: String,
}

/// Holds a voucher, whose signer is verified, against its device.
pub(super) fn check(
    content: &[u8],
    device: &Device,
    proved: Proved<'_>,
    now: UnixTime,
) -> Result<(), VoucherError> {
    let Artifact { voucher } =
        serde_json::from_slice(content).map_err(|_| VoucherError::Malformed)?;
    if voucher.assertion != "verified" {
        return Err(VoucherError::Assertion);
    }
    if voucher.nonce.is_some() {
        return Err(VoucherError::Nonce);
    }
    if voucher.domain_cert_revocation_checks == Some(true) {
        return Err(VoucherError::RevocationChecks);
    }
    check_times(&voucher, now)?;
    if voucher.serial_number != device.serial_number.as_str() {
        return Err(VoucherError::OtherSerialNumber {
            expected: device.serial_number.clone(),
            seen: voucher.serial_number,
        });
    }
    if octets(&voucher.idevid_issuer)? != device.issuer {
        return Err(VoucherError::OtherIssuer);
    }
    let pinned = octets(&voucher.pinned_domain_cert)?;
    if pinned != proved.root && !is_former(&pinned, proved.former) {
        return Err(VoucherError::OtherRoot);
    }
    if voucher.unique_name != proved.unique_name.as_str() {
        return Err(VoucherError::OtherName(voucher.unique_name));
    }
    Ok(())
}

/// The key of a former root has named the next one, and so on to the root that was proved.
fn is_former(root: &[u8], former: &[KeyFingerprint]) -> bool {
    certificate::fingerprint(root).is_some_and(|key| former.iter().any(|one| one.matches(&key)))
}

fn check_times(voucher: &Voucher, now: UnixTime) -> Result<(), VoucherError> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let created = seconds(&voucher.created_on)?;
    let ends = voucher.expires_on.as_deref().map(seconds).transpose()?;
    // Nothing is decided by it, but it has to be a date.
    voucher
        .last_renewal_date
        .as_deref()
        .map(seconds)
        .transpose()?;
    if created > now.saturating_add(SKEW) {
        return Err(VoucherError::NotYet);
    }
    match ends {
        Some(end) if end <= now => Err(VoucherError::Expired),
        Some(_) | None => Ok(()),
    }
}

/// RFC 6991 `date-and-time`, in seconds since the Unix epoch.
fn seconds(text: &str) -> Result<i64, VoucherError> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map(OffsetDateTime::unix_timestamp)
        .map_err(|_| VoucherError::Malformed)
}

/// RFC 7951 §6.6.
fn octets(text: &str) -> Result<Vec<u8>, VoucherError> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|_| VoucherError::Malformed)
}
