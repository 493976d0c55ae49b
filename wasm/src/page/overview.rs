//! The popup: the state of the connection, and what is paired.

use settle_protocol::rpc::{Device, DeviceAnchor, DeviceState, UnverifiedName};

use super::decision::role;
use super::{Effect, Event, with_fault, with_status};
use crate::address::Address;
use crate::fault::Fault;
use crate::message::{FromPage, LinkState, ProxyControl, SiteAsked, Status, ToPage};
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
    /// The tab that the user looks at: its number, its address, and the rules that kept something back there.
    tab: Option<(i32, Option<String>, Vec<u32>)>,
    asked: Vec<SiteAsked>,
    /// The site that was let in, and whether for good.
    let_in: Option<(SiteAsked, bool)>,
}

impl Overview {
    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Heard { message } => self.heard(message),
            Event::Pressed { action, value } => self.pressed(action, value),
            Event::Tab { tab, url, rules } => {
                self.tab = Some((tab, url, rules));
                self.ask()
            }
            // Another worker is asked again.
            Event::Lost {} => Vec::new(),
            Event::Reading {}
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

    fn heard(&mut self, message: ToPage) -> Vec<Effect> {
        match message {
            ToPage::Status { status } => {
                let is_first = self.status.is_none();
                self.status = Some(status);
                if is_first {
                    return self.ask();
                }
            }
            ToPage::Failed { fault } => {
                self.let_in = None;
                self.fault = Some(fault);
            }
            ToPage::SitesAsked { asked } => self.asked = asked,
            ToPage::Revoked {}
            | ToPage::Makers { .. }
            | ToPage::Invited { .. }
            | ToPage::HandedOver { .. }
            | ToPage::BackupMade { .. }
            | ToPage::BackupPart { .. }
            | ToPage::RestoreGiven {}
            | ToPage::RestoreOpened { .. }
            | ToPage::Restored {}
            | ToPage::Audit { .. }
            | ToPage::Progress { .. }
            | ToPage::Decide { .. }
            | ToPage::NotVouched {}
            | ToPage::DecideImport { .. }
            | ToPage::Paired { .. }
            | ToPage::Refused { .. } => {}
        }
        Vec::new()
    }

    /// Asks the background who asked for devices, once both the tab and the background are there.
    fn ask(&self) -> Vec<Effect> {
        let tab = self.tab.clone().filter(|_| self.status.is_some());
        let asking = tab.map(|(tab, site, rules)| Effect::Say {
            message: FromPage::AskSites { tab, site, rules },
        });
        Vec::from_iter(asking)
    }

    /// Lets a site in that has asked; `value` is the row.
    fn let_in(&mut self, value: &str, for_good: bool) -> Vec<Effect> {
        let Some(asked) = self
            .asked
            .iter()
            .find(|asked| row_of(asked) == value)
            .cloned()
        else {
            return Vec::new();
        };
        let (device, origin) = (asked.device.clone(), asked.origin.clone());
        self.let_in = Some((asked, for_good));
        let message = match for_good {
            true => FromPage::Allow { device, origin },
            false => FromPage::Pass { device, origin },
        };
        vec![Effect::Say { message }]
    }

    fn pressed(&mut self, action: Action, value: String) -> Vec<Effect> {
        self.fault = None;
        match action {
            Action::Open => {
                let name = self.device(&value).and_then(|device| device.names.first());
                let url = name.map(|name| Address::home(name.clone()).to_string());
                Vec::from_iter(url.map(|url| Effect::Open { url }))
            }
            Action::Pair => open("pair.html"),
            Action::Manage => open("manage.html"),
            Action::RemoveUnverified => self.remove_unverified(&value),
            Action::PassSite => self.let_in(&value, false),
            Action::AllowSite => self.let_in(&value, true),
            Action::Forget | Action::ForgetCancel => {
                self.forgetting = (action == Action::Forget).then_some(value);
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
            | Action::Import
            | Action::ReadImport
            | Action::AskUnverified
            | Action::OpenUnverified
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
            | Action::ShowHandover
            | Action::HandOver
            | Action::CloseHandover
            | Action::ShowInvite
            | Action::Invite
            | Action::CloseInvite
            | Action::Deny
            | Action::Undo
            | Action::Older
            | Action::Export => Vec::new(),
        }
    }

    /// Lets the page of the tab open so no more.
    fn remove_unverified(&self, value: &str) -> Vec<Effect> {
        let known = self.unverified().filter(|it| it.name.as_str() == value);
        let message = known.map(|it| FromPage::RemoveUnverified {
            name: it.name.clone(),
        });
        Vec::from_iter(message.map(|message| Effect::Say { message }))
    }

    /// What the user looks at, where nobody has verified it.
    fn unverified(&self) -> Option<&UnverifiedName> {
        let (_, url, _) = self.tab.as_ref()?;
        let address = Address::parse(url.as_ref()?)?;
        let mut unverified = self.status.as_ref()?.unverified.iter();
        unverified.find(|it| it.name == *address.name())
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
        let waiting: Vec<Row> = self.still_out(status).map(asked_row).collect();
        let view = view
            .list(
                List::Unverified,
                Vec::from_iter(self.unverified().map(unverified_row)),
            )
            .part(Part::SomeUnverified, self.unverified().is_some())
            .part(Part::Asked, !waiting.is_empty())
            .maybe(Slot::AskedDone, self.done(status))
            .list(List::Asked, waiting)
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

    /// Those who asked and are not let in.
    fn still_out<'a>(&'a self, status: &'a Status) -> impl Iterator<Item = &'a SiteAsked> {
        self.asked.iter().filter(|asked| {
            let mut devices = status.devices.iter();
            let device = devices.find(|device| device.id == asked.device);
            device.is_some_and(|device| !asked.is_let_in(device))
        })
    }

    /// What is told of a site that was let in, once it is.
    fn done(&self, status: &Status) -> Option<Text> {
        let (asked, for_good) = self.let_in.as_ref()?;
        let mut devices = status.devices.iter();
        let device = devices.find(|device| device.id == asked.device)?;
        let phrase = match for_good {
            true => Phrase::SiteAllowed,
            false => Phrase::SitePassed,
        };
        let said = Text::say_of(phrase, &[&asked.origin, &asked.name]);
        asked.is_let_in(device).then_some(said)
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

fn unverified_row(unverified: &UnverifiedName) -> Row {
    let said = Text::say_of(Phrase::NotVerified, &[&unverified.name]);
    Row {
        value: unverified.name.to_string(),
        parts: [].into(),
        texts: [(Slot::NotVerified, said)].into(),
    }
}

fn row_of(asked: &SiteAsked) -> String {
    format!("{} {}", asked.device, asked.origin)
}

fn asked_row(asked: &SiteAsked) -> Row {
    let said = Text::say_of(Phrase::SiteAsked, &[&asked.origin, &asked.name]);
    Row {
        value: row_of(asked),
        parts: [].into(),
        texts: [(Slot::AskedFor, said)].into(),
    }
}

fn open(page: &str) -> Vec<Effect> {
    let url = page.to_owned();
    vec![Effect::Open { url }]
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
