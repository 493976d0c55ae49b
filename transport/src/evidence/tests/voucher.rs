//! The rules for what a voucher says.

use std::time::SystemTime;

use data_encoding::BASE64;
use serde_json::{Value, json};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::maker::SerialNumber;

use super::maker::{DAY, SERIAL, World};
use crate::certificate;
use crate::evidence::{EvidenceError, VoucherError};

fn broken(change: impl FnOnce(&mut Value)) -> VoucherError {
    let world = World::right();
    let voucher = world.cms(&world.content(change));
    match world.judge(&world.present(voucher)) {
        Err(EvidenceError::Voucher(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_binds() {
    let cases: [(&str, Value, VoucherError); 11] = [
        ("assertion", json!("logged"), VoucherError::Assertion),
        ("assertion", json!("proximity"), VoucherError::Assertion),
        (
            "created-on",
            json!("2999-01-01T00:00:00Z"),
            VoucherError::NotYet,
        ),
        (
            "expires-on",
            json!("2020-01-01T00:00:00Z"),
            VoucherError::Expired,
        ),
        ("nonce", json!("AAAA"), VoucherError::Nonce),
        (
            "domain-cert-revocation-checks",
            json!(true),
            VoucherError::RevocationChecks,
        ),
        (
            "serial-number",
            json!("SN-0043"),
            VoucherError::OtherSerialNumber {
                expected: SerialNumber::parse(SERIAL).unwrap(),
                seen: "SN-0043".to_owned(),
            },
        ),
        ("idevid-issuer", json!("AAAA"), VoucherError::OtherIssuer),
        (
            "pinned-domain-cert",
            json!(BASE64.encode(b"another root")),
            VoucherError::OtherRoot,
        ),
        (
            "settle-voucher:unique-name",
            json!("camera-aaaaaaaaaaaaaaaa.local"),
            VoucherError::OtherName("camera-aaaaaaaaaaaaaaaa.local".to_owned()),
        ),
        ("created-on", json!("yesterday"), VoucherError::Malformed),
    ];
    for (field, value, expected) in cases {
        let error = broken(|voucher| voucher[field] = value.clone());
        assert_eq!(error, expected, "{field}: {value}");
    }
}

#[test]
fn a_voucher_for_a_former_root_holds_and_for_no_other() {
    let mut world = World::right();
    world.root = world.authority.certificate.to_vec();
    let presented = world.present(world.cms(&world.content(|_| {})));
    let first = certificate::fingerprint(&world.root).unwrap();
    let other = KeyFingerprint::of_spki(b"another root");
    let judge = |former: &[KeyFingerprint]| {
        world.judge_of(&presented, b"the root now", former, SystemTime::now())
    };
    judge(&[other, first]).unwrap();
    for former in [&[][..], &[other]] {
        let error = judge(former).unwrap_err();
        assert_eq!(error, EvidenceError::Voucher(VoucherError::OtherRoot));
    }
}

#[test]
fn no_field_is_missing_and_none_is_unknown() {
    for field in [
        "created-on",
        "assertion",
        "serial-number",
        "idevid-issuer",
        "pinned-domain-cert",
        "settle-voucher:unique-name",
    ] {
        let error = broken(|voucher| {
            voucher.as_object_mut().unwrap().remove(field).unwrap();
        });
        assert_eq!(error, VoucherError::Malformed, "{field}");
    }
    let error = broken(|voucher| voucher["est-domain"] = json!("x"));
    assert_eq!(error, VoucherError::Malformed);
    for (field, value) in [
        ("idevid-issuer", json!("AAA")),
        ("pinned-domain-cert", json!("A_A=")),
        ("last-renewal-date", json!("soon")),
        ("serial-number", json!(42)),
    ] {
        let error = broken(|voucher| voucher[field] = value);
        assert_eq!(error, VoucherError::Malformed, "{field}");
    }
}

#[test]
fn what_may_be_left_out_may() {
    let world = World::right();
    let voucher = world.content(|voucher| {
        voucher.as_object_mut().unwrap().remove("expires-on");
        voucher["last-renewal-date"] = json!("2020-01-01T00:00:00+02:00");
        voucher["domain-cert-revocation-checks"] = json!(false);
    });
    world.judge(&world.present(world.cms(&voucher))).unwrap();
}

#[test]
fn nothing_stands_behind_the_voucher_and_nothing_twice() {
    let world = World::right();
    let text = String::from_utf8(world.content(|_| {})).unwrap();
    let twice = text.replacen("\"assertion\"", "\"assertion\":\"logged\",\"assertion\"", 1);
    let beside = text.replacen('{', "{\"other\":1,", 1);
    for content in [format!("{text}{{}}"), format!("{text} x"), twice, beside] {
        let verdict = world.judge(&world.present(world.cms(content.as_bytes())));
        assert_eq!(verdict, Err(VoucherError::Malformed.into()), "{content}");
    }
}

#[test]
fn it_ends_when_it_says() {
    let world = World::right();
    let presented = world.present(world.cms(&world.content(|_| {})));
    let now = SystemTime::now();
    world.judge_at(&presented, now + 29 * DAY).unwrap();
    let verdict = world.judge_at(&presented, now + 31 * DAY);
    assert_eq!(verdict, Err(VoucherError::Expired.into()));
    // Less than a day ahead of our clock is no future.
    world.judge_at(&presented, now - DAY / 2).unwrap();
}
