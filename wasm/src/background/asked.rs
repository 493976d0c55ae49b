//! Requests of other sites that were kept from devices: who asked for which device, by tab. Chromium tells which rules
//! kept something back, to an extension that the user has just clicked; Firefox tells the sites themselves, as they ask.

use settle_protocol::origin::Origin;

use super::{Background, Effect, PageId, TabId};
use crate::address::Address;
use crate::message::{SiteAsked, ToPage};
use crate::routes::kept_out;

/// The most that is remembered of one tab.
const MOST: usize = 16;

impl Background {
    /// A page of another site asked for something local.
    pub(super) fn site_asked(&mut self, tab: TabId, url: &str, site: &str) -> Vec<Effect> {
        let address = Address::parse(url);
        let device = address.and_then(|address| self.device(address.name()).cloned());
        let (Some(device), Some(origin)) = (device, origin_of(site)) else {
            return Vec::new();
        };
        let asked = SiteAsked {
            device: device.id.clone(),
            name: device.name().clone(),
            origin,
        };
        if asked.is_let_in(&device) {
            return Vec::new();
        }
        let known = self.asked.entry(tab).or_default();
        if known.contains(&asked) || known.len() >= MOST {
            return Vec::new();
        }
        known.push(asked);
        let count = known.len();
        vec![Effect::Count { tab, count }]
    }

    /// A tab shows another page, or is gone.
    pub(super) fn tab_left(&mut self, tab: TabId) {
        self.asked.remove(&tab);
    }

    /// Tells the popup who asked in a tab: what was seen, or what follows from the rules that kept something back.
    pub(super) fn tell_asked(
        &self,
        page: PageId,
        tab: TabId,
        site: Option<&str>,
        rules: &[u32],
    ) -> Vec<Effect> {
        let mut all = self.asked.get(&tab).cloned().unwrap_or_default();
        if let Some(origin) = site.and_then(origin_of) {
            let devices = self.known.devices.iter();
            let devices = devices.filter(|device| rules.contains(&kept_out(&device.id)));
            all.extend(devices.map(|device| SiteAsked {
                device: device.id.clone(),
                name: device.name().clone(),
                origin: origin.clone(),
            }));
        }
        vec![Effect::Say {
            page,
            message: ToPage::SitesAsked { asked: all },
        }]
    }
}

/// The origin of an address, where it is of the web.
fn origin_of(url: &str) -> Option<Origin> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Origin::parse(&format!("{scheme}://{host}")).ok()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn an_origin_is_the_front_of_an_address() {
        for (url, origin) in [
            ("https://news.example/a?b#c", "https://news.example"),
            ("http://news.example:8080", "http://news.example:8080"),
            (
                "https://news.example?x=https://other.example/",
                "https://news.example",
            ),
        ] {
            assert_eq!(origin_of(url).unwrap().as_str(), origin);
        }
        for url in [
            "about:blank",
            "https://",
            "chrome-extension://abc/popup.html",
            "https://a@b.example/",
        ] {
            assert!(origin_of(url).is_none(), "{url}");
        }
    }
}
