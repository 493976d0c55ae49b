//! Devices that speak no ACME get their certificates by EST, with nothing but curl and openssl, and the house's browsers
//! open them.

use std::fs;

use settle_tests::EstDevice;
use settle_tests::est::Time;

use super::*;

fn text(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

#[track_caller]
fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

/// That it was refused with this status.
#[track_caller]
fn assert_refused(output: &Output, status: u16) {
    let said = text(output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains(&format!("error: {status}")), "{said}");
}

/// How many lines of the log tell this, of how many certificates.
fn told(referee: &Referee<'_>, event: &str) -> usize {
    let lines = referee.ask(&["audit"]);
    let lines = lines["lines"].as_array().unwrap().iter();
    lines.filter(|line| line["event"] == event).count()
}

#[test]
fn a_device_enrolls_with_its_secret_renews_with_its_certificate_and_a_browser_opens_it() {
    let mut house = House::new();
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let device = EstDevice::new(&home, &referee, "nas.local");
    assert_done(&device.enroll());

    house.pair(referee.code());
    let (identity, chain) = device.identity();
    let server = serve("nas.local", &identity, &chain);
    let (code, said) = house.settle(&["vouch", "nas.local"]);
    assert_eq!(code, 0, "{said}");
    let browser = house.browser();
    assert_eq!(browser.get("nas.local", "/").unwrap().status, 200);
    drop(server);

    let first = fs::read(&identity.certificate).unwrap();
    assert_done(&device.renew());
    assert_ne!(fs::read(&identity.certificate).unwrap(), first);
    // With a key that is new.
    let subject = "-subj / -addext subjectAltName=DNS:nas.local";
    assert_done(&device.with_request(Time::Next, subject));
    fs::copy(device.folder().join("other.key"), &identity.key).unwrap();
    let _server = serve("nas.local", &identity, &chain);
    assert_eq!(browser.get("nas.local", "/").unwrap().status, 200);
    // OpenSSL judges by the root, and by the chain that EST has told.
    assert_done(&device.run("openssl verify -CAfile root.pem -untrusted chain.pem nas.local.pem"));

    // What is revoked renews nothing.
    let listed = referee.ask(&["certificates"]);
    let listed = listed["certificates"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    let newest = device.serial();
    assert!(listed.iter().any(|one| one["serial"] == newest.as_str()));
    drop(referee.say(&["revoke", &newest]));
    assert_refused(&device.renew(), 403);
    // The log tells it all.
    let counts = ["granted", "issued", "revoked", "refused"].map(|event| told(&referee, event));
    assert_eq!(counts, [1, 3, 1, 1]);
}

#[test]
fn a_secret_that_is_replayed_and_a_request_for_anything_else_get_nothing() {
    let home = Home::new(Keyring::Unlocked);
    let referee = Referee::start(&home, "referee");
    let device = EstDevice::new(&home, &referee, "nas.local");
    let _other = EstDevice::new(&home, &referee, "tv.local");
    for (names, status) in [
        ("DNS:tv.local", 403),
        ("DNS:nas.local,DNS:tv.local", 403),
        ("DNS:bank.example", 400),
        ("IP:192.0.2.1", 400),
    ] {
        let asked = format!("-subj / -addext subjectAltName={names}");
        assert_refused(&device.with_request(Time::First, &asked), status);
    }
    // Whatever it asks to be, it becomes a server.
    let greedy = "-subj /O=Example/CN=nas.local -addext basicConstraints=critical,CA:TRUE \
                  -addext keyUsage=keyCertSign -addext subjectAltName=DNS:nas.local";
    assert_done(&device.with_request(Time::First, greedy));
    assert_done(&device.run("cp other.key nas.local.key"));
    let read = text(&device.run("openssl x509 -in nas.local.pem -noout -text"));
    assert!(
        read.contains("CA:FALSE") && !read.contains("Certificate Sign"),
        "{read}"
    );
    assert!(!read.contains("Example"), "{read}");
    // The secret once more, which is noted.
    assert_refused(&device.with_request(Time::First, greedy), 401);
    assert_eq!(
        (told(&referee, "issued"), told(&referee, "refused")),
        (1, 5)
    );
    // No secret, no certificate, and one of another maker's.
    for script in [
        "curl --fail --cacert root.pem --data-binary @nas.local.csr \
         --header 'Content-Type: application/pkcs10' $EST/simpleenroll",
        "curl --fail --cacert root.pem --data-binary @nas.local.csr \
         --header 'Content-Type: application/pkcs10' $EST/simplereenroll",
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=nas.local \
         -addext subjectAltName=DNS:nas.local -keyout own.key -out own.pem && \
         curl --fail --cacert root.pem --cert own.pem --key own.key --data-binary @nas.local.csr \
         --header 'Content-Type: application/pkcs10' $EST/simplereenroll",
    ] {
        assert!(!device.run(script).status.success(), "{script}");
    }
    // Whoever has seen the certificate and has not its key gets nowhere: TLS has it proved.
    assert!(
        device
            .show("nas.local.key")
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    let thief = device.show("other.key").unwrap_err().to_string();
    assert!(thief.contains("DecryptError"), "{thief}");
    let asked = "curl --silent --cacert root.pem --output /dev/null --write-out '%{http_code}' $EST/csrattrs";
    assert_eq!(text(&device.run(asked)), "204");
    let listed = referee.ask(&["certificates"]);
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1);
}
