//! A device's settings put together by the program that embeds it.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use settle_protocol::name::Label;
use tokio::sync::mpsc;

use crate::announce::Beside;
use crate::authority::Authority;
use crate::device::{Announcing, Device, DeviceError, Settings};
use crate::event::Event;
use crate::policy::Policy;
use crate::upstreams::Upstreams;

/// Where devices listen that are not told.
pub(crate) const PORT: u16 = 8443;
/// Events that may wait for who shows them.
const EVENTS: usize = 64;

type Show = Box<dyn FnMut(Event) + Send>;

/// What a device is to be, until it is opened. Whatever is not said is as for `settle-device serve`.
///
/// ```no_run
/// use std::convert::Infallible;
/// use std::io::stdout;
///
/// use hyper::body::Incoming;
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
/// use settle_device::ui::{self, Format};
/// use settle_device::{Device, Handler, Label};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let page = Handler::new(service_fn(|_: Request<Incoming>| async {
///     Ok::<_, Infallible>(Response::new("The lamp is on.".to_owned()))
/// }));
/// let device = Device::builder(Label::parse("lamp")?, "/var/lib/lamp", page)
///     .on_event(|event| ui::write(&mut stdout(), Format::Plain, &event).unwrap_or_default())
///     .open()
///     .await?;
/// device.serve(async { drop(tokio::signal::ctrl_c().await) }).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is opened yet"]
pub struct Builder {
    settings: Settings,
    show: Option<Show>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Device {
    /// Begins a device that goes by `label` (`lamp` for `lamp.local`), keeps in the directory `state` what
    /// must not be lost, and stands in front of `upstreams`: a [`Handler`](crate::Handler) of the
    /// program's own, an [`UpstreamUrl`](crate::UpstreamUrl), a folder's path, or several of them.
    pub fn builder(
        label: Label,
        state: impl Into<PathBuf>,
        upstreams: impl Into<Upstreams>,
    ) -> Builder {
        let settings = Settings {
            label,
            upstreams: upstreams.into(),
            state: state.into(),
            listen: SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT)),
            qr_file: None,
            announcing: Announcing::Names,
            beside: Vec::new(),
            policy: Policy::default(),
            authority: None,
        };
        Builder {
            settings,
            show: None,
        }
    }
}

impl Builder {
    /// Listens there; without it at every address, at port 8443.
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.settings.listen = address;
        self
    }

    /// Keeps a picture of the current code in this file (PNG).
    pub fn qr_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.qr_file = Some(path.into());
        self
    }

    /// Says who may make which requests; without it every paired client may make all.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// Is a referee, which vouches for others by the certificates that it issues under `authority`.
    pub fn referee(mut self, authority: Authority) -> Self {
        self.settings.authority = Some(Arc::new(authority));
        self
    }

    /// Announces another service of this machine beside the device, which is found as the device is.
    pub fn beside(mut self, service: Beside) -> Self {
        self.settings.beside.push(service);
        self
    }

    /// Does not announce the device on the local network.
    pub const fn without_announcement(mut self) -> Self {
        self.settings.announcing = Announcing::Off;
        self
    }

    /// Is carried around: only its clients can tell that it is the same device again, and it answers
    /// nobody else (docs/pairing.md §11).
    pub const fn portable(mut self) -> Self {
        self.settings.announcing = Announcing::Masks;
        self
    }

    /// Has everything shown that happens, codes above all: without it nobody sees them. It is called
    /// for one event after the other, and those that strangers cause are left out while it is busy.
    pub fn on_event(mut self, show: impl FnMut(Event) + Send + 'static) -> Self {
        self.show = Some(Box::new(show));
        self
    }

    /// Takes the state directory, makes the identity of a new device, and opens the port.
    ///
    /// # Errors
    /// [`DeviceError`]; the state is left as it was found.
    pub async fn open(self) -> Result<Device, DeviceError> {
        let Self { settings, show } = self;
        let (events, mut told) = mpsc::channel(EVENTS);
        if let Some(mut show) = show {
            // It may block, and ends with the device.
            tokio::task::spawn_blocking(move || {
                while let Some(event) = told.blocking_recv() {
                    show(event);
                }
            });
        }
        Device::open(settings, events).await
    }
}
