//! A client of a test's own, which can also do what no client does.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::super::Acme;
use super::{BASE, HERE};
use crate::store::ExternalKey;

/// What was answered.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The error's word, behind the status.
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let kind = self.json()["type"].as_str().unwrap().to_owned();
        let word = kind.strip_prefix("urn:ietf:params:acme:error:").unwrap();
        (self.status, word.to_owned())
    }
}

pub(super) fn encode(octets: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(octets.as_ref())
}

/// A key, and the account that it has.
pub(super) struct Client {
    pub(super) pair: EcdsaKeyPair,
    pub(super) account: String,
}

impl Client {
    pub(super) fn new() -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            account: String::new(),
        }
    }

    /// The key of a certificate, in PKCS #8.
    pub(super) fn of(pkcs8: &[u8]) -> Self {
        Self {
            pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).unwrap(),
            account: String::new(),
        }
    }

    pub(super) fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
    }

    pub(super) fn sign(&self, header: &Value, payload: &str) -> Value {
        let (protected, payload) = (encode(header.to_string()), encode(payload));
        let message = format!("{protected}.{payload}");
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        json!({
            "protected": protected,
            "payload": payload,
            "signature": encode(signature.unwrap()),
        })
    }

    /// A header by this account, or by the key where there is none, with a nonce that is fresh.
    pub(super) async fn header(&self, acme: &Acme, url: &str) -> Value {
        let nonce = head(acme, "/acme/new-nonce").await.header("replay-nonce");
        let mut header = json!({"alg": "ES256", "url": url, "nonce": nonce});
        match self.account.as_str() {
            "" => header["jwk"] = self.jwk(),
            account => header["kid"] = json!(account),
        }
        header
    }

    pub(super) async fn post(&self, acme: &Acme, path: &str, payload: &str) -> Heard {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        let header = self.header(acme, &format!("{BASE}{path}")).await;
        post(acme, path, self.sign(&header, payload).to_string()).await
    }

    pub(super) async fn get(&self, acme: &Acme, path: &str) -> Heard {
        self.post(acme, path, "").await
    }

    pub(super) async fn join(&mut self, acme: &Acme, external: Option<&ExternalKey>) -> Heard {
        let url = format!("{BASE}/acme/new-account");
        let mut wanted =
            json!({"contact": ["mailto:ada@home.local"], "termsOfServiceAgreed": true});
        if let Some(external) = external {
            let protected =
                encode(json!({"alg": "HS256", "kid": external.id, "url": url}).to_string());
            let payload = encode(self.jwk().to_string());
            let secret = BASE64URL_NOPAD.decode(external.secret.as_bytes()).unwrap();
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let tag = hmac::sign(&key, format!("{protected}.{payload}").as_bytes());
            wanted["externalAccountBinding"] =
                json!({"protected": protected, "payload": payload, "signature": encode(tag)});
        }
        let heard = self
            .post(acme, "/acme/new-account", &wanted.to_string())
            .await;
        self.account = heard.header("location");
        heard
    }

    pub(super) async fn order(&self, acme: &Acme, names: &[&str]) -> Heard {
        let names: Vec<Value> = names
            .iter()
            .map(|name| json!({"type": "dns", "value": name}))
            .collect();
        let order = json!({"identifiers": names}).to_string();
        self.post(acme, "/acme/new-order", &order).await
    }

    /// The whole way, and the chain.
    pub(super) async fn obtain(&self, acme: &Acme, names: &[&str], csr: &[u8]) -> String {
        let order = self.order(acme, names).await.json();
        let heard = self.finalize(acme, &order, csr).await;
        assert_eq!(heard.status, 200, "{heard:?}");
        let certificate = heard.json()["certificate"].as_str().unwrap().to_owned();
        let heard = self.get(acme, &certificate).await;
        assert_eq!(
            heard.header("content-type"),
            "application/pem-certificate-chain"
        );
        String::from_utf8(heard.body).unwrap()
    }

    pub(super) async fn finalize(&self, acme: &Acme, order: &Value, csr: &[u8]) -> Heard {
        let path = order["finalize"].as_str().unwrap();
        self.post(acme, path, &json!({"csr": encode(csr)}).to_string())
            .await
    }
}

pub(super) async fn post(acme: &Acme, path: &str, body: String) -> Heard {
    let request = Request::post(path).header("content-type", "application/jose+json");
    ask(acme, request.body(Full::from(body)).unwrap()).await
}

pub(super) async fn head(acme: &Acme, path: &str) -> Heard {
    let request = Request::builder().method(Method::HEAD).uri(path);
    ask(acme, request.body(Full::default()).unwrap()).await
}

pub(super) async fn get(acme: &Acme, path: &str) -> Heard {
    let path = path.strip_prefix(BASE).unwrap_or(path);
    ask(acme, Request::get(path).body(Full::default()).unwrap()).await
}

pub(super) async fn ask(acme: &Acme, request: Request<Full<Bytes>>) -> Heard {
    let (parts, body) = acme.answer(request, HERE).await.into_parts();
    Heard {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

/// A request for a certificate, and the key in PKCS #8.
pub(super) fn csr(names: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let csr = params.serialize_request(&key).unwrap();
    (csr.der().to_vec(), key.serialize_der())
}
