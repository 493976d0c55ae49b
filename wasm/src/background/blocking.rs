//! Navigations to paired names that went no further, and the page that explains each.

use settle_protocol::name::LocalName;
use settle_protocol::rpc::Refusal;

use super::{Background, Badge, Effect, PageId, TabId};
use crate::address::Address;
use crate::message::{Bridge, ToPage};
use crate::page::Reason;
use crate::vouching;

/// What browsers call a proxy that is away, unknown to them, or that refuses a name.
const FAILURES: [&str; 8] = [
    "net::ERR_PROXY_CONNECTION_FAILED",
    "net::ERR_PROXY_CERTIFICATE_INVALID",
    REFUSED_BY_PROXY[0],
    "net::ERR_CERT_AUTHORITY_INVALID",
    "net::ERR_EMPTY_RESPONSE",
    "NS_ERROR_PROXY_CONNECTION_REFUSED",
    REFUSED_BY_PROXY[1],
    "NS_ERROR_NET_EMPTY_RESPONSE",
];

/// What they call a proxy that refuses a name: ours does so for every name that is not paired.
const REFUSED_BY_PROXY: [&str; 2] = [
    "net::ERR_TUNNEL_CONNECTION_FAILED",
    "NS_ERROR_PROXY_FORBIDDEN",
];

/// What they call a proxy that finds nobody: ours does so for a name that opens without pairing.
const FOUND_BY_NOBODY: [&str; 2] = [
    "net::ERR_TUNNEL_CONNECTION_FAILED",
    "NS_ERROR_PROXY_BAD_GATEWAY",
];

/// Firefox tells of a certificate that it does not accept in a sentence of the user's language, and of
/// everything else by a word.
fn is_failure(error: &str) -> bool {
    FAILURES.contains(&error) || !(error.starts_with("net::") || error.starts_with("NS_"))
}

impl Background {
    /// The daemon tells the details by an event of its own; the header's word is there even when
    /// that event is late or went to a worker that is gone.
    pub(super) fn navigation_refused(
        &mut self,
        tab: TabId,
        url: &str,
        reason: &str,
    ) -> Vec<Effect> {
        // What nobody verifies says nothing in Settle's name.
        let address = Address::parse(url).filter(|address| !self.is_unverified(address.name()));
        let Some(address) = address else {
            return Vec::new();
        };
        let known = self.refusals.get(address.name());
        if known.map(|refusal| Reason::of(refusal).word()) != Some(reason) {
            match self.refusal_from_word(address.name(), reason) {
                Some(refusal) => self.refusals.insert(address.name().clone(), refusal),
                None => self.refusals.remove(address.name()),
            };
        }
        vec![self.lead_to_explanation(tab, &address)]
    }

    pub(super) fn navigation_failed(&mut self, tab: TabId, url: &str, error: &str) -> Vec<Effect> {
        let Some(address) = Address::parse(url) else {
            return Vec::new();
        };
        if self.is_unverified(address.name()) {
            return without_https(tab, &address, url, error);
        }
        if !is_failure(error) {
            return Vec::new();
        }
        let is_unknown = self.device(address.name()).is_none();
        // Forgotten a moment ago, so that the rule that leads to pairing came too late for this one, or
        // vouched for at another port.
        let may_pair = is_unknown || vouching::may_help(&address, &self.known.devices);
        if may_pair && REFUSED_BY_PROXY.contains(&error) {
            return vec![self.lead(tab, "pair.html", &address)];
        }
        if is_unknown {
            return Vec::new();
        }
        self.refusals.remove(address.name());
        self.bridge = Bridge::Unknown;
        *self.failures.entry(tab).or_default() += 1;
        let mut effects = vec![self.lead_to_explanation(tab, &address)];
        effects.extend(self.try_again());
        effects
    }

    pub(super) fn navigation_done(&self, tab: TabId, url: &str) -> Vec<Effect> {
        let Some(address) = Address::parse(url) else {
            return Vec::new();
        };
        let badge = match self.device(address.name()) {
            Some(_) => Badge::Paired,
            None if self.is_unverified(address.name()) => Badge::Unverified,
            None => return Vec::new(),
        };
        vec![Effect::Badge { tab, badge }]
    }

    pub(super) fn learned_refusal(&mut self, name: LocalName, refusal: Refusal) -> Vec<Effect> {
        let asking = self.pages.iter();
        let asking = asking.filter(|(_, page)| page.refused.as_ref() == Some(&name));
        let effects = asking
            .map(|(id, _)| refused(*id, Some(&refusal), 0))
            .collect();
        self.refusals.insert(name, refusal);
        effects
    }

    pub(super) fn tell_refusal(&mut self, page: PageId, name: LocalName) -> Vec<Effect> {
        let tab = self.pages.get(&page).and_then(|page| page.tab);
        let failures = tab.and_then(|tab| self.failures.get(&tab));
        let failures = failures.copied().unwrap_or_default();
        let mut effects = vec![refused(page, self.refusals.get(&name), failures)];
        if let Some(page) = self.pages.get_mut(&page) {
            page.refused = Some(name);
            let badge = Badge::Blocked;
            effects.extend(page.tab.map(|tab| Effect::Badge { tab, badge }));
        }
        effects
    }

    fn lead_to_explanation(&self, tab: TabId, address: &Address) -> Effect {
        self.lead(tab, "blocked.html", address)
    }

    fn lead(&self, tab: TabId, page: &str, address: &Address) -> Effect {
        Effect::Lead {
            tab,
            url: format!("{}{page}#{}", self.base, address.to_fragment()),
        }
    }

    fn refusal_from_word(&self, name: &LocalName, word: &str) -> Option<Refusal> {
        match Reason::from_word(word)? {
            Reason::WrongKey => Some(Refusal::WrongKey {
                expected: self.device(name)?.anchor.paired()?.fingerprint,
                seen: None,
            }),
            // Only the host knows what was shown, and it tells when it is asked.
            Reason::WrongCertificate | Reason::BrokenRule | Reason::RolloverRefused => None,
            Reason::Unreachable => Some(Refusal::Unreachable {}),
            Reason::Expired => Some(Refusal::Expired {}),
            Reason::NotAdmitted => Some(Refusal::NotAdmitted {}),
            Reason::CrossSite => Some(Refusal::CrossSite { origin: None }),
            Reason::HostAway | Reason::Unknown => None,
        }
    }
}

/// Nobody takes connections by HTTPS there: what is not verified in any case is tried without.
fn without_https(tab: TabId, address: &Address, url: &str, error: &str) -> Vec<Effect> {
    let is_usual = FOUND_BY_NOBODY.contains(&error) && address.port() == 443;
    let bare = url.strip_prefix("https://").filter(|_| is_usual);
    let lead = bare.map(|bare| Effect::Lead {
        tab,
        url: format!("http://{bare}"),
    });
    Vec::from_iter(lead)
}

fn refused(page: PageId, refusal: Option<&Refusal>, failures: u32) -> Effect {
    Effect::Say {
        page,
        message: ToPage::Refused {
            refusal: refusal.cloned(),
            failures,
        },
    }
}
