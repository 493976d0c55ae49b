//! The device's button, or whatever stands for it: somebody is at the device and expects a client.

use std::sync::Arc;

use tokio::sync::Notify;

/// A handle on the button; every clone is the same button.
#[derive(Clone, Debug, Default)]
pub struct Button(Arc<Notify>);

impl Button {
    /// Somebody pressed it: a code is shown, and printed codes admit for two minutes.
    pub fn press(&self) {
        self.0.notify_one();
    }

    /// Waits for the next press.
    pub(crate) async fn pressed(&self) {
        self.0.notified().await;
    }
}
