//! The extension's background: it holds the connection to the host, keeps the browser's rules in
//! step with what is trusted, and carries what the pages ask for. Pure: an event goes in, effects
//! come out, and `extension/background.js` carries them out in their order.

mod asked;
mod blocking;
mod calls;
mod client;
mod effect;
mod event;
mod link;
mod pairing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use settle_protocol::name::LocalName;
use settle_protocol::rpc::{Device, Proxy, Refusal, UnverifiedName};

use self::calls::Ask;
pub use self::effect::{Badge, Effect};
pub use self::event::{Event, Started};
use self::link::Link;
use self::pairing::Pairing;
use crate::fault::Fault;
use crate::message::{Bridge, SiteAsked, Status, ToPage};
use crate::other_sites::{Control, OtherSites, ProxySetting};
use crate::routes::{self, proxy_script, way};

/// A page's number, given by the background's script.
pub type PageId = u32;
/// A tab's number, given by the browser.
pub type TabId = i32;

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
}
