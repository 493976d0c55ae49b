//! What a device's `IDevID` certificate (IEEE 802.1AR §8) says of it: the serial number in its subject.

use settle_protocol::maker::SerialNumber;
use x509_parser::oid_registry::{OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_SERIALNUMBER};
use x509_parser::prelude::X509Certificate;

use super::{EvidenceError, Part};
use crate::anchor::rules;

/// A device, as its maker's certificate has it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) serial_number: SerialNumber,
    /// The value of the certificate's authority key identifier, DER: a serial number is one device's
    /// only among those of one issuer.
    pub(super) issuer: Vec<u8>,
}

/// Reads a certificate whose path is verified.
pub(super) fn read(certificate: &[u8]) -> Result<Device, EvidenceError> {
    let parsed = rules::read(certificate).map_err(|rule| EvidenceError::Certificate {
        part: Part::Device,
        rule,
    })?;
    let issuer = parsed
        .extensions()
        .iter()
        .find(|extension| extension.oid == OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER)
        .ok_or(EvidenceError::NoAuthorityKey)?;
    Ok(Device {
        serial_number: serial_number_of(&parsed)?,
        issuer: issuer.value.to_vec(),
    })
}

/// The serial number in the subject of a certificate.
///
/// # Errors
/// [`EvidenceError`].
pub fn serial_number(certificate: &[u8]) -> Result<SerialNumber, EvidenceError> {
    read(certificate).map(|device| device.serial_number)
}

fn serial_number_of(certificate: &X509Certificate<'_>) -> Result<SerialNumber, EvidenceError> {
    let mut found = certificate.subject().iter_by_oid(&OID_X509_SERIALNUMBER);
    let (Some(attribute), None) = (found.next(), found.next()) else {
        return Err(EvidenceError::SerialNumbers);
    };
    let text = attribute
        .as_str()
        .map_err(|_| EvidenceError::SerialNumbers)?;
    SerialNumber::parse(text).map_err(EvidenceError::SerialNumber)
}
