//! The manager: what is trusted and what that means, device by device, and the audit log. It changes
//! nothing by itself; each change is asked of the daemon, and shown when the daemon has made it.

mod backups;
mod changes;
mod checks;
mod device;
mod handover;
mod invite;
mod list;
mod log;
mod makers;
mod pressed;
mod screen;
mod sentence;
#[cfg(test)]
mod tests;

use settle_protocol::rpc::backup::Part as Bytes;
use settle_protocol::rpc::{Device, ErrorKind};

use self::backups::Backups;
pub use self::checks::Access;
use self::checks::Checks;
use self::handover::Handing;
use self::invite::Inviting;
use self::list::Order;
use self::log::Log;
use self::makers::Makers;
use super::{Effect, Event};
use crate::fault::Fault;
use crate::message::{FromPage, LinkState, Status, ToPage};
use crate::view::{Field, Text};

/// The manager's state.
#[derive(Debug, Default)]
pub struct Manage {
    status: Option<Status>,
    place: Place,
    search: String,
    order: Order,
    log: Log,
    backups: Backups,
    makers: Makers,
    checks: Checks,
    fault: Option<Fault>,
    /// What would take the last change back.
    undo: Option<Undo>,
}

/// What is shown.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Devices,
    Device(Shown),
    Invite(Inviting),
    Handover(Handing),
    Log,
    Backup,
    Makers,
    Checks,
}

/// One device, by its identifier in the trust store.
#[derive(Debug)]
struct Shown {
    id: String,
    /// What the field for its name holds, once it was typed into.
    petname: Option<String>,
    /// What the field for another site holds.
    origin: String,
    /// Whether to forget it is asked.
    forgetting: bool,
}

impl Shown {
    const fn new(id: String) -> Self {
        Self {
            id,
            petname: None,
            origin: String::new(),
            forgetting: false,
        }
    }
}

/// What the user did, and the message that takes it back.
#[derive(Debug)]
struct Undo {
    done: Text,
    message: FromPage,
}

impl Manage {
    /// `checks` is the fragment that leads to the checks.
    pub(super) fn open(fragment: &str) -> (Self, Vec<Effect>) {
        let mut page = Self::default();
        let effects = match fragment {
            "checks" => page.check(),
            _ => Vec::new(),
        };
        (page, effects)
    }

    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Heard { message } => self.heard(message),
            Event::Typed { field, text } => {
                self.typed(field, text);
                Vec::new()
            }
            Event::Pressed { action, value } => self.pressed(action, &value),
            Event::Secret { field, text } => {
                self.backups.typed(field, text);
                Vec::new()
            }
            Event::File { bytes } => {
                self.fault = None;
                self.chosen(bytes);
                Vec::new()
            }
            Event::Lost {} => {
                self.log = Log::default();
                self.stop_asking();
                self.backups.stop();
                Vec::new()
            }
            Event::NoCamera { fault } => {
                self.checks.tried(Err(fault));
                Vec::new()
            }
            Event::CameraWorks {} => {
                self.checks.tried(Ok(()));
                Vec::new()
            }
            Event::Surroundings {
                private_windows,
                camera,
            } => {
                self.checks.seen(private_windows, camera);
                Vec::new()
            }
            Event::Returned {} => match self.place {
                Place::Checks => Checks::look(),
                Place::Devices
                | Place::Device(_)
                | Place::Invite(_)
                | Place::Handover(_)
                | Place::Log
                | Place::Backup
                | Place::Makers => Vec::new(),
            },
            Event::Reading {}
            | Event::Picture { .. }
            | Event::NoPicture {}
            | Event::Seen { .. }
            | Event::Tab { .. }
            | Event::Text { .. }
            | Event::CodeTyped { .. } => Vec::new(),
        }
    }

    fn heard(&mut self, message: ToPage) -> Vec<Effect> {
        match message {
            ToPage::Status { status } => {
                let ready = status.link == LinkState::Ready;
                // Whatever changes what is trusted is in the log.
                let changed = self.status.as_ref() != Some(&status);
                self.status = Some(status);
                self.leave_what_is_gone();
                Vec::from_iter((ready && changed).then(|| self.log.read_newest()))
            }
            ToPage::Audit { audit, before } => {
                let heard = self.log.heard(&audit, before);
                heard.unwrap_or_else(|| {
                    self.fault = Some(ErrorKind::Internal.into());
                    Vec::new()
                })
            }
            ToPage::Failed { fault } => {
                self.fault = Some(fault);
                self.undo = None;
                self.log.failed();
                self.stop_asking();
                self.backups.stop();
                Vec::new()
            }
            ToPage::Makers { makers } => {
                self.makers.heard(makers);
                Vec::new()
            }
            ToPage::HandedOver { handed } => {
                if let Place::Handover(handing) = &mut self.place {
                    handing.heard(*handed);
                }
                Vec::new()
            }
            ToPage::Invited { invitation } => {
                if let Place::Invite(inviting) = &mut self.place {
                    self.fault = inviting.heard(invitation).err();
                }
                Vec::new()
            }
            ToPage::BackupMade { made } => self.backups.made(made),
            ToPage::BackupPart { part } => self.backups.read(part),
            ToPage::RestoreGiven {} => self.backups.given(),
            ToPage::RestoreOpened { decision } => {
                self.backups.opened(decision);
                Vec::new()
            }
            ToPage::Restored {} => {
                self.backups.restored();
                Vec::new()
            }
            ToPage::Revoked {}
            | ToPage::Progress { .. }
            | ToPage::SitesAsked { .. }
            | ToPage::Decide { .. }
            | ToPage::NotVouched {}
            | ToPage::DecideImport { .. }
            | ToPage::Paired { .. }
            | ToPage::Refused { .. } => Vec::new(),
        }
    }

    /// A file is for what is shown.
    fn chosen(&mut self, file: Bytes) {
        match self.place {
            Place::Makers => self.fault = self.makers.chosen(file).err().map(Fault::from),
            Place::Backup
            | Place::Devices
            | Place::Device(_)
            | Place::Invite(_)
            | Place::Handover(_)
            | Place::Log
            | Place::Checks => {
                self.backups.chosen(file);
            }
        }
    }

    fn leave_what_is_gone(&mut self) {
        let id = match &self.place {
            Place::Device(shown) => &shown.id,
            Place::Invite(inviting) => &inviting.device,
            Place::Handover(handing) => &handing.referee,
            Place::Devices | Place::Log | Place::Backup | Place::Makers | Place::Checks => return,
        };
        if self.device(id).is_none() {
            self.place = Place::Devices;
        }
    }

    fn typed(&mut self, field: Field, text: String) {
        match (field, &mut self.place) {
            (Field::Search, _) => self.search = text,
            (Field::Order, _) => self.order = Order::of_word(&text),
            (Field::Petname, Place::Device(shown)) => shown.petname = Some(text),
            (Field::Origin, Place::Device(shown)) => shown.origin = text,
            (Field::InvitedRole, Place::Invite(inviting)) => inviting.chosen(&text),
            (Field::HandedName | Field::HandedBy, Place::Handover(handing)) => {
                handing.typed(field, text);
            }
            (Field::InvitedRole | Field::HandedName | Field::HandedBy, _) => {}
            (
                Field::Origin,
                Place::Devices
                | Place::Invite(_)
                | Place::Handover(_)
                | Place::Log
                | Place::Backup
                | Place::Makers
                | Place::Checks,
            ) => {}
            (Field::MakerName | Field::SerialNumbers, _) => self.makers.typed(field, text),
            (
                Field::Petname,
                Place::Devices
                | Place::Invite(_)
                | Place::Handover(_)
                | Place::Log
                | Place::Backup
                | Place::Makers
                | Place::Checks,
            )
            | (
                Field::NewPassphrase
                | Field::NewPassphraseAgain
                | Field::Passphrase
                | Field::ImportName
                | Field::ImportSource
                | Field::ImportPlace,
                _,
            ) => {}
        }
    }

    /// Nobody answers what a device was asked for.
    fn stop_asking(&mut self) {
        match &mut self.place {
            Place::Invite(inviting) => inviting.failed(),
            Place::Handover(handing) => handing.failed(),
            Place::Devices
            | Place::Device(_)
            | Place::Log
            | Place::Backup
            | Place::Makers
            | Place::Checks => {}
        }
    }

    fn go(&mut self, place: Place) -> Vec<Effect> {
        self.place = place;
        self.undo = None;
        Vec::new()
    }

    fn device(&self, id: &str) -> Option<&Device> {
        let mut devices = self.status.iter().flat_map(|status| &status.devices);
        devices.find(|device| device.id == id)
    }
}

fn say(message: FromPage) -> Vec<Effect> {
    vec![Effect::Say { message }]
}
