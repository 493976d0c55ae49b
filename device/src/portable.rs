//! A portable device on the network: it shows masks, each a set of names that is drawn for it alone,
//! and nothing that is the same twice (docs/pairing.md §11).
//!
//! What cannot be helped: all of a device's masks come from its address, and an address is not ours
//! to change.

mod door;
mod rotation;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mdns_sd::{IfKind, ServiceDaemon};
use settle_protocol::portable::{self, MARKS, MARKS_BYTES, MARKS_KEY, Mark, Nonce, Recognition};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

pub(crate) use self::door::Door;
pub use self::rotation::{Rotation, Step, WORN};
use crate::announce::{self, Service};
use crate::register::Register;

/// How often it is looked whether the device is somewhere else.
const LOOK_OUT: Duration = Duration::from_secs(1);

/// What is announced under a mask: every portable device's has the same form.
#[must_use]
pub fn mask(
    nonce: Nonce,
    known: impl Iterator<Item = Recognition>,
    decoys: [u8; MARKS_BYTES],
    port: u16,
) -> Service {
    let label = portable::label(&nonce);
    let marks = portable::marks(known.map(|key| key.mark(&nonce)), decoys);
    Service {
        host: format!("{label}.local."),
        instance: label,
        port,
        text: vec![(MARKS_KEY, marks.to_vec())],
    }
}

/// Shows masks until `stop`.
pub(crate) async fn wear(
    door: Arc<Door>,
    register: Arc<Register>,
    listener: SocketAddr,
    stop: CancellationToken,
) {
    let mut changes = register.changes();
    let mut wardrobe = Wardrobe {
        door,
        listener,
        started: Instant::now(),
        rotation: Rotation::default(),
        worn: HashMap::new(),
        told: Vec::new(),
        place: place(listener.ip()),
    };
    let mut look_out = tokio::time::interval(LOOK_OUT);
    look_out.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let wear = async {
        loop {
            let due = wardrobe.change();
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                _ = look_out.tick() => wardrobe.look_out(),
                changed = changes.changed() => match changed {
                    Ok(()) => wardrobe.greet(),
                    Err(_) => return,
                },
            }
        }
    };
    stop.run_until_cancelled(wear).await;
    wardrobe.drop_all();
}

/// The masks of a device that runs.
struct Wardrobe {
    door: Arc<Door>,
    listener: SocketAddr,
    started: Instant,
    rotation: Rotation,
    /// Each is announced by itself: what answers for two at once says that they are one device's.
    worn: HashMap<Nonce, ServiceDaemon>,
    /// Of those who recognize the newest mask; never shown.
    told: Vec<Mark>,
    /// Where the device is.
    place: Vec<IpAddr>,
}

impl Wardrobe {
    /// Does what is due, and says when to come again.
    fn change(&mut self) -> Instant {
        let now = self.started.elapsed();
        match self.rotation.advance(now, &mut getrandom::fill) {
            Ok(steps) => steps.into_iter().for_each(|step| self.take(step)),
            Err(error) => {
                tracing::warn!(%error, "no mask can be drawn");
                return Instant::now() + LOOK_OUT;
            }
        }
        self.started + self.rotation.due()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Begin(nonce) => {
                self.told = self.known();
                if self.told.len() > MARKS {
                    tracing::warn!(
                        "not all clients recognize this device: those of longest ago do not"
                    );
                }
                // Before it is seen, and so before anybody knocks.
                self.door.put_on(nonce);
                match self.show(nonce) {
                    Ok(daemon) => drop(self.worn.insert(nonce, daemon)),
                    Err(error) => tracing::warn!(%error, "a mask cannot be shown"),
                }
            }
            Step::End(nonce) => {
                self.door.take_off(&nonce);
                if let Some(Err(error)) = self.worn.remove(&nonce).map(|worn| worn.shutdown()) {
                    tracing::debug!(%error, "a mask was taken off already");
                }
            }
        }
    }

    fn show(&self, nonce: Nonce) -> Result<ServiceDaemon, ShowError> {
        let mut decoys = [0; MARKS_BYTES];
        getrandom::fill(&mut decoys)?;
        let service = mask(nonce, self.door.known(), decoys, self.listener.port());
        let daemon = announce::daemon(self.listener.ip())?;
        // New addresses get new masks; this one stays with those that it was shown at.
        daemon.set_ip_check_interval(0)?;
        daemon.register(service.info(self.listener.ip())?)?;
        Ok(daemon)
    }

    /// Somebody who was paired, or a new code, is to recognize the device at once.
    fn greet(&mut self) {
        if self.known().iter().any(|mark| !self.told.contains(mark)) {
            self.rotation.hurry();
        }
    }

    /// One mark for each of those who may recognize the device, under a nonce that is never worn.
    fn known(&self) -> Vec<Mark> {
        let nonce = Nonce::default();
        self.door.known().map(|key| key.mark(&nonce)).collect()
    }

    /// At another address, nothing is said under a mask that was worn at the last one.
    fn look_out(&mut self) {
        let place = place(self.listener.ip());
        if place != self.place {
            tracing::info!("the device is somewhere else now");
            self.drop_all();
            self.rotation.restart();
            self.started = Instant::now();
            self.place = place;
        }
    }

    /// Takes all masks off without a word: goodbyes of several at once, or with an address that none
    /// of them had, would say that they are one device's.
    fn drop_all(&mut self) {
        for (nonce, daemon) in self.worn.drain() {
            self.door.take_off(&nonce);
            let ended = daemon
                .disable_interface(IfKind::All)
                .and_then(|()| daemon.shutdown());
            if let Err(error) = ended {
                tracing::debug!(%error, "a mask was taken off already");
            }
        }
    }
}

/// Why a mask is not shown.
#[derive(Debug, thiserror::Error)]
enum ShowError {
    #[error("the system's random generator fails: {0}")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Announce(#[from] mdns_sd::Error),
}

/// The addresses of this machine, where the device is announced at all of them.
fn place(listener: IpAddr) -> Vec<IpAddr> {
    if !listener.is_unspecified() {
        return vec![listener];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces
        .iter()
        .filter(|interface| interface.is_oper_up() && !interface.is_loopback());
    let mut place: Vec<IpAddr> = up.map(if_addrs::Interface::ip).collect();
    place.sort_unstable();
    place
}
