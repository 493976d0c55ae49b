//! What happens to the background, as its script tells it.

use serde::Deserialize;
use serde_json::Value;

use super::{PageId, TabId};
use crate::message::FromPage;
use crate::other_sites::ProxySetting;

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
    pub(super) base: String,
    /// The extension's version.
    pub(super) version: String,
    /// The browser's description of itself.
    pub(super) user_agent: String,
    /// What an earlier worker asked to remember.
    pub(super) known: Value,
    /// The browser's proxy setting.
    pub(super) setting: ProxySetting,
}
