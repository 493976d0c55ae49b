//! How the parts of a daemon come to be: the store is opened, the bridge authority and the proxy's
//! address are taken from it or made, and everything is set to work.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use data_encoding::BASE32_NOPAD;
use settle_keyring::{KeySlot, Keyring};
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::rpc::{self, ErrorKind, Event};
use settle_protocol::secret::SecretBytes;
use settle_transport::certificate::IssueError;
use settle_transport::envelope::EnvelopeError;
use settle_transport::random;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::referees::Asked;
use super::rollovers::Unstored;
use super::{Core, store_kind};
use crate::discovery::Discovery;
use crate::paths::Paths;
use crate::proxy::Proxy;
use crate::proxy::bridge::{self, BridgeAuthority};
use crate::proxy::upstreams::Upstreams;
use crate::trust_store::passphrase::{PassphraseFile, PassphraseFileError};
use crate::trust_store::record::ProxyAddress;
use crate::trust_store::{StoreError, TrustStore};
use crate::vault::{Interrupted, Vault};

/// The open store cannot be put to use.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Of the file that a passphrase opens.
    #[error(transparent)]
    Passphrase(#[from] PassphraseFileError),
    /// The user has to give the passphrase.
    #[error("the trust store is sealed with a passphrase, which was not given yet")]
    PassphraseNeeded,
    /// There is a store, whose key can only be moved once it is open.
    #[error("there is a trust store already: it has to be opened first")]
    StoreExists,
    /// Of the bridge authority.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// No port for the proxy.
    #[error("the proxy cannot listen on the loopback: {0}")]
    Listen(io::Error),
    /// Shutting down.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl OpenError {
    /// What the user is told.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => store_kind(error),
            Self::Passphrase(error) => passphrase_kind(error),
            Self::PassphraseNeeded => ErrorKind::PassphraseNeeded,
            Self::StoreExists => ErrorKind::KeyringMissing,
            Self::Issue(_) | Self::Listen(_) | Self::Interrupted(_) => ErrorKind::Internal,
        }
    }
}

/// What a passphrase did not open is told to its user.
pub(super) const fn passphrase_kind(error: &PassphraseFileError) -> ErrorKind {
    match error {
        PassphraseFileError::File { .. } => ErrorKind::StoreUnusable,
        PassphraseFileError::Envelope(EnvelopeError::Sealed) => ErrorKind::PassphraseWrong,
        PassphraseFileError::Envelope(EnvelopeError::TooShort) => ErrorKind::PassphraseShort,
        PassphraseFileError::Envelope(EnvelopeError::Foreign) => ErrorKind::StoreTampered,
        PassphraseFileError::Envelope(EnvelopeError::Newer(_)) => ErrorKind::HostTooOld,
        PassphraseFileError::Envelope(EnvelopeError::Unable) => ErrorKind::Internal,
    }
}

/// Where the store's key comes from.
#[derive(Debug)]
pub enum KeySource {
    /// From where the user has it, which is the keyring unless a passphrase was chosen.
    AsChosen(Option<Passphrase>),
    /// From nowhere yet: a store that is not there will have this passphrase.
    New(Passphrase),
}

impl KeySource {
    fn slot(self, path: PathBuf, store: &Path) -> Result<Box<dyn KeySlot>, OpenError> {
        match self {
            Self::New(_) if PassphraseFile::is_chosen(&path) || store.exists() => {
                Err(OpenError::StoreExists)
            }
            Self::New(passphrase) => Ok(Box::new(PassphraseFile::make(path, &passphrase)?)),
            Self::AsChosen(_) if !PassphraseFile::is_chosen(&path) => Ok(Box::new(Keyring)),
            Self::AsChosen(None) => Err(OpenError::PassphraseNeeded),
            Self::AsChosen(Some(passphrase)) => {
                Ok(Box::new(PassphraseFile::open(path, &passphrase)?))
            }
        }
    }
}

impl Core {
    /// Opens the store and starts the proxy.
    ///
    /// # Errors
    /// [`OpenError`]; a later try starts from the beginning.
    pub async fn open(
        paths: &Paths,
        key: KeySource,
        events: broadcast::Sender<Event>,
        shutdown: CancellationToken,
    ) -> Result<Arc<Self>, OpenError> {
        let (path, sealed_key) = (paths.store(), paths.sealed_key());
        let opening = move || {
            let slot = key.slot(sealed_key, &path)?;
            Ok::<_, OpenError>(TrustStore::open(path, slot)?)
        };
        let opening = tokio::task::spawn_blocking(opening);
        let vault = Vault::new(opening.await.map_err(|_| Interrupted)??);
        let bridge = Arc::new(bridge_authority(&vault).await?);
        let (address, listener) = proxy_address(&vault).await?;
        let discovery = Discovery::default();
        let (contacts, noted) = mpsc::channel(64);
        let upstreams = Arc::new(Upstreams::new(discovery.clone(), contacts.clone()));
        vault.read(|contents| {
            upstreams.set(&contents.devices);
            upstreams.unverified.set(&contents.unverified);
        });
        let core = Arc::new(Self {
            paths: paths.clone(),
            bridge: Arc::clone(&bridge),
            upstreams: Arc::clone(&upstreams),
            proxy: address.clone(),
            events: events.clone(),
            discovery,
            vault,
            deriving: tokio::sync::Mutex::default(),
            unstored: Unstored::default(),
            asked: Asked::default(),
        });
        // Before anybody is answered: the current authority may have ended.
        core.take_steps().await;
        let proxy = Arc::new(Proxy {
            host: address.host,
            bridge,
            upstreams,
            events,
            contacts,
        });
        let heard = core.events.subscribe();
        tokio::spawn(proxy.serve(listener, shutdown.clone()));
        tokio::spawn(Arc::clone(&core).chronicle(heard, shutdown.clone()));
        tokio::spawn(Arc::clone(&core).rotate_daily(shutdown));
        tokio::spawn(Arc::clone(&core).note_contacts(noted));
        tokio::spawn(Arc::clone(&core).repair_all());
        Ok(core)
    }
}

async fn bridge_authority(vault: &Vault) -> Result<BridgeAuthority, OpenError> {
    let now = SystemTime::now();
    if vault.read(|contents| contents.bridge.is_none()) {
        let bridge = bridge::make(now)?;
        vault
            .write(move |store| store.set_bridge(Some(bridge), now))
            .await??;
    }
    let authority =
        vault.read(|contents| contents.bridge.as_ref().map(BridgeAuthority::from_record));
    match authority {
        Some(authority) => Ok(authority?),
        None => Err(Interrupted.into()),
    }
}

/// The proxy's address with its listener. Browsers keep the port in their settings, so it changes
/// only when another program has taken it.
async fn proxy_address(vault: &Vault) -> Result<(rpc::Proxy, TcpListener), OpenError> {
    let kept = vault.read(|contents| contents.proxy.clone());
    let ProxyAddress { token, port } = match kept {
        Some(kept) => kept,
        None => {
            let token = random::make_bytes::<16>().map_err(|_| StoreError::Random)?;
            let token = Arc::new(SecretBytes::new(token.to_vec()));
            ProxyAddress { token, port: 0 }
        }
    };
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match listen(port).await {
        Ok(listener) => listener,
        Err(error) if port != 0 => {
            tracing::warn!(%error, port, "the proxy's port is taken: choosing another");
            listen(0).await.map_err(OpenError::Listen)?
        }
        Err(error) => return Err(OpenError::Listen(error)),
    };
    let now = listener.local_addr().map_err(OpenError::Listen)?.port();
    let address = rpc::Proxy {
        host: format!("{}.localhost", label(&token)),
        port: now,
    };
    if now != port {
        let kept = ProxyAddress { token, port: now };
        let time = SystemTime::now();
        vault
            .write(move |store| store.set_proxy(kept, time))
            .await??;
    }
    Ok((address, listener))
}

/// 26 characters that may stand in a host name.
fn label(token: &SecretBytes) -> String {
    BASE32_NOPAD.encode(token.expose()).to_ascii_lowercase()
}
