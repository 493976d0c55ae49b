//! The roots of one device or referee, one after the other, and the links by which each says who its successor is
//! (docs/pairing.md §10; RFC 9810 §4.4). Pure: whose trust follows a link is decided by the anchor, and
//! links are made in [`crate::certificate`].
//!
//! A link is no authority between an anchor and a leaf: it says which key is to be trusted next, and
//! under it nothing is issued. So a root's path length of 0 holds throughout.

mod link;
mod shown;

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;

use self::link::{Profile, Step};
pub use self::shown::{Shown, chain};
use crate::anchor::BrokenRule;

/// The most rollovers of one device. Every link is shown on every connection, so that a host that was
/// away for all of them can follow.
pub const MAX_LINKS: usize = 8;

/// One rollover: each of two roots in the words of the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// The later root's key, signed by the earlier root (`NewWithOld`).
    pub new_with_old: CertificateDer<'static>,
    /// The earlier root's key, signed by the later root (`OldWithNew`).
    pub old_with_new: CertificateDer<'static>,
}

/// Why links do not lead to a root.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BrokenLink {
    /// More than a device may have, or half of one.
    #[error("it shows half of a link, or too many")]
    Count,
    /// A certificate that breaks a rule for authorities.
    #[error("a link breaks a rule: {0}")]
    Rule(#[from] BrokenRule),
    /// It speaks of another device than the roots do.
    #[error("a link names another device")]
    OtherName,
    /// Other name constraints than the roots have, or none, or such as may be passed over.
    #[error("a link is not limited to the device's own names")]
    Constraints,
    /// Another path length than the roots have, or none.
    #[error("a link admits other authorities below it than the roots do")]
    PathLength,
    /// Not signed by the key that it has to be signed by.
    #[error("a link is not signed by the key before it, or by the one after it")]
    Signature,
    /// The keys do not follow one another up to the root.
    #[error("the links do not lead to the root that is shown")]
    OtherKey,
    /// Not valid now.
    #[error("a link has expired or is not valid yet")]
    OutOfTime,
}

/// Walks from the first root to the one that is shown, at whatever time the links are valid: clocks
/// may be wrong in a pairing, and a first root may have ended.
///
/// The keys are the former ones, the first root's at the front; there are none without a rollover.
///
/// # Errors
/// [`BrokenLink`].
pub fn former_keys(shown: &Shown<'_>) -> Result<Vec<KeyFingerprint>, BrokenLink> {
    let root = link::read(shown.root)?;
    let steps = steps(shown)?;
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    walk(&steps, shown, &Profile::of(&root)?, None)
}

/// Walks from a root that is trusted; `None` where no link names its key as a former one.
pub(crate) fn follow(
    trusted: &CertificateDer<'_>,
    shown: &Shown<'_>,
    now: UnixTime,
) -> Option<Result<Vec<KeyFingerprint>, BrokenLink>> {
    let trusted = link::read(trusted).ok()?;
    let key = link::key_of(&trusted);
    // Links are in pairs, the newest first, the former key in the second place of each.
    let names_it = |pair: &[CertificateDer<'_>]| {
        let former = pair
            .get(1)
            .and_then(|old| crate::certificate::fingerprint(old));
        former.is_some_and(|former| former.matches(&key))
    };
    if !shown.links.chunks(2).any(names_it) {
        return None;
    }
    let walked = Profile::of(&trusted).and_then(|profile| {
        let steps = steps(shown)?;
        let begin = steps.iter().position(|step| step.old_key().matches(&key));
        let ahead = begin.and_then(|begin| steps.get(begin..));
        walk(
            ahead.ok_or(BrokenLink::OtherKey)?,
            shown,
            &profile,
            Some(now),
        )
    });
    Some(walked)
}

/// The links, the oldest first.
fn steps<'a>(shown: &Shown<'a>) -> Result<Vec<Step<'a>>, BrokenLink> {
    if shown.links.len() > 2 * MAX_LINKS {
        return Err(BrokenLink::Count);
    }
    let pairs = shown.links.chunks(2).rev();
    pairs
        .map(|pair| match pair {
            [new_with_old, old_with_new] => Step::read(new_with_old, old_with_new),
            _ => Err(BrokenLink::Count),
        })
        .collect()
}

/// Takes each step with both signatures, up to the root.
fn walk(
    steps: &[Step<'_>],
    shown: &Shown<'_>,
    profile: &Profile<'_>,
    now: Option<UnixTime>,
) -> Result<Vec<KeyFingerprint>, BrokenLink> {
    let root = link::read(shown.root)?;
    link::check_root(&root, profile, now)?;
    let mut keys = Vec::new();
    let mut before: Option<&Step<'_>> = None;
    for step in steps {
        step.check(profile, now)?;
        // A root does not follow itself.
        if step.new_key().matches(&step.old_key()) {
            return Err(BrokenLink::OtherKey);
        }
        if before.is_some_and(|before| !before.new_key().matches(&step.old_key())) {
            return Err(BrokenLink::OtherKey);
        }
        keys.push(step.old_key());
        before = Some(step);
    }
    match before {
        Some(last) if last.new_key().matches(&link::key_of(&root)) => Ok(keys),
        Some(_) | None => Err(BrokenLink::OtherKey),
    }
}

#[cfg(test)]
mod tests;
