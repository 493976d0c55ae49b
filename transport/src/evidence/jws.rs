//! A voucher as JWS (RFC 7515) in its general JSON serialization, with the header of
//! draft-ietf-anima-jws-voucher: ES256, the signer's chain, and the type that says what was signed.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use settle_protocol::pairing::evidence::MAX_CHAIN;

use super::algorithm::{Algorithm, from_jose, of_certificate, verify_by};
use super::{JwsError, Signed};

/// RFC 7518 §3.1.
const ES256: &str = "ES256";
const TYPE: &str = "voucher-jws+json";

/// RFC 7515 §7.2.1. An unprotected header is refused with all else that is unknown.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct General {
    pub(super) payload: String,
    pub(super) signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    pub(super) protected: String,
    pub(super) signature: String,
}

/// RFC 7515 §4.1. Whatever else is in it could change the meaning, `crit` and `b64` above all.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) typ: String,
    pub(super) x5c: Vec<String>,
}

/// Opens it: what one signer has signed, with the signature verified by the signer's certificate,
/// which nobody has judged yet.
pub(super) fn open(voucher: &[u8]) -> Result<Signed, JwsError> {
    let General {
        payload,
        signatures,
    } = serde_json::from_slice(voucher).map_err(|_| JwsError::Malformed)?;
    let [signature] = signatures.as_slice() else {
        return Err(JwsError::Signers);
    };
    let content = decode(&payload).ok_or(JwsError::Malformed)?;
    let header = decode(&signature.protected).ok_or(JwsError::Header)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| JwsError::Header)?;
    if header.typ != TYPE {
        return Err(JwsError::Type);
    }
    let (signer, others) = chain_of(&header.x5c).ok_or(JwsError::Certificates)?;
    if header.alg != ES256 || of_certificate(&signer) != Some(Algorithm::Es256) {
        return Err(JwsError::Algorithm);
    }
    let signed = to_sign(&signature.protected, &payload);
    let is_signed = decode(&signature.signature)
        .and_then(|jose| from_jose(&jose))
        .is_some_and(|signature| verify_by(&signer, signed.as_bytes(), &signature));
    if !is_signed {
        return Err(JwsError::Signature);
    }
    Ok(Signed {
        content,
        signer,
        others,
    })
}

/// RFC 7515 §5.1.
pub(super) fn to_sign(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

/// RFC 7515 §2: without padding, and nothing that is skipped.
fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// RFC 7515 §4.1.6: base64 with padding, the signer's first.
fn chain_of(texts: &[String]) -> Option<(CertificateDer<'static>, Vec<CertificateDer<'static>>)> {
    if texts.len() > MAX_CHAIN {
        return None;
    }
    let mut chain = Vec::new();
    for text in texts {
        chain.push(CertificateDer::from(BASE64.decode(text.as_bytes()).ok()?));
    }
    let mut chain = chain.into_iter();
    Some((chain.next()?, chain.collect()))
}

/// The header of what a chain signs, encoded.
pub(super) fn protected_for(chain: &[CertificateDer<'_>]) -> serde_json::Result<String> {
    let header = Header {
        alg: ES256.to_owned(),
        typ: TYPE.to_owned(),
        x5c: chain
            .iter()
            .map(|certificate| BASE64.encode(certificate))
            .collect(),
    };
    Ok(BASE64URL_NOPAD.encode(&serde_json::to_vec(&header)?))
}

/// Puts together what was signed.
pub(super) fn write(
    payload: String,
    protected: String,
    signature: &[u8],
) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&General {
        payload,
        signatures: vec![Signature {
            protected,
            signature: BASE64URL_NOPAD.encode(signature),
        }],
    })
}
