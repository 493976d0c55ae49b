//! Chains that are odd on purpose, judged by us and by OpenSSL. `docs/verifier.md` has a row for each, and the reason
//! wherever the two disagree; a row that is missing there, or says something else, is an error too.

use std::net::IpAddr;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyIdMethod, NameConstraints, SanType,
};
use rustls_pki_types::CertificateDer;
use settle_protocol::name::LocalName;
use settle_protocol::scope::ExactScope;

use super::maker::{Ca, DAY, NAME, PORT, element, named, root, standard, unix};
use super::openssl;
use crate::anchor::{Anchor, AnchorError, Authority};

const ROWS: &str = include_str!("../../../../docs/verifier.md");
/// Lines of its tables that are no chain's.
const HEADS: usize = 5;
const OTHER: &str = "nas.home.arpa";

struct Case {
    about: &'static str,
    root: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
    leaf: CertificateDer<'static>,
    asked: &'static str,
}

impl Case {
    fn ours(&self) -> Result<(), AnchorError> {
        let name = LocalName::parse(self.asked).unwrap();
        let scope = ExactScope::new([name.clone()], [PORT]);
        let anchor = Anchor::imported(Authority::from_der(&self.root)?, scope);
        let now = unix(SystemTime::now());
        anchor.verify(&self.leaf, &self.others, &name, PORT, now)
    }

    fn row(&self) -> String {
        let ours = self.ours();
        let shown: Vec<_> = std::iter::once(&self.root).chain(&self.others).collect();
        let (theirs, _) = openssl::judged(&self.root, &shown, &self.leaf, self.asked);
        let word = |is_taken| if is_taken { "takes" } else { "refuses" };
        let (ours, theirs) = (word(ours.is_ok()), word(theirs));
        format!("| {} | {ours} | {theirs} |", self.about)
    }
}

#[test]
fn settle_and_openssl_judge_every_odd_chain_as_is_written_down() {
    let cases = [
        names(),
        malformed(),
        constraints(),
        narrowed(),
        authorities(),
        crossed(),
        encodings(),
    ];
    let rows: usize = cases.iter().map(Vec::len).sum();
    assert_eq!(
        ROWS.lines().filter(|line| line.ends_with(" |")).count(),
        rows + HEADS
    );
    let unwritten: Vec<_> = cases
        .iter()
        .flatten()
        .map(Case::row)
        .filter(|row| !ROWS.contains(row.as_str()))
        .collect();
    assert!(unwritten.is_empty(), "{}", unwritten.join("\n"));
}

fn leaf(about: &'static str, change: impl FnOnce(&mut CertificateParams)) -> Case {
    let root = root(|_| {});
    let leaf = root.server(change);
    below(about, &root, leaf, vec![])
}

fn below(
    about: &'static str,
    root: &Ca,
    leaf: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
) -> Case {
    Case {
        about,
        root: root.der.clone(),
        others,
        leaf,
        asked: NAME,
    }
}

/// Alternative names by their tags, RFC 5280 §4.2.1.6, whatever their octets.
fn raw(names: &[(u8, &[u8])]) -> impl FnOnce(&mut CertificateParams) {
    let names: Vec<u8> = names
        .iter()
        .flat_map(|(tag, name)| element(*tag, name))
        .collect();
    let names = standard(17, false, &element(0x30, &names));
    |params| {
        params.subject_alt_names.clear();
        params.custom_extensions.push(names);
    }
}

const DNS: u8 = 0x82;

fn names() -> Vec<Case> {
    let common = |params: &mut CertificateParams| {
        params.subject_alt_names.clear();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, NAME);
    };
    let beside = |params: &mut CertificateParams| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, NAME);
        named(&["printer.local"])(params);
    };
    let address = |params: &mut CertificateParams| {
        let address: IpAddr = "192.168.1.2".parse().unwrap();
        params.subject_alt_names = vec![SanType::IpAddress(address)];
    };
    let asked = |case: Case| Case {
        asked: OTHER,
        ..case
    };
    vec![
        leaf("the very name", |_| {}),
        leaf("the name in capital letters", named(&["NAS.LOCAL"])),
        leaf("the name with a final dot", named(&["nas.local."])),
        leaf("a wildcard for the name's only label", named(&["*.local"])),
        asked(leaf(
            "a wildcard for the first of three labels",
            named(&["*.home.arpa"]),
        )),
        asked(leaf(
            "a wildcard for a part of a label",
            named(&["n*.home.arpa"]),
        )),
        asked(leaf("a wildcard for two labels", named(&["*.arpa"]))),
        asked(leaf(
            "a wildcard inside of the name",
            named(&["nas.*.arpa"]),
        )),
        leaf("the name as common name, without alternative names", common),
        leaf(
            "the name as common name, beside another alternative name",
            beside,
        ),
        leaf("an address alone", address),
        leaf("an address written as a DNS name", named(&["192.168.1.2"])),
        leaf(
            "the name as a mail address",
            raw(&[(0x81, NAME.as_bytes())]),
        ),
        leaf("the name as a URI", raw(&[(0x86, b"https://nas.local")])),
    ]
}

fn malformed() -> Vec<Case> {
    vec![
        leaf("the name with NUL behind it", raw(&[(DNS, b"nas.local\0")])),
        leaf(
            "the name with NUL and another domain behind it",
            raw(&[(DNS, b"nas.local\0.example.com")]),
        ),
        leaf(
            "the name, and one with NUL",
            raw(&[(DNS, b"nas.local"), (DNS, b"a\0b.local")]),
        ),
        leaf(
            "the name, and one that begins with a dot",
            raw(&[(DNS, b"nas.local"), (DNS, b".local")]),
        ),
        leaf(
            "the name, and an empty one",
            raw(&[(DNS, b"nas.local"), (DNS, b"")]),
        ),
        leaf(
            "the name, and an address of five octets",
            raw(&[(DNS, b"nas.local"), (0x87, b"\x0a\0\0\x01\0")]),
        ),
        leaf(
            "the name, and one in letters outside of ASCII",
            raw(&[(DNS, b"nas.local"), (DNS, b"n\xc3\xa4s.local")]),
        ),
        leaf(
            "the name, and one with an A-label",
            named(&[NAME, "xn--ns-wia.local"]),
        ),
        leaf(
            "a name that looks like it in other letters",
            raw(&[(DNS, b"n\xd0\xb0s.local")]),
        ),
        leaf("no names at all in the extension", raw(&[])),
    ]
}

fn limited(
    permitted: Vec<GeneralSubtree>,
    excluded: Vec<GeneralSubtree>,
) -> impl FnOnce(&mut CertificateParams) {
    |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted,
            excluded_subtrees: excluded,
        });
    }
}

fn dns(name: &str) -> Vec<GeneralSubtree> {
    vec![GeneralSubtree::DnsName(name.to_owned())]
}

fn constraints() -> Vec<Case> {
    let root_with = |about, permitted, excluded| {
        let root = root(limited(permitted, excluded));
        let leaf = root.server(|_| {});
        below(about, &root, leaf, vec![])
    };
    let mut person = DistinguishedName::new();
    person.push(DnType::CommonName, "somebody");
    let person = vec![GeneralSubtree::DirectoryName(person)];
    let mail = vec![GeneralSubtree::Rfc822Name("example.com".to_owned())];
    let everywhere = vec![GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4]))];
    vec![
        root_with("permitted: the namespace", dns("local"), vec![]),
        root_with(
            "permitted: the namespace in capital letters",
            dns("LOCAL"),
            vec![],
        ),
        root_with(
            "permitted: a name that ends like it",
            dns("as.local"),
            vec![],
        ),
        root_with(
            "permitted: the namespace; excluded: the name",
            dns("local"),
            dns(NAME),
        ),
        root_with("excluded: another name", vec![], dns("printer.local")),
        root_with("excluded: everything", vec![], dns("")),
        root_with("excluded: all addresses", vec![], everywhere),
        root_with("permitted: a person", person, vec![]),
        root_with("permitted: mail of a domain", mail, vec![]),
    ]
}

fn narrowed() -> Vec<Case> {
    let two = |about, above, beneath| {
        let root = root(limited(dns(above), vec![]));
        let middle = root.below("middle", limited(dns(beneath), vec![]));
        let leaf = middle.server(|_| {});
        below(about, &root, leaf, vec![middle.der])
    };
    vec![
        two(
            "permitted above: the namespace, below: the name",
            "local",
            NAME,
        ),
        two(
            "permitted above: the name, below: the namespace",
            NAME,
            "local",
        ),
        two(
            "permitted above: another name, below: the name",
            "printer.local",
            NAME,
        ),
    ]
}

fn authorities() -> Vec<Case> {
    let with_basic = |about, content: &[u8]| {
        let content = content.to_vec();
        let root = root(|params| {
            params.is_ca = IsCa::NoCa;
            params.custom_extensions.push(standard(19, true, &content));
            // OpenSSL wants the key's identifier in an authority, which is added for those alone that say what they are.
            let id = vec![7; 20];
            let content = element(0x04, &id);
            params.custom_extensions.push(standard(14, false, &content));
            params.key_identifier_method = KeyIdMethod::PreSpecified(id);
        });
        let leaf = root.server(|_| {});
        below(about, &root, leaf, vec![])
    };
    let none_below = root(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let itself = none_below.below("root", |_| {});
    let under_itself = itself.server(|_| {});
    let later = root(|params| params.not_before = (SystemTime::now() + DAY).into());
    let future = later.server(|_| {});
    let both = leaf("for servers and for clients", |params| {
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
    });
    let critical = leaf("the purpose is critical", |params| {
        params.extended_key_usages.clear();
        let purpose = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
        params.custom_extensions.push(standard(37, true, purpose));
    });
    vec![
        with_basic(
            "an anchor with the path length 0",
            b"\x30\x06\x01\x01\xff\x02\x01\x00",
        ),
        with_basic(
            "an anchor with the path length -1",
            b"\x30\x06\x01\x01\xff\x02\x01\xff",
        ),
        with_basic(
            "an anchor with a path length of nine octets",
            b"\x30\x0e\x01\x01\xff\x02\x09\x01\0\0\0\0\0\0\0\0",
        ),
        with_basic(
            "an anchor with a path length and without CA",
            b"\x30\x03\x02\x01\x00",
        ),
        below(
            "the path length 0 above an authority of the same name",
            &none_below,
            under_itself,
            vec![itself.der],
        ),
        below("an anchor that is not valid yet", &later, future, vec![]),
        both,
        critical,
    ]
}

fn crossed() -> Vec<Case> {
    let own = root(|_| {});
    let renamed = own.renamed("another");
    let by_the_other_name = renamed.server(|_| {});
    let twin = root(|_| {});
    let by_the_twin = twin.server(|_| {});
    let (a, b) = (own.below("a", |_| {}), own.below("b", |_| {}));
    let loops = vec![a.crossed("a", &b), b.crossed("b", &a)];
    let leaf = a.server(|_| {});
    let way_out: Vec<_> = loops.iter().cloned().chain([a.der.clone()]).collect();
    let stranger = root(|params| {
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "stranger");
    });
    vec![
        below(
            "the anchor's key under another name",
            &own,
            by_the_other_name.clone(),
            vec![],
        ),
        below(
            "the same, with a certificate for that name by the anchor",
            &own,
            by_the_other_name,
            vec![own.crossed("another", &own)],
        ),
        below(
            "the anchor's name with another key",
            &own,
            by_the_twin.clone(),
            vec![],
        ),
        below(
            "the same, with that key shown as an authority",
            &own,
            by_the_twin,
            vec![twin.der],
        ),
        below(
            "two authorities that vouch for each other, below nobody",
            &stranger,
            leaf.clone(),
            loops,
        ),
        below(
            "the same, and one of them below the anchor",
            &own,
            leaf,
            way_out,
        ),
        maze(
            "twelve layers of two authorities each, below nobody",
            &stranger,
        ),
    ]
}

/// Each layer's name has two keys, and both keys above sign both: 2¹² paths, none of which ends well.
fn maze(about: &'static str, root: &Ca) -> Case {
    let titles: Vec<String> = (0..12).map(|layer| format!("layer {layer}")).collect();
    let nobody = super::maker::root(|_| {});
    let mut above = [nobody.below("x", |_| {}), nobody.below("x", |_| {})];
    let mut others = vec![];
    for title in &titles {
        let layer = [above[0].below(title, |_| {}), above[1].below(title, |_| {})];
        for one in &layer {
            others.extend(above.iter().map(|by| one.crossed(title, by)));
        }
        above = layer;
    }
    let leaf = above[0].server(|_| {});
    below(about, root, leaf, others)
}

fn encodings() -> Vec<Case> {
    let root = root(|_| {});
    let leaf = root.server(|_| {});
    let critical: (&[u8], &[u8]) = (b"\x01\x01\xff\x04", b"\x01\x01\x01\x04");
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).unwrap();
    let tbs = parsed.tbs_certificate.as_ref();
    let inside = &leaf[leaf.len() - content_length(&leaf)..];
    let at = tbs.windows(2).position(|octets| octets == b"\x17\x0d");
    let time = &tbs[at.unwrap()..][..15];
    let changed = |at: usize, octet: u8| {
        let mut time = time.to_vec();
        time[at] = octet;
        time
    };
    let sha384 = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03".as_slice();
    let signature = &inside[tbs.len() + sha384.len()..];
    let mut flipped = leaf.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let unused = {
        let mut signature = signature.to_vec();
        signature[2] = 1;
        signature
    };
    let ours = super::maker::ECDSA_SHA256;
    let parts = |parts: &[&[u8]]| CertificateDer::from(element(0x30, &parts.concat()));
    let long = [b"\x30\x84\0\0".as_slice(), &leaf[2..]].concat();
    let endless = [b"\x30\x80".as_slice(), inside, b"\0\0"].concat();
    let made = |about, leaf| below(about, &root, leaf, vec![]);
    vec![
        made(
            "true written as 1",
            root.resigned(&leaf, critical.0, critical.1),
        ),
        made(
            "a beginning in a thirteenth month",
            root.resigned(&leaf, time, &changed(5, b'3')),
        ),
        made(
            "a beginning without its Z",
            root.resigned(&leaf, time, &changed(14, b'0')),
        ),
        made("a length in more octets than it needs", long.into()),
        made("no length, but an end", endless.into()),
        made(
            "another algorithm outside than inside",
            parts(&[tbs, sha384, signature]),
        ),
        made("unused bits in the signature", parts(&[tbs, ours, &unused])),
        made("the signature's last bit flipped", flipped.into()),
        made("the signature left out", parts(&[tbs, ours])),
    ]
}

/// How long the content of the outermost element is, as its head of four octets says.
fn content_length(der: &[u8]) -> usize {
    assert_eq!(der[..2], [0x30, 0x82]);
    usize::from(u16::from_be_bytes([der[2], der[3]]))
}
