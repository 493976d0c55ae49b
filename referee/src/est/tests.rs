//! The server asked as devices ask it, and as they must not.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::authority::Root;
use crate::limits::Rate;
use crate::store::{EnrollmentSecret, Grant, Holder, Revocation};

/// A referee that was set up a moment ago.
struct House {
    est: Est,
    store: Store,
    root: Root,
    _folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
struct Heard {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Heard {
    /// The certificates in it, by a reader of others.
    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        assert_eq!(
            (self.status, &*self.header("content-type")),
            (200, CERTIFICATES),
            "{self:?}"
        );
        assert_eq!(self.header("content-transfer-encoding"), "base64");
        let der = BASE64_MIME.decode(self.body.as_bytes()).unwrap();
        let pem = openssl(&["pkcs7", "-inform", "DER", "-print_certs"], &der);
        CertificateDer::pem_slice_iter(&pem)
            .map(Result::unwrap)
            .collect()
    }

    fn certificate(&self) -> CertificateDer<'static> {
        let mut all = self.certificates();
        assert_eq!(all.len(), 1);
        all.pop().unwrap()
    }

    fn header(&self, name: &str) -> String {
        let value = self.headers.get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    /// The status of a refusal, whose reason is text.
    fn refusal(&self) -> u16 {
        assert_eq!(
            self.header("content-type"),
            "text/plain; charset=utf-8",
            "{self:?}"
        );
        assert!(self.body.len() > 10 && self.body.ends_with('\n'));
        self.status
    }
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), input).unwrap();
    let mut command = std::process::Command::new("openssl");
    let done = command
        .args(arguments)
        .arg("-in")
        .arg(file.path())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::file(&folder.path().join("referee.db"))
            .await
            .unwrap();
        let root = Root::make().unwrap();
        let (issuer, _) = root.intermediate(SystemTime::now(), None).unwrap();
        let est = Est::new(store.clone(), Arc::new(issuer), Arc::new(Limits::usual()));
        Self {
            est,
            store,
            root,
            _folder: folder,
        }
    }

    async fn authorize(&self, names: &[&str]) -> EnrollmentSecret {
        let secret = self.store.make_enrollment(now()).await.unwrap();
        for name in names {
            let grant = Grant {
                name: LocalName::parse(name).unwrap(),
                holder: Holder::Enrollment(secret.id.clone()),
                challenge: None,
                address: None,
            };
            self.store.grant(&grant, By::Owner, now()).await.unwrap();
        }
        secret
    }

    async fn enroll(&self, secret: &EnrollmentSecret, body: &str) -> Heard {
        let shown = basic(&secret.id, &secret.secret);
        let request = post("/simpleenroll").header("authorization", shown);
        self.ask(request.body(Full::from(body.to_owned())).unwrap(), None)
            .await
    }

    async fn renew(&self, certificate: &CertificateDer<'static>, body: &str) -> Heard {
        let request = post("/simplereenroll");
        let request = request.body(Full::from(body.to_owned())).unwrap();
        self.ask(request, Some(certificate)).await
    }

    async fn get(&self, path: &str) -> Heard {
        let request = Request::get(format!("{PATH}{path}"));
        self.ask(request.body(Full::default()).unwrap(), None).await
    }

    async fn ask(
        &self,
        request: Request<Full<Bytes>>,
        certificate: Option<&CertificateDer<'static>>,
    ) -> Heard {
        let peer = Peer {
            address: Ipv4Addr::LOCALHOST.into(),
            certificate: certificate.cloned(),
        };
        let (parts, body) = self.est.answer(request, &peer).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Heard {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Of each line of the log, what it tells, the oldest first.
    async fn told(&self, event: AuditEvent) -> Vec<AuditLine> {
        let lines = self.store.audit(100).await.unwrap().into_iter();
        lines.filter(|line| line.event == event).collect()
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!(
        "Basic {}",
        BASE64.encode(format!("{id}:{secret}").as_bytes())
    )
}

fn post(operation: &str) -> http::request::Builder {
    Request::post(format!("{PATH}{operation}")).header("content-type", "application/pkcs10")
}

/// A request as clients send it.
fn csr(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    sent(&params, &KeyPair::generate().unwrap())
}

fn sent(params: &CertificateParams, key: &KeyPair) -> String {
    BASE64_MIME.encode(params.serialize_request(key).unwrap().der())
}

#[tokio::test]
async fn a_secret_is_good_for_one_certificate_and_that_for_the_next() {
    let house = House::new().await;
    let secret = house.authorize(&["nas.local", "files.home.arpa"]).await;
    let body = csr(&["nas.local", "files.home.arpa"]);
    let first = house.enroll(&secret, &body).await.certificate();
    let (_, read) = X509Certificate::from_der(&first).unwrap();
    assert_eq!(read.subject().iter().count(), 0);
    let names = read.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 2);
    // Twice is once, and the log tells that somebody has it.
    let heard = house.enroll(&secret, &body).await;
    assert_eq!(heard.refusal(), 401);
    assert!(heard.header("www-authenticate").starts_with("Basic realm="));
    let refused = house.told(AuditEvent::Refused).await;
    assert_eq!((refused.len(), &refused[0].account), (1, &secret.id));
    // With the same key, and with another one.
    let second = house.renew(&first, &body).await.certificate();
    let other = csr(&["files.home.arpa", "nas.local"]);
    let third = house.renew(&second, &other).await.certificate();
    assert_ne!(second, third);
    let found = house.store.certificates(now()).await.unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|one| one.account == secret.id));
    assert_eq!(
        found
            .iter()
            .filter(|one| one.replaced_by.is_empty())
            .count(),
        1
    );
    assert_eq!(house.told(AuditEvent::Issued).await.len(), 3);
}

#[tokio::test]
async fn of_a_request_nothing_is_taken_but_the_key() {
    let house = House::new().await;
    let secret = house.authorize(&["nas.local"]).await;
    let mut broken = BASE64_MIME.decode(csr(&["nas.local"]).as_bytes()).unwrap();
    *broken.last_mut().unwrap() ^= 1;
    for (body, status) in [
        (csr(&["printer.local"]), 403),
        (csr(&["nas.local", "printer.local"]), 403),
        (csr(&[]), 403),
        (csr(&["bank.example"]), 400),
        (csr(&["*.local"]), 400),
        (csr(&["192.0.2.1"]), 400),
        (BASE64_MIME.encode(&broken), 400),
        (BASE64_MIME.encode(b"no request"), 400),
        ("-----BEGIN CERTIFICATE REQUEST-----".to_owned(), 400),
        (String::new(), 400),
        ("A".repeat(MAX_BODY + 4), 413),
    ] {
        let heard = house.enroll(&secret, &body).await;
        assert_eq!(heard.refusal(), status, "{body}: {heard:?}");
    }
    assert_eq!(house.told(AuditEvent::Refused).await.len(), 11);
    assert!(house.store.certificates(now()).await.unwrap().is_empty());
    // It asks to be an authority, for a name of its maker's, and for other uses.
    let mut greedy = CertificateParams::new(vec!["nas.local".to_owned()]).unwrap();
    greedy.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    greedy.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    greedy.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::Any];
    greedy.distinguished_name = DistinguishedName::new();
    let maker = rcgen::DnType::OrganizationName;
    greedy.distinguished_name.push(maker, "Example Works");
    let key = KeyPair::generate().unwrap();
    let text = sent(&greedy, &key).replace("\r\n", " \t\n");
    let issued = house.enroll(&secret, &text).await.certificate();
    let (_, read) = X509Certificate::from_der(&issued).unwrap();
    assert!(!read.is_ca() && read.subject().iter().count() == 0);
    let usage = read.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && !usage.any);
    assert!(!read.key_usage().unwrap().unwrap().value.key_cert_sign());
    assert_eq!(
        read.public_key().subject_public_key.data,
        key.public_key_raw()
    );
}

#[tokio::test]
async fn a_secret_is_worth_nothing_to_others_or_too_late() {
    let house = House::new().await;
    let secret = house.authorize(&["nas.local"]).await;
    let other = house.authorize(&["tv.local"]).await;
    let body = csr(&["nas.local"]);
    assert_eq!(house.enroll(&other, &body).await.refusal(), 403);
    for shown in [
        basic(&secret.id, &other.secret),
        basic(&other.id, &secret.secret),
        basic(&secret.id, ""),
        basic("", &secret.secret),
        basic(&secret.id, &secret.secret).replace("Basic", "Bearer"),
        "Basic".to_owned(),
        "Basic ====".to_owned(),
    ] {
        let request = post("/simpleenroll").header("authorization", &shown);
        let request = request.body(Full::from(body.clone())).unwrap();
        assert_eq!(house.ask(request, None).await.refusal(), 401, "{shown}");
    }
    let request = post("/simpleenroll").body(Full::from(body.clone()));
    assert_eq!(house.ask(request.unwrap(), None).await.refusal(), 401);
    // Who does not know it leaves no line.
    assert_eq!(house.told(AuditEvent::Refused).await.len(), 1);
    let week = 7 * 24 * 60 * 60;
    assert!(
        house
            .store
            .is_unused(&secret.id, now() + week - 60)
            .await
            .unwrap()
    );
    assert!(
        !house
            .store
            .is_unused(&secret.id, now() + week + 60)
            .await
            .unwrap()
    );
    // The name is somebody else's by now.
    house.authorize(&["nas.local"]).await;
    assert_eq!(house.enroll(&secret, &body).await.refusal(), 403);
    assert!(house.store.certificates(now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_who_come_with_one_secret_one_gets_a_certificate() {
    let house = House::new().await;
    let secret = house.authorize(&["nas.local"]).await;
    let (one, other) = (csr(&["nas.local"]), csr(&["nas.local"]));
    let (one, other) = tokio::join!(house.enroll(&secret, &one), house.enroll(&secret, &other));
    let mut came = [one.status, other.status];
    came.sort_unstable();
    assert_eq!(came, [200, 401]);
    assert_eq!(house.store.certificates(now()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_a_good_certificate_of_ours_is_renewed_and_only_for_its_names() {
    let house = House::new().await;
    let secret = house.authorize(&["nas.local"]).await;
    let body = csr(&["nas.local"]);
    let first = house.enroll(&secret, &body).await.certificate();
    // None, another authority's, and one with an octet more.
    let request = post("/simplereenroll").body(Full::from(body.clone()));
    assert_eq!(house.ask(request.unwrap(), None).await.refusal(), 403);
    let foreign = House::new().await;
    let theirs = foreign.authorize(&["nas.local"]).await;
    let theirs = foreign.enroll(&theirs, &body).await.certificate();
    assert_eq!(house.renew(&theirs, &body).await.refusal(), 403);
    let longer = CertificateDer::from([&*first, &[0]].concat());
    assert_eq!(house.renew(&longer, &body).await.refusal(), 403);
    // A secret does not renew, and a certificate does not enroll.
    let request = post("/simpleenroll").body(Full::from(body.clone()));
    let heard = house.ask(request.unwrap(), Some(&first)).await;
    assert_eq!(heard.refusal(), 401);
    // Other names.
    house.authorize(&["tv.local"]).await;
    for names in [&["tv.local"][..], &["nas.local", "tv.local"], &[]] {
        assert_eq!(house.renew(&first, &csr(names)).await.refusal(), 403);
    }
    assert_eq!(house.told(AuditEvent::Refused).await.len(), 3);
    assert_eq!(house.store.certificates(now()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_has_ended_or_was_revoked_or_withdrawn_renews_nothing() {
    let house = House::new().await;
    let secret = house.authorize(&["nas.local"]).await;
    let body = csr(&["nas.local"]);
    let first = house.enroll(&secret, &body).await.certificate();
    let second = house.renew(&first, &body).await.certificate();
    let device = Enrollment {
        id: secret.id.clone(),
        names: [LocalName::parse("nas.local").unwrap()].into(),
    };
    let serial = |certificate: &CertificateDer<'_>| {
        let (_, read) = X509Certificate::from_der(certificate).unwrap();
        HEXLOWER.encode(read.raw_serial())
    };
    let (serials, later) = ([serial(&first), serial(&second)], now() + 8 * 24 * 60 * 60);
    let by = KnownBy::Certificate(&serials[1]);
    let mut new = house
        .store
        .certificate(&serials[1])
        .await
        .unwrap()
        .unwrap()
        .issued;
    new.serial = "00".repeat(16);
    let came = house.store.enroll(&device, by, &new, later).await.unwrap();
    assert_eq!(came, Enrolled::Ended);
    assert!(
        house
            .store
            .revoke(
                &serials[0],
                Revocation {
                    at: now(),
                    reason: 1
                },
                "",
                By::Owner
            )
            .await
            .unwrap()
    );
    assert_eq!(house.renew(&first, &body).await.refusal(), 403);
    house
        .store
        .withdraw(&device.names.first().unwrap().clone(), By::Owner, now())
        .await
        .unwrap();
    assert_eq!(house.renew(&second, &body).await.refusal(), 403);
    let refused = house.told(AuditEvent::Refused).await;
    let why: Vec<&str> = refused.iter().map(|line| line.detail.as_str()).collect();
    assert_eq!(why.len(), 2, "{why:?}");
    assert_eq!(house.store.certificates(now()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn authorities_are_told_to_anybody_and_nothing_else_is() {
    let house = House::new().await;
    let told = house.get("/cacerts").await.certificates();
    assert_eq!(told.len(), 2);
    assert!(told.contains(house.root.certificate()));
    let heard = house.get("/csrattrs").await;
    assert_eq!((heard.status, heard.body.as_str()), (204, ""));
    for path in [
        "",
        "/",
        "/fullcmc",
        "/serverkeygen",
        "/label/cacerts",
        "/cacerts/",
    ] {
        assert_eq!(house.get(path).await.refusal(), 404, "{path}");
    }
    let heard = house.get("/simpleenroll").await;
    assert_eq!((heard.refusal(), &*heard.header("allow")), (405, "POST"));
    let heard = house
        .ask(post("/cacerts").body(Full::default()).unwrap(), None)
        .await;
    assert_eq!((heard.refusal(), &*heard.header("allow")), (405, "GET"));
    let secret = house.authorize(&["nas.local"]).await;
    let shown = basic(&secret.id, &secret.secret);
    let request = Request::post(format!("{PATH}/simpleenroll"));
    let request = request
        .header("authorization", shown)
        .header("content-type", "text/plain");
    let request = request.body(Full::from(csr(&["nas.local"]))).unwrap();
    assert_eq!(house.ask(request, None).await.refusal(), 415);
}

#[tokio::test]
async fn whoever_tries_secrets_is_slowed_down() {
    let mut house = House::new().await;
    let slow = |burst| Rate {
        burst,
        each: Duration::from_secs(60),
    };
    house.est.limits = Arc::new(Limits::new(slow(40), slow(3), slow(2)));
    let secret = house.authorize(&["nas.local"]).await;
    let wrong = EnrollmentSecret {
        id: secret.id.clone(),
        secret: "guessed".to_owned().into(),
    };
    let body = csr(&["nas.local"]);
    for _ in 0..3 {
        assert_eq!(house.enroll(&wrong, &body).await.refusal(), 401);
    }
    let heard = house.enroll(&secret, &body).await;
    assert_eq!(
        (heard.refusal(), &*heard.header("retry-after")),
        (429, "60")
    );
}
