//! Whose certificate it is: the exact name among the subject alternative names, and nothing else.
//!
//! The common name is never read, an address is never taken for a name, and no wildcard matches:
//! local names are exact (RFC 9525 §6.3, RFC 6762 §3).

use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use super::{BrokenRule, rules};

/// RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

/// Checks that the certificate is for `name`.
pub(super) fn check(leaf: &CertificateDer<'_>, name: &LocalName) -> Result<(), BrokenRule> {
    let certificate = rules::read(leaf)?;
    let names = alternative_names(&certificate)?;
    if !names.iter().all(well_formed) {
        return Err(BrokenRule::MalformedName);
    }
    let found = names.iter().any(|shown| {
        matches!(shown, GeneralName::DNSName(shown) if shown.eq_ignore_ascii_case(name.as_str()))
    });
    if found {
        Ok(())
    } else {
        Err(BrokenRule::OtherName)
    }
}

fn alternative_names<'a>(
    certificate: &'a X509Certificate<'_>,
) -> Result<&'a [GeneralName<'a>], BrokenRule> {
    let extension = certificate
        .subject_alternative_name()
        .map_err(|_| BrokenRule::UnreadableExtension)?
        .ok_or(BrokenRule::OtherName)?;
    // RFC 5280 §4.1.2.6.
    if !extension.critical && rules::is_empty(certificate.subject()) {
        return Err(BrokenRule::UncriticalNames);
    }
    Ok(&extension.value.general_names)
}

/// RFC 5280 §4.2.1.6. What is malformed was made to be read in two ways: NUL, blanks, a final dot.
fn well_formed(name: &GeneralName<'_>) -> bool {
    match name {
        GeneralName::DNSName(name) => is_host(name.strip_prefix("*.").unwrap_or(name)),
        GeneralName::IPAddress(address) => matches!(address.len(), 4 | 16),
        GeneralName::Invalid(..) => false,
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::RegisteredID(_) => true,
    }
}

/// The preferred name syntax (RFC 1034 §3.5, RFC 1123 §2.1), and the underscore, which devices use.
pub(super) fn is_host(name: &str) -> bool {
    let octet = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(octet)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= MAX_NAME && name.split('.').all(label)
}
