//! What administrators are told, in the form that `--json` and the API have it. Nothing secret is among it.

use std::time::SystemTime;

use data_encoding::HEXLOWER;
use rustls_pki_types::CertificateDer;
use serde::Serialize;
use settle_device::{Link, LocalName};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::handover::Handover;
use settle_transport::certificate::fingerprint;

use super::Authorized;
use crate::authority::Issuer;
use crate::store::{Account, Certificate, ChallengeKind, Grant};

/// What is issued under.
#[derive(Clone, Debug, Serialize)]
pub struct AuthorityTold {
    /// Of the root's key.
    pub fingerprint: KeyFingerprint,
    /// How often there was a new root.
    pub rollovers: usize,
    /// What is at work, if it can be.
    pub intermediate: Option<IntermediateTold>,
}

/// What is at work.
#[derive(Clone, Debug, Serialize)]
pub struct IntermediateTold {
    /// Of its key.
    pub fingerprint: KeyFingerprint,
    /// Its serial number, by which the root revokes it.
    pub serial: String,
    /// When it ends, in seconds since the Unix epoch.
    pub ends: u64,
}

/// A name that was granted.
#[derive(Clone, Debug, Serialize)]
pub struct NameTold {
    /// The name.
    pub name: LocalName,
    /// Who may have it, in words.
    pub holder: String,
    /// What is asked besides.
    pub challenge: Option<&'static str>,
    /// Where that is asked.
    pub address: Option<std::net::IpAddr>,
}

/// An account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountTold {
    /// Its number.
    pub account: String,
    /// The thumbprint of its key.
    pub key: String,
    /// Whether it can do anything.
    pub valid: bool,
    /// How to reach who runs it, as they said.
    pub contacts: Vec<String>,
    /// By which external key it was made; empty where by none.
    pub external_key: String,
}

/// A certificate.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateTold {
    /// Its serial number.
    pub serial: String,
    /// For these names.
    pub names: Vec<String>,
    /// Whose.
    pub account: String,
    /// Of its key.
    pub fingerprint: String,
    /// In seconds since the Unix epoch.
    pub not_before: u64,
    /// Likewise.
    pub not_after: u64,
    /// When it was revoked, likewise.
    pub revoked: Option<u64>,
}

impl AuthorityTold {
    /// What there is to tell of an authority; none when its root cannot be read.
    #[must_use]
    pub fn of(root: &CertificateDer<'_>, links: &[Link], issuer: Option<&Issuer>) -> Option<Self> {
        let intermediate = issuer.map(|issuer| {
            let ends = issuer.ends().duration_since(SystemTime::UNIX_EPOCH);
            IntermediateTold {
                fingerprint: issuer.id(),
                serial: HEXLOWER.encode(&issuer.serial().unwrap_or_default()),
                ends: ends.unwrap_or_default().as_secs(),
            }
        });
        Some(Self {
            fingerprint: fingerprint(root)?,
            rollovers: links.len(),
            intermediate,
        })
    }
}

impl Serialize for Authorized {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            holder: String,
            est: String,
            #[serde(flatten)]
            handover: &'a Handover,
        }
        let told = Told {
            holder: self.holder.to_string(),
            est: self.handover.directory.est(),
            handover: &self.handover,
        };
        told.serialize(serializer)
    }
}

impl From<Grant> for NameTold {
    fn from(grant: Grant) -> Self {
        Self {
            holder: grant.holder.to_string(),
            challenge: grant.challenge.map(ChallengeKind::as_str),
            address: grant.address,
            name: grant.name,
        }
    }
}

impl From<Account> for AccountTold {
    fn from(account: Account) -> Self {
        Self {
            account: account.id,
            key: account.thumbprint,
            valid: account.is_valid,
            contacts: account.contacts,
            external_key: account.external_key,
        }
    }
}

impl From<Certificate> for CertificateTold {
    fn from(certificate: Certificate) -> Self {
        Self {
            serial: certificate.issued.serial,
            names: certificate.names,
            account: certificate.account,
            fingerprint: certificate.issued.key,
            not_before: certificate.issued.not_before,
            not_after: certificate.issued.not_after,
            revoked: certificate.revoked.map(|revoked| revoked.at),
        }
    }
}
