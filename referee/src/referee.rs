//! A referee from its settings to its last connection: the device that is paired with, and what it serves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use settle_device::{Authority, Builder, Device, DeviceError, Event, Handler, Label};

use crate::admin;
use crate::authority::{FileError, Files};

/// The directory of the device's own state, below the referee's.
const DEVICE: &str = "device";
/// An intermediate that ends within this time is to be renewed.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

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
}

/// Why a referee cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RefereeError {
    /// Its authority cannot be used.
    #[error(transparent)]
    Authority(#[from] FileError),
    /// The device cannot be served.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A referee whose state is held and whose ports are open.
#[derive(Debug)]
pub struct Referee {
    device: Device,
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
        if issuer.ends() < SystemTime::now() + SOON {
            tracing::warn!("the intermediate ends soon: run 'settle-referee intermediate'");
        }
        let page: Handler = admin::handler(&root);
        let device = device(settings, page, Authority { root, links }).on_event(show);
        Ok(Self {
            device: device.open().await?,
        })
    }

    /// Serves until `stop` is done.
    ///
    /// # Errors
    /// [`RefereeError`], before the first connection is taken.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), RefereeError> {
        Ok(self.device.serve(stop).await?)
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
