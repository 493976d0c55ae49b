//! Every rule of `docs/maker.md`, broken alone; and OpenSSL's opinion.

mod certificates;
mod cms;
mod jws;
mod maker;
mod openssl;
mod voucher;

use settle_protocol::pairing::evidence::VoucherForm;

use self::maker::{Different, RIGHT, SERIAL, SIGNED, World, subject};
use super::{EvidenceError, VoucherError};

#[test]
fn a_right_statement_holds_in_both_forms() {
    let world = World::right();
    assert_eq!(world.judged().unwrap().as_str(), SERIAL);
    let voucher = world.signer.jws(&world.content(|_| {}), |_| {});
    let presented = world.present_as(VoucherForm::Jws, voucher);
    assert_eq!(world.judge(&presented).unwrap().as_str(), SERIAL);
}

#[test]
fn it_holds_with_each_accepted_algorithm() {
    for algorithm in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let world = World::new(Different { algorithm, ..RIGHT });
        world.judged().unwrap();
    }
}

#[test]
fn a_copied_chain_is_worth_nothing_without_its_key() {
    let world = World::right();
    let right = world.present(world.cms(&world.content(|_| {})));
    let thief = World::right();
    let mut stolen = right.clone();
    stolen.evidence.signature = thief.present(Vec::new()).evidence.signature;
    assert_eq!(world.judge(&stolen), Err(EvidenceError::NotPossessed));

    let mut replayed = right;
    replayed.signed = b"another exchange".to_vec();
    assert_eq!(world.judge(&replayed), Err(EvidenceError::NotPossessed));
}

#[test]
fn every_altered_octet_of_a_voucher_is_noticed() {
    let world = World::right();
    let forms = [
        (VoucherForm::Cms, world.cms(&world.content(|_| {}))),
        (
            VoucherForm::Jws,
            world.signer.jws(&world.content(|_| {}), |_| {}),
        ),
    ];
    for (form, voucher) in forms {
        for at in 0..voucher.len() {
            let mut altered = voucher.clone();
            altered[at] ^= 1;
            let verdict = world.judge(&world.present_as(form, altered));
            assert!(verdict.is_err(), "{form:?}, octet {at}");
        }
        for end in 0..voucher.len() {
            let cut = voucher[..end].to_vec();
            assert!(world.judge(&world.present_as(form, cut)).is_err());
        }
    }
}

#[test]
fn a_voucher_beyond_the_limit_is_not_read() {
    let world = World::right();
    for form in [VoucherForm::Cms, VoucherForm::Jws] {
        let presented = world.present_as(form, vec![0; 8 * 1024 + 1]);
        let expected = VoucherError::TooLong(8 * 1024 + 1);
        assert_eq!(world.judge(&presented), Err(expected.into()));
    }
}

#[test]
fn evidence_without_a_certificate_is_nobodys() {
    let world = World::right();
    let mut presented = world.present(Vec::new());
    presented.evidence.chain.clear();
    assert_eq!(world.judge(&presented), Err(EvidenceError::OtherMaker));
    assert_eq!(presented.signed, SIGNED);
    assert!(subject(&world.device.certificate).contains(SERIAL));
}
