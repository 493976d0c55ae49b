//! The manager: what is trusted and what that means, device by device, and the audit log. It changes
//! nothing by itself; each change is asked of the daemon, and shown when the daemon has made it.

mod backups;
mod checks;
mod device;
mod handover;
mod invite;
mod list;
mod log;
mod makers;
mod sentence;
#[cfg(test)]
mod tests;

use settle_protocol::name::Label;
use settle_protocol::origin::Origin;
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
use super::{Effect, Event, with_fault, with_status};
use crate::address::Address;
use crate::fault::Fault;
use crate::message::{FromPage, LinkState, Status, ToPage};
use crate::phrase::Phrase;
use crate::view::{Action, Field, Part, Screen, Slot, Text, View};

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

    fn pressed(&mut self, action: Action, value: &str) -> Vec<Effect> {
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

    fn check(&mut self) -> Vec<Effect> {
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

    /// What is pressed on the screen of one device is about that device.
    fn do_to(&mut self, device: Device, action: Action, value: &str) -> Vec<Effect> {
        if action == Action::Open {
            let url = Address::home(device.name().clone()).to_string();
            return vec![Effect::Open { url }];
        }
        if action == Action::Rename {
            return self.rename(device);
        }
        if action == Action::Allow {
            return self.allow(&device);
        }
        if action == Action::Deny {
            return self.deny(&device, value);
        }
        if !self.is_forgetting() {
            return Vec::new();
        }
        self.undo = None;
        say(FromPage::Revoke { device: device.id })
    }

    fn rename(&mut self, device: Device) -> Vec<Effect> {
        let Some(Ok(petname)) = self.new_name(&device) else {
            return Vec::new();
        };
        if let Place::Device(shown) = &mut self.place {
            shown.petname = None;
        }
        self.undo = Some(Undo {
            done: Text::say_of(Phrase::UndoRenamed, &[&petname.dot_local()]),
            message: FromPage::Rename {
                device: device.id.clone(),
                petname: device.petname,
            },
        });
        say(FromPage::Rename {
            device: device.id,
            petname,
        })
    }

    fn allow(&mut self, device: &Device) -> Vec<Effect> {
        let Some(Ok(origin)) = self.new_origin(device) else {
            return Vec::new();
        };
        if let Place::Device(shown) = &mut self.place {
            shown.origin.clear();
        }
        self.undo = Some(Undo {
            done: Text::say_of(Phrase::UndoAllowed, &[&origin]),
            message: FromPage::Deny {
                device: device.id.clone(),
                origin: origin.clone(),
            },
        });
        say(FromPage::Allow {
            device: device.id.clone(),
            origin,
        })
    }

    fn deny(&mut self, device: &Device, value: &str) -> Vec<Effect> {
        let allowed = device.allowed_origins.iter();
        let Some(origin) = allowed.clone().find(|origin| origin.to_string() == value) else {
            return Vec::new();
        };
        let (id, origin): (String, Origin) = (device.id.clone(), origin.clone());
        self.undo = Some(Undo {
            done: Text::say_of(Phrase::UndoDenied, &[&origin]),
            message: FromPage::Allow {
                device: id.clone(),
                origin: origin.clone(),
            },
        });
        say(FromPage::Deny { device: id, origin })
    }

    /// The site that was typed and is not allowed yet, or that it is none.
    fn new_origin(&self, device: &Device) -> Option<Result<Origin, Phrase>> {
        let Place::Device(Shown { origin, .. }) = &self.place else {
            return None;
        };
        match (origin.trim(), Origin::parse(origin.trim())) {
            ("", _) => None,
            (_, Ok(origin)) if device.allowed_origins.contains(&origin) => None,
            (_, Ok(origin)) => Some(Ok(origin)),
            (_, Err(_)) => Some(Err(Phrase::OriginBad)),
        }
    }

    /// The name that was typed in the place of the device's own, or what is wrong with it.
    fn new_name(&self, device: &Device) -> Option<Result<Label, Phrase>> {
        let Place::Device(Shown {
            petname: Some(typed),
            ..
        }) = &self.place
        else {
            return None;
        };
        let Ok(label) = Label::parse(typed.trim()) else {
            return Some(Err(Phrase::PetnameBad));
        };
        let holder = self.status.as_ref()?.device(&label.dot_local());
        if holder.is_some_and(|holder| holder.id != device.id) {
            return Some(Err(Phrase::PetnameTaken));
        }
        (label != device.petname).then_some(Ok(label))
    }

    fn device(&self, id: &str) -> Option<&Device> {
        let mut devices = self.status.iter().flat_map(|status| &status.devices);
        devices.find(|device| device.id == id)
    }

    fn shown(&self) -> Option<&Device> {
        match &self.place {
            Place::Device(shown) => self.device(&shown.id),
            Place::Devices
            | Place::Invite(_)
            | Place::Handover(_)
            | Place::Log
            | Place::Backup
            | Place::Makers
            | Place::Checks => None,
        }
    }

    const fn is_forgetting(&self) -> bool {
        matches!(
            self.place,
            Place::Device(Shown {
                forgetting: true,
                ..
            })
        )
    }

    pub(super) fn view(&self) -> View {
        let screen = match self.place {
            Place::Devices => Screen::Overview,
            Place::Device(_) => Screen::Device,
            Place::Invite(_) => Screen::Invite,
            Place::Handover(_) => Screen::Handover,
            Place::Log => Screen::Log,
            Place::Backup => Screen::Backup,
            Place::Makers => Screen::Makers,
            Place::Checks => Screen::Checks,
        };
        let view = with_status(screen, self.status.as_ref())
            .part(
                Part::AtDevices,
                matches!(
                    self.place,
                    Place::Devices | Place::Device(_) | Place::Invite(_) | Place::Handover(_)
                ),
            )
            .part(Part::AtMakers, matches!(self.place, Place::Makers))
            .part(Part::AtBackup, matches!(self.place, Place::Backup))
            .part(Part::AtChecks, matches!(self.place, Place::Checks))
            .part(Part::AtLog, matches!(self.place, Place::Log))
            .part(Part::CanUndo, self.undo.is_some())
            .maybe(Slot::Undo, self.undo.as_ref().map(|undo| undo.done.clone()));
        let view = match &self.place {
            Place::Devices => self.view_list(view),
            Place::Device(_) => self.view_device(view),
            Place::Invite(inviting) => match self.device(&inviting.device) {
                Some(device) => inviting.view(view, device.name()),
                None => view,
            },
            Place::Handover(handing) => match self.device(&handing.referee) {
                Some(referee) => handing.view(view, referee.name()),
                None => view,
            },
            Place::Log => self.log.view(view),
            Place::Backup => self.backups.view(view),
            Place::Makers => self.makers.view(view),
            Place::Checks => self.checks.view(view, self.status.as_ref()),
        };
        match self.fault {
            Some(fault) => with_fault(view, fault),
            None => view,
        }
    }
}

fn open(page: &str) -> Vec<Effect> {
    let url = page.to_owned();
    vec![Effect::Open { url }]
}

fn say(message: FromPage) -> Vec<Effect> {
    vec![Effect::Say { message }]
}
