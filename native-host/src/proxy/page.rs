//! What the proxy says in a device's place; the form of the pages is `settle_transport::page`.
//!
//! The extension replaces them by its own, in the user's language; these are for every other case.

use std::time::{Duration, SystemTime};

use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use hyper::body::Bytes;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::Refusal;
use settle_transport::page::page;

/// Says why, by the word of [`Refusal`]; the extension opens its own page on it. Devices cannot
/// forge it: what they send under `Settle-` is dropped.
pub(super) const REFUSAL: HeaderName = HeaderName::from_static("settle-refusal");

/// What can be said of this computer's clock without asking anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Clock {
    /// Nothing.
    Plausible,
    /// It shows a time before the one at which the device came to be trusted.
    Behind,
}

impl Clock {
    /// Clocks are set, and days change with time zones: a day is no sign yet.
    const LEEWAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// Judges by when a device came to be trusted, in seconds since the Unix epoch.
    pub(super) fn judge(now: SystemTime, trusted_at: u64) -> Self {
        let trusted_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(trusted_at));
        match trusted_at.and_then(|then| then.duration_since(now).ok()) {
            Some(ahead) if ahead > Self::LEEWAY => Self::Behind,
            Some(_) | None => Self::Plausible,
        }
    }
}

/// The answer to a request that goes no further.
#[must_use]
pub(super) fn refused(name: &LocalName, refusal: &Refusal, clock: Clock) -> Response<Bytes> {
    let text = Text::of(refusal);
    let body = body(name, refusal, clock, &text);
    let mut response = page(text.status, &text.title(name), &body);
    response
        .headers_mut()
        .insert(REFUSAL, HeaderValue::from_static(text.word));
    response
}

/// The answer when the connection to a device was lost in the middle of a request.
#[must_use]
pub(super) fn lost(name: &LocalName) -> Response<Bytes> {
    let title = format!("{name} broke off");
    let body = "<p>The device closed the connection before it had answered. \
                Nothing is wrong with its identity. Reload the page to try again.</p>";
    page(StatusCode::BAD_GATEWAY, &title, body)
}

/// The answer when nobody has a name that opens without being verified.
#[must_use]
pub(super) fn nobody(name: &LocalName) -> Response<Bytes> {
    let title = format!("No answer from {name}");
    let body = "<p>Nothing on this network answers under this name. Check that the device is switched on and on \
                the same network as this computer, then reload the page.</p>";
    page(StatusCode::GATEWAY_TIMEOUT, &title, body)
}

/// The answer when another site sends something to a name that opens without being verified.
#[must_use]
pub(super) fn foreign(name: &LocalName) -> Response<Bytes> {
    let title = format!("Another site asked for {name}");
    let body =
        "<p>A page of another site wanted to send something to this device. It was not sent.</p>";
    page(StatusCode::FORBIDDEN, &title, body)
}

/// The answer when a device broke HTTP.
#[must_use]
pub(super) fn broken() -> Response<Bytes> {
    let body = "<p>The device gave an answer that nobody asked for. Its software is at fault.</p>";
    page(
        StatusCode::BAD_GATEWAY,
        "An answer that makes no sense",
        body,
    )
}

/// The answer to a request for another name than the connection is for (RFC 9110 §15.5.20).
#[must_use]
pub(super) fn misdirected() -> Response<Bytes> {
    let body = "<p>The request names another host than the connection was opened for.</p>";
    page(StatusCode::MISDIRECTED_REQUEST, "Misdirected request", body)
}

/// The answer to a request that different readers would understand in different ways.
#[must_use]
pub(super) fn malformed() -> Response<Bytes> {
    let body = "<p>The request is not one that browsers make. Nothing was sent to the device.</p>";
    page(StatusCode::BAD_REQUEST, "Bad request", body)
}

/// The words for one refusal.
struct Text {
    word: &'static str,
    status: StatusCode,
    title: &'static str,
    explanation: &'static str,
}

impl Text {
    #[expect(clippy::too_many_lines, reason = "one text for each refusal")]
    const fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::WrongKey { .. } => Self {
                word: "wrong_key",
                status: StatusCode::BAD_GATEWAY,
                title: "Blocked: this is not your",
                explanation: "Something answers under this name, but it cannot prove that it is \
                    the device you paired. Nothing was sent to it. If the device was reset or \
                    replaced, remove it in Settle and pair it again with its new code.",
            },
            Refusal::RolloverRefused { .. } => Self {
                word: "rollover_refused",
                status: StatusCode::BAD_GATEWAY,
                title: "Blocked: a new key that is not of your",
                explanation: "What answers under this name says that it is your device with a new \
                    key, but the key that you trust does not vouch for that. It may be an impostor. \
                    Nothing was sent to it, and the key that you trust stays the one that counts.",
            },
            Refusal::WrongCertificate { .. } => Self {
                word: "wrong_certificate",
                status: StatusCode::BAD_GATEWAY,
                title: "Blocked: another certificate for",
                explanation: "What answers under this name shows another certificate than the one \
                    you imported. Nothing was sent to it. If the device has made itself a new one, \
                    get its fingerprint from the device itself, remove the old one in Settle and \
                    import the new one.",
            },
            Refusal::BrokenRule { .. } => Self {
                word: "broken_rule",
                status: StatusCode::BAD_GATEWAY,
                title: "Blocked: an unusable certificate of",
                explanation: "What answers under this name shows a certificate that cannot be \
                    accepted. Nothing was sent to it.",
            },
            Refusal::Unreachable {} => Self {
                word: "unreachable",
                status: StatusCode::GATEWAY_TIMEOUT,
                title: "No answer from",
                explanation: "The device does not answer. Check that it is switched on and on the \
                    same network as this computer, then reload the page.",
            },
            Refusal::Expired {} => Self {
                word: "expired",
                status: StatusCode::BAD_GATEWAY,
                title: "Out of date:",
                explanation: "The device's certificate is not valid at this time. Check the date \
                    and time of this computer and of the device. Nothing was sent to it.",
            },
            Refusal::NotAdmitted {} => Self {
                word: "not_admitted",
                status: StatusCode::BAD_GATEWAY,
                title: "Not admitted by",
                explanation: "The device no longer knows this computer: access was taken away \
                    there, or it was reset. Remove it in Settle and pair it again with its new code.",
            },
            Refusal::CrossSite { .. } => Self {
                word: "cross_site",
                status: StatusCode::FORBIDDEN,
                title: "Blocked: another site asked for",
                explanation: "A page of another site tried to reach this device. \
                    Nothing was sent to the device.",
            },
        }
    }

    fn title(&self, name: &LocalName) -> String {
        format!("{} {name}", self.title)
    }
}

fn body(name: &LocalName, refusal: &Refusal, clock: Clock, text: &Text) -> String {
    let mut body = format!("<p>{}</p>", text.explanation);
    let compare = |what: &str, expected: String, seen: String| {
        format!(
            "<dl><dt>{what} that {name} is trusted by</dt><dd>{expected}</dd>\
             <dt>{what} that was shown</dt><dd>{seen}</dd></dl>"
        )
    };
    match refusal {
        Refusal::WrongKey { expected, seen } | Refusal::RolloverRefused { expected, seen, .. } => {
            let seen = seen.map_or_else(|| "no readable key".to_owned(), |seen| seen.to_string());
            body.push_str(&compare("Key", expected.to_string(), seen));
        }
        Refusal::WrongCertificate { expected, seen } => {
            body.push_str(&compare(
                "Certificate",
                expected.to_string(),
                seen.to_string(),
            ));
        }
        // Of a closed set of sentences of ours, with no word of the certificate in them.
        Refusal::BrokenRule { rule } => body.push_str(&format!("<p>{rule}</p>")),
        Refusal::Expired {} if clock == Clock::Behind => body.push_str(
            "<p><strong>It is this computer's clock that is wrong:</strong> it shows a time before \
             the day on which this device came to be trusted.</p>",
        ),
        Refusal::Expired {}
        | Refusal::Unreachable {}
        | Refusal::NotAdmitted {}
        | Refusal::CrossSite { .. } => {}
    }
    body
}

#[cfg(test)]
mod tests {
    use settle_protocol::fingerprint::CertificateFingerprint;

    use super::*;

    #[test]
    fn the_header_has_the_word_of_the_refusal() {
        let name = LocalName::parse("printer.local").unwrap();
        let key = settle_protocol::fingerprint::KeyFingerprint::from_digest([1; 32]);
        let certificate = CertificateFingerprint::from_digest([2; 32]);
        for refusal in [
            Refusal::WrongKey {
                expected: key,
                seen: None,
            },
            Refusal::RolloverRefused {
                expected: key,
                seen: Some(key),
                flaw: "a link names another device".to_owned(),
            },
            Refusal::WrongCertificate {
                expected: certificate,
                seen: certificate,
            },
            Refusal::BrokenRule {
                rule: "it is not of version 3".to_owned(),
            },
            Refusal::Unreachable {},
            Refusal::Expired {},
            Refusal::NotAdmitted {},
            Refusal::CrossSite { origin: None },
        ] {
            let answer = refused(&name, &refusal, Clock::Plausible);
            let word = serde_json::to_value(&refusal).unwrap()["reason"].clone();
            assert_eq!(word, answer.headers()[REFUSAL].to_str().unwrap());
            assert!(answer.status().is_client_error() || answer.status().is_server_error());
        }
    }

    #[test]
    fn a_clock_before_the_pairing_is_named_as_what_is_wrong() {
        let trusted_at = 1_800_000_000;
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (now, clock) in [
            (0, Clock::Behind),
            (trusted_at - 86_401, Clock::Behind),
            (trusted_at - 86_400, Clock::Plausible),
            (trusted_at + 900_000_000, Clock::Plausible),
        ] {
            assert_eq!(Clock::judge(at(now), trusted_at), clock, "{now}");
        }
        let name = LocalName::parse("printer.local").unwrap();
        let says = |refusal: &Refusal, clock| {
            let page = refused(&name, refusal, clock).into_body();
            String::from_utf8_lossy(&page).contains("computer's clock that is wrong")
        };
        assert!(says(&Refusal::Expired {}, Clock::Behind));
        assert!(!says(&Refusal::Expired {}, Clock::Plausible));
        assert!(!says(&Refusal::Unreachable {}, Clock::Behind));
    }
}
