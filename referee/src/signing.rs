//! From a request to a certificate as the store keeps it, for whatever protocol asked. It is nobody's until the store has
//! handed it out; who may have it is decided there.

use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use settle_protocol::name::LocalName;
use settle_transport::certificate::{CertificateRequest, fingerprint};

use crate::authority::{IssueError, Issuer, Wanted};
use crate::store::NewCertificate;

/// How long certificates live that servers get.
const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Signs one for these names, with the key out of the request.
///
/// # Errors
/// [`IssueError`].
pub(crate) fn sign(
    issuer: &Issuer,
    names: &[LocalName],
    request: &CertificateRequest,
) -> Result<NewCertificate, IssueError> {
    let issued = issuer.issue(&Wanted {
        names,
        request,
        now: SystemTime::now(),
        life: LIFE,
    })?;
    let root = fingerprint(issuer.root()).ok_or(IssueError::Unreadable)?;
    Ok(NewCertificate {
        serial: HEXLOWER.encode(&issued.serial),
        chain: issuer.chain_pem(&issued.certificate),
        issuer: issuer.id().to_hex(),
        root: root.to_hex(),
        key: request.fingerprint().to_hex(),
        not_before: issued.not_before,
        not_after: issued.not_after,
    })
}
