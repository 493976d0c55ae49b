//! What the background asks its script to do. The script carries it out and decides nothing.

use serde::Serialize;
use settle_protocol::rpc::{Proxy, Request};

use super::{Known, PageId, TabId};
use crate::message::ToPage;
use crate::routes::Rule;

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
