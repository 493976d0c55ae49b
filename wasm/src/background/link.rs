//! The connection to the daemon: opened by itself, tried again with a growing delay, and greeted
//! before anything else is asked.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use settle_protocol::rpc::maker::Makers;
use settle_protocol::rpc::{
    Call, Device, Devices, ErrorKind, Event as Said, FromDaemon, HOST_NAME, Hello, Outcome, Proxy,
    Response, VERSION, Welcome,
};

use super::calls::{Ask, BackupStep};
use super::{Background, Effect, PageId};
use crate::fault::Fault;
use crate::message::{Bridge, LinkState, ToPage};

/// The first delay before another attempt; each further one doubles it.
const FIRST_DELAY: u32 = 250;
/// The longest delay while a page waits for the host.
const LONGEST_WATCHED: u32 = 2_000;
/// The longest delay otherwise; below the 30 seconds after which browsers end an idle worker.
const LONGEST_DELAY: u32 = 20_000;

/// Where the connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// There is no port.
    #[default]
    Closed,
    /// `hello` is under way.
    Greeting,
    /// The first list of devices is under way.
    Listing,
    /// All is known.
    Ready,
    /// The daemon answers, but cannot work.
    Refused,
}

impl Background {
    pub(super) const fn link_state(&self) -> LinkState {
        match (self.link, self.trouble) {
            (Link::Ready, _) => LinkState::Ready,
            (_, Some(fault)) => LinkState::Down { fault },
            (_, None) => LinkState::Connecting,
        }
    }

    /// Does whatever brings the connection one step closer to working.
    pub(super) fn try_again(&mut self) -> Vec<Effect> {
        match self.link {
            Link::Closed => {
                let connect = Effect::Connect { host: HOST_NAME };
                vec![connect, self.greet()]
            }
            Link::Refused => vec![self.greet()],
            Link::Ready if self.bridge != Bridge::Trusted => self.check_bridge(),
            Link::Greeting | Link::Listing | Link::Ready => Vec::new(),
        }
    }

    fn greet(&mut self) -> Effect {
        self.link = Link::Greeting;
        let hello = Hello {
            protocol: VERSION,
            client: self.client.clone(),
        };
        self.call(Call::Hello(hello), Ask::Hello)
    }

    pub(super) fn list(&mut self) -> Effect {
        self.call(Call::ListDevices {}, Ask::List)
    }

    fn check_bridge(&self) -> Vec<Effect> {
        let check = |Proxy { host, port }: &Proxy| Effect::CheckBridge {
            url: format!("https://{host}:{port}/health"),
        };
        self.known.proxy.iter().map(check).collect()
    }

    /// A request that failed may mean that the daemon is just going; so only an answer to a ready
    /// connection counts, and it is tried again.
    pub(super) fn bridge_checked(&mut self, trusted: bool) -> Vec<Effect> {
        if trusted {
            self.bridge = Bridge::Trusted;
            return Vec::new();
        }
        if self.link != Link::Ready {
            return Vec::new();
        }
        self.bridge = Bridge::Untrusted;
        vec![self.wait()]
    }

    fn wait(&mut self) -> Effect {
        let longest = if self.pages.is_empty() {
            LONGEST_DELAY
        } else {
            LONGEST_WATCHED
        };
        let delay = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(self.attempts));
        self.attempts = self.attempts.saturating_add(1);
        Effect::Wait {
            milliseconds: delay.min(longest),
        }
    }

    pub(super) fn port_closed(&mut self, reason: Option<&str>) -> Vec<Effect> {
        let was_up = matches!(self.link, Link::Listing | Link::Ready);
        let fault = Fault::of_disconnect(reason, was_up);
        self.link = Link::Closed;
        self.daemon = None;
        self.trouble = Some(fault);
        let mut effects = self.fail_everything(fault);
        effects.push(self.wait());
        effects
    }

    /// Whoever waits for an answer is told that none comes.
    fn fail_everything(&mut self, fault: Fault) -> Vec<Effect> {
        let mut waiting: Vec<PageId> = std::mem::take(&mut self.calls)
            .into_values()
            .filter_map(|ask| match ask {
                Ask::Start { page }
                | Ask::Commit { page }
                | Ask::Vouch { page }
                | Ask::StartImport { page }
                | Ask::CommitImport { page }
                | Ask::Revoke { page, .. }
                | Ask::Change { page }
                | Ask::Invite { page }
                | Ask::HandOver { page }
                | Ask::Audit { page, .. }
                | Ask::Makers { page }
                | Ask::ChangeMakers { page }
                | Ask::Backup { page, .. } => Some(page),
                Ask::Hello | Ask::List | Ask::Abort => None,
            })
            .collect();
        for (id, page) in &mut self.pages {
            waiting.extend(page.pairing.take().map(|_| *id));
        }
        waiting.sort_unstable();
        waiting.dedup();
        waiting
            .into_iter()
            .map(|page| failed(page, fault))
            .collect()
    }

    /// Takes what the host said. Anything that is no message of this version is a defect on one of
    /// the two sides, and is left unanswered.
    pub(super) fn heard(&mut self, message: Value) -> Vec<Effect> {
        match FromDaemon::deserialize(message) {
            Ok(FromDaemon::Response(response)) => self.answered(response),
            Ok(FromDaemon::Notification(notification)) => self.told_by_daemon(notification.event),
            Err(_) => Vec::new(),
        }
    }

    fn told_by_daemon(&mut self, event: Said) -> Vec<Effect> {
        match event {
            Said::PairingProgress { request, step } => match self.calls.get(&request) {
                Some(Ask::Start { page }) => vec![Effect::Say {
                    page: *page,
                    message: ToPage::Progress { step },
                }],
                _ => Vec::new(),
            },
            Said::DevicesChanged {} if self.link == Link::Ready => vec![self.list()],
            Said::DevicesChanged {} => Vec::new(),
            Said::DeviceBlocked { name, refusal } => self.learned_refusal(name, refusal),
        }
    }

    fn answered(&mut self, response: Response) -> Vec<Effect> {
        let Some(ask) = response.id.and_then(|id| self.calls.remove(&id)) else {
            return Vec::new();
        };
        let id = response.id.unwrap_or_default();
        match ask {
            Ask::Hello => match result(response) {
                Ok(welcome) => self.welcomed(welcome),
                Err(fault) => self.refused_by_daemon(fault),
            },
            Ask::List => match result(response) {
                Ok(all) => self.listed(all),
                Err(fault) => self.refused_by_daemon(fault),
            },
            Ask::Start { page } => self.pairing_started(page, id, result(response)),
            Ask::Commit { page } => self.pairing_committed(page, result(response)),
            Ask::Abort => Vec::new(),
            Ask::Vouch { page } => match result(response) {
                Ok(device) => self.trusted(page, device),
                Err(_) => vec![say(page, Ok(ToPage::NotVouched {}))],
            },
            Ask::StartImport { page } => vec![say(page, import_answer(response))],
            Ask::CommitImport { page } => self.import_committed(page, result(response)),
            Ask::Revoke { page, device } => match result::<Value>(response) {
                Ok(_) => self.revoked(page, &device),
                Err(fault) => vec![failed(page, fault)],
            },
            Ask::Change { page } => match result::<Value>(response) {
                Ok(_) => vec![self.list()],
                Err(fault) => vec![failed(page, fault)],
            },
            Ask::HandOver { page } => tell(page, response, |handed| ToPage::HandedOver {
                handed: Box::new(handed),
            }),
            Ask::Invite { page } => {
                tell(page, response, |invitation| ToPage::Invited { invitation })
            }
            Ask::Audit { page, before } => {
                tell(page, response, |audit| ToPage::Audit { audit, before })
            }
            Ask::Makers { page } => tell(page, response, |Makers { makers }| ToPage::Makers {
                makers,
            }),
            Ask::ChangeMakers { page } => match result::<Value>(response) {
                Ok(_) => self.list_makers(page),
                Err(fault) => vec![failed(page, fault)],
            },
            Ask::Backup { page, step } => match backup_answer(step, response) {
                Ok(message) => {
                    let mut effects = vec![Effect::Say { page, message }];
                    effects.extend((step == BackupStep::Restore).then(|| self.list()));
                    effects
                }
                Err(fault) => vec![failed(page, fault)],
            },
        }
    }

    fn welcomed(&mut self, welcome: Welcome) -> Vec<Effect> {
        // A daemon that is older or newer says so itself; one that does not is from before that.
        if welcome.protocol != VERSION {
            return self.refused_by_daemon(ErrorKind::VersionMismatch.into());
        }
        self.link = Link::Listing;
        self.daemon = Some(welcome.daemon);
        let mut effects = vec![self.list()];
        if self.known.proxy.as_ref() != Some(&welcome.proxy) {
            self.known.proxy = Some(welcome.proxy);
            self.bridge = Bridge::Unknown;
            effects.extend(self.proxy());
            effects.push(self.remember());
        }
        effects
    }

    fn refused_by_daemon(&mut self, fault: Fault) -> Vec<Effect> {
        self.link = Link::Refused;
        self.trouble = Some(fault);
        vec![self.wait()]
    }

    fn listed(&mut self, all: Devices) -> Vec<Effect> {
        let first = self.link != Link::Ready;
        self.link = Link::Ready;
        self.trouble = None;
        self.attempts = 0;
        let mut effects = self.set_known(all.devices, all.unverified);
        if first {
            effects.extend(self.check_bridge());
        }
        effects
    }

    fn revoked(&mut self, page: PageId, device: &str) -> Vec<Effect> {
        let mut left = self.known.devices.clone();
        left.retain(|known| known.id != device);
        let mut effects = self.set_devices(left);
        effects.extend(self.tell_status());
        effects.push(Effect::Say {
            page,
            message: ToPage::Revoked {},
        });
        effects
    }

    fn import_committed(&mut self, page: PageId, device: Result<Device, Fault>) -> Vec<Effect> {
        match device {
            Ok(device) => self.trusted(page, device),
            Err(fault) => vec![failed(page, fault)],
        }
    }
}

/// Tells a page what the daemon answered.
fn tell<T: DeserializeOwned>(
    page: PageId,
    response: Response,
    message: impl FnOnce(T) -> ToPage,
) -> Vec<Effect> {
    vec![say(page, result(response).map(message))]
}

fn say(page: PageId, answer: Result<ToPage, Fault>) -> Effect {
    let message = answer.unwrap_or_else(|fault| ToPage::Failed { fault });
    Effect::Say { page, message }
}

pub(super) const fn failed(page: PageId, fault: Fault) -> Effect {
    Effect::Say {
        page,
        message: ToPage::Failed { fault },
    }
}

fn import_answer(response: Response) -> Result<ToPage, Fault> {
    result(response).map(|decision| ToPage::DecideImport { decision })
}

fn backup_answer(step: BackupStep, response: Response) -> Result<ToPage, Fault> {
    Ok(match step {
        BackupStep::Make => ToPage::BackupMade {
            made: result(response)?,
        },
        BackupStep::Read => ToPage::BackupPart {
            part: result(response)?,
        },
        BackupStep::Give => {
            result::<Value>(response)?;
            ToPage::RestoreGiven {}
        }
        BackupStep::Open => ToPage::RestoreOpened {
            decision: result(response)?,
        },
        BackupStep::Restore => {
            result::<Value>(response)?;
            ToPage::Restored {}
        }
    })
}

/// An answer of the wrong form comes from another version than `hello` told, which is a defect.
fn result<T: DeserializeOwned>(response: Response) -> Result<T, Fault> {
    match response.outcome {
        Outcome::Result(value) => T::deserialize(value).map_err(|_| ErrorKind::Internal.into()),
        Outcome::Error(error) => Err(error.data.kind.into()),
    }
}
