//! Letting another computer in: the device is asked, over the verified connection, for a code to be handed on
//! (docs/device-api.md §3.3). It says whether this computer may.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::invitation::{Invitation, Invite, InvitedAs};
use settle_protocol::rpc::{ErrorKind, Refusal};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::Core;
use crate::proxy::upstream::UpstreamError;
use crate::trust_store::record::TrustedAnchor;

/// For the device to be found and verified, and to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Of its answer, in octets.
const MAX_ANSWER: usize = 16 * 1024;
/// How long a one-time code lives (docs/pairing.md §2.2).
const LIFE: Duration = Duration::from_secs(10 * 60);

/// The code; its other forms follow from it.
#[derive(Deserialize)]
struct Told {
    code: String,
}

/// Why the device makes none, by one of the words of docs/device-api.md §4.
#[derive(Deserialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
}

impl Problem {
    /// The word in a body; empty where there is none.
    pub(super) fn word(body: &[u8]) -> String {
        let problem: Option<Self> = serde_json::from_slice(body).ok();
        problem.map(|problem| problem.kind).unwrap_or_default()
    }
}

impl Core {
    /// Asks a device for a code by which another computer is let in.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn invite(&self, asked: &Invite) -> Result<Invitation, ErrorKind> {
        let device = self
            .vault
            .read(|contents| contents.devices.get(&asked.device).cloned())
            .ok_or(ErrorKind::UnknownDevice)?;
        match &device.anchor {
            TrustedAnchor::Paired(_) => {}
            TrustedAnchor::Imported(_) | TrustedAnchor::Vouched(_) => {
                return Err(ErrorKind::MakesNoCodes);
            }
        }
        let asked_at = SystemTime::now();
        let code = timeout(LIMIT, self.new_code(&device.id, asked.role))
            .await
            .unwrap_or(Err(ErrorKind::DeviceNotFound))?;
        let material = PairingMaterial::parse(&code).map_err(|_| ErrorKind::DeviceMisbehaved)?;
        if material.unique_name != device.unique_name {
            tracing::warn!(id = device.id, "a device made a code of another device");
            return Err(ErrorKind::DeviceMisbehaved);
        }
        let end = asked_at + LIFE;
        let since = end.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Invitation {
            code,
            expires_at: since.as_secs(),
        })
    }

    async fn new_code(&self, id: &str, role: InvitedAs) -> Result<String, ErrorKind> {
        let upstream = self.upstreams.of_id(id).ok_or(ErrorKind::Internal)?;
        let answer = upstream.ask_code(role).await.map_err(|error| {
            tracing::info!(%error, id, "a device was not asked for a code");
            kind_of(&error)
        })?;
        let status = answer.status();
        let body = whole(answer, id).await?;
        if status != StatusCode::CREATED {
            let word = Problem::word(&body);
            tracing::info!(id, %status, word, "a device makes no code");
            return Err(refused(&word));
        }
        let told: Told = serde_json::from_slice(&body).map_err(|_| ErrorKind::DeviceMisbehaved)?;
        Ok(told.code)
    }
}

/// The body of an answer, which may hold a secret.
pub(super) async fn whole(
    answer: Response<Incoming>,
    id: &str,
) -> Result<Zeroizing<Vec<u8>>, ErrorKind> {
    let body = Limited::new(answer.into_body(), MAX_ANSWER);
    let body = body.collect().await.map_err(|error| {
        tracing::info!(%error, id, "a device did not say whether it does what it was asked for");
        ErrorKind::DeviceNotFound
    })?;
    Ok(Zeroizing::new(Vec::from(body.to_bytes())))
}

fn refused(word: &str) -> ErrorKind {
    match word.strip_prefix("urn:settle:problem:") {
        Some("admins-only") => ErrorKind::AdminsOnly,
        Some("many-codes") => ErrorKind::ManyCodes,
        Some("not-found" | "method-not-allowed") => ErrorKind::MakesNoCodes,
        _ => ErrorKind::DeviceMisbehaved,
    }
}

pub(super) const fn kind_of(error: &UpstreamError) -> ErrorKind {
    match error {
        UpstreamError::Lost(_) => ErrorKind::DeviceNotFound,
        UpstreamError::Refused(refusal) => match refusal {
            Refusal::NotAdmitted {} => ErrorKind::AdminsOnly,
            Refusal::Unreachable {} => ErrorKind::DeviceNotFound,
            Refusal::WrongKey { .. }
            | Refusal::RolloverRefused { .. }
            | Refusal::WrongCertificate { .. }
            | Refusal::BrokenRule { .. }
            | Refusal::Expired {}
            | Refusal::CrossSite { .. } => ErrorKind::OtherDevice,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_a_device_has_its_own_next_step() {
        for (word, want) in [
            ("urn:settle:problem:admins-only", ErrorKind::AdminsOnly),
            ("urn:settle:problem:many-codes", ErrorKind::ManyCodes),
            ("urn:settle:problem:not-found", ErrorKind::MakesNoCodes),
            ("urn:settle:problem:failed", ErrorKind::DeviceMisbehaved),
            ("admins-only", ErrorKind::DeviceMisbehaved),
        ] {
            assert_eq!(refused(word), want, "{word}");
        }
    }
}
