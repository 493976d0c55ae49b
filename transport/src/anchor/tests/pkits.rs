//! NIST's path validation suite (PKITS): every certificate path that neither revocation nor policies
//! decide, judged as by its authors, and where we differ on purpose, why.
//!
//! Its certificates are for no TLS server, so names and purposes are not asked here.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::maker::unix;
use crate::anchor::Authority;
use crate::anchor::authority::Shown;

const SUITE: &str = include_str!("fixtures/pkits.pem");
/// The suite's certificates are valid from 2010 to 2030.
const WITHIN: Duration = Duration::from_secs(1_600_000_000);

/// Paths that the suite takes and we do not, by the reason (docs/trust-store.md §2.4). There is no
/// list of the other kind.
const STRICTER: &[(&str, &[&str])] = &[
    (
        "name constraints for other names than DNS names and addresses refuse their authority",
        &[
            "ValidDNnameConstraintsTest1EE",
            "ValidDNnameConstraintsTest4EE",
            "ValidDNnameConstraintsTest5EE",
            "ValidDNnameConstraintsTest6EE",
            "ValidDNnameConstraintsTest11EE",
            "ValidDNnameConstraintsTest14EE",
            "ValidDNnameConstraintsTest18EE",
            "ValidDNnameConstraintsTest19EE",
            "ValidDNandRFC822nameConstraintsTest27EE",
            "ValidRFC822nameConstraintsTest21EE",
            "ValidRFC822nameConstraintsTest23EE",
            "ValidRFC822nameConstraintsTest25EE",
            "ValidURInameConstraintsTest34EE",
            "ValidURInameConstraintsTest36EE",
        ],
    ),
    (
        "issuer and subject are compared octet by octet",
        &[
            "ValidNameChainingCapitalizationTest5EE",
            "ValidNameChainingWhitespaceTest3EE",
            "ValidNameChainingWhitespaceTest4EE",
            "ValidRolloverfromPrintableStringtoUTF8StringTest10EE",
            "ValidUTF8StringCaseInsensitiveMatchTest11EE",
        ],
    ),
    ("unique identifiers are refused", &["ValidNameUIDsTest6EE"]),
    (
        "self-issued authorities count in a path length",
        &[
            "ValidSelfIssuedpathLenConstraintTest15EE",
            "ValidSelfIssuedpathLenConstraintTest17EE",
        ],
    ),
    (
        "an authority is no server",
        &[
            "ValidpathLenConstraintTest8EE",
            "ValidpathLenConstraintTest14EE",
        ],
    ),
    (
        "DSA is not verified",
        &[
            "ValidDSASignaturesTest4EE",
            "ValidDSAParameterInheritanceTest5EE",
        ],
    ),
    (
        "no time before 1970 is read",
        &["Validpre2000UTCnotBeforeDateTest3EE"],
    ),
];

fn suite() -> BTreeMap<&'static str, CertificateDer<'static>> {
    let mut certificates = BTreeMap::new();
    for block in SUITE.split("\n\n").skip(1) {
        let (name, pem) = block.split_once('\n').unwrap();
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        certificates.insert(name, der);
    }
    certificates
}

#[test]
fn nists_suite_is_judged_as_by_its_authors_or_more_strictly() {
    let suite = suite();
    let root = Authority::from_der(&suite["TrustAnchorRootCertificate"]).unwrap();
    let (servers, authorities): (Vec<_>, Vec<_>) =
        suite.iter().partition(|(name, _)| name.ends_with("EE"));
    let others: Vec<_> = authorities
        .into_iter()
        .map(|(_, der)| der.clone())
        .collect();
    assert_eq!((servers.len(), others.len()), (88, 59));
    for (name, leaf) in servers {
        let shown = Shown {
            leaf,
            others: &others,
            last: leaf,
        };
        let now = unix(SystemTime::UNIX_EPOCH + WITHIN);
        let answer = root.verify_path(&shown, None, now);
        let reason = STRICTER.iter().find(|(_, names)| names.contains(name));
        let expected = name.starts_with("Valid") && reason.is_none();
        assert_eq!(answer.is_ok(), expected, "{name}: {answer:?}, {reason:?}");
    }
}
