//! The host's side of a pairing: finds the device of a code, opens the provisional connection, runs
//! the exchange of `settle_protocol::pairing` over it, and holds still until the user has decided.
//!
//! Nothing is stored here. What a completed exchange leaves is a proof, and the store asks for that.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls_pki_types::{CertificateDer, ServerName};
use settle_protocol::code::{Code, CodeError};
use settle_protocol::discovery::Announced;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use settle_protocol::pairing::client::{self, AwaitingDone, Consented, Deciding, Granted};
use settle_protocol::pairing::message::{AbortReason, Message, Role};
use settle_protocol::pairing::{Binding, PairingError};
use settle_protocol::portable::Recognition;
use settle_protocol::rpc::maker::MakerStatement;
use settle_protocol::rpc::{ErrorKind, PairingStep};
use settle_protocol::scope::{Namespace, NamespaceScope};
use settle_protocol::secret::SecretBytes;
use settle_transport::anchor::{Anchor, AnchorError};
use settle_transport::certificate::{self, IssueError, PrivateKey};
use settle_transport::pairing::{client_binding, read_frame, write_frame};
use settle_transport::{danger, random};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::discovery::{Discovery, Pace, first_success};
use crate::links;
use crate::trust_store::record::{Ours, unix};

/// For one address, from the first packet to the end of the TLS handshake.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// For one message of the device.
const STEP_LIMIT: Duration = Duration::from_secs(10);
/// For one address, up to the decision; a device that delays its answers (docs/pairing.md §2.5) takes some
/// of it.
const PACE: Pace = Pace {
    limit: Duration::from_secs(20),
    patience: Duration::from_secs(4),
};
/// For the user (docs/pairing.md §5.6).
const DECISION_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Why no pairing came about. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// Of the code.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The code's time is over.
    #[error("the code has expired")]
    Expired,
    /// A referee brought something else than an authority's certificate.
    #[error("what the referee issues under is no authority: {0}")]
    Authority(#[source] AnchorError),
    /// Nobody answers where the device should be.
    #[error("the device does not answer")]
    NotFound,
    /// Nobody announces to show a code that says nothing else of its device.
    #[error("no device on this network shows this code")]
    NobodyShows,
    /// Nobody speaks the pairing protocol at one of the addresses.
    #[error("no device at {address}: {error}")]
    NoDevice {
        /// The address.
        address: SocketAddr,
        /// Of the connection.
        error: io::Error,
    },
    /// Somebody answers, but with another key than the code names.
    #[error("something else answers in the device's place")]
    OtherDevice,
    /// The same device is being tried at another of its addresses.
    #[error("the device is reached by another address")]
    TriedElsewhere,
    /// Of the exchange.
    #[error(transparent)]
    Exchange(#[from] PairingError),
    /// The connection was lost, or the device took too long.
    #[error("the connection to the device was lost: {0}")]
    Lost(#[from] io::Error),
    /// No key or certificate could be made.
    #[error(transparent)]
    Identity(#[from] IssueError),
    /// TLS takes no such identity.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

impl PairError {
    /// What the user is told.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Code(error) => error.into(),
            Self::Expired => ErrorKind::CodeExpired,
            Self::NotFound | Self::NoDevice { .. } | Self::TriedElsewhere => {
                ErrorKind::DeviceNotFound
            }
            Self::NobodyShows => ErrorKind::NoDeviceShows,
            Self::OtherDevice => ErrorKind::OtherDevice,
            Self::Exchange(
                PairingError::NotConfirmed | PairingError::Aborted(AbortReason::NotConfirmed),
            ) => ErrorKind::ProofFailed,
            Self::Exchange(PairingError::Aborted(AbortReason::Closed)) => ErrorKind::DeviceRefused,
            Self::Exchange(PairingError::Aborted(AbortReason::Failed)) | Self::Lost(_) => {
                ErrorKind::PairingInterrupted
            }
            Self::Exchange(
                PairingError::Protocol
                | PairingError::NoCommonVersion
                | PairingError::NoCommonSuite
                | PairingError::BadGrant
                | PairingError::Aborted(
                    AbortReason::Protocol | AbortReason::Unsupported | AbortReason::Refused,
                ),
            ) => ErrorKind::DeviceMisbehaved,
            Self::Authority(_) => ErrorKind::DeviceMisbehaved,
            Self::Identity(_) | Self::Tls(_) => ErrorKind::Internal,
        }
    }

    /// Whether an old code ends like this: the device takes it no more, or is elsewhere by now.
    const fn is_of_an_old_code(&self) -> bool {
        match self {
            Self::NotFound
            | Self::NobodyShows
            | Self::NoDevice { .. }
            | Self::Exchange(PairingError::NotConfirmed) => true,
            Self::Code(_)
            | Self::Expired
            | Self::Authority(_)
            | Self::OtherDevice
            | Self::TriedElsewhere
            | Self::Exchange(_)
            | Self::Lost(_)
            | Self::Identity(_)
            | Self::Tls(_) => false,
        }
    }

    /// How much it says about the device that was meant, when several addresses were tried.
    const fn weight(&self) -> u8 {
        match self {
            Self::TriedElsewhere | Self::NotFound | Self::NobodyShows => 0,
            Self::NoDevice { .. } => 1,
            Self::OtherDevice => 2,
            Self::Lost(_) => 3,
            Self::Code(_)
            | Self::Expired
            | Self::Authority(_)
            | Self::Exchange(_)
            | Self::Identity(_)
            | Self::Tls(_) => 4,
        }
    }
}

/// A device that has proved itself and to which we have proved ourselves; the user decides.
#[derive(Debug)]
pub struct Proved {
    deciding: Deciding,
    channel: Channel,
    identity: Identity,
    proved_at: Instant,
}

/// A key made for one address alone, so that devices, and who else answers, cannot tell that they
/// have a user in common.
struct Identity {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn make() -> Result<Self, PairError> {
        let key = PrivateKey::make()?;
        let certificate = certificate::client(&key)?;
        Ok(Self { key, certificate })
    }

    fn connector(&self) -> Result<TlsConnector, PairError> {
        let certified = self.key.certified(vec![self.certificate.clone()])?;
        let config = danger::pairing_client(certified)?;
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.key.fingerprint())
    }
}

/// The provisional connection.
#[derive(Debug)]
struct Channel {
    stream: TlsStream<TcpStream>,
    address: SocketAddr,
}

/// Runs an exchange up to the decision. `label` is what the device will show for us; `progress`
/// hears of each step as it begins.
///
/// # Errors
/// [`PairError`].
pub async fn prove(
    code: &str,
    label: &str,
    discovery: &Discovery,
    progress: impl Fn(PairingStep),
) -> Result<Proved, PairError> {
    let code = Arc::new(Code::parse(code)?);
    let is_over = is_over(&code, unix(SystemTime::now()));
    progress(PairingStep::Looking);
    let trial = Trial {
        code: &code,
        label,
        tried: Mutex::default(),
        progress,
    };
    let hints = code
        .material()
        .map_or(&[][..], |material| &material.addresses);
    let hints = links::on_every_link(hints).into_iter();
    let hints = hints.map(|address| (address, ())).collect();
    let candidates = discovery.candidates(wanted(Arc::clone(&code)), hints);
    let proving = first_success(candidates, PACE, |(address, ())| trial.prove_at(address));
    let proved = proving.await.map_err(|errors| {
        let weightiest = errors.into_iter().max_by_key(PairError::weight);
        let error = weightiest.unwrap_or(match &*code {
            Code::Material(_) => PairError::NotFound,
            Code::Secret(_) => PairError::NobodyShows,
        });
        match is_over && error.is_of_an_old_code() {
            true => PairError::Expired,
            false => error,
        }
    })?;
    Ok(proved)
}

/// Whether a code's time is over if the device's clock and ours are right. The device knows better: it
/// is asked first, and this tells only why it did not take the code.
fn is_over(code: &Code, now: u64) -> bool {
    code.expires_at().is_some_and(|end| end <= now)
}

/// Which announced instance may be the code's device: by the name in the code, or by its tag.
fn wanted(code: Arc<Code>) -> impl Fn(&Announced) -> Option<()> + Send + 'static {
    move |announced| {
        let name = code.material().map(|material| &material.unique_name);
        let wanted = name.is_some_and(|name| announced.name.as_ref() == Some(name))
            || announced.shows(code.secret());
        wanted.then_some(())
    }
}

/// A code that is tried at several addresses at once. Anybody may be there: who proves to know the
/// code is the device, and who does not keeps nobody else from it.
struct Trial<'a, P> {
    code: &'a Code,
    label: &'a str,
    /// The root keys that were met. A device that is reached by two addresses is tried by the first
    /// that answers, or it would count two attempts at its code.
    tried: Mutex<Vec<KeyFingerprint>>,
    progress: P,
}

impl<P: Fn(PairingStep)> Trial<'_, P> {
    async fn prove_at(&self, address: SocketAddr) -> Result<Proved, PairError> {
        let identity = Identity::make()?;
        let connector = identity.connector()?;
        let opened = match timeout(CONNECT_LIMIT, self.open(address, &connector)).await {
            Ok(opened) => opened,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let stream = opened.map_err(|error| PairError::NoDevice { address, error })?;
        // The code names the root key, or a former one: the second barrier, before anything is said
        // of the secret.
        let binding = client_binding(&stream, identity.key.fingerprint())
            .filter(|binding| {
                let named = self.code.root();
                named.is_none_or(|root| binding.knows(&root))
            })
            .ok_or(PairError::OtherDevice)?;
        self.claim(binding.device)?;
        (self.progress)(PairingStep::Proving);
        let mut channel = Channel { stream, address };
        match self.exchange(binding, &mut channel).await {
            Ok(deciding) => Ok(Proved {
                deciding,
                channel,
                identity,
                proved_at: Instant::now(),
            }),
            Err(error) => {
                channel.abort(&error).await;
                Err(error)
            }
        }
    }

    async fn open(
        &self,
        address: SocketAddr,
        connector: &TlsConnector,
    ) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        (self.progress)(PairingStep::Connecting);
        // Only who has the code can tell what this name is, and a portable device answers no other.
        let fresh = random::make_bytes().map_err(io::Error::from)?;
        let knock = Recognition::of_code(self.code.secret()).knock(None, fresh);
        let name = ServerName::try_from(knock).map_err(io::Error::other)?;
        connector.connect(name, stream).await
    }

    fn claim(&self, root: KeyFingerprint) -> Result<(), PairError> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.contains(&root) {
            return Err(PairError::TriedElsewhere);
        }
        tried.push(root);
        Ok(())
    }

    async fn exchange(
        &self,
        binding: Binding,
        channel: &mut Channel,
    ) -> Result<Deciding, PairError> {
        let entropy = random::make_secret().map_err(IssueError::from)?;
        let offer = client::Offer {
            secret: self.code.secret(),
            suites: self.code.suites(),
            label: self.label,
            role: Role::Admin,
        };
        let (state, hello) = client::begin(&offer, binding, &entropy);
        channel.send(&hello).await?;
        let state = state.receive(&channel.receive().await?)?;
        let (state, confirmation) = state.receive(&channel.receive().await?)?;
        channel.send(&confirmation).await?;
        let deciding = state.receive(&channel.receive().await?, certificate::fingerprint)?;
        self.check(deciding.granted())?;
        Ok(deciding)
    }

    /// The user has read the code's kind and label, so the device may not turn into something else.
    fn check(&self, granted: &Granted) -> Result<(), PairError> {
        if let Some(authority) = &granted.authority {
            let root = CertificateDer::from(authority.as_slice());
            let scope = NamespaceScope::new(Namespace::ALL);
            Anchor::referee(&root, scope).map_err(PairError::Authority)?;
        }
        let agrees = self.code.material().is_none_or(|material| {
            granted.kind == material.kind
                && granted.unique_name == material.unique_name
                && granted.code == material.lifetime
        });
        agrees
            .then_some(())
            .ok_or_else(|| PairingError::BadGrant.into())
    }
}

impl Proved {
    /// What the decision is about.
    #[must_use]
    pub const fn granted(&self) -> &Granted {
        self.deciding.granted()
    }

    /// Whether the device still waits for the user.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.proved_at.elapsed() < DECISION_LIMIT
    }

    /// The user consents: the proof to store first, and the rest of the exchange.
    #[must_use]
    pub fn consent(
        self,
        petname: Label,
        maker: Option<MakerStatement>,
    ) -> (Consented, Ours, Committing) {
        let (state, consented, frame) = self.deciding.consent();
        let ours = Ours {
            petname,
            client_key: SecretBytes::new(self.identity.key.expose_pkcs8().to_vec()),
            client_certificate: self.identity.certificate.to_vec(),
            address: self.channel.address,
            maker,
        };
        let committing = Committing {
            state,
            frame,
            channel: self.channel,
        };
        (consented, ours, committing)
    }

    /// The user says no, or the page was left.
    pub async fn refuse(mut self) {
        let frame = self.deciding.refuse();
        if let Err(error) = self.channel.send(&frame).await {
            // The device notices the end of the connection just as well.
            tracing::debug!(%error, "the refusal did not arrive");
        }
    }
}

/// The consent is stored; the device has to be told.
#[derive(Debug)]
pub struct Committing {
    state: AwaitingDone,
    frame: Vec<u8>,
    channel: Channel,
}

impl Committing {
    /// Tells the device, and waits until it has recorded us; returns where it was reached.
    ///
    /// # Errors
    /// [`PairError::Lost`] leaves open whether it has; [`PairError::Exchange`] says that it has not.
    pub async fn finish(mut self) -> Result<SocketAddr, PairError> {
        self.channel.send(&self.frame).await?;
        self.state.receive(&self.channel.receive().await?)?;
        Ok(self.channel.address)
    }
}

impl Channel {
    async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        within_limit(write_frame(&mut self.stream, frame)).await
    }

    async fn receive(&mut self) -> io::Result<Vec<u8>> {
        within_limit(read_frame(&mut self.stream)).await
    }

    /// Tells the device why the exchange ends, if it is worth telling.
    async fn abort(&mut self, error: &PairError) {
        let PairError::Exchange(error) = error else {
            return;
        };
        if matches!(error, PairingError::Aborted(_)) {
            return;
        }
        let frame = Message::Abort(AbortReason::from(*error)).to_bytes();
        if let Err(error) = self.send(&frame).await {
            tracing::debug!(%error, "the abort did not arrive");
        }
    }
}

async fn within_limit<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(STEP_LIMIT, step).await {
        Ok(result) => result,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
