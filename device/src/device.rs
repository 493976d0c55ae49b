//! A device from its settings to its last connection: opened, then served until told to stop.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, LocalName};
use settle_transport::certificate::IssueError;
use settle_transport::tls;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::announce::{self, Announcement, Beside};
use crate::api::Api;
use crate::audit::{AuditEvent, By};
use crate::authority::{self, Authority};
use crate::builder::PORT;
use crate::button::Button;
use crate::ceremony::Ceremony;
use crate::client::Client;
use crate::clock::unix_now;
use crate::control::Control;
use crate::event::Event;
use crate::evidence::Provenance;
use crate::front::Front;
use crate::identity::{Held, IdentityError};
use crate::leaf::Leaf;
use crate::listener::{self, Listener};
use crate::notices::Notices;
use crate::policy::Policy;
use crate::portable::{self, Door};
use crate::presenter::{PresentError, Presenter};
use crate::register::{Register, RegisterError};
use crate::shown::ShowError;
use crate::state::StateError;
use crate::stored;
use crate::upstreams::{Routes, Upstreams, UpstreamsError};

/// How often it is looked whether counts are due.
const COUNTS: Duration = Duration::from_secs(30);

/// How a device is announced on the local network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Announcing {
    /// Not at all: codes have its address.
    Off,
    /// Under its names.
    Names,
    /// Under masks that only its clients recognize, and it answers nobody else.
    Masks,
}

/// What a device is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The label that it goes by: `printer` for `printer.local`.
    pub label: Label,
    /// What it stands in front of.
    pub upstreams: Upstreams,
    /// The directory for what must not be lost.
    pub state: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to keep a picture of the current code.
    pub qr_file: Option<PathBuf>,
    /// How to announce the device on the local network.
    pub announcing: Announcing,
    /// What to announce beside it, where it is announced under its names.
    pub beside: Vec<Beside>,
    /// Who may make which requests of the web interface.
    pub policy: Policy,
    /// What it issues under, if it is a referee.
    pub authority: Option<Arc<Authority>>,
}

/// Why a device cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Its state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// Its identity cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Its certificate cannot be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// TLS cannot be configured.
    #[error("cannot configure TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No code can be shown.
    #[error(transparent)]
    Present(#[from] PresentError),
    /// A printed code cannot be shown.
    #[error(transparent)]
    Show(#[from] ShowError),
    /// A code cannot be made.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// What is to be behind it cannot be used.
    #[error(transparent)]
    Upstreams(#[from] UpstreamsError),
    /// The program is being stopped.
    #[error("the start was interrupted")]
    Interrupted,
}

/// A device whose state is held and whose port is open.
#[derive(Debug)]
pub struct Device {
    settings: Settings,
    identity: Arc<Held>,
    provenance: Option<Arc<Provenance>>,
    register: Arc<Register>,
    leaf: Arc<Leaf>,
    socket: TcpListener,
    address: SocketAddr,
    notices: Notices,
    button: Button,
    policy: Arc<Policy>,
    api: Arc<Api>,
    control: Option<Control>,
    routes: Arc<Routes>,
}

impl Device {
    /// Takes the state directory, makes the identity of a new device, and opens the port.
    ///
    /// # Errors
    /// [`DeviceError`]; the state is left as it was found.
    pub async fn open(
        settings: Settings,
        events: mpsc::Sender<Event>,
    ) -> Result<Self, DeviceError> {
        let routes = Arc::new(Routes::open(&settings.upstreams)?);
        let (state, label) = (settings.state.clone(), settings.label.clone());
        let loaded = tokio::task::spawn_blocking(move || {
            let (dir, identity, contents) = stored::load(&state, &label)?;
            Ok::<_, DeviceError>((Provenance::load(&dir)?, dir, identity, contents))
        });
        let loaded = loaded.await.map_err(|_| DeviceError::Interrupted)??;
        let (provenance, dir, identity, contents) = loaded;
        let identity = Held::new(identity);
        let leaf = Leaf::issue(Arc::clone(&identity), SystemTime::now())?;
        let listen = |source| DeviceError::Listen {
            address: settings.listen,
            source,
        };
        let socket = listener::bind(settings.listen).await.map_err(listen)?;
        let address = socket.local_addr().map_err(listen)?;
        let register = Arc::new(Register::new(dir, contents));
        tell_start(&register).await;
        let control = Control::open(&settings.state)
            .inspect_err(
                |error| tracing::warn!(%error, "the command line cannot reach this device"),
            )
            .ok();
        let policy = Arc::new(settings.policy.clone());
        warn_of_unknown_roles(&register, &policy);
        let notices = Notices(events);
        let api = Api {
            identity: Arc::clone(&identity),
            register: Arc::clone(&register),
            policy: Arc::clone(&policy),
            authority: settings.authority.clone(),
            notices: notices.clone(),
            port: address.port(),
            listener: Some(address),
            since: unix_now(),
        };
        Ok(Self {
            settings,
            identity,
            provenance: provenance.map(Arc::new),
            register,
            leaf: Arc::new(leaf),
            socket,
            address,
            notices,
            button: Button::default(),
            policy,
            api: Arc::new(api),
            control,
            routes,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name that is its alone.
    #[must_use]
    pub fn unique_name(&self) -> LocalName {
        self.identity.get().unique_name()
    }

    /// The fingerprint of its root key.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        self.identity.get().fingerprint()
    }

    /// Its clients, to be looked at and removed also while it serves.
    #[must_use]
    pub fn clients(&self) -> Clients {
        Clients(Arc::clone(&self.register))
    }

    /// The button at the device, to be pressed also while it serves.
    #[must_use]
    pub fn button(&self) -> Button {
        self.button.clone()
    }

    /// Serves until `stop` is done; then takes the announcement back and ends the connections.
    ///
    /// # Errors
    /// [`DeviceError`], before the first connection is taken.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), DeviceError> {
        let stopping = CancellationToken::new();
        self.notices.tell(self.listening()).await;
        let presenter = self.presenter();
        let first = presenter.show_first().await?;
        let door = matches!(self.settings.announcing, Announcing::Masks).then(|| {
            let register = Arc::clone(&self.register);
            Arc::new(Door::new(self.identity.get(), register))
        });
        let announcing = self.announce(door.clone(), stopping.clone());
        let listener = self.listener(door, stopping.clone())?;

        let counting = keep_counts(Arc::clone(&self.register), stopping.clone());
        let counting = tokio::spawn(counting);
        let presenting = tokio::spawn(presenter.run(first, stopping.clone()));
        let mut serving = tokio::spawn(listener.run(self.socket));
        let controlling = self
            .control
            .map(|control| control.serve(self.api, stopping.clone()))
            .map(tokio::spawn);
        tokio::select! {
            () = stop => {}
            _ = &mut serving => tracing::error!("the listener ended"),
        }
        tracing::info!("stopping");
        stopping.cancel();
        if let Some(announcing) = announcing {
            note(announcing.await);
        }
        if !serving.is_finished() {
            note(serving.await);
        }
        note(presenting.await);
        note(counting.await);
        if let Some(controlling) = controlling {
            note(controlling.await);
        }
        self.register.finish().await;
        Ok(())
    }

    fn listening(&self) -> Event {
        Event::Listening {
            address: self.address,
            name: self.identity.get().label().dot_local(),
            unique_name: self.unique_name(),
            fingerprint: self.fingerprint(),
        }
    }

    fn presenter(&self) -> Presenter {
        Presenter {
            identity: Arc::clone(&self.identity),
            register: Arc::clone(&self.register),
            listener: self.address,
            kind: authority::kind_of(self.settings.authority.as_deref()),
            qr_file: self.settings.qr_file.clone(),
            notices: self.notices.clone(),
            button: self.button.clone(),
        }
    }

    fn announce(&self, door: Option<Arc<Door>>, stop: CancellationToken) -> Option<JoinHandle<()>> {
        let register = Arc::clone(&self.register);
        match (self.settings.announcing, door) {
            (Announcing::Off, _) | (Announcing::Masks, None) => None,
            (Announcing::Masks, Some(door)) => {
                let port = self.address.port();
                if port != PORT {
                    tracing::warn!(port, "a port of its own tells this device from others");
                }
                let worn = portable::wear(door, register, self.address, stop);
                Some(tokio::spawn(worn))
            }
            // A device that cannot announce itself is still reached by the addresses in its codes.
            (Announcing::Names, _) => self
                .announce_names()
                .inspect_err(|error| tracing::warn!(%error, "the device cannot be announced"))
                .ok()
                .map(|announcement| tokio::spawn(announcement.follow(register, stop))),
        }
    }

    fn announce_names(&self) -> Result<Announcement, mdns_sd::Error> {
        let names = self.identity.get().names();
        announce::announce(names, self.address, &self.settings.beside)
    }

    fn listener(
        &self,
        door: Option<Arc<Door>>,
        stop: CancellationToken,
    ) -> Result<Listener, DeviceError> {
        let access: Arc<dyn tls::AccessList> = Arc::clone(&self.register) as _;
        let config = tls::device_server(Arc::clone(&self.leaf) as _, access)?;
        let ceremony = Ceremony::new(
            self.provenance.clone(),
            self.settings.authority.clone(),
            Arc::clone(&self.register),
            self.address.port(),
            self.notices.clone(),
            stop.clone(),
        );
        let front = Front {
            label: self.identity.get().label().clone(),
            register: Arc::clone(&self.register),
            routes: Arc::clone(&self.routes),
            policy: Arc::clone(&self.policy),
            api: Arc::clone(&self.api),
        };
        let leaf = Arc::clone(&self.leaf);
        Ok(Listener::new(leaf, config, door, ceremony, front, stop))
    }
}

/// A handle on a device's list of clients.
#[derive(Clone, Debug)]
pub struct Clients(Arc<Register>);

impl Clients {
    /// All of them.
    #[must_use]
    pub fn list(&self) -> Vec<Client> {
        self.0.clients()
    }

    /// Takes one off the list and cuts its connections; whether it was on it.
    ///
    /// # Errors
    /// [`RegisterError`] when the list cannot be written; the client is then still on it. The last
    /// administrator can be taken off too.
    pub async fn remove(&self, key: KeyFingerprint) -> Result<bool, RegisterError> {
        let removed = self.0.revoke(key, By::Owner, true).await?;
        Ok(removed.is_some())
    }
}

async fn tell_start(register: &Arc<Register>) {
    let booted = AuditEvent::Booted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    if let Err(error) = register.tell(booted).await {
        tracing::error!(%error, "the start is not in the audit log");
    }
}

fn warn_of_unknown_roles(register: &Register, policy: &Policy) {
    for Client { key, role, .. } in register.clients() {
        if !policy.knows(&role) {
            tracing::warn!(%key, %role, "the policy does not know this role: taken for a guest's");
        }
    }
}

/// Writes what was counted into the audit log when it is due.
async fn keep_counts(register: Arc<Register>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(COUNTS)).await.is_some() {
        if let Err(error) = register.tell_counted(Some(Instant::now())).await {
            tracing::error!(%error, "what was refused is not in the audit log");
        }
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a part of the device failed");
    }
}
