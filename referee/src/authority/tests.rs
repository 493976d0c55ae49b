//! What an authority issues is what hosts accept, and what it does not; and its files through every change.

use std::process::Command;
use std::time::{Duration, SystemTime};

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::name::LocalName;
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::scope::{Namespace, NamespaceScope};
use settle_transport::anchor::{Anchor, AnchorError, follow_authority};
use settle_transport::certificate::{CertificateRequest, RequestError, Revoked};
use settle_transport::succession::chain;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple")
}

fn name(text: &str) -> LocalName {
    LocalName::parse(text).unwrap()
}

/// A request by openssl, which may ask for anything.
fn request(extensions: &str, key: &[&str]) -> Vec<u8> {
    let temp = tempfile::tempdir().unwrap();
    let config = format!(
        "[req]\ndistinguished_name=dn\nreq_extensions=ext\nprompt=no\n[dn]\n[ext]\n{extensions}\n"
    );
    let path = temp.path().join("config");
    std::fs::write(&path, config).unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-new",
            "-nodes",
            "-outform",
            "DER",
            "-keyout",
            "/dev/null",
            "-subj",
            "/",
        ])
        .args(["-config", path.to_str().unwrap(), "-newkey"])
        .args(key)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    made.stdout
}

const P256: [&str; 3] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

struct House {
    root: Root,
    issuer: Issuer,
    now: SystemTime,
}

impl House {
    fn new() -> Self {
        let (root, now) = (Root::make().unwrap(), SystemTime::now());
        let (issuer, _) = root.intermediate(now, None).unwrap();
        let issuer = issuer.with_revocations("http://referee.local/crl/".to_owned());
        Self { root, issuer, now }
    }

    fn issue(&self, names: &[&str], request: &[u8]) -> Issued {
        let names: Vec<LocalName> = names.iter().map(|text| name(text)).collect();
        let request = CertificateRequest::from_der(request).unwrap();
        let wanted = Wanted {
            names: &names,
            request: &request,
            now: self.now,
            life: 7 * DAY,
        };
        self.issuer.issue(&wanted).unwrap()
    }

    fn judge(&self, issued: &Issued, text: &str, after: Duration) -> Result<(), AnchorError> {
        let anchor = Anchor::referee(self.root.certificate(), NamespaceScope::new(Namespace::ALL));
        let now = (self.now + after)
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let others = [self.issuer.certificate().clone()];
        let time = UnixTime::since_unix_epoch(now);
        anchor
            .unwrap()
            .verify(&issued.certificate, &others, &name(text), 443, time)
    }
}

#[test]
fn hosts_accept_what_is_issued_for_its_names_and_its_time() {
    let house = House::new();
    let csr = request("subjectAltName=DNS:nas.local,DNS:nas.home.arpa", &P256);
    let issued = house.issue(&["nas.local", "nas.home.arpa"], &csr);
    for text in ["nas.local", "nas.home.arpa"] {
        house.judge(&issued, text, Duration::ZERO).unwrap();
        house.judge(&issued, text, 6 * DAY).unwrap();
    }
    let other = house.judge(&issued, "hub.local", Duration::ZERO);
    assert!(
        matches!(other, Err(AnchorError::Unacceptable(_))),
        "{other:?}"
    );
    let late = house.judge(&issued, "nas.local", 8 * DAY);
    assert!(matches!(late, Err(AnchorError::Expired)), "{late:?}");
    assert_eq!(issued.not_after - issued.not_before, 7 * 86400 + 3600);
}

#[test]
fn nothing_of_a_request_is_taken_but_its_key() {
    let house = House::new();
    let greedy = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n\
                  extendedKeyUsage=codeSigning\nsubjectAltName=DNS:nas.local\n\
                  nameConstraints=permitted;DNS:.com";
    for key in [
        &P256[..],
        &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["rsa:2048"],
        &["ed25519"],
    ] {
        let issued = house.issue(&["nas.local"], &request(greedy, key));
        house.judge(&issued, "nas.local", Duration::ZERO).unwrap();
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("leaf.der");
        std::fs::write(&path, &issued.certificate).unwrap();
        let shown = Command::new("openssl")
            .args([
                "x509",
                "-inform",
                "DER",
                "-noout",
                "-text",
                "-in",
                path.to_str().unwrap(),
            ])
            .output()
            .unwrap();
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(text.contains("CA:FALSE") && text.contains("TLS Web Server Authentication"));
        assert!(
            text.contains("Subject: \n") || text.contains("Subject:\n"),
            "{text}"
        );
        assert!(text.contains("URI:http://referee.local/crl/"));
        for left in ["CA:TRUE", "Certificate Sign", "Code Signing", "Permitted"] {
            assert!(!text.contains(left), "{left} in {text}");
        }
    }
}

#[test]
fn requests_that_are_none_or_for_others_are_refused() {
    let nas = request("subjectAltName=DNS:nas.local", &P256);
    let mut altered = nas.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert!(matches!(
        CertificateRequest::from_der(&altered),
        Err(RequestError::Signature)
    ));
    let longer = [nas, vec![0]].concat();
    assert!(matches!(
        CertificateRequest::from_der(&longer),
        Err(RequestError::Encoding)
    ));
    assert!(matches!(
        CertificateRequest::from_der(b"x"),
        Err(RequestError::Encoding)
    ));
    for foreign in [
        "DNS:example.com",
        "IP:192.168.1.2",
        "email:a@nas.local",
        "DNS:*.local",
    ] {
        let csr = request(&format!("subjectAltName={foreign}"), &P256);
        let read = CertificateRequest::from_der(&csr);
        assert!(matches!(read, Err(RequestError::Name(_))), "{foreign}");
    }
    let small = request("subjectAltName=DNS:nas.local", &["rsa:1024"]);
    assert!(matches!(
        CertificateRequest::from_der(&small),
        Err(RequestError::Key(_))
    ));
}

#[test]
fn nobody_below_an_intermediate_and_nothing_public_is_accepted() {
    let house = House::new();
    let csr = request("subjectAltName=DNS:nas.local", &P256);
    let issued = house.issue(&["nas.local"], &csr);
    // An intermediate of an intermediate would exceed the path lengths: two of them.
    let rogue = House::new();
    let stolen = rogue.issue(&["nas.local"], &csr);
    assert!(matches!(
        house.judge(&stolen, "nas.local", Duration::ZERO),
        Err(AnchorError::WrongKey { .. })
    ));
    // Who shows no intermediate has no chain.
    let anchor = Anchor::referee(
        house.root.certificate(),
        NamespaceScope::new(Namespace::ALL),
    );
    let alone = anchor.unwrap().verify(
        &issued.certificate,
        &[],
        &name("nas.local"),
        443,
        UnixTime::now(),
    );
    assert!(matches!(alone, Err(AnchorError::WrongKey { .. })));
}

#[test]
fn the_list_of_what_is_revoked_is_one_for_openssl() {
    let house = House::new();
    let csr = request("subjectAltName=DNS:nas.local", &P256);
    let issued = house.issue(&["nas.local"], &csr);
    let revoked = [Revoked {
        serial: issued.serial,
        at: issued.not_before,
        reason: Some(1),
    }];
    let list = house
        .issuer
        .revocation_list(&revoked, 7, house.now)
        .unwrap();
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = temp.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (list, issuer) = (
        file("list", &list),
        file("issuer", house.issuer.certificate()),
    );
    let pem = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-in", &issuer])
        .output()
        .unwrap();
    let issuer = file("issuer.pem", &pem.stdout);
    let shown = Command::new("openssl")
        .args([
            "crl", "-inform", "DER", "-in", &list, "-noout", "-text", "-CAfile", &issuer,
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&shown.stderr);
    assert!(said.contains("verify OK"), "{said}");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("Key Compromise"), "{text}");
}

#[test]
fn hosts_follow_to_the_next_root_and_not_to_a_strangers() {
    let first = Root::make().unwrap();
    let second = first.next().unwrap();
    let third = second.next().unwrap();
    let shown = |root: &Root| {
        let whole = chain(
            root.certificate().clone(),
            root.certificate(),
            root.links().iter(),
        );
        whole.get(1..).unwrap().to_vec()
    };
    let now = UnixTime::now();
    for trusted in [&first, &second] {
        let followed = follow_authority(trusted.certificate(), &shown(&third), now);
        let successor = followed.unwrap().unwrap();
        assert_eq!(successor.root(), third.certificate());
    }
    assert!(
        follow_authority(third.certificate(), &shown(&third), now)
            .unwrap()
            .is_none()
    );
    // Without the old key there is no way.
    let stranger = Root::make().unwrap();
    let followed = follow_authority(first.certificate(), &shown(&stranger), now);
    assert!(matches!(followed, Err(AnchorError::WrongKey { .. })));
    let forged = [shown(&stranger), shown(&second).get(1..).unwrap().to_vec()].concat();
    let followed = follow_authority(first.certificate(), &forged, now);
    assert!(matches!(followed, Err(AnchorError::Rollover { .. })));
    let none: &[CertificateDer<'_>] = &[];
    assert!(follow_authority(first.certificate(), none, now).is_err());
    let mut last = first;
    for _ in 0..MAX_ROOTS - 1 {
        last = last.next().unwrap();
    }
    assert!(matches!(last.next(), Err(RootError::Exhausted)));
}

#[test]
fn an_intermediate_that_has_ended_issues_nothing_and_nothing_outlives_it() {
    let house = House::new();
    let csr = request("subjectAltName=DNS:nas.local", &P256);
    let csr = CertificateRequest::from_der(&csr).unwrap();
    let names = [name("nas.local")];
    let wanted = |after: Duration| Wanted {
        names: &names,
        request: &csr,
        now: house.now + after,
        life: 7 * DAY,
    };
    let issued = house.issuer.issue(&wanted(88 * DAY)).unwrap();
    let end = house
        .issuer
        .ends()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(issued.not_after, end.as_secs());
    let late = house.issuer.issue(&wanted(91 * DAY));
    assert!(matches!(late, Err(IssueError::Ended)));
}

#[test]
fn a_root_is_sealed_and_a_rollover_that_is_cut_off_is_brought_to_its_end() {
    let temp = tempfile::tempdir().unwrap();
    let sealed = temp.path().join("away");
    let files = Files::new(&temp.path().join("state"), Some(sealed.clone()));
    let root = files.init(&passphrase()).unwrap();
    let (issuer, key) = root.intermediate(SystemTime::now(), None).unwrap();
    files.write_intermediate(&issuer, &key).unwrap();
    assert!(matches!(
        files.init(&passphrase()),
        Err(FileError::Exists(_))
    ));
    let wrong = Passphrase::new("incorrect horse battery");
    assert!(matches!(
        files.root(&wrong),
        Err(FileError::Root(RootError::Envelope(_)))
    ));
    assert_eq!(files.issuer().unwrap().id(), issuer.id());

    let opened = files.root(&passphrase()).unwrap();
    let next = opened.next().unwrap();
    let former = std::fs::read(&sealed).unwrap();
    files.write_root(&next, &passphrase()).unwrap();
    // As if it had been cut off before the last step: the former key is still in its place.
    std::fs::rename(&sealed, sealed.with_extension("next")).unwrap();
    std::fs::write(&sealed, &former).unwrap();
    let found = files.root(&passphrase()).unwrap();
    assert_eq!(found.certificate(), next.certificate());
    assert_eq!(found.links().len(), 1);
    assert_ne!(std::fs::read(&sealed).unwrap(), former);
    // What was at work below the former root is not by the new one.
    let late = files.issuer();
    assert!(matches!(
        late,
        Err(FileError::Root(RootError::Issue(IssueError::OtherRoot)))
    ));
}
