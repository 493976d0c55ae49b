//! What the manager's buttons do; those on the screen of one device are in `changes.rs`.

use super::checks::Checks;
use super::handover::Handing;
use super::invite::Inviting;
use super::{Manage, Place, Shown, Undo, say};
use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{Action, Text};

impl Manage {
    pub(super) fn pressed(&mut self, action: Action, value: &str) -> Vec<Effect> {
        self.fault = None;
        match action {
            Action::ShowDevices => self.go(Place::Devices),
            Action::ShowLog => self.go(Place::Log),
            Action::ShowMakers => self.show_makers(),
            Action::AddMaker => self.makers.add(),
            Action::RemoveMaker => self.makers.remove(value),
            Action::RemoveUnverified => self.remove_unverified(value),
            Action::AddCancel => {
                self.makers.forget_choice();
                Vec::new()
            }
            Action::ShowBackup => self.go(Place::Backup),
            Action::ShowChecks => self.check(),
            Action::TryCamera => vec![Effect::TryCamera {}],
            Action::Backup => self.backups.make(),
            Action::OpenBackup => self.backups.open(),
            Action::Restore => self.backups.confirm(),
            Action::RestoreCancel => {
                self.backups.stop();
                Vec::new()
            }
            Action::Details => self.go(Place::Device(Shown::new(value.to_owned()))),
            Action::ShowInvite | Action::Invite | Action::CloseInvite => self.invite(action),
            Action::ShowHandover | Action::HandOver | Action::CloseHandover => {
                self.hand_over(action)
            }
            Action::Pair => open("pair.html"),
            Action::Import => open("import.html"),
            Action::Older => Vec::from_iter(self.log.read_older()),
            Action::Export => self.log.export(),
            Action::Undo => self
                .undo
                .take()
                .map_or_else(Vec::new, |undo| say(undo.message)),
            Action::Forget | Action::ForgetCancel => self.ask_to_forget(action),
            Action::Open
            | Action::Rename
            | Action::PassSite
            | Action::AllowSite
            | Action::Allow
            | Action::Deny
            | Action::ForgetConfirm => {
                let shown = self.shown().cloned();
                shown.map_or_else(Vec::new, |device| self.do_to(device, action, value))
            }
            Action::Retry
            | Action::Scan
            | Action::ReadImport
            | Action::AskUnverified
            | Action::OpenUnverified
            | Action::StopScan
            | Action::Cancel
            | Action::Trust
            | Action::Refuse
            | Action::Manage
            | Action::Again => Vec::new(),
        }
    }

    /// Lets a name open without pairing no more.
    fn remove_unverified(&mut self, value: &str) -> Vec<Effect> {
        let mut listed = self.status.iter().flat_map(|status| &status.unverified);
        let known = listed.find(|known| known.name.as_str() == value);
        let Some(name) = known.map(|known| known.name.clone()) else {
            return Vec::new();
        };
        self.undo = Some(Undo {
            done: Text::say_of(Phrase::UndoUnverified, &[&name]),
            message: FromPage::AddUnverified { name: name.clone() },
        });
        say(FromPage::RemoveUnverified { name })
    }

    fn show_makers(&mut self) -> Vec<Effect> {
        self.go(Place::Makers);
        say(FromPage::ListMakers {})
    }

    pub(super) fn check(&mut self) -> Vec<Effect> {
        self.go(Place::Checks);
        Checks::look()
    }

    /// What is pressed on the way to a code for another computer, and back from it.
    fn invite(&mut self, action: Action) -> Vec<Effect> {
        if let (Place::Device(Shown { id, .. }), Action::ShowInvite) = (&self.place, action) {
            let inviting = Inviting::to(id.clone());
            return self.go(Place::Invite(inviting));
        }
        let Place::Invite(inviting) = &mut self.place else {
            return Vec::new();
        };
        if action == Action::Invite {
            return inviting.ask();
        }
        let shown = Shown::new(inviting.device.clone());
        self.go(Place::Device(shown))
    }

    /// What is pressed on the way to a name for a server, and back from it.
    fn hand_over(&mut self, action: Action) -> Vec<Effect> {
        if let (Place::Device(Shown { id, .. }), Action::ShowHandover) = (&self.place, action) {
            let handing = Handing::by(id.clone());
            return self.go(Place::Handover(handing));
        }
        let Place::Handover(handing) = &mut self.place else {
            return Vec::new();
        };
        if action == Action::HandOver {
            return handing.ask();
        }
        let shown = Shown::new(handing.referee.clone());
        self.go(Place::Device(shown))
    }

    fn ask_to_forget(&mut self, action: Action) -> Vec<Effect> {
        if let Place::Device(shown) = &mut self.place {
            shown.forgetting = action == Action::Forget;
        }
        Vec::new()
    }
}

fn open(page: &str) -> Vec<Effect> {
    let url = page.to_owned();
    vec![Effect::Open { url }]
}
