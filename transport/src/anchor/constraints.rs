//! Name constraints: ours, in the form that webpki takes them, and which of an authority's own are
//! understood (RFC 5280 §4.2.1.10).

use rustls_pki_types::Der;
use settle_protocol::scope::Namespace;
use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};

use super::{BrokenRule, subject};

const SEQUENCE: u8 = 0x30;
/// `[0]` and `[1]` of `NameConstraints`.
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;
/// `[2]` and `[7]` of `GeneralName`.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
/// Address and mask of every IPv4 address, and of every IPv6 address.
const ANY_IPV4: [u8; 8] = [0; 8];
const ANY_IPV6: [u8; 32] = [0; 32];

/// What a path's names are limited to besides what its authorities say: RFC 5280 §6.1.1 (h) and (i),
/// as the contents of `NameConstraints`.
#[derive(Clone, Debug)]
pub(super) struct Subtrees(Der<'static>);

impl Subtrees {
    /// DNS names in these namespaces, and no address: permitted DNS names leave addresses free.
    pub(super) fn within(namespaces: impl IntoIterator<Item = Namespace>) -> Self {
        let mut permitted: Vec<u8> = namespaces
            .into_iter()
            .flat_map(|namespace| subtree(DNS_NAME, namespace.as_str().as_bytes()))
            .collect();
        if permitted.is_empty() {
            // No base at all would permit everything; a name of no local namespace permits nothing.
            permitted = subtree(DNS_NAME, b"invalid");
        }
        let excluded = [ANY_IPV4.as_slice(), &ANY_IPV6].map(|any| subtree(IP_ADDRESS, any));
        let contents = [
            element(PERMITTED, &permitted),
            element(EXCLUDED, &excluded.concat()),
        ];
        Self(Der::from(contents.concat()))
    }

    pub(super) fn contents(&self) -> Der<'static> {
        self.0.clone()
    }
}

fn subtree(tag: u8, base: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &element(tag, base))
}

/// One DER element. All of ours are shorter than 128 octets, where the length is one octet.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u8::try_from(contents.len()).unwrap_or(u8::MAX);
    debug_assert!(length < 0x80, "a long length");
    [&[tag, length], contents].concat()
}

/// Whether an authority's own constraints are processed in full. Kinds that are not would have to
/// be looked for in every name below (RFC 5280 §6.1.4 (g)): such an authority is refused instead.
pub(super) fn check(constraints: &NameConstraints<'_>) -> Result<(), BrokenRule> {
    let subtrees = [
        &constraints.permitted_subtrees,
        &constraints.excluded_subtrees,
    ];
    let mut bases = subtrees.into_iter().flatten().flatten().peekable();
    // "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence."
    let empty = bases.peek().is_none();
    if empty || !bases.all(understood) {
        return Err(BrokenRule::NameConstraints);
    }
    Ok(())
}

fn understood(subtree: &GeneralSubtree<'_>) -> bool {
    if let GeneralName::DNSName(base) = &subtree.base {
        // A leading dot is of URIs only; for DNS names its meaning is not defined.
        return base.is_empty() || subject::is_host(base);
    }
    matches!(&subtree.base, GeneralName::IPAddress(base) if is_range(base))
}

/// Address and mask, the mask being ones and then zeros (RFC 4632 §3.1).
fn is_range(base: &[u8]) -> bool {
    let Some(mask) = base.get(base.len() / 2..) else {
        return false;
    };
    let mut bits = mask
        .iter()
        .flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1));
    let contiguous = bits.by_ref().find(|bit| *bit == 0).is_none() || bits.all(|bit| bit == 0);
    matches!(base.len(), 8 | 32) && contiguous
}
