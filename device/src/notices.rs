//! The way of events to whoever runs the device.

use tokio::sync::mpsc::Sender;

use crate::event::Event;

/// Where events go; nobody has to listen.
#[derive(Clone, Debug)]
pub(crate) struct Notices(pub(crate) Sender<Event>);

impl Notices {
    /// Tells what must not be missed, when there is room.
    pub(crate) async fn tell(&self, event: Event) {
        if self.0.send(event).await.is_err() {
            tracing::debug!("nobody listens to the device's events");
        }
    }

    /// Tells what strangers can cause at will: lost when there is no room.
    pub(crate) fn mention(&self, event: Event) {
        if self.0.try_send(event).is_err() {
            tracing::debug!("an event found no room");
        }
    }
}
