//! Showing codes: one at every start, another whenever that one died unused while nobody has paired
//! yet, and one when somebody at the device asks. The picture of a dead code is removed.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use settle_protocol::material::Kind;
use settle_protocol::secret::PairingSecret;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::address;
use crate::audit::By;
use crate::button::Button;
use crate::clock::{steady_now, to_wall};
use crate::code::is_worth_showing;
use crate::event::Event;
use crate::identity::Held;
use crate::notices::Notices;
use crate::register::{Register, RegisterError};
use crate::shown::{self, Place, ShowError};

/// How long printed codes admit after somebody pressed the button.
const WINDOW: Duration = Duration::from_secs(2 * 60);
/// It is looked this often whether a code has ended.
const LOOK: Duration = Duration::from_secs(5);

/// Why there is no code to show.
#[derive(Debug, thiserror::Error)]
pub enum PresentError {
    /// The code cannot be kept.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The code cannot be shown.
    #[error(transparent)]
    Show(#[from] ShowError),
    /// The device is being stopped.
    #[error("the device is being stopped")]
    Stopping,
}

/// Shows the codes of one device.
#[derive(Debug)]
pub(crate) struct Presenter {
    pub(crate) identity: Arc<Held>,
    pub(crate) register: Arc<Register>,
    pub(crate) listener: SocketAddr,
    /// Device or referee.
    pub(crate) kind: Kind,
    pub(crate) qr_file: Option<PathBuf>,
    pub(crate) notices: Notices,
    pub(crate) button: Button,
}

impl Presenter {
    /// Shows the code that a start finds alive, or a new one.
    pub(crate) async fn show_first(&self) -> Result<PairingSecret, PresentError> {
        let now = steady_now();
        match self.register.code(now) {
            Some((secret, expires_at)) if is_worth_showing(expires_at, now) => {
                self.show(secret, expires_at).await
            }
            Some(_) | None => self.show_new().await,
        }
    }

    /// Keeps a code on show as long as nobody has paired.
    pub(crate) async fn run(self, first: PairingSecret, stop: CancellationToken) {
        let mut shown = Some(first);
        let mut changes = self.register.changes();
        let look_again = async {
            loop {
                // Somebody at the device asked for a code; one that is on show will do.
                let mut wanted = false;
                tokio::select! {
                    () = sleep(LOOK) => {}
                    changed = changes.changed() => if changed.is_err() { return },
                    () = self.button.pressed() => {
                        self.open_window().await;
                        wanted = true;
                    }
                }
                if shown.as_ref().is_some_and(|secret| self.is_alive(secret)) {
                    continue;
                }
                if shown.take().is_some() {
                    self.clear_away().await;
                }
                if wanted || self.register.clients().is_empty() {
                    match self.show_new().await {
                        Ok(secret) => shown = Some(secret),
                        Err(error) => tracing::error!(%error, "no new code can be shown"),
                    }
                }
            }
        };
        stop.run_until_cancelled(look_again).await;
    }

    async fn open_window(&self) {
        let until = steady_now().saturating_add(WINDOW.as_secs());
        match self.register.open_window(until, By::Button).await {
            Ok(()) => {
                let until = to_wall(until);
                self.notices.tell(Event::WindowOpened { until }).await;
            }
            Err(error) => tracing::error!(%error, "no window can be opened"),
        }
    }

    fn is_alive(&self, shown: &PairingSecret) -> bool {
        self.register
            .code(steady_now())
            .is_some_and(|(newest, _)| newest.matches(shown.expose()))
    }

    async fn show_new(&self) -> Result<PairingSecret, PresentError> {
        let now = steady_now();
        self.register.make_code(now).await?;
        let made = self.register.code(now);
        let (secret, expires_at) = made.ok_or(RegisterError::Spent)?;
        self.show(secret, expires_at).await
    }

    async fn show(
        &self,
        secret: PairingSecret,
        expires_at: u64,
    ) -> Result<PairingSecret, PresentError> {
        let kept = PairingSecret::new(*secret.expose());
        let (identity, qr_file) = (self.identity.get(), self.qr_file.clone());
        let place = Place {
            kind: self.kind,
            port: self.listener.port(),
            addresses: address::hints(self.listener),
        };
        let shown = tokio::task::spawn_blocking(move || {
            shown::show(&identity, place, secret, Some(expires_at), qr_file)
        });
        let code = shown.await.map_err(|_| PresentError::Stopping)??;
        self.notices.tell(Event::Code(code)).await;
        Ok(kept)
    }

    /// Nothing of a dead code is left, in picture or in file.
    async fn clear_away(&self) {
        if let Err(error) = self.register.bury_dead(steady_now()).await {
            tracing::warn!(%error, "the secret of a dead code cannot be wiped");
        }
        let Some(path) = &self.qr_file else {
            return;
        };
        if let Err(error) = tokio::fs::remove_file(path).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the picture of a dead code cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use settle_protocol::code::Code;
    use settle_protocol::material::PairingMaterial;
    use settle_protocol::name::Label;
    use tokio::sync::mpsc;

    use super::*;
    use crate::client::Client;
    use crate::identity::Identity;
    use crate::register::Contents;
    use crate::role::Role;
    use crate::state::StateDir;
    use settle_protocol::pairing::client::code_id;

    struct Fixture {
        _temp: tempfile::TempDir,
        register: Arc<Register>,
        events: mpsc::Receiver<Event>,
        stop: CancellationToken,
    }

    impl Fixture {
        /// A presenter that shows a code which was made `age` seconds ago.
        async fn new(age: u64) -> (Self, Presenter, PairingSecret) {
            let temp = tempfile::tempdir().unwrap();
            let dir = Arc::new(StateDir::open(temp.path()).unwrap());
            let label = Label::parse("printer").unwrap();
            let identity = Identity::make(&dir, &label).unwrap();
            let contents = Contents::make(&dir).unwrap();
            let register = Arc::new(Register::new(dir, contents));
            let made = steady_now() - age;
            register.make_code(made).await.unwrap();
            let (first, _) = register.code(made).unwrap();
            let (sender, events) = mpsc::channel(8);
            let presenter = Presenter {
                identity: Held::new(identity),
                register: Arc::clone(&register),
                listener: "127.0.0.1:8443".parse().unwrap(),
                kind: Kind::Device,
                qr_file: Some(temp.path().join("code.png")),
                notices: Notices(sender),
                button: Button::default(),
            };
            let fixture = Self {
                _temp: temp,
                register,
                events,
                stop: CancellationToken::new(),
            };
            (fixture, presenter, first)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_code_is_shown_when_one_ends_unused() {
        let (mut fixture, presenter, first) = Fixture::new(3600).await;
        tokio::spawn(presenter.run(first, fixture.stop.clone()));
        let Some(Event::Code(code)) = fixture.events.recv().await else {
            panic!("a code is shown");
        };
        let material = PairingMaterial::parse(&code.text).unwrap();
        assert_eq!(material.expires_at, code.expires_at);
        assert!(code.expires_at > Some(steady_now()));
        for form in [&code.typed, &code.words] {
            let read = Code::parse(form).unwrap();
            assert!(read.secret().matches(material.secret.expose()));
        }
        assert!(code.qr_file.unwrap().exists());
    }

    #[tokio::test(start_paused = true)]
    async fn no_other_code_is_shown_once_somebody_has_paired() {
        let (mut fixture, presenter, first) = Fixture::new(0).await;
        let id = code_id(&first);
        let picture = presenter.qr_file.clone().unwrap();
        std::fs::write(&picture, "a picture").unwrap();
        let presenting = tokio::spawn(presenter.run(first, fixture.stop.clone()));
        let client = Client {
            key: settle_protocol::fingerprint::KeyFingerprint::of_spki(b"ada"),
            label: "Ada".to_owned(),
            role: Role::Admin,
            paired_at: steady_now(),
        };
        let awaited = fixture.register.await_client(client.key);
        fixture.register.record(id, client, awaited).await.unwrap();
        while picture.exists() {
            tokio::task::yield_now().await;
        }
        let another = tokio::time::timeout(LOOK * 10, fixture.events.recv());
        assert!(another.await.is_err());
        fixture.stop.cancel();
        presenting.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_at_the_device_gets_a_code_also_when_others_are_paired() {
        let (mut fixture, presenter, first) = Fixture::new(0).await;
        let client = Client {
            key: settle_protocol::fingerprint::KeyFingerprint::of_spki(b"ada"),
            label: "Ada".to_owned(),
            role: Role::Admin,
            paired_at: steady_now(),
        };
        let id = code_id(&first);
        let button = presenter.button.clone();
        let awaited = fixture.register.await_client(client.key);
        fixture.register.record(id, client, awaited).await.unwrap();
        tokio::spawn(presenter.run(first, fixture.stop.clone()));
        button.press();
        let opened = fixture.events.recv().await;
        assert!(matches!(opened, Some(Event::WindowOpened { until }) if until > steady_now()));
        let Some(Event::Code(code)) = fixture.events.recv().await else {
            panic!("a code is shown");
        };
        assert!(code.expires_at > Some(steady_now()));
        // A code that is on show will do.
        button.press();
        let opened = fixture.events.recv().await;
        assert!(matches!(opened, Some(Event::WindowOpened { .. })));
        let another = tokio::time::timeout(LOOK * 10, fixture.events.recv());
        assert!(another.await.is_err());
    }
}
