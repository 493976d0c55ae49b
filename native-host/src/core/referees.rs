//! Referees: what they vouch for when somebody wants to open it, and whether the root that one issues under
//! has given way to another (docs/pairing.md §12).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::BASE64;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt as _, Limited};
use rustls_pki_types::{CertificateDer, UnixTime};
use serde::Deserialize;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::{Device, ErrorKind, Refusal};
use settle_transport::anchor::{Successor, follow_authority};
use tokio::time::{Instant, timeout};

use super::Core;
use crate::proxy::upstream::{WitnessError, Witnessed};
use crate::trust_store::TrustStore;
use crate::trust_store::record::{TrustedAnchor, TrustedDevice};

/// For a server to be found and verified, and for a referee to answer.
const LIMIT: Duration = Duration::from_secs(8);
/// A referee is asked what it issues under this often, while it is in use.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// And when a server shows a certificate that it did not issue under what is known.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Of its answer, in octets: a root, and eight links.
const MAX_ANSWER: usize = 64 * 1024;

/// When each referee was asked last, by its identifier.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<HashMap<String, Instant>>);

impl Asked {
    /// Whether it is time to ask again; it counts as asked then.
    fn is_due(&self, id: &str, every: Duration) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = asked.get(id).is_none_or(|last| last.elapsed() >= every);
        if due {
            asked.insert(id.to_owned(), Instant::now());
        }
        due
    }
}

/// `GET /.well-known/settle/authority` (docs/device-api.md §3.5).
#[derive(Deserialize)]
struct Told {
    root: String,
    rollover: Vec<ToldLink>,
}

#[derive(Deserialize)]
struct ToldLink {
    new_with_old: String,
    old_with_new: String,
}

impl Told {
    /// The root and the links, the newest first; `None` where something is no base64.
    fn chain(&self) -> Option<Vec<CertificateDer<'static>>> {
        let links = self.rollover.iter().rev();
        let links = links.flat_map(|link| [&link.new_with_old, &link.old_with_new]);
        let texts = std::iter::once(&self.root).chain(links);
        let der = |text: &String| Some(BASE64.decode(text.as_bytes()).ok()?.into());
        texts.map(der).collect()
    }
}

impl Core {
    /// Looks whether a referee vouches for a name that is no device's own, and keeps it.
    ///
    /// # Errors
    /// [`ErrorKind::NotVouched`], [`ErrorKind::DeviceNotFound`], [`ErrorKind::NameTaken`], or of the store.
    pub async fn vouch(self: &Arc<Self>, name: LocalName, port: u16) -> Result<Device, ErrorKind> {
        if let Some((known, _)) = self.upstreams.find(&name, port) {
            return Ok(known.view());
        }
        let witnessed = match self.witness(&name, port).await {
            Err(ErrorKind::NotVouched) if self.look_at_authorities().await => {
                self.witness(&name, port).await?
            }
            seen => seen?,
        };
        let vouch = move |store: &mut TrustStore, now| store.vouch(witnessed, now);
        let device = self.change(vouch).await?;
        tracing::info!(%name, port, "a referee vouches for a server");
        self.devices_changed();
        Ok(device.view())
    }

    /// The server of a name, verified under one of the referees' authorities.
    async fn witness(&self, name: &LocalName, port: u16) -> Result<Witnessed, ErrorKind> {
        let (label, _) = name.as_str().split_once('.').unwrap_or_default();
        let petname = Label::parse(label).map_err(|_| ErrorKind::NotVouched)?;
        let candidates = self
            .vault
            .read(|contents| match contents.name_taken(name, &petname) {
                true => Err(ErrorKind::NameTaken),
                false => Ok(contents.candidates(name, &petname, port)),
            })?;
        let looking = candidates.into_iter();
        let looking = looking.map(|record| Witnessed::look(record, self.discovery.clone()));
        let mut looking: FuturesUnordered<_> = looking.collect();
        let first = async {
            let mut why = ErrorKind::NotVouched;
            while let Some(seen) = looking.next().await {
                match seen {
                    Ok(witnessed) => return Ok(witnessed),
                    Err(WitnessError::Refused(Refusal::Unreachable {})) => {
                        why = ErrorKind::DeviceNotFound;
                    }
                    Err(error) => tracing::info!(%error, %name, "nobody vouches for a server"),
                }
            }
            Err(why)
        };
        timeout(LIMIT, first)
            .await
            .unwrap_or(Err(ErrorKind::DeviceNotFound))
    }

    /// Asks a referee that was reached just now what it issues under.
    pub(super) fn look_at_authority(self: &Arc<Self>, id: &str) {
        let referee = self.referee(id);
        if let Some(referee) = referee.filter(|_| self.asked.is_due(id, ASK_EVERY)) {
            let core = Arc::clone(self);
            tokio::spawn(async move { core.follow_authority(&referee).await });
        }
    }

    /// The same for the referee that has vouched for a server, which shows another certificate now.
    pub(super) fn look_at_authority_behind(self: &Arc<Self>, id: &str) {
        let referee = self.vault.read(|contents| {
            let vouched = &contents.devices.get(id)?.anchor;
            match vouched {
                TrustedAnchor::Vouched(vouched) => Some(vouched.referee.clone()),
                TrustedAnchor::Paired(_) | TrustedAnchor::Imported(_) => None,
            }
        });
        let referee = referee.and_then(|id| self.referee(&id));
        if let Some(referee) = referee.filter(|one| self.asked.is_due(&one.id, ASK_AGAIN)) {
            let core = Arc::clone(self);
            tokio::spawn(async move { core.follow_authority(&referee).await });
        }
    }

    /// Asks all referees; whether one has another authority by now.
    async fn look_at_authorities(&self) -> bool {
        let referees = self.vault.read(|contents| {
            let referees = contents.devices.iter();
            let referees = referees.filter(|device| device.authority().is_some());
            referees.cloned().collect::<Vec<_>>()
        });
        let due = referees.iter();
        let due = due.filter(|referee| self.asked.is_due(&referee.id, ASK_AGAIN));
        let asking = due.map(|referee| self.follow_authority(referee));
        let followed = futures_util::future::join_all(asking).await;
        followed.contains(&true)
    }

    fn referee(&self, id: &str) -> Option<Arc<TrustedDevice>> {
        let device = self
            .vault
            .read(|contents| contents.devices.get(id).cloned())?;
        device.authority().is_some().then_some(device)
    }

    /// Whether a referee has another authority, which the one that is trusted vouches for and which is in
    /// its place now.
    async fn follow_authority(&self, referee: &TrustedDevice) -> bool {
        let id = referee.id.as_str();
        let Some(successor) = timeout(LIMIT, self.asked_successor(referee))
            .await
            .ok()
            .flatten()
        else {
            return false;
        };
        let (owned, authority) = (id.to_owned(), successor.fingerprint());
        let stored = self
            .change(move |store, now| Ok(store.roll_over_authority(&owned, &successor, now)?))
            .await;
        match stored {
            Ok(true) => {
                tracing::info!(id, %authority, "a referee has another authority");
                self.devices_changed();
                true
            }
            Ok(false) => false,
            // The former one stays trusted, and the next answer is another chance.
            Err(error) => {
                tracing::warn!(id, %error, "a referee's new authority is not stored");
                false
            }
        }
    }

    /// What the links that a referee shows lead to, if that is another authority than the one that is trusted.
    async fn asked_successor(&self, referee: &TrustedDevice) -> Option<Successor> {
        let trusted = CertificateDer::from(referee.authority()?.root.as_slice());
        let upstream = self.upstreams.of_id(&referee.id)?;
        let answer = upstream.ask_authority().await;
        let answer = answer
            .inspect_err(|error| tracing::debug!(%error, "a referee does not answer"))
            .ok()?;
        let body = Limited::new(answer.into_body(), MAX_ANSWER)
            .collect()
            .await
            .ok()?;
        let told: Told = serde_json::from_slice(&body.to_bytes()).ok()?;
        let followed = follow_authority(&trusted, &told.chain()?, UnixTime::now());
        followed
            .inspect_err(|error| {
                tracing::warn!(%error, id = referee.id, "a referee's new authority is not followed");
            })
            .ok()
            .flatten()
    }
}
