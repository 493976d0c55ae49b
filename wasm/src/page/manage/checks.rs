//! What has to be in order for local pages to open, each with its state and with what to do: read from what the
//! background knows of the host and the browser, and from what the page's script can see.

use crate::fault::{Fault, OwnFault};
use crate::message::{Bridge, Kept, LinkState, ProxyControl, Status};
use crate::names::names;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{List, Part, Row, Slot, Text, View};
use settle_protocol::rpc::ErrorKind;

names! {
    /// Whether the extension may use a camera.
    Access {
        /// The user was not asked yet.
        Prompt = "prompt",
        /// It may.
        Granted = "granted",
        /// It may not.
        Denied = "denied",
    }
}

/// What is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Settle on this computer.
    Host,
    /// The trust store, and the keyring that opens it.
    Store,
    /// The way of local names.
    Proxy,
    /// The certificates of Settle's proxy.
    Bridge,
    /// Private windows.
    Private,
    /// The camera.
    Camera,
}

/// In the order in which one builds on the other.
const CHECKS: [Check; 6] = [
    Check::Host,
    Check::Store,
    Check::Proxy,
    Check::Bridge,
    Check::Private,
    Check::Camera,
];

impl Check {
    const fn title(self) -> Phrase {
        match self {
            Self::Host => Phrase::CheckHost,
            Self::Store => Phrase::CheckStore,
            Self::Proxy => Phrase::CheckProxy,
            Self::Bridge => Phrase::CheckBridge,
            Self::Private => Phrase::CheckPrivate,
            Self::Camera => Phrase::CheckCamera,
        }
    }
}

/// So many of them are needed for a local page to open.
const NEEDED: usize = 4;

/// How one of them is.
enum State {
    Well(Text),
    Amiss(Fault),
    /// Not so good, and for the user to decide.
    Note(Text, Text),
    /// Not known yet.
    Open(Phrase),
}

/// What only the page's script can see.
#[derive(Debug, Default)]
pub(super) struct Checks {
    private_windows: Option<bool>,
    camera: Option<Result<(), OwnFault>>,
}

impl Checks {
    pub(super) fn look() -> Vec<Effect> {
        vec![Effect::LookAround {}]
    }

    pub(super) const fn seen(&mut self, private_windows: bool, camera: Access) {
        self.private_windows = Some(private_windows);
        match camera {
            Access::Granted => {}
            Access::Denied => self.camera = Some(Err(OwnFault::CameraForbidden)),
            // What is no longer forbidden is not known to work.
            Access::Prompt => self.camera = None,
        }
    }

    pub(super) const fn tried(&mut self, camera: Result<(), OwnFault>) {
        self.camera = Some(camera);
    }

    pub(super) fn view(&self, view: View, status: Option<&Status>) -> View {
        let states = CHECKS.map(|check| (check, self.state(check, status)));
        let amiss = states.iter();
        let amiss = amiss.filter(|(_, state)| matches!(state, State::Amiss(_)));
        let needed = states.iter().take(NEEDED);
        let known = needed.filter(|(_, state)| !matches!(state, State::Open(_)));
        let summary = match (amiss.count(), known.count()) {
            (0, NEEDED) => Text::say(Phrase::ChecksWell),
            (0, _) => Text::say(Phrase::ChecksOpen),
            (amiss, _) => Text::say_of(Phrase::ChecksAmiss, &[&amiss]),
        };
        // What stands in the way is one of the rows.
        View {
            parts: view
                .parts
                .into_iter()
                .filter(|part| *part != Part::Trouble)
                .collect(),
            ..view
        }
        .titled(Slot::ChecksTitle, Text::say(Phrase::ChecksTitle))
        .text(Slot::ChecksSummary, summary)
        .list(
            List::Checks,
            states
                .into_iter()
                .map(|(check, state)| row(check, state))
                .collect(),
        )
    }

    fn state(&self, check: Check, status: Option<&Status>) -> State {
        let fault = status.and_then(|status| match status.link {
            LinkState::Down { fault } => Some(fault),
            LinkState::Ready | LinkState::Connecting => None,
        });
        let ready = status.filter(|status| status.link == LinkState::Ready);
        match check {
            Check::Host => match (fault.filter(|fault| !is_of_store(*fault)), status) {
                (Some(fault), _) => State::Amiss(fault),
                (
                    None,
                    Some(Status {
                        daemon: Some(version),
                        ..
                    }),
                ) => State::Well(Text::say_of(Phrase::CheckHostWell, &[version])),
                // It is there, and says that its store is not.
                (None, _) if fault.is_some() => State::Well(Text::say(Phrase::CheckHostAnswers)),
                (None, _) => State::Open(Phrase::CheckAsking),
            },
            Check::Store => match (fault.filter(|fault| is_of_store(*fault)), ready) {
                (Some(fault), _) => State::Amiss(fault),
                (None, Some(_)) => State::Well(Text::say(Phrase::CheckStoreWell)),
                (None, None) => State::Open(Phrase::CheckAfterHost),
            },
            Check::Proxy => status.map_or(State::Open(Phrase::CheckAsking), proxy),
            Check::Bridge => match (ready, ready.map(|status| status.bridge)) {
                (Some(_), Some(Bridge::Trusted)) => State::Well(Text::say(Phrase::CheckBridgeWell)),
                (Some(_), Some(Bridge::Untrusted)) => {
                    State::Amiss(OwnFault::BridgeUntrusted.into())
                }
                _ => State::Open(Phrase::CheckAfterHost),
            },
            Check::Private => match self.private_windows {
                Some(true) => State::Well(Text::say(Phrase::CheckPrivateWell)),
                Some(false) => note(Phrase::CheckPrivateNot, Phrase::CheckPrivateNext),
                None => State::Open(Phrase::CheckAsking),
            },
            Check::Camera => match self.camera {
                Some(Ok(())) => State::Well(Text::say(Phrase::CheckCameraWell)),
                // There are other ways to give a code.
                Some(Err(fault)) => {
                    let fault = Fault::from(fault);
                    State::Note(fault.sentence(), fault.next_step())
                }
                None => State::Open(Phrase::CheckCameraOpen),
            },
        }
    }
}

/// Whose way it is, and what became of the one that other sites had before.
fn proxy(status: &Status) -> State {
    match (status.proxy, &status.kept) {
        (ProxyControl::OtherExtension, _) => State::Amiss(OwnFault::ProxyTaken.into()),
        (ProxyControl::Policy, _) => State::Amiss(OwnFault::ProxyPolicy.into()),
        (ProxyControl::Replaced, _) => note(Phrase::ProxyReplaced, Phrase::CheckProxyReplacedNext),
        (ProxyControl::Ours, Kept::Nothing) => State::Well(Text::say(Phrase::CheckProxyWell)),
        (ProxyControl::Ours, Kept::Server(server)) => {
            State::Well(Text::say_of(Phrase::CheckProxyServer, &[server]))
        }
        (ProxyControl::Ours, Kept::Script) => State::Well(Text::say(Phrase::CheckProxyScript)),
    }
}

fn note(said: Phrase, next: Phrase) -> State {
    State::Note(Text::say(said), Text::say(next))
}

/// Whether the host itself answers, and its store is what is amiss.
const fn is_of_store(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Daemon(
            ErrorKind::KeyringMissing
                | ErrorKind::KeyringLocked
                | ErrorKind::StoreTampered
                | ErrorKind::StoreUnusable
                | ErrorKind::PassphraseNeeded
                | ErrorKind::PassphraseWrong
        )
    )
}

fn row(check: Check, state: State) -> Row {
    let mut row = Row {
        value: check.title().word().to_owned(),
        ..Row::default()
    };
    row.texts.insert(Slot::Check, Text::say(check.title()));
    let (part, said, next) = match state {
        State::Well(said) => (Part::CheckWell, said, None),
        State::Note(said, next) => (Part::CheckNote, said, Some(next)),
        State::Open(said) => (Part::CheckOpen, Text::say(said), None),
        State::Amiss(fault) => {
            if let Some(command) = fault.command() {
                row.parts.insert(Part::Command);
                row.texts.insert(Slot::Command, Text::literal(&command));
            }
            (Part::CheckAmiss, fault.sentence(), Some(fault.next_step()))
        }
    };
    if check == Check::Camera && part != Part::CheckWell {
        row.parts.insert(Part::CanTryCamera);
    }
    row.parts.insert(part);
    row.texts.insert(Slot::CheckSaid, said);
    if let Some(next) = next {
        row.texts.insert(Slot::CheckNext, next);
    }
    row
}
