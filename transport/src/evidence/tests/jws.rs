//! The rules for the JWS form.

use data_encoding::BASE64;
use serde_json::{Value, json};
use settle_protocol::pairing::evidence::VoucherForm;

use super::maker::{Different, RIGHT, World};
use crate::evidence::{EvidenceError, JwsError};

fn verdict(world: &World, voucher: Vec<u8>) -> JwsError {
    match world.judge(&world.present_as(VoucherForm::Jws, voucher)) {
        Err(EvidenceError::Jws(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Signed with another header.
fn signed_with(change: impl FnOnce(&mut Value)) -> JwsError {
    let world = World::right();
    let voucher = world.signer.jws(&world.content(|_| {}), change);
    verdict(&world, voucher)
}

/// Changed after it was signed.
fn altered(change: impl FnOnce(&mut Value)) -> JwsError {
    let world = World::right();
    let voucher = world.signer.jws(&world.content(|_| {}), |_| {});
    let mut json: Value = serde_json::from_slice(&voucher).unwrap();
    change(&mut json);
    verdict(&world, serde_json::to_vec(&json).unwrap())
}

#[test]
fn it_is_the_general_serialization_and_nothing_else() {
    let world = World::right();
    let right = world.signer.jws(&world.content(|_| {}), |_| {});
    let behind = [right.as_slice(), b"{}"].concat();
    assert_eq!(verdict(&world, behind), JwsError::Malformed);
    for (field, value) in [("header", json!({})), ("signature", json!("x"))] {
        let error = altered(|json| json[field] = value);
        assert_eq!(error, JwsError::Malformed, "{field}");
    }
    let error = altered(|json| json["signatures"][0]["header"] = json!({ "alg": "none" }));
    assert_eq!(error, JwsError::Malformed);
    let error = altered(|json| json["payload"] = json!("e30="));
    assert_eq!(error, JwsError::Malformed);
}

#[test]
fn it_has_one_signature() {
    let error = altered(|json| json["signatures"] = json!([]));
    assert_eq!(error, JwsError::Signers);
    let error = altered(|json| {
        let first = json["signatures"][0].clone();
        json["signatures"].as_array_mut().unwrap().push(first);
    });
    assert_eq!(error, JwsError::Signers);
}

#[test]
fn its_header_has_nothing_that_is_not_understood() {
    for (field, value) in [
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("jwk", json!({})),
        ("kid", json!("x")),
    ] {
        let error = signed_with(|header| header[field] = value);
        assert_eq!(error, JwsError::Header, "{field}");
    }
    let error = signed_with(|header| {
        header.as_object_mut().unwrap().remove("typ").unwrap();
    });
    assert_eq!(error, JwsError::Header);
    let error = signed_with(|header| header["typ"] = json!("JWT"));
    assert_eq!(error, JwsError::Type);
}

#[test]
fn its_algorithm_is_es256_with_a_key_for_that() {
    for algorithm in ["none", "HS256", "ES384", "RS256", "es256"] {
        let error = signed_with(|header| header["alg"] = json!(algorithm));
        assert_eq!(error, JwsError::Algorithm, "{algorithm}");
    }
    let algorithm = &rcgen::PKCS_ECDSA_P384_SHA384;
    let world = World::new(Different { algorithm, ..RIGHT });
    let voucher = world.signer.jws(&world.content(|_| {}), |_| {});
    assert_eq!(verdict(&world, voucher), JwsError::Algorithm);
}

#[test]
fn its_chain_begins_with_the_signer_and_is_short() {
    let error = signed_with(|header| header["x5c"] = json!([]));
    assert_eq!(error, JwsError::Certificates);
    let error = signed_with(|header| {
        let first = header["x5c"][0].clone();
        header["x5c"] = vec![first; 5].into();
    });
    assert_eq!(error, JwsError::Certificates);
    let error = signed_with(|header| header["x5c"] = json!(["*"]));
    assert_eq!(error, JwsError::Certificates);
    let another = World::right();
    let first = BASE64.encode(&another.signer.certificate);
    let error = signed_with(|header| {
        let signer = header["x5c"][0].clone();
        header["x5c"] = json!([first, signer]);
    });
    assert_eq!(error, JwsError::Signature);
}

#[test]
fn its_signature_is_over_header_and_payload() {
    let error = altered(|json| json["payload"] = json!("e30"));
    assert_eq!(error, JwsError::Signature);
    for signature in ["", "AAAA", &"A".repeat(86)] {
        let error = altered(|json| json["signatures"][0]["signature"] = json!(signature));
        assert_eq!(error, JwsError::Signature);
    }
}
