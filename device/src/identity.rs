//! Who the device is: its root key and root certificate, its names, and the key from which paired
//! clients derive how to find it (docs/pairing.md §6). Made once; the root is replaced when somebody
//! says so (§10), and the names stay.

mod held;
mod rollover;

use data_encoding::{BASE64, HEXLOWER};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::secret::Secret;
use settle_transport::certificate::{self, IssueError, PrivateKey};
use settle_transport::random;
use zeroize::Zeroizing;

pub(crate) use self::held::Held;
pub(crate) use self::rollover::Rolled;
use self::rollover::{StoredRollover, first_key};
use crate::audit::By;
use crate::clock::unix_now;
use crate::state::{Kind, StateDir, StateError};

const FILE: Kind = Kind {
    name: "identity",
    version: 2,
};

/// Why there is no identity to serve with.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The directory holds a device of another name, and a name is part of an identity.
    #[error(
        "the state directory belongs to the device {stored:?}, not {asked:?}: give --name \
         {stored} or another --state"
    )]
    OtherName {
        /// The label in the directory.
        stored: String,
        /// The label that was given.
        asked: String,
    },
    /// A new identity cannot be made.
    #[error("cannot make the device's identity: {0}")]
    Issue(#[from] IssueError),
    /// No randomness.
    #[error("the system's random generator fails: {0}")]
    Random(#[from] getrandom::Error),
}

/// The file's content; texts so that it is one JSON object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    label: Label,
    root_key: Zeroizing<String>,
    root: String,
    discovery_key: Zeroizing<String>,
    /// The oldest first; version 1 knew none.
    #[serde(default)]
    rollovers: Vec<StoredRollover>,
}

/// A device's lasting identity.
#[derive(Debug)]
pub(crate) struct Identity {
    label: Label,
    root_key: PrivateKey,
    root: CertificateDer<'static>,
    discovery_key: Secret<32>,
    rollovers: Vec<Rolled>,
    /// Of the first root key, from which the unique name comes.
    first: KeyFingerprint,
}

impl Identity {
    /// Reads the identity of a device that has one.
    pub(crate) fn load(dir: &StateDir, label: &Label) -> Result<Option<Self>, IdentityError> {
        let loaded = Self::load_any(dir)?;
        match &loaded {
            Some(identity) if identity.label != *label => Err(IdentityError::OtherName {
                stored: identity.label.as_str().to_owned(),
                asked: label.as_str().to_owned(),
            }),
            Some(_) | None => Ok(loaded),
        }
    }

    /// The same, whatever its name.
    pub(crate) fn load_any(dir: &StateDir) -> Result<Option<Self>, IdentityError> {
        let Some(stored) = dir.load::<Stored>(FILE)? else {
            return Ok(None);
        };
        Self::read(stored).map(Some).ok_or_else(|| {
            let path = dir.path_of(FILE);
            let why = "its keys do not belong together";
            StateError::Damaged { path, why }.into()
        })
    }

    /// Makes the identity of a new device, and stores it.
    pub(crate) fn make(dir: &StateDir, label: &Label) -> Result<Self, IdentityError> {
        let root_key = PrivateKey::make()?;
        let names = names_of(label, &root_key.fingerprint());
        let root = certificate::device_root(&root_key, &names)?;
        let made = Self {
            label: label.clone(),
            first: root_key.fingerprint(),
            root_key,
            root,
            discovery_key: random::make_secret::<32>()?,
            rollovers: Vec::new(),
        };
        dir.store(FILE, &made.stored())?;
        Ok(made)
    }

    /// This device with a new root, which is nobody's before it is stored.
    pub(crate) fn rolled_over(&self, by: By) -> Result<Self, IssueError> {
        let root_key = PrivateKey::make()?;
        let (key, names) = (&self.root_key, self.names());
        let made = certificate::rollover(key, &self.root, &root_key, &names)?;
        let rolled = Rolled {
            at: unix_now(),
            by,
            link: made.link,
        };
        let rollovers = self.rollovers.iter().cloned().chain([rolled]);
        Ok(Self {
            label: self.label.clone(),
            root_key,
            root: made.root,
            discovery_key: Secret::new(*self.discovery_key.expose()),
            rollovers: rollovers.collect(),
            first: self.first,
        })
    }

    /// Takes the place of the identity on the disk, in one write; the file with the old key is
    /// overwritten then.
    pub(crate) fn supersede(&self, dir: &StateDir) -> Result<(), StateError> {
        dir.supersede(FILE, &self.stored())
    }

    /// The error when there should be an identity.
    pub(crate) fn missing(dir: &StateDir) -> IdentityError {
        StateError::Missing(dir.path_of(FILE)).into()
    }

    fn stored(&self) -> Stored {
        Stored {
            label: self.label.clone(),
            root_key: Zeroizing::new(BASE64.encode(self.root_key.expose_pkcs8())),
            root: BASE64.encode(&self.root),
            discovery_key: Zeroizing::new(HEXLOWER.encode(self.discovery_key.expose())),
            rollovers: self.rollovers.iter().map(Rolled::stored).collect(),
        }
    }

    fn read(stored: Stored) -> Option<Self> {
        let pkcs8 = Zeroizing::new(BASE64.decode(stored.root_key.as_bytes()).ok()?);
        let root_key = PrivateKey::from_pkcs8(&pkcs8).ok()?;
        let root = CertificateDer::from(BASE64.decode(stored.root.as_bytes()).ok()?);
        let discovery_key = Zeroizing::new(HEXLOWER.decode(stored.discovery_key.as_bytes()).ok()?);
        let discovery_key = Secret::new(discovery_key.as_slice().try_into().ok()?);
        let rollovers = stored.rollovers.into_iter().map(Rolled::read);
        let rollovers: Vec<Rolled> = rollovers.collect::<Option<_>>()?;
        let first = first_key(&root, &rollovers)?;
        (certificate::fingerprint(&root)? == root_key.fingerprint()).then_some(Self {
            label: stored.label,
            root_key,
            root,
            discovery_key,
            rollovers,
            first,
        })
    }

    /// The label that the device goes by.
    pub(crate) const fn label(&self) -> &Label {
        &self.label
    }

    /// The root certificate.
    pub(crate) const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The root key, which signs leaves.
    pub(crate) const fn root_key(&self) -> &PrivateKey {
        &self.root_key
    }

    /// The fingerprint of the root key.
    pub(crate) fn fingerprint(&self) -> KeyFingerprint {
        self.root_key.fingerprint()
    }

    /// The name that is the device's alone.
    pub(crate) fn unique_name(&self) -> LocalName {
        self.label.unique(&self.first)
    }

    /// All names, `<label>.local` first.
    pub(crate) fn names(&self) -> [LocalName; 2] {
        names_of(&self.label, &self.first)
    }

    /// The rollovers so far, the oldest first.
    pub(crate) fn rollovers(&self) -> &[Rolled] {
        &self.rollovers
    }

    /// What paired clients derive rotating names and tags from.
    pub(crate) const fn discovery_key(&self) -> &Secret<32> {
        &self.discovery_key
    }
}

fn names_of(label: &Label, root: &KeyFingerprint) -> [LocalName; 2] {
    [label.dot_local(), label.unique(root)]
}

#[cfg(test)]
mod tests {
    use settle_transport::succession::MAX_LINKS;

    use super::*;

    fn label() -> Label {
        Label::parse("printer").unwrap()
    }

    #[test]
    fn an_identity_stays_the_same_from_start_to_start() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        assert!(Identity::load(&dir, &label()).unwrap().is_none());
        let made = Identity::make(&dir, &label()).unwrap();
        let loaded = Identity::load(&dir, &label()).unwrap().unwrap();
        assert_eq!(loaded.fingerprint(), made.fingerprint());
        assert_eq!(loaded.root(), made.root());
        assert_eq!(
            loaded.discovery_key().expose(),
            made.discovery_key().expose()
        );
        assert!(loaded.unique_name().as_str().starts_with("printer-"));
    }

    #[test]
    fn a_new_root_keeps_all_names_and_leads_back_to_the_first() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let first = Identity::make(&dir, &label()).unwrap();
        let mut now = Identity::load(&dir, &label()).unwrap().unwrap();
        for _ in 0..MAX_LINKS {
            now = now.rolled_over(By::Owner).unwrap();
            now.supersede(&dir).unwrap();
        }
        let loaded = Identity::load(&dir, &label()).unwrap().unwrap();
        assert_eq!(loaded.root(), now.root());
        assert_ne!(loaded.fingerprint(), first.fingerprint());
        assert_eq!(loaded.names(), first.names());
        assert_eq!(
            loaded.discovery_key().expose(),
            first.discovery_key().expose()
        );
        let keys = loaded.rollovers().iter().filter_map(Rolled::keys);
        let keys: Vec<_> = keys.collect();
        assert_eq!(keys.len(), MAX_LINKS);
        assert_eq!(keys.first().unwrap().0, first.fingerprint());
        assert_eq!(keys.last().unwrap().1, now.fingerprint());
    }

    #[test]
    fn nothing_of_the_old_key_is_left_in_the_state_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let first = Identity::make(&dir, &label()).unwrap();
        let mut old = std::fs::File::open(dir.path_of(FILE)).unwrap();
        let next = first.rolled_over(By::Owner).unwrap();
        next.supersede(&dir).unwrap();
        let secret = BASE64.encode(first.root_key().expose_pkcs8());
        for entry in std::fs::read_dir(temp.path()).unwrap() {
            let text = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&text).contains(&secret));
        }
        let mut left = Vec::new();
        std::io::Read::read_to_end(&mut old, &mut left).unwrap();
        assert!(left.iter().all(|octet| *octet == 0), "it was overwritten");
    }

    #[test]
    fn an_identity_of_version_1_is_read() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let made = Identity::make(&dir, &label()).unwrap();
        let former = serde_json::json!({
            "label": "printer",
            "root_key": BASE64.encode(made.root_key().expose_pkcs8()),
            "root": BASE64.encode(made.root()),
            "discovery_key": HEXLOWER.encode(made.discovery_key().expose()),
        });
        dir.store(Kind { version: 1, ..FILE }, &former).unwrap();
        let loaded = Identity::load(&dir, &label()).unwrap().unwrap();
        assert_eq!(loaded.unique_name(), made.unique_name());
    }

    #[test]
    fn links_that_do_not_lead_to_the_root_are_damage() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let made = Identity::make(&dir, &label()).unwrap();
        let next = made.rolled_over(By::Owner).unwrap();
        let last = next.rolled_over(By::Owner).unwrap();
        for kept in [&last.rollovers()[..1], &last.rollovers()[1..]] {
            let mut stored = last.stored();
            stored.rollovers = kept.iter().map(Rolled::stored).collect();
            dir.store(FILE, &stored).unwrap();
            let loaded = Identity::load(&dir, &label());
            // Without the first link it is a device of another name.
            assert!(loaded.map_or(true, |read| read.unwrap().names() != made.names()));
        }
    }

    #[test]
    fn an_identity_keeps_its_name() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        Identity::make(&dir, &label()).unwrap();
        let error = Identity::load(&dir, &Label::parse("camera").unwrap()).unwrap_err();
        assert!(matches!(error, IdentityError::OtherName { .. }));
    }

    #[test]
    fn keys_that_do_not_belong_together_are_no_identity() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        Identity::make(&dir, &label()).unwrap();
        let mut stored: Stored = dir.load(FILE).unwrap().unwrap();
        let other = PrivateKey::make().unwrap();
        stored.root_key = Zeroizing::new(BASE64.encode(other.expose_pkcs8()));
        dir.store(FILE, &stored).unwrap();
        let error = Identity::load(&dir, &label()).unwrap_err();
        assert!(matches!(
            error,
            IdentityError::State(StateError::Damaged { .. })
        ));
    }

    #[test]
    fn no_debug_text_holds_a_key() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let made = Identity::make(&dir, &label()).unwrap();
        let text = format!("{made:?}");
        assert!(text.contains("Secret<32>(…)") && !text.contains("pkcs8"));
    }
}
