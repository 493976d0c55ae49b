//! What the API answers, as JSON. Each shape is a schema of `docs/device-api.openapi.json`, by which
//! the answers of the real device are judged in tests.

use std::net::SocketAddr;

use data_encoding::BASE64;
use serde::{Serialize, Serializer};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::LocalName;

use super::Asker;
use super::asked::Page;
use crate::audit::{AuditEntry, By, SignedHead};
use crate::authority::Authority;
use crate::client::Client;
use crate::event::ShownCode;
use crate::identity::{Identity, Rolled};
use crate::role::Role;

#[derive(Serialize)]
pub(super) struct OwnRole<'a> {
    role: &'a Role,
    /// `None` for who asks at the device itself.
    client: Option<KeyFingerprint>,
}

#[derive(Serialize)]
pub(super) struct Anchor {
    /// DER in base64.
    pub(super) root: String,
    pub(super) fingerprint: KeyFingerprint,
    #[serde(serialize_with = "text")]
    pub(super) unique_name: LocalName,
    /// The links to it from the first root, the oldest first.
    pub(super) rollover: Vec<Link>,
}

/// A referee's authority.
#[derive(Serialize)]
pub(super) struct ToldAuthority {
    /// DER in base64.
    root: String,
    /// The links to it from the first root, the oldest first.
    rollover: Vec<AuthorityLink>,
}

/// One rollover of a referee's authority.
#[derive(Serialize)]
struct AuthorityLink {
    /// DER in base64, as the other.
    new_with_old: String,
    old_with_new: String,
}

/// One rollover: the keys of two roots, each signed by the other.
#[derive(Serialize)]
pub(super) struct Link {
    at: u64,
    /// DER in base64, as the other.
    new_with_old: String,
    old_with_new: String,
}

#[derive(Serialize)]
pub(super) struct Status {
    pub(super) version: &'static str,
    #[serde(serialize_with = "text")]
    pub(super) name: LocalName,
    #[serde(serialize_with = "text")]
    pub(super) unique_name: LocalName,
    pub(super) fingerprint: KeyFingerprint,
    pub(super) running: bool,
    pub(super) address: Option<SocketAddr>,
    pub(super) since: Option<u64>,
    pub(super) clients: usize,
    pub(super) window: Window,
}

#[derive(Serialize)]
pub(super) struct Clients {
    pub(super) clients: Vec<Listed>,
}

#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    pub(super) client: Client,
    pub(super) last_seen: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Window {
    pub(super) open: bool,
    pub(super) until: Option<u64>,
}

/// A code, told once.
pub(super) struct Code {
    pub(super) shown: ShownCode,
    pub(super) role: Option<Role>,
}

#[derive(Serialize)]
pub(super) struct Log {
    head: SignedHead,
    /// The newest first.
    entries: Vec<AuditEntry>,
    /// What to ask for entries before, if there are older ones.
    next: Option<u64>,
}

impl<'a> OwnRole<'a> {
    pub(super) const fn of(asker: &'a Asker) -> Self {
        Self {
            role: &asker.role,
            client: match asker.by {
                By::Client(key) => Some(key),
                By::Device | By::Button | By::Owner => None,
            },
        }
    }
}

impl Anchor {
    pub(super) fn of(identity: &Identity) -> Self {
        let rollovers = identity.rollovers().iter();
        Self {
            root: BASE64.encode(identity.root()),
            fingerprint: identity.fingerprint(),
            unique_name: identity.unique_name(),
            rollover: rollovers.map(Link::of).collect(),
        }
    }
}

impl ToldAuthority {
    pub(super) fn of(authority: &Authority) -> Self {
        let links = authority.links.iter().map(|link| AuthorityLink {
            new_with_old: BASE64.encode(&link.new_with_old),
            old_with_new: BASE64.encode(&link.old_with_new),
        });
        Self {
            root: BASE64.encode(&authority.root),
            rollover: links.collect(),
        }
    }
}

impl Link {
    fn of(rolled: &Rolled) -> Self {
        Self {
            at: rolled.at,
            new_with_old: BASE64.encode(&rolled.link.new_with_old),
            old_with_new: BASE64.encode(&rolled.link.old_with_new),
        }
    }
}

impl Log {
    /// Cuts a page out of a whole log, whose oldest entry comes first.
    pub(super) fn page(head: SignedHead, entries: Vec<AuditEntry>, page: &Page) -> Self {
        let older = entries.into_iter().rev();
        let mut older = older.filter(|entry| page.before.is_none_or(|end| entry.number < end));
        let entries: Vec<_> = older.by_ref().take(page.limit).collect();
        let next = entries.last().map(|entry| entry.number);
        Self {
            head,
            next: next.filter(|_| older.next().is_some()),
            entries,
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            code: &'a str,
            typed: &'a str,
            words: &'a str,
            role: Option<&'a Role>,
            expires_at: Option<u64>,
        }
        let told = Told {
            code: &self.shown.text,
            typed: &self.shown.typed,
            words: &self.shown.words,
            role: self.role.as_ref(),
            expires_at: self.shown.expires_at,
        };
        told.serialize(serializer)
    }
}

fn text<S: Serializer>(name: &LocalName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name.as_str())
}
