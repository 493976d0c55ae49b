//! Certificates in one bag, as EST hands them out: CMS that signs nothing (RFC 5272 §4.1, "certs-only").

use cms::cert::x509::Certificate;
use cms::cert::x509::der::{Decode, Encode};
use cms::content_info::ContentInfo;
use rustls_pki_types::CertificateDer;

use super::IssueError;

/// All of these, in the order of DER; which of them is whose issuer is for the reader to see.
///
/// # Errors
/// [`IssueError::Collection`] when one of them is no certificate.
pub fn certs_only(certificates: &[CertificateDer<'_>]) -> Result<Vec<u8>, IssueError> {
    let read = certificates.iter().map(|one| Certificate::from_der(one));
    let bag = read.collect::<Result<Vec<_>, _>>();
    let bag = bag
        .and_then(ContentInfo::try_from)
        .and_then(|bag| bag.to_der());
    bag.map_err(IssueError::Collection)
}
