//! The extension's background: it holds the connection to the host, keeps the browser's rules in
//! step with what is trusted, and carries what the pages ask for. Pure: an event goes in, effects
//! come out, and `extension/background.js` carries them out in their order.

mod asked;
mod blocking;
mod client;
mod link;
mod pairing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::audit::ReadAudit;
use settle_protocol::rpc::import::StartImport;
use settle_protocol::rpc::{Call, Device, Proxy, Refusal, Request, UnverifiedName};

use self::link::Link;
use self::pairing::Pairing;
use crate::fault::Fault;
use crate::message::{Bridge, FromPage, SiteAsked, Status, ToPage};
use crate::other_sites::{Control, OtherSites, ProxySetting};
use crate::routes::{self, Rule, proxy_script, way};

/// A page's number, given by the background's script.
pub type PageId = u32;
/// A tab's number, given by the browser.
pub type TabId = i32;

/// What happens to the background.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The worker started: always the first event.
    Started(Started),
    /// The extension was just installed.
    Installed {},
    /// The browser's proxy setting changed.
    ProxyChanged {
        /// What it is now.
        setting: ProxySetting,
    },
    /// The host said something.
    PortMessage {
        /// What it said.
        message: Value,
    },
    /// The host is gone, or never was there.
    PortClosed {
        /// The browser's reason.
        reason: Option<String>,
    },
    /// The time of [`Effect::Wait`] is over.
    Due {},
    /// The answer to [`Effect::CheckBridge`].
    BridgeChecked {
        /// Whether the request went through.
        trusted: bool,
    },
    /// A page opened.
    PageOpened {
        /// Its number.
        page: PageId,
        /// The tab it is in; a popup is in none.
        tab: Option<TabId>,
    },
    /// A page said something.
    PageSaid {
        /// Its number.
        page: PageId,
        /// What it said.
        message: FromPage,
    },
    /// A page is gone.
    PageClosed {
        /// Its number.
        page: PageId,
    },
    /// A tab got an answer that only Settle's proxy gives.
    NavigationRefused {
        /// The tab.
        tab: TabId,
        /// The address.
        url: String,
        /// The header's word.
        reason: String,
    },
    /// A tab got the device's own answer.
    NavigationAnswered {
        /// The tab.
        tab: TabId,
    },
    /// A tab got no answer.
    NavigationFailed {
        /// The tab.
        tab: TabId,
        /// The address.
        url: String,
        /// The browser's word for it.
        error: String,
    },
    /// A page of another site asked for something local.
    SiteAsked {
        /// The tab that it is in.
        tab: TabId,
        /// What it asked for.
        url: String,
        /// Its own address.
        site: String,
    },
    /// A tab begins to show another page, or is gone.
    TabLeft {
        /// The tab.
        tab: TabId,
    },
    /// A tab got its page, or the browser's own in the place of one.
    NavigationDone {
        /// The tab.
        tab: TabId,
        /// The address.
        url: String,
    },
}

/// Everything that a starting worker finds.
#[derive(Clone, Debug, Deserialize)]
pub struct Started {
    /// The address of the extension's folder, with a final slash.
    base: String,
    /// The extension's version.
    version: String,
    /// The browser's description of itself.
    user_agent: String,
    /// What an earlier worker asked to remember.
    known: Value,
    /// The browser's proxy setting.
    setting: ProxySetting,
}

/// What the background asks its script to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Open the port to the host.
    Connect {
        /// The host's name.
        host: &'static str,
    },
    /// Send a call to the host.
    Post {
        /// The call.
        message: Request,
    },
    /// Send [`Event::Due`] after a while, in the place of an earlier wait.
    Wait {
        /// How long.
        milliseconds: u32,
    },
    /// Set the way of local names: by a script that stands for every site, or where a browser asks for
    /// each request, by the proxy alone.
    SetProxy {
        /// The script's text.
        script: String,
        /// The proxy of local names.
        proxy: Proxy,
    },
    /// Set the rules for requests, in the place of all others.
    SetRules {
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Keep this for the next worker.
    Remember {
        /// What to keep.
        known: Known,
    },
    /// Try whether the browser takes the proxy's certificate.
    CheckBridge {
        /// Where to ask.
        url: String,
    },
    /// Tell a page.
    Say {
        /// Its number.
        page: PageId,
        /// What to tell.
        message: ToPage,
    },
    /// Lead a tab to one of the extension's pages.
    Lead {
        /// The tab.
        tab: TabId,
        /// The page.
        url: String,
    },
    /// Open a page of the extension in a tab of its own.
    Open {
        /// The page.
        url: String,
    },
    /// Show on the extension's button how many sites asked for devices in a tab, until the tab goes elsewhere.
    Count {
        /// The tab.
        tab: TabId,
        /// How many.
        count: usize,
    },
    /// Mark the extension's button for a tab, until the tab goes elsewhere.
    Badge {
        /// The tab.
        tab: TabId,
        /// What is told of its page.
        badge: Badge,
    },
}

/// What the extension's button tells of a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Badge {
    /// The page comes from a paired device.
    Paired,
    /// Nobody has verified where the page comes from.
    Unverified,
    /// The way to the page was blocked.
    Blocked,
    /// It is a page of the extension's own.
    Own,
}

/// What outlives the worker, so that the next one is right at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    proxy: Option<Proxy>,
    devices: Vec<Device>,
    unverified: Vec<UnverifiedName>,
    other_sites: OtherSites,
}

/// The background's state.
#[derive(Debug, Default)]
pub struct Background {
    base: String,
    client: String,
    client_label: String,
    known: Known,
    control: Control,
    bridge: Bridge,
    link: Link,
    /// The daemon's version.
    daemon: Option<String>,
    /// Why there is no connection; it stays while another attempt is under way.
    trouble: Option<Fault>,
    attempts: u32,
    /// The extension was just installed, and nobody has been told yet what is missing.
    is_new: bool,
    calls: BTreeMap<u64, Ask>,
    last_call: u64,
    pages: BTreeMap<PageId, Page>,
    refusals: BTreeMap<LocalName, Refusal>,
    /// How often in a row a tab got no answer.
    failures: BTreeMap<TabId, u32>,
    /// Who asked for devices, by the tabs that they are in.
    asked: BTreeMap<TabId, Vec<SiteAsked>>,
    told: Option<Status>,
}

/// A page that is open.
#[derive(Debug, Default)]
struct Page {
    tab: Option<TabId>,
    pairing: Option<Pairing>,
    /// The name whose refusal it shows.
    refused: Option<LocalName>,
}

/// What an open call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ask {
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
enum BackupStep {
    Make,
    Read,
    Give,
    Open,
    Restore,
}

impl Background {
    /// Takes an event and says what to do about it.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = match event {
            Event::Started(started) => self.start(started),
            Event::Installed {} => {
                self.is_new = true;
                Vec::new()
            }
            Event::ProxyChanged { setting } => self.proxy_changed(&setting),
            Event::PortMessage { message } => self.heard(message),
            Event::PortClosed { reason } => self.port_closed(reason.as_deref()),
            Event::Due {} => self.try_again(),
            Event::BridgeChecked { trusted } => self.bridge_checked(trusted),
            Event::PageOpened { page, tab } => self.page_opened(page, tab),
            Event::PageSaid { page, message } => self.page_said(page, message),
            Event::PageClosed { page } => self.page_closed(page),
            Event::NavigationRefused { tab, url, reason } => {
                self.navigation_refused(tab, &url, &reason)
            }
            Event::NavigationAnswered { tab } => {
                self.failures.remove(&tab);
                Vec::new()
            }
            Event::NavigationFailed { tab, url, error } => {
                self.navigation_failed(tab, &url, &error)
            }
            Event::SiteAsked { tab, url, site } => self.site_asked(tab, &url, &site),
            Event::TabLeft { tab } => {
                self.tab_left(tab);
                Vec::new()
            }
            Event::NavigationDone { tab, url } => self.navigation_done(tab, &url),
        };
        effects.extend(self.welcome());
        effects.extend(self.tell_status());
        effects
    }

    /// Whoever has just installed the extension is shown what is missing; where nothing is, no page opens.
    fn welcome(&mut self) -> Option<Effect> {
        let is_amiss = self.trouble.is_some() || self.bridge == Bridge::Untrusted;
        let is_known = is_amiss || self.bridge == Bridge::Trusted;
        let shown = self.is_new && is_amiss;
        self.is_new &= !is_known;
        shown.then(|| Effect::Open {
            url: format!("{}manage.html#checks", self.base),
        })
    }

    fn start(&mut self, started: Started) -> Vec<Effect> {
        self.client = format!("extension {}", started.version);
        self.client_label = client::label(&started.user_agent);
        self.base = started.base;
        // What an earlier version wrote may not be readable; then nothing is known.
        self.known = Known::deserialize(started.known).unwrap_or_default();
        let mut effects = vec![self.rules()];
        if self.learn_setting(&started.setting) {
            effects.push(self.remember());
        }
        effects.extend(self.proxy());
        effects.extend(self.try_again());
        effects
    }

    fn proxy_changed(&mut self, setting: &ProxySetting) -> Vec<Effect> {
        if !self.learn_setting(setting) {
            return Vec::new();
        }
        let mut effects = vec![self.remember()];
        effects.extend(self.proxy());
        effects
    }

    /// The user's own proxy can be read only while nobody has taken its place.
    fn learn_setting(&mut self, setting: &ProxySetting) -> bool {
        self.control = setting.level_of_control;
        let readable = self.control == Control::ControllableByThisExtension;
        if readable {
            self.known.other_sites = OtherSites::of_setting(&setting.value);
        }
        readable
    }

    fn page_opened(&mut self, page: PageId, tab: Option<TabId>) -> Vec<Effect> {
        let opened = Page {
            tab,
            ..Page::default()
        };
        self.pages.insert(page, opened);
        let message = ToPage::Status {
            status: self.status(),
        };
        let mut effects = vec![Effect::Say { page, message }];
        let badge = Badge::Own;
        effects.extend(tab.map(|tab| Effect::Badge { tab, badge }));
        self.attempts = 0;
        effects.extend(self.try_again());
        effects
    }

    fn page_said(&mut self, page: PageId, message: FromPage) -> Vec<Effect> {
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

    fn list_makers(&mut self, page: PageId) -> Vec<Effect> {
        self.call_for(page, Call::ListMakers {}, Ask::Makers { page })
    }

    fn change_makers(&mut self, page: PageId, call: Call) -> Vec<Effect> {
        self.call_for(page, call, Ask::ChangeMakers { page })
    }

    fn back_up(&mut self, page: PageId, step: BackupStep, call: Call) -> Vec<Effect> {
        self.call_for(page, call, Ask::Backup { page, step })
    }

    fn page_closed(&mut self, page: PageId) -> Vec<Effect> {
        let effects = self.cancel_pairing(page);
        self.pages.remove(&page);
        effects
    }

    fn status(&self) -> Status {
        Status {
            link: self.link_state(),
            devices: self.known.devices.clone(),
            unverified: self.known.unverified.clone(),
            proxy: self.control.for_pages(&self.known.other_sites),
            kept: self.known.other_sites.kept(),
            bridge: self.bridge,
            daemon: self.daemon.clone(),
        }
    }

    /// Tells every page when the status is not what it was told last.
    fn tell_status(&mut self) -> Vec<Effect> {
        let status = self.status();
        if self.told.as_ref() == Some(&status) {
            return Vec::new();
        }
        self.told = Some(status.clone());
        let message = ToPage::Status { status };
        let pages = self.pages.keys().copied();
        pages
            .map(|page| Effect::Say {
                page,
                message: message.clone(),
            })
            .collect()
    }

    fn set_devices(&mut self, devices: Vec<Device>) -> Vec<Effect> {
        let unverified = self.known.unverified.clone();
        self.set_known(devices, unverified)
    }

    fn set_known(&mut self, devices: Vec<Device>, unverified: Vec<UnverifiedName>) -> Vec<Effect> {
        if self.known.devices == devices && self.known.unverified == unverified {
            return Vec::new();
        }
        self.known.devices = devices;
        self.known.unverified = unverified;
        vec![self.rules(), self.remember()]
    }

    /// Whether a name opens without being verified.
    fn is_unverified(&self, name: &LocalName) -> bool {
        let mut unverified = self.known.unverified.iter();
        self.device(name).is_none() && unverified.any(|unverified| unverified.name == *name)
    }

    fn device(&self, name: &LocalName) -> Option<&Device> {
        let mut devices = self.known.devices.iter();
        devices.find(|device| device.names.contains(name))
    }

    fn rules(&self) -> Effect {
        let pair_page = format!("{}pair.html", self.base);
        Effect::SetRules {
            rules: routes::rules(&pair_page, &self.known.devices, &self.known.unverified),
        }
    }

    /// Where an administrator decides, there is nothing to set.
    fn proxy(&self) -> Option<Effect> {
        let allowed = self.control != Control::NotControllable;
        allowed.then(|| {
            let proxy = way(self.known.proxy.as_ref());
            let script = proxy_script(&proxy, &self.known.other_sites);
            Effect::SetProxy { script, proxy }
        })
    }

    fn remember(&self) -> Effect {
        Effect::Remember {
            known: self.known.clone(),
        }
    }

    fn call(&mut self, call: Call, ask: Ask) -> Effect {
        self.last_call += 1;
        self.calls.insert(self.last_call, ask);
        Effect::Post {
            message: Request::new(self.last_call, call),
        }
    }
}
