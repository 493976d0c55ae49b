//! What users paste, and what it can be trusted as.

use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::LocalName;
use settle_protocol::scope::ExactScope;

use super::{ImportError, Imported, ImportedKind, MAX_TEXT, read_pem};

fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["DiskStation".to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn verify(imported: Imported, shown: &CertificateDer<'_>) -> bool {
    let name = LocalName::parse("nas.local").unwrap();
    let scope = ExactScope::new([name.clone()], [5001]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = UnixTime::since_unix_epoch(now.unwrap());
    let anchor = imported.anchor(scope);
    anchor.verify(shown, &[], &name, 5001, now).is_ok()
}

#[test]
fn a_self_signed_certificate_is_trusted_as_itself() {
    for kind in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let (pem, _) = self_signed(|params| params.is_ca = kind);
        let imported = read_pem(&pem).unwrap();
        assert!(matches!(imported.kind, ImportedKind::Server));
        let whole = CertificateFingerprint::of_der(&imported.certificate);
        assert_eq!(imported.fingerprint, whole);
        let shown = imported.certificate.clone();
        assert!(verify(imported, &shown));
    }
}

#[test]
fn an_authority_is_trusted_as_one_and_as_itself() {
    let (pem, _) = self_signed(authority);
    let imported = read_pem(&pem).unwrap();
    assert!(matches!(imported.kind, ImportedKind::Authority(_)));
    let shown = imported.certificate.clone();
    assert!(verify(imported, &shown));
}

#[test]
fn an_authority_that_is_not_usable_as_one_is_trusted_as_itself() {
    let (pem, _) = self_signed(|params| {
        authority(params);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    let imported = read_pem(&pem).unwrap();
    assert!(matches!(imported.kind, ImportedKind::Server));
    let shown = imported.certificate.clone();
    assert!(verify(imported, &shown));
}

#[test]
fn text_around_the_certificate_does_not_matter() {
    let (pem, _) = self_signed(|_| {});
    let (crlf, spoken) = (
        pem.replace('\n', "\r\n"),
        format!("subject=CN = nas\n\n{pem}\n# end"),
    );
    for text in [crlf, spoken] {
        let plain = read_pem(&pem).unwrap();
        assert_eq!(read_pem(&text).unwrap().fingerprint, plain.fingerprint);
    }
}

#[test]
fn what_is_not_one_certificate_is_named() {
    let ((one, key), (other, _)) = (self_signed(|_| {}), self_signed(|_| {}));
    let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let cut: String = one.lines().take(3).collect::<Vec<_>>().join("\n");
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (text, expected) in [
        (String::new(), ImportError::NoCertificate),
        ("AA:BB".to_owned(), ImportError::NoCertificate),
        (format!("{one}{other}"), ImportError::Several(2)),
        (format!("{one}{key}"), ImportError::PrivateKey),
        (format!("{encrypted}{one}"), ImportError::PrivateKey),
        (cut, ImportError::Damaged),
        (empty.to_owned(), ImportError::Damaged),
        (one.replace('M', "!"), ImportError::Damaged),
        (" ".repeat(MAX_TEXT + 1), ImportError::TooLong(MAX_TEXT + 1)),
    ] {
        let error = read_pem(&text).unwrap_err();
        assert_eq!(error, expected, "{text}");
    }
}
