//! Relying parties that ask lists: what an intermediate has revoked, and what the root has.

use std::process::Command;

use settle_tests::EstDevice;

use super::*;

const WITH_LISTS: [&str; 3] = ["--no-announce", "--lists", "127.0.0.1:18080"];

/// What OpenSSL says of the device's certificate, by both lists.
fn judged(device: &EstDevice<'_>, chain: &str) -> String {
    let script = format!(
        "cat of-leaf.pem of-intermediate.pem > lists.pem; \
         openssl verify -crl_check_all -CAfile root.pem -CRLfile lists.pem -untrusted {chain} nas.local.pem 2>&1 || true"
    );
    String::from_utf8(device.run(&script).stdout).unwrap()
}

/// Gets the list that is named in one of these certificates, of which others name none.
fn fetch(device: &EstDevice<'_>, certificates: &str, list: &str) {
    let script = format!(
        "rm -f part-*; csplit -s -z -f part- {certificates} '/^-----BEGIN/' '{{*}}'; \
         url=$(for part in part-*; do openssl x509 -in $part -noout -ext crlDistributionPoints 2>/dev/null || true; done \
         | grep -o 'http://.*'); \
         curl --fail --silent --show-error --output list.crl $url; openssl crl -inform DER -in list.crl -out {list}"
    );
    let fetched = device.run(&script);
    let said = String::from_utf8_lossy(&fetched.stderr);
    assert!(fetched.status.success(), "{said}");
}

#[test]
fn the_root_revokes_an_intermediate_and_whoever_asks_the_lists_sees_it() {
    let home = Home::new(Keyring::Unlocked);
    let lists = ["--lists", "http://referee.local:18080"];
    let referee = Referee::start_with(&home, "referee", &WITH_LISTS);
    // From now on intermediates name the root's list.
    let referee = referee.after_with("intermediate", &lists, &WITH_LISTS);
    let device = EstDevice::new(&home, &referee, "nas.local");
    assert!(device.enroll().status.success());
    fetch(&device, "nas.local.pem", "of-leaf.pem");
    fetch(&device, "chain.pem", "of-intermediate.pem");
    assert!(judged(&device, "chain.pem").contains("nas.local.pem: OK"));

    let told = referee.ask(&["authority"])["intermediate"].clone();
    let serial = told["serial"].as_str().unwrap();
    let revoking = [&lists[..], &["--revoke", serial]].concat();
    let referee = referee.after_with("intermediate", &revoking, &WITH_LISTS);
    fetch(&device, "chain.pem", "of-intermediate.pem");
    let said = judged(&device, "chain.pem");
    assert!(said.contains("certificate revoked"), "{said}");
    // What is by the next one is good; and the one that is revoked stays so.
    let referee = referee.after_with("intermediate", &lists, &WITH_LISTS);
    assert!(device.renew().status.success());
    let again = "curl --silent --cacert root.pem $EST/cacerts | openssl base64 -d \
                 | openssl pkcs7 -inform DER -print_certs -out next.pem";
    assert!(device.run(again).status.success());
    fetch(&device, "nas.local.pem", "of-leaf.pem");
    fetch(&device, "next.pem", "of-intermediate.pem");
    let said = judged(&device, "next.pem");
    assert!(said.contains("nas.local.pem: OK"), "{said}");
    drop(referee);
    let listed = Command::new("openssl")
        .args(["crl", "-inform", "DER", "-noout", "-text", "-in"])
        .arg(home.path().join("referee/root.crl"))
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.to_lowercase().contains(serial), "{listed}");
}
