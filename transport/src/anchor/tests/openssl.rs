//! The same chains, judged by `openssl verify -x509_strict`: where the two differ, the table says why.

use std::fs;
use std::process::Command;

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use rustls_pki_types::CertificateDer;

use super::maker::{Ca, DAY, NAME, root, standard, unknown_extension, verify};

/// One chain, and who takes it.
struct Case {
    about: &'static str,
    root: Ca,
    others: Vec<Ca>,
    leaf: CertificateDer<'static>,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Both,
    Neither,
    /// OpenSSL may take it, we do not: we demand what RFC 5280 leaves open, or asks of issuers.
    Stricter,
    /// OpenSSL does not take it: its strict mode demands what RFC 5280 asks of issuers alone.
    Laxer,
}
use Verdict::{Both, Laxer, Neither, Stricter};

fn leaf(
    about: &'static str,
    verdict: Verdict,
    change: impl FnOnce(&mut CertificateParams),
) -> Case {
    let root = root(|_| {});
    let leaf = root.server(change);
    let others = Vec::new();
    Case {
        about,
        root,
        others,
        leaf,
        verdict,
    }
}

fn middle(
    about: &'static str,
    verdict: Verdict,
    change: impl FnOnce(&mut CertificateParams),
) -> Case {
    let root = root(|_| {});
    let middle = root.below("middle", change);
    let leaf = middle.server(|_| {});
    let others = vec![middle];
    Case {
        about,
        root,
        others,
        leaf,
        verdict,
    }
}

fn anchor(
    about: &'static str,
    verdict: Verdict,
    change: impl FnOnce(&mut CertificateParams),
) -> Case {
    let root = root(change);
    let leaf = root.server(|_| {});
    let others = Vec::new();
    Case {
        about,
        root,
        others,
        leaf,
        verdict,
    }
}

fn named(name: &str) -> impl FnOnce(&mut CertificateParams) {
    let name = SanType::DnsName(name.try_into().unwrap());
    |params| params.subject_alt_names = vec![name]
}

fn permitting(name: &str) -> impl FnOnce(&mut CertificateParams) {
    let constraints = NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
        excluded_subtrees: vec![],
    };
    |params| params.name_constraints = Some(constraints)
}

fn leaves() -> Vec<Case> {
    vec![
        leaf("a good one", Both, |_| {}),
        leaf("another name", Neither, named("printer.local")),
        leaf("a name below", Neither, named("a.nas.local")),
        leaf("a wildcard over a namespace", Neither, named("*.local")),
        leaf("expired", Neither, |params| {
            params.not_after = params.not_before + DAY / 2;
        }),
        leaf("an unknown critical extension", Neither, |params| {
            params.custom_extensions = vec![unknown_extension(true)];
        }),
        leaf("for clients", Neither, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
        leaf("for nothing in particular", Stricter, |params| {
            params.extended_key_usages.clear();
        }),
        leaf("for key agreement", Stricter, |params| {
            params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
        }),
        leaf("an authority", Stricter, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }),
        leaf("serial number 0", Stricter, |params| {
            params.serial_number = Some(SerialNumber::from_slice(&[0]));
        }),
        leaf("policy constraints", Stricter, |params| {
            params.custom_extensions = vec![standard(36, false, b"\x30\x03\x80\x01\x00")];
        }),
    ]
}

fn authorities() -> Vec<Case> {
    let no = |params: &mut CertificateParams| {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    };
    let revokes = |params: &mut CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    };
    let over = |params: &mut CertificateParams| params.not_after = params.not_before + DAY / 2;
    let unknown = |params: &mut CertificateParams| {
        params.custom_extensions = vec![unknown_extension(true)];
    };
    let clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    vec![
        middle("a good intermediate", Both, |_| {}),
        middle(
            "an intermediate that does not name its issuer's key",
            Laxer,
            |params| {
                params.use_authority_key_identifier_extension = false;
            },
        ),
        middle("an end entity as intermediate", Neither, no),
        middle("an intermediate for revocation lists", Neither, revokes),
        middle("an expired intermediate", Neither, over),
        middle(
            "an intermediate with an unknown critical extension",
            Neither,
            unknown,
        ),
        middle("an intermediate for clients", Neither, clients),
        middle("an intermediate for this name", Both, permitting(NAME)),
        middle(
            "an intermediate for another name",
            Neither,
            permitting("printer.local"),
        ),
        anchor("an expired anchor", Neither, over),
        anchor("an anchor for revocation lists", Neither, revokes),
        anchor("an anchor that is none", Neither, no),
        anchor(
            "an anchor with an unknown critical extension",
            Neither,
            unknown,
        ),
        anchor("an anchor for clients", Neither, clients),
        anchor(
            "an anchor for another name",
            Neither,
            permitting("printer.local"),
        ),
        anchor(
            "an anchor for a dotted name",
            Stricter,
            permitting(".local"),
        ),
    ]
}

fn lengths() -> Case {
    let root = root(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let middle = root.below("middle", |_| {});
    let leaf = middle.server(|_| {});
    Case {
        about: "an intermediate below an anchor that admits none",
        root,
        others: vec![middle],
        leaf,
        verdict: Neither,
    }
}

pub(super) fn pem<'a>(
    certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>,
) -> String {
    let begin = "-----BEGIN CERTIFICATE-----";
    let end = "-----END CERTIFICATE-----";
    let block = |der: &CertificateDer<'_>| format!("{begin}\n{}\n{end}\n", BASE64.encode(der));
    certificates.into_iter().map(block).collect()
}

/// What OpenSSL says, as for a TLS server of this name.
fn openssl(case: &Case) -> (bool, String) {
    let others = case.others.iter().map(|ca| &ca.der);
    let shown: Vec<_> = std::iter::once(&case.root.der).chain(others).collect();
    judged(&case.root.der, &shown, &case.leaf, NAME)
}

/// What OpenSSL says of a chain, and why.
pub(super) fn judged(
    root: &CertificateDer<'static>,
    shown: &[&CertificateDer<'static>],
    leaf: &CertificateDer<'static>,
    name: &str,
) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: String| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let output = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", "sslserver"])
        .args(["-verify_hostname", name, "-no-CApath", "-no-CAstore"])
        .arg("-CAfile")
        .arg(file("root.pem", pem([root])))
        .arg("-untrusted")
        .arg(file("others.pem", pem(shown.iter().copied())))
        .arg(file("leaf.pem", pem([leaf])))
        .output()
        .expect("openssl, which is in every distribution");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), told)
}

#[test]
fn openssl_judges_the_same_chains_alike_but_for_what_is_listed() {
    for case in leaves().into_iter().chain(authorities()).chain([lengths()]) {
        let others: Vec<_> = case.others.iter().collect();
        let ours = verify(&case.root, &case.leaf, &others);
        let (theirs, told) = openssl(&case);
        let expected = match case.verdict {
            Both => (true, true),
            Neither => (false, false),
            // Another version of OpenSSL may see it as we do.
            Stricter => (false, theirs),
            Laxer => (true, false),
        };
        let about = case.about;
        assert_eq!((ours.is_ok(), theirs), expected, "{about}: {ours:?} {told}");
    }
}
