//! Calls to the daemon: what each one is for, and which of them follows from what a page said. Answers are taken in
//! `link.rs`.

use settle_protocol::name::LocalName;
use settle_protocol::rpc::audit::ReadAudit;
use settle_protocol::rpc::import::StartImport;
use settle_protocol::rpc::{Call, Request};

use super::link::{Link, failed};
use super::{Background, Effect, PageId};
use crate::fault::OwnFault;
use crate::message::FromPage;

/// What an open call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Hello,
    List,
    Start {
        page: PageId,
    },
    Commit {
        page: PageId,
    },
    Abort,
    Vouch {
        page: PageId,
    },
    StartImport {
        page: PageId,
    },
    CommitImport {
        page: PageId,
    },
    Revoke {
        page: PageId,
        device: String,
    },
    /// The daemon tells everybody of what it has changed.
    Change {
        page: PageId,
    },
    Invite {
        page: PageId,
    },
    HandOver {
        page: PageId,
    },
    Audit {
        page: PageId,
        before: Option<u64>,
    },
    Backup {
        page: PageId,
        step: BackupStep,
    },
    Makers {
        page: PageId,
    },
    ChangeMakers {
        page: PageId,
    },
}

/// A step on the way of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackupStep {
    Make,
    Read,
    Give,
    Open,
    Restore,
}

impl Background {
    pub(super) fn page_said(&mut self, page: PageId, message: FromPage) -> Vec<Effect> {
        match message {
            FromPage::Start { code } => self.start_pairing(page, code),
            FromPage::Commit { petname } => self.commit_pairing(page, petname),
            FromPage::Cancel {} => self.cancel_pairing(page),
            FromPage::AskSites { tab, site, rules } => {
                self.tell_asked(page, tab, site.as_deref(), &rules)
            }
            FromPage::Pass { device, origin } => {
                self.change(page, Call::PassOrigin { device, origin })
            }
            FromPage::AskRefusal { name } => self.tell_refusal(page, name),
            FromPage::Vouch { name, port } => {
                self.call_for(page, Call::VouchName { name, port }, Ask::Vouch { page })
            }
            FromPage::AddUnverified { name } => self.change(page, Call::AddUnverified { name }),
            FromPage::RemoveUnverified { name } => self.verify(page, name),
            FromPage::StartImport { start } => self.start_import(page, start),
            FromPage::CommitImport { import } => self.commit_import(page, import),
            FromPage::Revoke { device } => self.revoke(page, device),
            FromPage::Rename { device, petname } => {
                self.change(page, Call::RenameDevice { device, petname })
            }
            FromPage::HandOver { hand_over } => {
                self.call_for(page, Call::HandOver(hand_over), Ask::HandOver { page })
            }
            FromPage::Invite { invite } => {
                self.call_for(page, Call::InviteComputer(invite), Ask::Invite { page })
            }
            FromPage::Allow { device, origin } => {
                self.change(page, Call::AllowOrigin { device, origin })
            }
            FromPage::Deny { device, origin } => {
                self.change(page, Call::DenyOrigin { device, origin })
            }
            FromPage::ListMakers {} => self.list_makers(page),
            FromPage::AddMaker { maker } => self.change_makers(page, Call::AddMaker(maker)),
            FromPage::RemoveMaker { maker } => {
                self.change_makers(page, Call::RemoveMaker { name: maker })
            }
            FromPage::MakeBackup { passphrase } => {
                self.back_up(page, BackupStep::Make, Call::MakeBackup { passphrase })
            }
            FromPage::ReadBackup { offset } => {
                self.back_up(page, BackupStep::Read, Call::ReadBackup { offset })
            }
            FromPage::WriteRestore { offset, part } => {
                self.back_up(page, BackupStep::Give, Call::WriteRestore { offset, part })
            }
            FromPage::OpenRestore { passphrase } => {
                self.back_up(page, BackupStep::Open, Call::OpenRestore { passphrase })
            }
            FromPage::CommitRestore {} => {
                self.back_up(page, BackupStep::Restore, Call::CommitRestore {})
            }
            FromPage::ReadAudit { before, limit } => {
                let call = Call::ReadAudit(ReadAudit { before, limit });
                self.call_for(page, call, Ask::Audit { page, before })
            }
        }
    }

    fn change(&mut self, page: PageId, call: Call) -> Vec<Effect> {
        self.call_for(page, call, Ask::Change { page })
    }

    /// From now on, or not at all.
    fn verify(&mut self, page: PageId, name: LocalName) -> Vec<Effect> {
        self.change(page, Call::RemoveUnverified { name })
    }

    fn revoke(&mut self, page: PageId, device: String) -> Vec<Effect> {
        let call = Call::RevokeDevice {
            device: device.clone(),
        };
        self.call_for(page, call, Ask::Revoke { page, device })
    }

    fn start_import(&mut self, page: PageId, start: StartImport) -> Vec<Effect> {
        self.call_for(page, Call::StartImport(start), Ask::StartImport { page })
    }

    fn commit_import(&mut self, page: PageId, import: u64) -> Vec<Effect> {
        let call = Call::CommitImport { import };
        self.call_for(page, call, Ask::CommitImport { page })
    }

    pub(super) fn list_makers(&mut self, page: PageId) -> Vec<Effect> {
        self.call_for(page, Call::ListMakers {}, Ask::Makers { page })
    }

    fn change_makers(&mut self, page: PageId, call: Call) -> Vec<Effect> {
        self.call_for(page, call, Ask::ChangeMakers { page })
    }

    fn back_up(&mut self, page: PageId, step: BackupStep, call: Call) -> Vec<Effect> {
        self.call_for(page, call, Ask::Backup { page, step })
    }

    /// A call on behalf of a page, which is told at once when there is nobody to ask.
    pub(super) fn call_for(&mut self, page: PageId, call: Call, ask: Ask) -> Vec<Effect> {
        if self.link == Link::Ready {
            return vec![self.call(call, ask)];
        }
        vec![failed(
            page,
            self.trouble.unwrap_or_else(|| OwnFault::HostLost.into()),
        )]
    }

    pub(super) fn call(&mut self, call: Call, ask: Ask) -> Effect {
        self.last_call += 1;
        self.calls.insert(self.last_call, ask);
        Effect::Post {
            message: Request::new(self.last_call, call),
        }
    }
}
