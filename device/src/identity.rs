//! Who the device is: its root key and root certificate, its names, and the key from which paired
//! clients derive how to find it (docs/pairing.md §6). Made once; never replaced by itself.

use data_encoding::{BASE64, HEXLOWER};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::secret::Secret;
use settle_transport::certificate::{self, IssueError, PrivateKey};
use settle_transport::random;
use zeroize::Zeroizing;

use crate::state::{Kind, StateDir, StateError};

const FILE: Kind = Kind {
    name: "identity",
    version: 1,
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
}

/// A device's lasting identity.
#[derive(Debug)]
pub(crate) struct Identity {
    label: Label,
    root_key: PrivateKey,
    root: CertificateDer<'static>,
    discovery_key: Secret<32>,
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
        let discovery_key = random::make_secret::<32>()?;
        let stored = Stored {
            label: label.clone(),
            root_key: Zeroizing::new(BASE64.encode(root_key.expose_pkcs8())),
            root: BASE64.encode(&root),
            discovery_key: Zeroizing::new(HEXLOWER.encode(discovery_key.expose())),
        };
        dir.store(FILE, &stored)?;
        Ok(Self {
            label: label.clone(),
            root_key,
            root,
            discovery_key,
        })
    }

    /// The error when there should be an identity.
    pub(crate) fn missing(dir: &StateDir) -> IdentityError {
        StateError::Missing(dir.path_of(FILE)).into()
    }

    fn read(stored: Stored) -> Option<Self> {
        let pkcs8 = Zeroizing::new(BASE64.decode(stored.root_key.as_bytes()).ok()?);
        let root_key = PrivateKey::from_pkcs8(&pkcs8).ok()?;
        let root = CertificateDer::from(BASE64.decode(stored.root.as_bytes()).ok()?);
        let discovery_key = Zeroizing::new(HEXLOWER.decode(stored.discovery_key.as_bytes()).ok()?);
        let discovery_key = Secret::new(discovery_key.as_slice().try_into().ok()?);
        (certificate::fingerprint(&root)? == root_key.fingerprint()).then_some(Self {
            label: stored.label,
            root_key,
            root,
            discovery_key,
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
        self.label.unique(&self.fingerprint())
    }

    /// All names, `<label>.local` first.
    pub(crate) fn names(&self) -> [LocalName; 2] {
        names_of(&self.label, &self.fingerprint())
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
