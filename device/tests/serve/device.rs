//! A device run inside the test, in a temporary directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use settle_device::{
    Announcing, Button, Clients, Device, DeviceError, Event, Policy, Settings, ShownCode,
    UpstreamUrl,
};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A device that serves until it is stopped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) fingerprint: KeyFingerprint,
    pub(crate) clients: Clients,
    /// The code that it shows.
    pub(crate) code: String,
    /// The same to be typed.
    pub(crate) typed: String,
    /// The same in words.
    pub(crate) words: String,
    pub(crate) button: Button,
    events: mpsc::Receiver<Event>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), DeviceError>>,
}

/// Where a device keeps its state from start to start.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    pub(crate) fn picture(&self) -> PathBuf {
        self.0.path().join("code.png")
    }

    pub(crate) fn settings(&self, upstream: SocketAddr) -> Settings {
        let url: UpstreamUrl = format!("http://{upstream}").parse().unwrap();
        Settings {
            label: Label::parse("printer").unwrap(),
            upstreams: url.into(),
            state: self.state(),
            listen: "127.0.0.1:0".parse().unwrap(),
            qr_file: Some(self.picture()),
            announcing: Announcing::Off,
            beside: Vec::new(),
            policy: Policy::default(),
            authority: None,
        }
    }

    pub(crate) async fn serve(&self, upstream: SocketAddr) -> Served {
        Served::start(self.settings(upstream)).await
    }
}

impl Served {
    pub(crate) async fn start(settings: Settings) -> Self {
        let (sender, mut events) = mpsc::channel(64);
        let device = Device::open(settings, sender).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let (address, fingerprint) = (device.address(), device.fingerprint());
        let (clients, button) = (device.clients(), device.button());
        let serving = tokio::spawn(device.serve(async move {
            // A dropped sender stops the device too.
            drop(stopped.await);
        }));
        let code = next_code(&mut events).await;
        Self {
            address,
            fingerprint,
            clients,
            code: code.text.to_string(),
            typed: code.typed.to_string(),
            words: code.words.to_string(),
            button,
            events,
            stop,
            serving,
        }
    }

    /// The next event, which may not be long in coming.
    pub(crate) async fn event(&mut self) -> Event {
        self.events.recv().await.unwrap()
    }

    /// Waits for another code.
    pub(crate) async fn next_code(&mut self) -> String {
        next_code(&mut self.events).await.text.to_string()
    }

    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.serving.await.unwrap().unwrap();
    }
}

async fn next_code(events: &mut mpsc::Receiver<Event>) -> ShownCode {
    loop {
        if let Event::Code(code) = events.recv().await.unwrap() {
            return code;
        }
    }
}
