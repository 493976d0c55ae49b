//! The certificate that the device shows: issued by its root, short-lived, and issued anew at two
//! thirds of its life, or when the clock was set to where it is not valid.
//!
//! Held in memory alone: a restart issues another, and clients trust the root.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use settle_transport::certificate::{self, DEVICE_LEAF_LIFE, IssueError, PrivateKey};
use settle_transport::succession;

use crate::identity::{Held, Identity};

/// The current leaf.
#[derive(Debug)]
pub(crate) struct Leaf {
    identity: Arc<Held>,
    current: RwLock<Issued>,
}

/// A leaf and who it is of.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) identity: Arc<Identity>,
    pub(crate) key: Arc<CertifiedKey>,
    at: SystemTime,
}

impl Leaf {
    /// Issues the first one.
    pub(crate) fn issue(identity: Arc<Held>, now: SystemTime) -> Result<Self, IssueError> {
        let current = RwLock::new(Issued::new(identity.get(), now)?);
        Ok(Self { identity, current })
    }

    /// The leaf with the root behind it, issued anew when that is due, or when there is another root.
    pub(crate) fn at(&self, now: SystemTime) -> Issued {
        let identity = self.identity.get();
        let issued = self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if issued.serves(&identity, now) {
            return issued;
        }
        match Issued::new(identity, now) {
            Ok(renewed) => {
                tracing::info!("the device's certificate was renewed");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = renewed.clone();
                renewed
            }
            Err(error) => {
                tracing::warn!(%error, "the device's certificate cannot be renewed");
                issued
            }
        }
    }
}

impl Issued {
    fn new(identity: Arc<Identity>, now: SystemTime) -> Result<Self, IssueError> {
        let key = PrivateKey::make()?;
        let leaf = certificate::device_leaf(
            identity.root_key(),
            identity.root(),
            &key,
            &identity.names(),
            now,
        )?;
        let links = identity.rollovers().iter().map(|rolled| &rolled.link);
        let chain = succession::chain(leaf, identity.root(), links);
        Ok(Self {
            at: now,
            key: Arc::new(key.certified(chain)?),
            identity,
        })
    }

    /// Whether it is by the root of now, and in the first two thirds of its life.
    fn serves(&self, identity: &Arc<Identity>, now: SystemTime) -> bool {
        let renewal: Duration = DEVICE_LEAF_LIFE * 2 / 3;
        Arc::ptr_eq(&self.identity, identity)
            && now.duration_since(self.at).is_ok_and(|age| age < renewal)
    }
}

impl ResolvesServerCert for Leaf {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.at(SystemTime::now()).key)
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::UnixTime;
    use settle_protocol::name::Label;
    use settle_protocol::scope::ExactScope;
    use settle_transport::anchor::Anchor;

    use super::*;
    use crate::audit::By;
    use crate::state::StateDir;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn leaf(now: SystemTime) -> Leaf {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let identity = Identity::make(&dir, &Label::parse("printer").unwrap()).unwrap();
        Leaf::issue(Held::new(identity), now).unwrap()
    }

    fn verify(leaf: &Leaf, now: SystemTime) {
        let Issued { identity, key, .. } = leaf.at(now);
        let [end_entity, root] = key.cert.as_slice() else {
            panic!("the leaf and the root");
        };
        let scope = ExactScope::new(identity.names(), [443]);
        let anchor = Anchor::device(root, scope).unwrap();
        let time = UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap());
        for name in identity.names() {
            anchor.verify(end_entity, &[], &name, 443, time).unwrap();
        }
    }

    #[test]
    fn clients_accept_the_leaf_by_the_root_for_both_names() {
        let now = SystemTime::now();
        verify(&leaf(now), now);
    }

    #[test]
    fn a_leaf_is_kept_for_two_thirds_of_its_life_and_then_renewed() {
        let now = SystemTime::now();
        let leaf = leaf(now);
        let first = leaf.at(now).key;
        assert!(Arc::ptr_eq(&first, &leaf.at(now + 19 * DAY).key));
        let second = leaf.at(now + 21 * DAY).key;
        assert!(!Arc::ptr_eq(&first, &second));
        verify(&leaf, now + 21 * DAY);
    }

    #[test]
    fn another_root_means_another_leaf_and_the_links_behind_it() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let now = SystemTime::now();
        let made = Identity::make(&dir, &Label::parse("printer").unwrap()).unwrap();
        let held = Held::new(made);
        let leaf = Leaf::issue(Arc::clone(&held), now).unwrap();
        let first = leaf.at(now);
        held.replace(first.identity.rolled_over(By::Owner).unwrap());
        let second = leaf.at(now);
        assert!(!Arc::ptr_eq(&first.key, &second.key));
        assert_eq!((first.key.cert.len(), second.key.cert.len()), (2, 4));
        let scope = ExactScope::new(first.identity.names(), [443]);
        let anchor = Anchor::device(first.identity.root(), scope).unwrap();
        let time = UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap());
        for name in first.identity.names() {
            let [end_entity, others @ ..] = second.key.cert.as_slice() else {
                panic!("a leaf");
            };
            let followed = anchor.follow(end_entity, others, &name, 443, time);
            let successor = followed.unwrap().unwrap();
            assert_eq!(successor.fingerprint(), second.identity.fingerprint());
        }
    }

    #[test]
    fn a_clock_that_is_set_back_gets_a_leaf_of_its_time() {
        let now = SystemTime::now();
        let leaf = leaf(now);
        let first = leaf.at(now).key;
        assert!(!Arc::ptr_eq(&first, &leaf.at(now - DAY).key));
    }
}
