//! Trust in a device that knows nothing of Settle, by a certificate that the user got out of band.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::fingerprint::CertificateFingerprint;
use crate::name::LocalName;

/// Parameters of `import.start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartImport {
    /// The one name that the certificate shall be trusted for.
    pub name: LocalName,
    /// The TCP port of its HTTPS listener.
    pub port: u16,
    /// Where it is reached; it is looked for by its name as well.
    pub addresses: Vec<SocketAddr>,
    /// What the user has.
    pub source: ImportSource,
}

/// What the user got out of band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportSource {
    /// A certificate, as PEM: the device's own, or that of the authority that issues it.
    Pem(String),
    /// The SHA-256 fingerprint of the device's own certificate.
    Fingerprint(CertificateFingerprint),
}

/// What the user decides about. Nothing was proved by it: it is as good as the way it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportDecision {
    /// The number to commit with.
    pub import: u64,
    /// The one name.
    pub name: LocalName,
    /// The one port, beside that of a bare address.
    pub port: u16,
    /// Whether another device has this name here already.
    pub name_taken: bool,
    /// What is trusted.
    pub kind: ImportKind,
    /// Of the certificate.
    pub certificate: CertificateFingerprint,
}

/// What a certificate is trusted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// It issues the device's certificates.
    Authority,
    /// It is the device's certificate, and no other is.
    Certificate,
}
