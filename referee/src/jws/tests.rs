//! What is taken for a signed request, and what is not, rule by rule.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

use super::*;

const URL: &str = "https://referee.local/acme/new-order";

fn encode(octets: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(octets.as_ref())
}

struct Signer {
    pair: EcdsaKeyPair,
    jwk: Value,
}

impl Signer {
    fn new(algorithm: &'static EcdsaSigningAlgorithm, crv: &str) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({"kty": "EC", "crv": crv, "x": encode(x), "y": encode(y)});
        Self { pair, jwk }
    }

    fn p256() -> Self {
        Self::new(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    fn key(&self) -> Jwk {
        serde_json::from_value(self.jwk.clone()).unwrap()
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "url": URL, "nonce": "abc", "jwk": self.jwk})
    }

    fn sign(&self, header: &Value) -> Value {
        let (protected, payload) = (encode(header.to_string()), encode("{}"));
        let message = format!("{protected}.{payload}");
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        json!({"protected": protected, "payload": payload, "signature": encode(signature)})
    }

    fn judge(&self, header: &Value) -> Result<Vec<u8>, JwsError> {
        Unverified::parse(self.sign(header).to_string().as_bytes())?.verify(&self.key(), URL)
    }
}

/// A header with one member in another's place.
fn with(mut header: Value, member: &str, value: Value) -> Value {
    header[member] = value;
    header
}

#[test]
fn every_algorithm_is_taken_with_its_own_key_and_no_other() {
    let small = Signer::p256();
    assert_eq!(small.judge(&small.header()).unwrap(), b"{}");
    let large = Signer::new(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384");
    let header = with(large.header(), "alg", json!("ES384"));
    assert_eq!(large.judge(&header).unwrap(), b"{}");
    for alg in ["ES384", "RS256", "EdDSA"] {
        let judged = small.judge(&with(small.header(), "alg", json!(alg)));
        let other = matches!(
            judged,
            Err(JwsError::Key(KeyError::OtherAlgorithm | KeyError::Unusable))
        );
        assert!(other, "{alg}: {judged:?}");
    }
    let pair = Ed25519KeyPair::generate().unwrap();
    let key = Jwk::Okp {
        crv: "Ed25519".to_owned(),
        x: encode(pair.public_key()),
    };
    let signature = pair.sign(b"message");
    assert!(
        key.verifies(Algorithm::EdDsa, b"message", signature.as_ref())
            .unwrap()
    );
    assert!(
        !key.verifies(Algorithm::EdDsa, b"massage", signature.as_ref())
            .unwrap()
    );
}

#[test]
fn no_algorithm_of_a_shared_secret_and_none_at_all_is_taken() {
    let signer = Signer::p256();
    for alg in ["none", "HS256", "ES512", "RS1", "PS256", "es256", ""] {
        let judged = signer.judge(&with(signer.header(), "alg", json!(alg)));
        assert!(matches!(judged, Err(JwsError::Algorithm(_))), "{alg}");
    }
}

#[test]
fn a_request_counts_for_the_address_that_it_was_signed_for() {
    let signer = Signer::p256();
    for url in [
        "https://referee.local/acme/new-order/",
        "http://referee.local/acme/new-order",
        "https://REFEREE.local/acme/new-order",
        "/acme/new-order",
    ] {
        let judged = signer.judge(&with(signer.header(), "url", json!(url)));
        assert!(matches!(judged, Err(JwsError::Url(_))), "{url}");
    }
}

#[test]
fn either_a_key_or_an_account_is_named() {
    let signer = Signer::p256();
    let both = with(
        signer.header(),
        "kid",
        json!("https://referee.local/acme/account/1"),
    );
    assert!(matches!(signer.judge(&both), Err(JwsError::Whose)));
    let mut neither = signer.header();
    neither.as_object_mut().unwrap().remove("jwk");
    assert!(matches!(signer.judge(&neither), Err(JwsError::Whose)));
    let account = with(
        neither,
        "kid",
        json!("https://referee.local/acme/account/1"),
    );
    assert!(signer.judge(&account).is_ok());
}

#[test]
fn extensions_and_unprotected_headers_are_not_passed_over() {
    let signer = Signer::p256();
    for (member, value) in [("crit", json!(["b64"])), ("b64", json!(false))] {
        let judged = signer.judge(&with(signer.header(), member, value));
        assert!(matches!(judged, Err(JwsError::Extension)), "{member}");
    }
    let signed = signer.sign(&signer.header());
    for (member, value) in [
        ("header", json!({"kid": "x"})),
        ("signatures", json!([])),
        ("other", json!(1)),
    ] {
        let text = with(signed.clone(), member, value).to_string();
        let parsed = Unverified::parse(text.as_bytes());
        assert!(matches!(parsed, Err(JwsError::Form)), "{member}");
    }
    for text in ["[]", "null", "", "eyJ.e30.abc"] {
        assert!(matches!(
            Unverified::parse(text.as_bytes()),
            Err(JwsError::Form)
        ));
    }
    // One member twice: which of them counts is nobody's choice.
    let twice = signed.to_string().replacen('{', r#"{"payload":"e30","#, 1);
    assert!(matches!(
        Unverified::parse(twice.as_bytes()),
        Err(JwsError::Form)
    ));
}

#[test]
fn base64_with_padding_of_the_other_alphabet_or_with_loose_bits_is_refused() {
    let signer = Signer::p256();
    let signed = signer.sign(&signer.header());
    for payload in ["e30=", "e3+0", "e31", "e 30", "e30\n"] {
        let text = with(signed.clone(), "payload", json!(payload)).to_string();
        let parsed = Unverified::parse(text.as_bytes());
        assert!(
            matches!(parsed, Err(JwsError::Base64("payload"))),
            "{payload}"
        );
    }
}

#[test]
fn another_key_and_any_other_octet_is_no_signature() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    let signed = signer.sign(&signer.header());
    let parsed = Unverified::parse(signed.to_string().as_bytes()).unwrap();
    assert!(matches!(
        parsed.verify(&other.key(), URL),
        Err(JwsError::Signature)
    ));
    let changed = with(signed, "payload", json!(encode("{ }")));
    let parsed = Unverified::parse(changed.to_string().as_bytes()).unwrap();
    assert!(matches!(
        parsed.verify(&signer.key(), URL),
        Err(JwsError::Signature)
    ));
}

#[test]
fn small_and_padded_rsa_keys_are_refused() {
    let rsa = |octets: Vec<u8>| Jwk::Rsa {
        n: encode(octets),
        e: "AQAB".to_owned(),
    };
    for octets in [
        vec![0xff; 128],
        vec![0xff; 255],
        [vec![0], vec![0xff; 256]].concat(),
    ] {
        let judged = rsa(octets).verifies(Algorithm::Rs256, b"", b"");
        assert!(matches!(judged, Err(KeyError::Unusable)));
    }
}

/// RFC 7638 §3.1.
#[test]
fn the_thumbprint_is_that_of_the_rfc() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let key = Jwk::Rsa {
        n: n.to_owned(),
        e: "AQAB".to_owned(),
    };
    assert_eq!(
        key.thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn a_binding_is_of_one_secret_one_account_key_and_one_address() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    let bind = |alg: &str, secret: &[u8]| {
        let protected = encode(json!({"alg": alg, "kid": "k1", "url": URL}).to_string());
        let payload = encode(signer.jwk.to_string());
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, format!("{protected}.{payload}").as_bytes());
        json!({"protected": protected, "payload": payload, "signature": encode(tag)}).to_string()
    };
    let right = bind("HS256", b"secret");
    let judge = |text: &str, key: &Jwk, url: &str| {
        Binding::parse(text.as_bytes())?.verify(b"secret", key, url)
    };
    assert_eq!(Binding::parse(right.as_bytes()).unwrap().key_id, "k1");
    judge(&right, &signer.key(), URL).unwrap();
    assert!(judge(&bind("HS256", b"guess"), &signer.key(), URL).is_err());
    assert!(judge(&bind("none", b"secret"), &signer.key(), URL).is_err());
    assert!(judge(&right, &other.key(), URL).is_err());
    assert!(judge(&right, &signer.key(), "https://referee.local/").is_err());
}
