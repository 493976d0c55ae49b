//! What a referee counts, in the text format of Prometheus (docs/referee.md §9). What several referees of a house share is
//! counted in their store; requests are this process's own. No name, number or address of anybody is among it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http::StatusCode;

use crate::authority::Issuer;
use crate::est;
use crate::store::{AuditEvent, Counts, Status, Store, StoreError};
use crate::{lookup, portal};

/// The type of the format.
pub(crate) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const DAY: u64 = 24 * 60 * 60;

/// The counters of one referee.
#[derive(Debug)]
pub(crate) struct Metrics {
    store: Store,
    issuer: Arc<Issuer>,
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// A text in the making.
struct Text(String);

impl Metrics {
    pub(crate) const fn new(store: Store, issuer: Arc<Issuer>) -> Self {
        Self {
            store,
            issuer,
            requests: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts a request that was answered.
    pub(crate) fn count(&self, kind: &'static str, status: StatusCode) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((kind, status.as_u16())).or_default() += 1;
    }

    /// All of it, as it is now.
    pub(crate) async fn text(&self) -> Result<String, StoreError> {
        let counts = self.store.counts().await?;
        let mut text = Text(String::new());
        let facts = [
            ("version", env!("CARGO_PKG_VERSION")),
            ("database", self.store.kind()),
        ];
        text.head("info", "gauge", "What runs.");
        text.line("info", &facts, 1);
        self.tell_intermediate(&mut text);
        tell_shared(&mut text, &counts);
        self.tell_requests(&mut text);
        Ok(text.0)
    }

    fn tell_intermediate(&self, text: &mut Text) {
        let seconds = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH);
            since.unwrap_or_default().as_secs()
        };
        let (end, now) = (seconds(self.issuer.ends()), seconds(SystemTime::now()));
        let name = "intermediate_end_timestamp_seconds";
        text.head(name, "gauge", "When this referee's intermediate ends.");
        text.line(name, &[], end);
        let name = "intermediate_days_left";
        text.head(name, "gauge", "Whole days until it ends.");
        text.line(name, &[], end.saturating_sub(now) / DAY);
    }

    fn tell_requests(&self, text: &mut Text) {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "requests_total";
        text.head(
            name,
            "counter",
            "Requests to this referee since it started, by what they were for.",
        );
        for ((kind, status), number) in &*requests {
            let status = status.to_string();
            text.line(name, &[("kind", kind), ("status", &status)], *number);
        }
        let limited = requests.iter();
        let limited = limited.filter(|((_, status), _)| *status == StatusCode::TOO_MANY_REQUESTS);
        let name = "rate_limited_total";
        text.head(name, "counter", "Those that were told to come back later.");
        text.line(name, &[], limited.map(|(_, number)| number).sum());
    }
}

/// What all referees of a house have in common.
fn tell_shared(text: &mut Text, counts: &Counts) {
    for (name, event, help) in [
        (
            "certificates_issued_total",
            AuditEvent::Issued,
            "Certificates that were handed out.",
        ),
        (
            "certificates_revoked_total",
            AuditEvent::Revoked,
            "Certificates that were revoked.",
        ),
        (
            "refused_total",
            AuditEvent::Refused,
            "What was asked for and not given, as the log has it.",
        ),
    ] {
        text.head(name, "counter", help);
        text.line(name, &[], counts.event(event));
    }
    text.head("orders", "gauge", "Orders that are kept, by their state.");
    for state in [
        Status::Pending,
        Status::Ready,
        Status::Valid,
        Status::Invalid,
    ] {
        let word = state.as_str();
        text.line("orders", &[("state", word)], counts.orders(word));
    }
    text.head("accounts", "gauge", "Accounts, by their state.");
    for state in ["valid", "deactivated"] {
        text.line("accounts", &[("state", state)], counts.accounts(state));
    }
    text.head("names", "gauge", "Names that are granted.");
    text.line("names", &[], counts.names);
    text.head(
        "nonces_spent",
        "gauge",
        "Nonces that were spent and would not have ended.",
    );
    text.line("nonces_spent", &[], counts.nonces);
}

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let head =
            format!("# HELP settle_referee_{name} {help}\n# TYPE settle_referee_{name} {kind}\n");
        self.0.push_str(&head);
    }

    /// Labels are words of ours, in which nothing has to be escaped.
    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels = labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        let line = format!("settle_referee_{name}{labels} {value}\n");
        self.0.push_str(&line);
    }
}

/// What a request is for: one of a few words, whatever its path holds.
pub(crate) fn kind(path: &str) -> &'static str {
    if let Some(operation) = path.strip_prefix(est::PATH) {
        return match operation {
            "/cacerts" => "est-cacerts",
            "/simpleenroll" => "est-enroll",
            "/simplereenroll" => "est-reenroll",
            "/csrattrs" => "est-csrattrs",
            _ => "other",
        };
    }
    if path.starts_with(lookup::PATH) {
        return "key";
    }
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next(), parts.nth(1)) {
        (Some("acme"), Some("order"), Some("finalize")) => "finalize",
        (Some("acme"), Some("account"), Some("orders")) => "orders",
        (Some("acme"), Some(resource), None) => ACME
            .into_iter()
            .find(|known| *known == resource)
            .unwrap_or("other"),
        (Some("crl"), Some(_), None) => "list",
        _ if path == portal::PATH => "portal",
        _ => "other",
    }
}

const ACME: [&str; 13] = [
    "directory",
    "new-nonce",
    "new-account",
    "new-order",
    "new-authz",
    "revoke-cert",
    "key-change",
    "account",
    "order",
    "authz",
    "challenge",
    "certificate",
    "renewal-info",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_under_one_of_a_few_words() {
        for (path, word) in [
            ("/acme/directory", "directory"),
            ("/acme/new-order", "new-order"),
            ("/acme/order/Xy_z", "order"),
            ("/acme/order/Xy_z/finalize", "finalize"),
            ("/acme/account/1/orders", "orders"),
            ("/acme/renewal-info/a.b", "renewal-info"),
            ("/acme/whatever", "other"),
            ("/acme/order/a/b/c", "other"),
            ("/.well-known/est/simpleenroll", "est-enroll"),
            ("/.well-known/est/x", "other"),
            ("/crl/00.crl", "list"),
            ("/", "other"),
            ("", "other"),
        ] {
            assert_eq!(kind(path), word, "{path}");
        }
    }
}
