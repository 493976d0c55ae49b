//! A referee from its settings to its last connection: the device that is paired with, and what it serves.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use settle_device::{Authority, Beside, Builder, Device, DeviceError, Event, Handler, Label};
use settle_protocol::handover::{Directory, HandoverError};
use settle_transport::tls::referee_server;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::acme::{self, Acme};
use crate::admin::Admin;
use crate::administration::AuthorityTold;
use crate::authority::{FileError, Files, IssueError, Issuer};
use crate::clock::unix_now;
use crate::est::Est;
use crate::leaf::OwnLeaf;
use crate::limits::Limits;
use crate::listener::{Listener, Port};
use crate::lookup::Lookup;
use crate::metrics::Metrics;
use crate::service::Service;
use crate::store::{Store, StoreError};

/// The directory of the device's own state, below the referee's.
const DEVICE: &str = "device";
const DATABASE: &str = "referee.db";
/// Its type in DNS-SD.
const ACME_SERVER: &str = "_acme-server._tcp.local.";
const HTTPS: u16 = 443;
const HTTP: u16 = 80;
/// How often what is past is looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// What a referee is to be.
#[derive(Debug)]
pub struct Settings {
    /// The label that it goes by: `referee` for `referee.local`.
    pub label: Label,
    /// The directory for what must not be lost.
    pub state: PathBuf,
    /// Where it is paired with, and administered.
    pub listen: SocketAddr,
    /// Whether it announces itself on the local network.
    pub announce: bool,
    /// Where to keep a picture of the current code.
    pub qr_file: Option<PathBuf>,
    /// Where servers ask for certificates, by ACME and EST.
    pub acme: SocketAddr,
    /// Where lists of revoked certificates are to be had, over HTTP.
    pub lists: Option<SocketAddr>,
    /// Where counters are to be had without TLS, on this machine alone.
    pub metrics: Option<SocketAddr>,
    /// What a network may point to (RFC 8908): the address of a page; nothing, if not given.
    pub portal: Option<String>,
    /// The database, if not one in the state directory: `postgres://…`.
    pub database: Option<String>,
}

/// Why a referee cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RefereeError {
    /// Its authority cannot be used.
    #[error(transparent)]
    Authority(#[from] FileError),
    /// Its certificates cannot be read, which is a defect.
    #[error(transparent)]
    Certificate(#[from] IssueError),
    /// The device cannot be served.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Its store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A port cannot be used.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The address of its directory is none that clients could be given.
    #[error(transparent)]
    Directory(#[from] HandoverError),
    /// Counters would go over the network in the clear.
    #[error(
        "{0} is not on this machine alone, and counters are not encrypted: take 127.0.0.1 or [::1]"
    )]
    Exposed(SocketAddr),
    /// TLS cannot be set up.
    #[error("TLS cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// A referee whose state is held and whose ports are open.
#[derive(Debug)]
pub struct Referee {
    device: Device,
    listeners: Vec<Listener>,
    counted_at: Option<SocketAddr>,
    directory: Directory,
    store: Store,
}

/// Opens the store of a referee.
///
/// # Errors
/// [`StoreError`].
pub async fn open_store(state: &Path, database: Option<&str>) -> Result<Store, StoreError> {
    match database {
        Some(address) => Store::open(address).await,
        None => Store::file(&state.join(DATABASE)).await,
    }
}

impl Referee {
    /// Takes the state directory and opens the ports. The authority has to be there; it is made by nothing that
    /// runs unattended, since its root's key needs a passphrase.
    ///
    /// # Errors
    /// [`RefereeError`].
    pub async fn open(
        settings: Settings,
        show: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, RefereeError> {
        let files = Files::new(&settings.state, None);
        let (root, links) = files.authority()?;
        let issuer = files.issuer()?;
        tracing::info!(intermediate = %issuer.id(), "the authority is at work");
        if issuer.ends_soon(SystemTime::now()) {
            tracing::warn!("the intermediate ends soon: run 'settle-referee intermediate'");
        }
        let told = AuthorityTold::of(&root, &links, Some(&issuer));
        let authority = told.ok_or(IssueError::Unreadable)?;
        let Servers {
            listeners,
            metrics,
            counted_at,
            directory,
            issuer,
            store,
            beside,
        } = Box::pin(servers(&settings, issuer)).await?;
        let admin = Arc::new(Admin {
            name: settings.label.dot_local(),
            store: store.clone(),
            issuer,
            authority,
            directory: directory.clone(),
            metrics,
            clients: OnceLock::new(),
        });
        let page = Arc::clone(&admin).handler();
        let device = device(settings, page, Authority { root, links });
        let device = device.beside(beside).on_event(show);
        let device = device.open().await?;
        // It is one that was not set before.
        drop(admin.clients.set(device.clients()));
        Ok(Self {
            device,
            listeners,
            counted_at,
            directory,
            store,
        })
    }

    /// The address that ACME clients are given.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.directory.as_str()
    }

    /// Where its counters are to be had on this machine.
    #[must_use]
    pub const fn metrics(&self) -> Option<SocketAddr> {
        self.counted_at
    }

    /// Serves until `stop` is done.
    ///
    /// # Errors
    /// [`RefereeError`], before the first connection is taken.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), RefereeError> {
        let ending = CancellationToken::new();
        let _ends = ending.clone().drop_guard();
        let listeners = self.listeners.into_iter();
        let running: Vec<_> = listeners
            .map(|listener| tokio::spawn(listener.run(ending.clone())))
            .collect();
        let sweeping = tokio::spawn(sweep(self.store, ending.clone()));
        let served = self.device.serve(stop).await;
        ending.cancel();
        for listener in running.into_iter().chain([sweeping]) {
            if let Err(error) = listener.await {
                tracing::error!(%error, "a listener failed");
            }
        }
        Ok(served?)
    }
}

/// What ACME is served with.
struct Servers {
    listeners: Vec<Listener>,
    metrics: Arc<Metrics>,
    /// Where they are to be had on this machine.
    counted_at: Option<SocketAddr>,
    directory: Directory,
    issuer: Arc<Issuer>,
    store: Store,
    beside: Beside,
}

/// Forgets now and then what nobody can use any more.
async fn sweep(store: Store, ending: CancellationToken) {
    while ending
        .run_until_cancelled(tokio::time::sleep(SWEEP_EVERY))
        .await
        .is_some()
    {
        if let Err(error) = store.sweep(unix_now()).await {
            tracing::warn!(%error, "what is past is not forgotten");
        }
    }
}

async fn servers(settings: &Settings, issuer: Issuer) -> Result<Servers, RefereeError> {
    let name = settings.label.dot_local();
    let (socket, port) = bind(settings.acme).await?;
    let lists = match settings.lists {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let counters = match settings.metrics {
        Some(address) if !address.ip().is_loopback() => return Err(RefereeError::Exposed(address)),
        Some(address) => {
            let (socket, port) = bind(address).await?;
            Some((SocketAddr::new(address.ip(), port), socket))
        }
        None => None,
    };
    let issuer = match &lists {
        Some((_, port)) => {
            let base = at("http", name.as_str(), *port, HTTP);
            issuer.with_revocations(format!("{base}/crl/"))
        }
        None => issuer,
    };
    let issuer = Arc::new(issuer);
    let store = open_store(&settings.state, settings.database.as_deref()).await?;
    store.sweep(unix_now()).await?;
    let base = at("https", name.as_str(), port, HTTPS);
    let limits = Arc::new(Limits::usual());
    let acme = Acme::new(store.clone(), Arc::clone(&issuer), base);
    let acme = acme.with_limits(Arc::clone(&limits));
    let acme = acme.with_root_list(Files::new(&settings.state, None).root_list()?);
    let directory = Directory::parse(&acme.directory())?;
    let est = Est::new(store.clone(), Arc::clone(&issuer), Arc::clone(&limits));
    let metrics = Arc::new(Metrics::new(store.clone(), Arc::clone(&issuer)));
    let service = Arc::new(Service {
        acme,
        est,
        lookup: Lookup {
            store: store.clone(),
            limits,
        },
        metrics: Arc::clone(&metrics),
        portal: settings.portal.clone(),
    });
    let tls = referee_server(Arc::new(OwnLeaf::new(Arc::clone(&issuer), vec![name])))?;
    let listen = |socket, port| Listener::new(socket, Arc::clone(&service), port);
    let mut listeners = vec![listen(socket, Port::Protocols(Arc::new(tls)))];
    listeners.extend(lists.map(|(socket, _)| listen(socket, Port::Lists)));
    let counted_at = counters.as_ref().map(|(address, _)| *address);
    listeners.extend(counters.map(|(_, socket)| listen(socket, Port::Metrics)));
    Ok(Servers {
        listeners,
        metrics,
        counted_at,
        directory,
        issuer,
        store,
        beside: announced(SocketAddr::new(settings.acme.ip(), port)),
    })
}

/// How clients of ACME find it, by draft-tweedale-acme-discovery: where its directory is, and that it knows names alone.
fn announced(address: SocketAddr) -> Beside {
    let text = [("path", acme::DIRECTORY), ("i", "dns")];
    Beside {
        kind: ACME_SERVER,
        address,
        text: text.map(|(key, value)| (key, value.to_owned())).to_vec(),
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, u16), RefereeError> {
    let bind = async {
        let socket = TcpListener::bind(address).await?;
        let port = socket.local_addr()?.port();
        Ok((socket, port))
    };
    bind.await
        .map_err(|error| RefereeError::Listen { address, error })
}

fn at(scheme: &str, name: &str, port: u16, usual: u16) -> String {
    match port == usual {
        true => format!("{scheme}://{name}"),
        false => format!("{scheme}://{name}:{port}"),
    }
}

fn device(settings: Settings, page: Handler, authority: Authority) -> Builder {
    let device = Device::builder(settings.label, settings.state.join(DEVICE), page)
        .listen(settings.listen)
        .referee(authority);
    let device = match settings.qr_file {
        Some(path) => device.qr_file(path),
        None => device,
    };
    match settings.announce {
        true => device,
        false => device.without_announcement(),
    }
}
