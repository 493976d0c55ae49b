//! Pairings on behalf of pages: at most one a page, and none outlives its page without consent.

use settle_protocol::name::Label;
use settle_protocol::rpc::{Call, CommitPairing, Decision, Device, ErrorKind, StartPairing};

use super::calls::Ask;
use super::link::failed;
use super::{Background, Effect, PageId};
use crate::fault::Fault;
use crate::message::{CodeText, ToPage};

/// How far a page's pairing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// The call of this number is under way.
    Starting(u64),
    /// The user decides about the pairing of this number.
    Deciding(u64),
    /// The user has consented to the pairing of this number.
    Committing(u64),
}

impl Background {
    pub(super) fn start_pairing(&mut self, page: PageId, code: CodeText) -> Vec<Effect> {
        let mut effects = self.cancel_pairing(page);
        let call = Call::StartPairing(StartPairing {
            code: code.0,
            client_label: self.client_label.clone(),
        });
        effects.extend(self.call_for(page, call, Ask::Start { page }));
        let started = matches!(effects.last(), Some(Effect::Post { .. }));
        self.set_pairing(page, started.then_some(Pairing::Starting(self.last_call)));
        effects
    }

    /// A decision that nobody waits for any more is refused at once.
    pub(super) fn pairing_started(
        &mut self,
        page: PageId,
        call: u64,
        decision: Result<Decision, Fault>,
    ) -> Vec<Effect> {
        let awaited = self.pairing(page) == Some(Pairing::Starting(call));
        match decision {
            Ok(decision) if awaited => {
                self.set_pairing(page, Some(Pairing::Deciding(decision.pairing)));
                vec![Effect::Say {
                    page,
                    message: ToPage::Decide { decision },
                }]
            }
            Ok(Decision { pairing, .. }) => {
                vec![self.call(Call::AbortPairing { pairing }, Ask::Abort)]
            }
            Err(fault) if awaited => {
                self.set_pairing(page, None);
                vec![failed(page, fault)]
            }
            Err(_) => Vec::new(),
        }
    }

    pub(super) fn commit_pairing(&mut self, page: PageId, petname: Label) -> Vec<Effect> {
        let Some(Pairing::Deciding(pairing)) = self.pairing(page) else {
            return vec![failed(page, ErrorKind::PairingGone.into())];
        };
        self.set_pairing(page, Some(Pairing::Committing(pairing)));
        let call = Call::CommitPairing(CommitPairing { pairing, petname });
        self.call_for(page, call, Ask::Commit { page })
    }

    /// The rules come before the good news, since the page goes to the device on hearing it.
    pub(super) fn trusted(&mut self, page: PageId, device: Device) -> Vec<Effect> {
        let mut devices = self.known.devices.clone();
        devices.retain(|known| known.id != device.id);
        devices.push(device.clone());
        devices.sort_by(|a, b| a.names.cmp(&b.names));
        let mut effects = self.set_devices(devices);
        effects.extend(self.tell_status());
        effects.push(Effect::Say {
            page,
            message: ToPage::Paired {
                device: Box::new(device),
            },
        });
        effects
    }

    pub(super) fn pairing_committed(
        &mut self,
        page: PageId,
        device: Result<Device, Fault>,
    ) -> Vec<Effect> {
        match device {
            Ok(device) => {
                self.set_pairing(page, None);
                self.trusted(page, device)
            }
            Err(fault) => {
                let again = match (self.pairing(page), fault) {
                    (Some(Pairing::Committing(pairing)), Fault::Daemon(ErrorKind::NameTaken)) => {
                        Some(Pairing::Deciding(pairing))
                    }
                    _ => None,
                };
                self.set_pairing(page, again);
                vec![failed(page, fault)]
            }
        }
    }

    /// Ends what the user has not consented to; consent itself is not taken back.
    pub(super) fn cancel_pairing(&mut self, page: PageId) -> Vec<Effect> {
        match self.pairing(page) {
            Some(Pairing::Deciding(pairing)) => {
                self.set_pairing(page, None);
                vec![self.call(Call::AbortPairing { pairing }, Ask::Abort)]
            }
            Some(Pairing::Starting(_)) => {
                self.set_pairing(page, None);
                Vec::new()
            }
            Some(Pairing::Committing(_)) | None => Vec::new(),
        }
    }

    fn pairing(&self, page: PageId) -> Option<Pairing> {
        self.pages.get(&page)?.pairing
    }

    fn set_pairing(&mut self, page: PageId, pairing: Option<Pairing>) {
        if let Some(page) = self.pages.get_mut(&page) {
            page.pairing = pairing;
        }
    }
}
