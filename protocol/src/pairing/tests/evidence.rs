//! A maker's evidence on its way: bound to one exchange, bounded, and nothing that an older side has to
//! know of.

use alloc::vec;

use minicbor::bytes::ByteVec;

use super::*;
use crate::pairing::evidence::{
    Evidence, MAX_CERTIFICATE, MAX_CHAIN, MAX_EVIDENCE, MAX_VOUCHER, Presented, VoucherForm,
};

fn evidence() -> Evidence {
    Evidence {
        chain: [ByteVec::from(b"a certificate".to_vec())].into(),
        form: VoucherForm::Cms,
        voucher: b"a voucher".to_vec(),
        signature: b"a signature".to_vec(),
    }
}

/// What the client gets and what the device had to sign, in an exchange of one exporter.
fn exchange(exporter: u8, evidence: Evidence) -> Result<(Presented, Vec<u8>), PairingError> {
    let (client, hello) = client(1, exporter);
    let (device, [device_hello, proof]) = device(1, exporter, &hello)?;
    let (client, confirmation) = client.receive(&device_hello)?.receive(&proof)?;
    let confirmed = device.receive(&confirmation)?;
    let signed = confirmed.exchange().to_sign(b"a certificate", b"a voucher");
    let evidence = Some(evidence);
    let (_, frame) = confirmed.grant(Grant {
        evidence,
        ..grant()
    });
    let deciding = client.receive(&frame, |der| Some(KeyFingerprint::of_spki(der)))?;
    let presented = deciding.granted().evidence.clone();
    Ok((presented.unwrap(), signed))
}

#[test]
#[wasm_bindgen_test]
fn both_sides_mean_the_same_octets_in_one_exchange_and_others_in_another() {
    let (presented, signed) = exchange(1, evidence()).unwrap();
    assert_eq!(presented.evidence, evidence());
    assert_eq!(presented.signed, signed);
    let (_, other) = exchange(2, evidence()).unwrap();
    assert_ne!(signed, other);
    let another = Evidence {
        voucher: b"another".to_vec(),
        ..evidence()
    };
    assert_ne!(exchange(1, another).unwrap().0.signed, signed);
    let another = Evidence {
        chain: [ByteVec::from(b"another".to_vec())].into(),
        ..evidence()
    };
    assert_ne!(exchange(1, another).unwrap().0.signed, signed);
}

#[test]
#[wasm_bindgen_test]
fn what_is_signed_can_be_no_signature_of_tls() {
    let (_, signed) = exchange(1, evidence()).unwrap();
    let (padding, rest) = signed.split_at(64);
    assert!(padding.iter().all(|octet| *octet == 0x20));
    assert!(rest.starts_with(b"settle-pair/1 maker's evidence\0"));
    assert_eq!(rest.len(), 30 + 1 + 32);
}

#[test]
#[wasm_bindgen_test]
fn evidence_beyond_its_limits_ends_the_exchange() {
    let certificate = |length| ByteVec::from([0].repeat(length));
    for bad in [
        Evidence {
            chain: Vec::new(),
            ..evidence()
        },
        Evidence {
            chain: vec![certificate(1); MAX_CHAIN + 1],
            ..evidence()
        },
        Evidence {
            chain: [certificate(MAX_CERTIFICATE + 1)].into(),
            ..evidence()
        },
        Evidence {
            voucher: [0].repeat(MAX_VOUCHER + 1),
            ..evidence()
        },
        Evidence {
            signature: [0].repeat(129),
            ..evidence()
        },
        Evidence {
            chain: vec![certificate(MAX_CERTIFICATE); 3],
            ..evidence()
        },
    ] {
        assert_eq!(exchange(1, bad).unwrap_err(), PairingError::BadGrant);
    }
}

#[test]
#[wasm_bindgen_test]
fn the_most_evidence_fits_a_message() {
    let most = Evidence {
        chain: [ByteVec::from([0].repeat(MAX_CERTIFICATE))].into(),
        voucher: [0].repeat(MAX_EVIDENCE - MAX_CERTIFICATE - 128),
        signature: [0].repeat(128),
        ..evidence()
    };
    assert!(most.is_bounded());
    assert!(exchange(1, most).is_ok());
}

#[test]
#[wasm_bindgen_test]
fn a_grant_without_evidence_is_what_it_was_before_there_was_any() {
    let without = Message::Grant(grant()).to_bytes();
    // The variant, and the map of its fields 0 to 7.
    assert_eq!(without.get(..4), Some(&[0x82, 3, 0x81, 0xa8][..]));
    let Message::Grant(read) = Message::read(&without).unwrap() else {
        panic!("not a grant");
    };
    assert_eq!(read.evidence, None);
}
