//! The referee's own certificate for its listener: by its intermediate, like those that it issues, and renewed like them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use settle_protocol::name::LocalName;
use settle_transport::certificate::{CertificateRequest, PrivateKey};

use crate::authority::{IssueError, Issuer, Wanted};

const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A new one is made each day: none that anybody is shown is about to end.
const NEW: Duration = Duration::from_secs(24 * 60 * 60);

/// Issues to the referee itself, when it is needed.
#[derive(Debug)]
pub(crate) struct OwnLeaf {
    issuer: Arc<Issuer>,
    names: Vec<LocalName>,
    held: Mutex<Option<(SystemTime, Arc<CertifiedKey>)>>,
}

impl OwnLeaf {
    pub(crate) const fn new(issuer: Arc<Issuer>, names: Vec<LocalName>) -> Self {
        Self {
            issuer,
            names,
            held: Mutex::new(None),
        }
    }

    /// The one for a moment.
    pub(crate) fn at(&self, now: SystemTime) -> Result<Arc<CertifiedKey>, IssueError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, leaf)) = &*held
            && now.duration_since(*since).is_ok_and(|age| age < NEW)
        {
            return Ok(Arc::clone(leaf));
        }
        let key = PrivateKey::make()?;
        let request = CertificateRequest::own(&key).map_err(|_| IssueError::Unreadable)?;
        let issued = self.issuer.issue(&Wanted {
            names: &self.names,
            request: &request,
            now,
            life: LIFE,
        })?;
        let chain = vec![issued.certificate, self.issuer.certificate().clone()];
        let leaf = Arc::new(key.certified(chain)?);
        *held = Some((now, Arc::clone(&leaf)));
        Ok(leaf)
    }
}

impl ResolvesServerCert for OwnLeaf {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let leaf = self.at(SystemTime::now());
        let told = |error| tracing::error!(%error, "the referee has no certificate of its own");
        leaf.map_err(told).ok()
    }
}
