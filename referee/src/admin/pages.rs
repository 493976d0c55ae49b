//! The pages, as HTML without script. What servers and clients call themselves is text here and nothing else, since the
//! markup escapes whatever is put into it.

mod parts;

use std::time::SystemTime;

use http::StatusCode;
use hyper::body::Bytes;
use maud::{Markup, html};
use settle_protocol::handover::{ROOT_FILE, Taker};
use settle_transport::page::interface;

use self::parts::{act, seconds, serial, steady_word, when};
use super::problem::Problem;
use super::{Asker, View};
use crate::administration::{AccountTold, Authorized, CertificateTold, NameTold};
use crate::authority::Issuer;
use crate::store::{AuditLine, By};

const STYLE: &str = include_str!("page.css");

/// The pages that an administrator goes between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tab {
    Names,
    Accounts,
    Certificates,
    Log,
    Authority,
}

impl Tab {
    pub(super) const ALL: [Self; 5] = [
        Self::Names,
        Self::Accounts,
        Self::Certificates,
        Self::Log,
        Self::Authority,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Names => "Names",
            Self::Accounts => "Accounts",
            Self::Certificates => "Certificates",
            Self::Log => "Log",
            Self::Authority => "Authority",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Names => "/names",
            Self::Accounts => "/accounts",
            Self::Certificates => "/certificates",
            Self::Log => "/log",
            Self::Authority => "/authority",
        }
    }
}

/// A grant that was not made.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) typed: String,
    pub(super) problem: Problem,
}

/// A page around what is shown.
fn whole(
    view: &View<'_>,
    status: StatusCode,
    title: &str,
    tab: Option<Tab>,
    content: &Markup,
) -> http::Response<Bytes> {
    let issuer = &view.admin.issuer;
    let body = html! {
        header {
            p.brand { (view.admin.name) }
            @if view.is_for_admin() {
                nav aria-label="Pages" {
                    ul {
                        @for one in Tab::ALL {
                            li {
                                a href=(one.path()) aria-current=[(tab == Some(one)).then_some("page")] {
                                    (one.title())
                                }
                            }
                        }
                    }
                }
            }
        }
        main {
            h1 { (title) }
            @if view.is_for_admin() && issuer.ends_soon(SystemTime::now()) {
                p.banner.caution {
                    "The intermediate ends " (when(ends(issuer))) ". Run "
                    code { "settle-referee intermediate" } " and restart the referee."
                }
            }
            (content)
        }
        footer { "Issues under " code { (view.admin.authority.fingerprint) } }
    };
    let title = html! { (title) " · " (view.admin.name) }.into_string();
    interface(status, &title, STYLE, &body.into_string())
}

/// What every paired client may know.
pub(super) fn authority(view: &View<'_>) -> http::Response<Bytes> {
    let issuer = &view.admin.issuer;
    let content = html! {
        p.lead {
            "Servers of this house get their certificates here, and paired browsers trust them. It issues for names that end "
            "in .local, .home.arpa and .alt, and for no others."
        }
        section.card {
            dl {
                dt { "Issues under" }
                dd { code { (view.admin.authority.fingerprint) } }
                dt { "In words" }
                dd { (view.admin.authority.fingerprint.to_words()) }
            }
            p { a href={ "/" (ROOT_FILE) } download=(ROOT_FILE) { (ROOT_FILE) } ", the authority’s certificate" }
        }
        @if view.is_for_admin() {
            section.card {
                h2 { "At work" }
                dl {
                    dt { "Directory for ACME clients" }
                    dd { code { (view.admin.directory.as_str()) } }
                    dt { "Intermediate" }
                    dd { code { (issuer.id()) } }
                    dd.soft { "ends " (when(ends(issuer))) }
                    dt { "Rollovers" }
                    dd { (view.admin.authority.rollovers) }
                }
            }
        }
    };
    let title = Tab::Authority.title();
    whole(view, StatusCode::OK, title, Some(Tab::Authority), &content)
}

/// The names, and what grants one; with what was wrong with the last attempt.
pub(super) fn names(
    view: &View<'_>,
    names: &[NameTold],
    attempt: Option<&Attempt>,
) -> http::Response<Bytes> {
    let content = html! {
        section.card {
            h2 { "Grant a name" }
            @if let Some(Attempt { problem, .. }) = attempt {
                p.banner.danger role="alert" { (parts::sentence(problem)) }
            }
            form method="post" action="/names" {
                div.field {
                    label for="names" { "Name" }
                    input #names name="names" required autocomplete="off" autocapitalize="none" spellcheck="false"
                        placeholder="nas.local" aria-describedby="names-hint"
                        value=[attempt.map(|attempt| &attempt.typed)];
                    p.hint #names-hint {
                        "Several names of one server with spaces between them. A name that somebody has already goes to the new one."
                    }
                }
                label.choice {
                    input type="checkbox" name="est" value="yes";
                    " The server speaks EST, not ACME"
                }
                details {
                    summary { "More" }
                    (parts::more())
                }
                button { "Grant" }
            }
        }
        section.card {
            h2 { "Granted" }
            @if names.is_empty() {
                p.soft { "No name is granted yet, so nobody gets a certificate." }
            } @else {
                ul.rows {
                    @for granted in names {
                        li {
                            div {
                                p.what { (granted.name) }
                                p.soft { (granted.holder) }
                                @if let Some(challenge) = granted.challenge {
                                    p.soft {
                                        "has to meet " (challenge) " besides"
                                        @if let Some(address) = granted.address { ", at " (address) }
                                    }
                                }
                            }
                            (act("Withdraw", "/names/withdraw", &granted.name, &html! {
                                input type="hidden" name="name" value=(granted.name);
                                p.soft { "What was issued for it stays good to its end, unless it is revoked." }
                            }))
                        }
                    }
                }
            }
        }
    };
    let status = attempt.map_or(StatusCode::OK, |attempt| attempt.problem.kind().1);
    whole(view, status, Tab::Names.title(), Some(Tab::Names), &content)
}

/// What was granted, with what to give the server. It is told once.
pub(super) fn granted(view: &View<'_>, authorized: &Authorized) -> http::Response<Bytes> {
    let Authorized { holder, handover } = authorized;
    let content = html! {
        section.card {
            ul.rows { @for name in &handover.names { li { p.what { (name) } } } }
            p { "may be had by " (holder) "." }
            @if handover.eab_kid.is_some() {
                p.banner.caution {
                    "The first account that uses this key is the one. It is shown this once: give it to the server now."
                }
            }
            @if handover.est_user.is_some() {
                p.banner.caution {
                    "The password is good once, within a week. It is shown this once: give it to the device now."
                }
            }
            @if handover.eab_kid.is_some() || handover.est_user.is_some() {
                p {
                    "The server has to trust the authority: copy "
                    a href={ "/" (ROOT_FILE) } download=(ROOT_FILE) { (ROOT_FILE) } " there first."
                }
            }
        }
        @for taker in Taker::ALL {
            @if let Some(lines) = handover.lines(taker) {
                section.card {
                    h2 { (heading(taker)) }
                    pre { (*lines) }
                }
            }
        }
        p { a href=(Tab::Names.path()) { "All names" } }
    };
    whole(view, StatusCode::OK, "Granted", Some(Tab::Names), &content)
}

/// The accounts of servers.
pub(super) fn accounts(view: &View<'_>, accounts: &[AccountTold]) -> http::Response<Bytes> {
    let content = html! {
        section.card {
            @if accounts.is_empty() {
                p.soft { "No server has made an account yet." }
            } @else {
                ul.rows {
                    @for account in accounts {
                        li {
                            div {
                                p.what.mono { (account.account) }
                                @for contact in &account.contacts { p { (parts::mail(contact)) } }
                                p.soft { "key " code { (account.key) } }
                                @if !account.external_key.is_empty() {
                                    p.soft { "by external key " code { (account.external_key) } }
                                }
                            }
                            @if account.valid {
                                (act("End", "/accounts/end", &account.account, &html! {
                                    input type="hidden" name="account" value=(account.account);
                                    p.soft {
                                        "It gets nothing any more, and its key does not come back. What was issued to it stays "
                                        "good to its end, unless it is revoked."
                                    }
                                }))
                            } @else {
                                span.tag { "ended" }
                            }
                        }
                    }
                }
            }
        }
    };
    let title = Tab::Accounts.title();
    whole(view, StatusCode::OK, title, Some(Tab::Accounts), &content)
}

/// The certificates that have not ended.
pub(super) fn certificates(
    view: &View<'_>,
    certificates: &[CertificateTold],
) -> http::Response<Bytes> {
    let content = html! {
        section.card {
            @if certificates.is_empty() {
                p.soft { "No certificate is good at the moment." }
            } @else {
                ul.rows {
                    @for one in certificates {
                        li {
                            div {
                                @for name in &one.names { p.what { (name) } }
                                p.soft { "until " (when(one.not_after)) }
                                p.soft { "serial number " code { (one.serial) } }
                                p.soft { "account " code { (one.account) } }
                            }
                            @match one.revoked {
                                Some(_) => span.tag.danger { "revoked" },
                                None => (act("Revoke", "/certificates/revoke", parts::several(&one.names), &html! {
                                    input type="hidden" name="serial" value=(one.serial);
                                    (parts::reasons(&one.serial))
                                    p.soft {
                                        "For those who ask the list of revoked ones. Browsers with Settle ask no list: withdraw "
                                        "its names, and have it end by itself."
                                    }
                                })),
                            }
                        }
                    }
                }
            }
        }
    };
    let title = Tab::Certificates.title();
    whole(
        view,
        StatusCode::OK,
        title,
        Some(Tab::Certificates),
        &content,
    )
}

/// What was granted, refused, issued and revoked.
pub(super) fn log(view: &View<'_>, lines: &[AuditLine]) -> http::Response<Bytes> {
    let content = html! {
        section.card {
            @if lines.is_empty() {
                p.soft { "Nothing has happened yet." }
            } @else {
                ol.rows.log {
                    @for line in lines {
                        li {
                            p.soft { (seconds(line.at)) }
                            div {
                                p { (steady_word(line.event)) " " strong { (line.subject) } }
                                @if !line.detail.is_empty() { p.soft { (parts::detail(line)) } }
                                p.soft { (author(view, line)) }
                            }
                        }
                    }
                }
            }
        }
    };
    whole(
        view,
        StatusCode::OK,
        Tab::Log.title(),
        Some(Tab::Log),
        &content,
    )
}

/// What went wrong.
pub(super) fn problem(view: &View<'_>, problem: &Problem) -> http::Response<Bytes> {
    let (_, status) = problem.kind();
    let content = html! {
        section.card {
            p { (parts::sentence(problem)) }
            p { a href="/" { "To the first page" } }
        }
    };
    let title = match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not allowed",
        _ => "That did not work",
    };
    whole(view, status, title, None, &content)
}

const fn heading(taker: Taker) -> &'static str {
    match taker {
        Taker::Certbot | Taker::Lego | Taker::Caddy => taker.name(),
        Taker::Est => "A client of EST",
        Taker::ByHand => "By hand, with openssl and curl",
        Taker::ByHandAgain => "By hand, each next time",
    }
}

fn ends(issuer: &Issuer) -> u64 {
    let ends = issuer.ends().duration_since(SystemTime::UNIX_EPOCH);
    ends.unwrap_or_default().as_secs()
}

fn author(view: &View<'_>, line: &AuditLine) -> Markup {
    html! {
        @match line.by {
            By::Server if line.account.is_empty() => "by a server",
            By::Server => { "by account " (serial(&line.account)) },
            By::Owner => "by the owner, at the machine",
            By::Client(key) if Asker::Admin(key) == view.asker => "by you",
            By::Client(key) => {
                "by "
                @if let Some(label) = view.labels.get(&key) { (label) ", " }
                "key " code { (key) }
            },
        }
    }
}
