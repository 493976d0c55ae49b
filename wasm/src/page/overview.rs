//! The popup: the state of the connection, and what is paired.

use settle_protocol::rpc::{Device, DeviceAnchor, DeviceState};

use super::decision::role;
use super::{Effect, Event, with_fault, with_status};
use crate::address::Address;
use crate::fault::Fault;
use crate::message::{FromPage, LinkState, ProxyControl, Status, ToPage};
use crate::phrase::Phrase;
use crate::view::{Action, List, Part, Row, Screen, Slot, Text, View};
use crate::vouching;

/// The popup's state.
#[derive(Debug, Default)]
pub struct Overview {
    status: Option<Status>,
    /// The device that may be forgotten, by its identifier.
    forgetting: Option<String>,
    fault: Option<Fault>,
}

impl Overview {
    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Heard { message } => {
                self.heard(message);
                Vec::new()
            }
            Event::Pressed { action, value } => self.pressed(action, value),
            Event::Lost {}
            | Event::Reading {}
            | Event::Picture { .. }
            | Event::NoPicture {}
            | Event::NoCamera { .. }
            | Event::CameraWorks {}
            | Event::Surroundings { .. }
            | Event::Returned {}
            | Event::Seen { .. }
            | Event::Text { .. }
            | Event::Secret { .. }
            | Event::File { .. }
            | Event::CodeTyped { .. }
            | Event::Typed { .. } => Vec::new(),
        }
    }

    fn heard(&mut self, message: ToPage) {
        match message {
            ToPage::Status { status } => self.status = Some(status),
            ToPage::Failed { fault } => self.fault = Some(fault),
            ToPage::Revoked {}
            | ToPage::Makers { .. }
            | ToPage::Invited { .. }
            | ToPage::BackupMade { .. }
            | ToPage::BackupPart { .. }
            | ToPage::RestoreGiven {}
            | ToPage::RestoreOpened { .. }
            | ToPage::Restored {}
            | ToPage::Audit { .. }
            | ToPage::Progress { .. }
            | ToPage::Decide { .. }
            | ToPage::NotVouched {}
            | ToPage::Paired { .. }
            | ToPage::Refused { .. } => {}
        }
    }

    fn pressed(&mut self, action: Action, value: String) -> Vec<Effect> {
        self.fault = None;
        match action {
            Action::Open => {
                let name = self.device(&value).and_then(|device| device.names.first());
                let url = name.map(|name| Address::home(name.clone()).to_string());
                Vec::from_iter(url.map(|url| Effect::Open { url }))
            }
            Action::Pair => vec![Effect::Open {
                url: "pair.html".to_owned(),
            }],
            Action::Manage => vec![Effect::Open {
                url: "manage.html".to_owned(),
            }],
            Action::Forget => {
                self.forgetting = Some(value);
                Vec::new()
            }
            Action::ForgetCancel => {
                self.forgetting = None;
                Vec::new()
            }
            Action::ForgetConfirm if self.forgetting.as_ref() == Some(&value) => {
                self.forgetting = None;
                let message = FromPage::Revoke { device: value };
                vec![Effect::Say { message }]
            }
            Action::ForgetConfirm
            | Action::Retry
            | Action::Scan
            | Action::StopScan
            | Action::Cancel
            | Action::Trust
            | Action::Refuse
            | Action::Again
            | Action::ShowDevices
            | Action::Allow
            | Action::ShowMakers
            | Action::ShowChecks
            | Action::TryCamera
            | Action::AddMaker
            | Action::RemoveMaker
            | Action::AddCancel
            | Action::ShowBackup
            | Action::Backup
            | Action::OpenBackup
            | Action::Restore
            | Action::RestoreCancel
            | Action::ShowLog
            | Action::Details
            | Action::Rename
            | Action::ShowInvite
            | Action::Invite
            | Action::CloseInvite
            | Action::Deny
            | Action::Undo
            | Action::Older
            | Action::Export => Vec::new(),
        }
    }

    fn device(&self, id: &str) -> Option<&Device> {
        let mut devices = self.status.iter().flat_map(|status| &status.devices);
        devices.find(|device| device.id == id)
    }

    pub(super) fn view(&self) -> View {
        let view = with_status(Screen::Overview, self.status.as_ref());
        let Some(status) = &self.status else {
            return view;
        };
        let link = match status.link {
            LinkState::Ready => Phrase::LinkReady,
            LinkState::Connecting => Phrase::LinkConnecting,
            LinkState::Down { .. } => Phrase::LinkDown,
        };
        let proxy = (status.proxy == ProxyControl::Replaced).then_some(Phrase::ProxyReplaced);
        let empty = status.devices.is_empty();
        let view = view
            .text(Slot::Link, Text::say(link))
            .maybe(Slot::Proxy, proxy.map(Text::say))
            .part(Part::Some, !empty)
            .part(Part::Nothing, empty)
            .list(
                List::Devices,
                status
                    .devices
                    .iter()
                    .map(|it| self.row(it, &status.devices))
                    .collect(),
            );
        match self.fault {
            Some(fault) => with_fault(view, fault),
            None => view,
        }
    }

    fn row(&self, device: &Device, devices: &[Device]) -> Row {
        let name = device.name();
        let forgetting = self.forgetting.as_ref() == Some(&device.id);
        let part = if forgetting {
            Part::Forgetting
        } else {
            Part::CanForget
        };
        let mut row = Row {
            value: device.id.clone(),
            parts: [part].into(),
            texts: [
                (Slot::Name, Text::literal(name)),
                (Slot::Role, role_of(device, devices)),
                (
                    Slot::Fingerprint,
                    Text::fingerprint_start(device.anchor.digest()),
                ),
                (
                    Slot::ForgetQuestion,
                    Text::say_of(Phrase::ForgetQuestion, &[name]),
                ),
            ]
            .into(),
        };
        if let Some(state) = state_of(device) {
            row.texts.insert(Slot::State, state);
        }
        row
    }
}

/// What is not as it should be with a device.
pub(super) fn state_of(device: &Device) -> Option<Text> {
    match (device.state, device.unstored_rollover) {
        (DeviceState::Pending, _) => Some(Text::say(Phrase::StatePending)),
        (DeviceState::Active, Some(_)) => Some(Text::say(Phrase::StateRolloverUnstored)),
        (DeviceState::Active, None) => None,
    }
}

/// What the device lets us do, where a ceremony told; else on whose word it is trusted.
pub(super) fn role_of(device: &Device, devices: &[Device]) -> Text {
    match &device.anchor {
        DeviceAnchor::Device(paired) | DeviceAnchor::Referee(paired) => role(&paired.role),
        DeviceAnchor::Authority { .. } | DeviceAnchor::Certificate { .. } => {
            Text::say(Phrase::RoleImported)
        }
        DeviceAnchor::Vouched { referee, .. } => {
            let name = vouching::voucher(device, devices).map(|it| it.name().as_str());
            Text::say_of(Phrase::RoleVouched, &[&name.unwrap_or(referee)])
        }
    }
}
