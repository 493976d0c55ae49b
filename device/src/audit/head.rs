//! Where the log begins and ends, signed with the root key: leaves come and go, and the root is what
//! clients have paired with. What is signed begins with words, so it is no certificate.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_transport::certificate::{self, IssueError, PrivateKey};

use rustls_pki_types::CertificateDer;

const LABEL: &str = "settle-device audit head 1";

/// Where a log begins and ends.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The fingerprint of the root key.
    pub device: KeyFingerprint,
    /// The oldest entry that is kept.
    pub first: u64,
    /// The newest; one less than `first` where there is none.
    pub last: u64,
    /// The hash of the newest.
    pub hash: String,
    /// When it was signed, in seconds since the Unix epoch.
    pub signed_at: u64,
}

/// A head with its signature.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SignedHead {
    /// What is signed.
    #[serde(flatten)]
    pub head: Head,
    /// ECDSA with P-256 and SHA-256, DER (RFC 3279 §2.2.3), in base64.
    pub signature: String,
}

impl Head {
    /// Signs it.
    pub(crate) fn sign(self, root_key: &PrivateKey) -> Result<SignedHead, IssueError> {
        let signature = root_key.sign(self.message().as_bytes())?;
        Ok(SignedHead {
            head: self,
            signature: BASE64.encode(&signature),
        })
    }

    /// What is signed: a line for each of its fields, in their order, behind a line that says so.
    fn message(&self) -> String {
        let Self {
            device,
            first,
            last,
            hash,
            signed_at,
        } = self;
        format!("{LABEL}\n{device}\n{first}\n{last}\n{hash}\n{signed_at}\n")
    }
}

impl SignedHead {
    /// Whether the holder of the root's key has signed it.
    #[must_use]
    pub fn is_signed_by(&self, root: &CertificateDer<'_>) -> bool {
        let Ok(signature) = BASE64.decode(self.signature.as_bytes()) else {
            return false;
        };
        certificate::fingerprint(root) == Some(self.head.device)
            && certificate::has_signed(root, self.head.message().as_bytes(), &signature)
    }
}
