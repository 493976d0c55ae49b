//! What is pressed on the screen of one device is about that device: its name, the sites that it lets in, and whether it is
//! trusted at all. Each change but the last can be taken back.

use settle_protocol::name::Label;
use settle_protocol::origin::Origin;
use settle_protocol::rpc::Device;

use super::{Manage, Place, Shown, Undo, say};
use crate::address::Address;
use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{Action, Text};

impl Manage {
    /// What is pressed on the screen of one device is about that device.
    pub(super) fn do_to(&mut self, device: Device, action: Action, value: &str) -> Vec<Effect> {
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
    pub(super) fn new_origin(&self, device: &Device) -> Option<Result<Origin, Phrase>> {
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
    pub(super) fn new_name(&self, device: &Device) -> Option<Result<Label, Phrase>> {
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

    pub(super) fn shown(&self) -> Option<&Device> {
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

    pub(super) const fn is_forgetting(&self) -> bool {
        matches!(
            self.place,
            Place::Device(Shown {
                forgetting: true,
                ..
            })
        )
    }
}
