//! Which screen the manager shows, and what stands on all of them; each screen's own is with what it is about.

use super::{Manage, Place};
use crate::page::{with_fault, with_status};
use crate::view::{Part, Screen, Slot, View};

impl Manage {
    pub(in crate::page) fn view(&self) -> View {
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
