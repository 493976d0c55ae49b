//! The bridge authority: lets this user's browsers accept the verifying proxy.
//!
//! It signs for the proxy's own name and for names that are paired, each for a week, and for nothing
//! else. Name constraints in its certificate make browsers refuse whatever else it might sign.

pub mod rotation;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;
use settle_protocol::secret::SecretBytes;
use settle_transport::certificate::{self, IssueError, PrivateKey};
use settle_transport::tls;

use crate::trust_store::record::Bridge;

/// Browsers speak either to a device's name; HTTP/3 would need a publicly known root.
const DEVICE_ALPN: &[&[u8]] = &[tls::HTTP_2, tls::HTTP_1];
const PROXY_ALPN: &[&[u8]] = &[tls::HTTP_1];

/// The authority that signs now; the next one takes its place while the proxy is at work.
#[derive(Debug)]
pub struct BridgeAuthority(RwLock<Arc<Signer>>);

/// One authority with the certificates that are in use.
#[derive(Debug)]
struct Signer {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
    listeners: Mutex<HashMap<String, Listener>>,
}

#[derive(Clone, Debug)]
struct Listener {
    config: Arc<ServerConfig>,
    renew_at: SystemTime,
}

/// Draws a new authority, as the trust store keeps it.
///
/// # Errors
/// [`IssueError`].
pub fn make(now: SystemTime) -> Result<Bridge, IssueError> {
    let key = PrivateKey::make()?;
    let certificate = certificate::bridge_authority(&key, now)?;
    Ok(Bridge {
        key: Arc::new(SecretBytes::new(key.expose_pkcs8().to_vec())),
        certificate: certificate.to_vec(),
    })
}

impl BridgeAuthority {
    /// Takes up the authority that the trust store keeps.
    ///
    /// # Errors
    /// [`IssueError`] when its key cannot be used.
    pub fn from_record(record: &Bridge) -> Result<Self, IssueError> {
        Ok(Self(RwLock::new(Arc::new(Signer::from_record(record)?))))
    }

    /// Signs with another one from now on. Connections that are open stay so.
    ///
    /// # Errors
    /// [`IssueError`] when its key cannot be used.
    pub fn replace(&self, record: &Bridge) -> Result<(), IssueError> {
        let signer = Arc::new(Signer::from_record(record)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = signer;
        Ok(())
    }

    fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What answers at the proxy's own name.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn proxy_listener(
        &self,
        host: &str,
        now: SystemTime,
    ) -> Result<Arc<ServerConfig>, IssueError> {
        self.signer().listener(host, PROXY_ALPN, now)
    }

    /// What answers in the place of a paired device, to which the caller has found `name` to lead.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn device_listener(
        &self,
        name: &LocalName,
        now: SystemTime,
    ) -> Result<Arc<ServerConfig>, IssueError> {
        self.signer().listener(name.as_str(), DEVICE_ALPN, now)
    }
}

impl Signer {
    fn from_record(record: &Bridge) -> Result<Self, IssueError> {
        Ok(Self {
            key: PrivateKey::from_pkcs8(record.key.expose())?,
            certificate: CertificateDer::from(record.certificate.clone()),
            listeners: Mutex::default(),
        })
    }

    fn listener(
        &self,
        name: &str,
        alpn: &[&[u8]],
        now: SystemTime,
    ) -> Result<Arc<ServerConfig>, IssueError> {
        let lock = || {
            self.listeners
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let known = lock().get(name).cloned();
        if let Some(listener) = known.filter(|listener| now < listener.renew_at) {
            return Ok(listener.config);
        }
        let key = PrivateKey::make()?;
        let leaf = certificate::bridge_leaf(&self.key, &self.certificate, &key, name, now)?;
        // At the end of its authority a leaf is younger than usual.
        let life = certificate::not_after(&leaf).and_then(|end| end.duration_since(now).ok());
        let identity = OneName {
            name: name.to_owned(),
            key: Arc::new(key.certified(vec![leaf])?),
        };
        let config = Arc::new(tls::local_server(Arc::new(identity), alpn)?);
        let listener = Listener {
            config: Arc::clone(&config),
            renew_at: now + life.unwrap_or_default() / 2,
        };
        lock().insert(name.to_owned(), listener);
        Ok(config)
    }
}

/// Answers to one name in the TLS handshake; a caller that asks for another, or for none, gets no
/// certificate. For the proxy itself that name is the secret.
#[derive(Debug)]
struct OneName {
    name: String,
    key: Arc<CertifiedKey>,
}

impl ResolvesServerCert for OneName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name()?;
        asked
            .eq_ignore_ascii_case(&self.name)
            .then(|| Arc::clone(&self.key))
    }
}
