//! What several pages have in common: times, actions that ask before they are done, and words.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::super::problem::Problem;
use crate::store::{AuditEvent, AuditLine};

/// Reasons to revoke that make sense to whoever runs a house (RFC 5280 §5.3.1).
const REASONS: [(u8, &str); 4] = [
    (0, "no reason is given"),
    (1, "its key is somebody else’s by now"),
    (4, "there is another one in its place"),
    (5, "the server is gone"),
];

/// An action that is asked for once more. `what` tells one from the others for who hears the page.
pub(super) fn act(verb: &str, path: &str, what: impl std::fmt::Display, inside: &Markup) -> Markup {
    let what = what.to_string();
    html! {
        details.act {
            summary aria-label={ (verb) " " (what) } { (verb) "…" }
            form method="post" action=(path) {
                (inside)
                button.grave { (verb) " " (what) }
            }
        }
    }
}

/// What few grants need.
pub(super) fn more() -> Markup {
    let plain = |id: &str, label: &str, hint: &str| {
        html! {
            div.field {
                label for=(id) { (label) }
                input #(id) name=(id) autocomplete="off" autocapitalize="none" spellcheck="false"
                    aria-describedby={ (id) "-hint" };
                p.hint #{ (id) "-hint" } { (hint) }
            }
        }
    };
    html! {
        (plain("account", "To an account", "Its number, if the server has one already. Without it a new external key is made."))
        (plain("key", "To an account key", "The thumbprint of RFC 7638, if the server’s key is known already."))
        div.field {
            label for="challenge" { "Challenge" }
            select #challenge name="challenge" aria-describedby="challenge-hint" {
                option value="" { "none" }
                option value="http-01" { "http-01" }
                option value="tls-alpn-01" { "tls-alpn-01" }
            }
            p.hint #challenge-hint { "What the server has to show besides, each time." }
        }
        (plain("address", "Address of the challenge", "Where that is asked, if the name does not lead there."))
    }
}

/// Why a certificate is to be revoked.
pub(super) fn reasons(serial: &str) -> Markup {
    html! {
        div.field {
            label for={ "reason-" (serial) } { "Because" }
            select #{ "reason-" (serial) } name="reason" {
                @for (number, words) in REASONS { option value=(number) { (words) } }
            }
        }
    }
}

/// A problem as a sentence.
pub(super) fn sentence(problem: &Problem) -> String {
    let text = problem.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// What a line of the log tells, before what it is about.
pub(super) const fn steady_word(event: AuditEvent) -> &'static str {
    match event {
        AuditEvent::Granted => "Granted",
        AuditEvent::Withdrawn => "Withdrawn",
        AuditEvent::AccountMade => "Account made with key",
        AuditEvent::AccountEnded => "Account ended, of key",
        AuditEvent::KeyChanged => "Account changed to key",
        AuditEvent::Issued => "Issued certificate",
        AuditEvent::Refused => "Refused",
        AuditEvent::Revoked => "Revoked certificate",
    }
}

/// More of a line of the log: a reason in words, and the rest as it is.
pub(super) fn detail(line: &AuditLine) -> &str {
    let number = match line.event {
        AuditEvent::Revoked => line.detail.strip_prefix("reason "),
        AuditEvent::Granted
        | AuditEvent::Withdrawn
        | AuditEvent::AccountMade
        | AuditEvent::AccountEnded
        | AuditEvent::KeyChanged
        | AuditEvent::Issued
        | AuditEvent::Refused => None,
    };
    let number: Option<u8> = number.and_then(|number| number.parse().ok());
    let mut known = REASONS.into_iter();
    let known = number.and_then(|number| known.find(|(one, _)| *one == number));
    known.map_or(&line.detail, |(_, words)| words)
}

/// A list in so few words that a button holds them.
pub(super) fn several(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// An address of a server's owner, which is a mail address as a rule.
pub(super) fn mail(contact: &str) -> &str {
    contact.strip_prefix("mailto:").unwrap_or(contact)
}

/// What nobody reads, in letters of one width.
pub(super) fn serial(text: &str) -> Markup {
    html! { code { (text) } }
}

/// A day and a minute.
pub(super) fn when(at: u64) -> Markup {
    time(at, false)
}

/// The same to the second.
pub(super) fn seconds(at: u64) -> Markup {
    time(at, true)
}

/// In universal time: the referee does not know where its readers are.
fn time(at: u64, with_seconds: bool) -> Markup {
    let time = i64::try_from(at).ok();
    let Some(time) = time.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()) else {
        return html! { (at) };
    };
    let date = format!(
        "{:04}-{:02}-{:02}",
        time.year(),
        u8::from(time.month()),
        time.day()
    );
    let minute = format!("{:02}:{:02}", time.hour(), time.minute());
    let second = format!("{:02}", time.second());
    html! {
        time datetime={ (date) "T" (minute) ":" (second) "Z" } {
            (date) " " (minute) @if with_seconds { ":" (second) } " UTC"
        }
    }
}
