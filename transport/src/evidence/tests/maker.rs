//! A maker, a device and a voucher that keep every rule, until a test changes one thing.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber, SigningKey,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::Value;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::maker;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::pairing::evidence::{Evidence, Presented, VoucherForm};

use crate::anchor::rules;
use crate::evidence::algorithm::{Algorithm, of_certificate, to_jose};
use crate::evidence::{
    DOCUMENT_SIGNING, EvidenceError, MakerAnchor, Proved, Statement, cms, jws, verify,
};

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(super) const SERIAL: &str = "SN-0042";
/// What the device signs in the place of an exchange.
pub(super) const SIGNED: &[u8] = b"this exchange";

/// A change of a certificate before it is signed.
pub(super) type Change = fn(&mut CertificateParams);

/// What is different from what is right.
#[derive(Clone, Copy)]
pub(super) struct Different {
    pub(super) authority: Change,
    pub(super) device: Change,
    pub(super) signer: Change,
    pub(super) algorithm: &'static rcgen::SignatureAlgorithm,
}

pub(super) const RIGHT: Different = Different {
    authority: |_| {},
    device: |_| {},
    signer: |_| {},
    algorithm: &rcgen::PKCS_ECDSA_P256_SHA256,
};

/// A key and its certificate.
pub(super) struct Holder {
    pub(super) key: KeyPair,
    pub(super) certificate: CertificateDer<'static>,
    params: CertificateParams,
}

/// All that takes part.
pub(super) struct World {
    pub(super) authority: Holder,
    pub(super) device: Holder,
    pub(super) signer: Holder,
    /// Between device and maker.
    pub(super) between: Vec<CertificateDer<'static>>,
    pub(super) root: Vec<u8>,
    pub(super) unique_name: LocalName,
}

impl World {
    pub(super) fn new(different: Different) -> Self {
        let authority = Holder::authority("maker", different.algorithm, different.authority);
        Self {
            device: authority.device(different.algorithm, different.device),
            signer: authority.signer(different.algorithm, different.signer),
            authority,
            between: Vec::new(),
            root: b"the device's root certificate".to_vec(),
            unique_name: Label::parse("printer")
                .unwrap()
                .unique(&KeyFingerprint::of_spki(b"root")),
        }
    }

    pub(super) fn right() -> Self {
        Self::new(RIGHT)
    }

    pub(super) fn statement(&self) -> Statement<'_> {
        Statement {
            device: &self.device.certificate,
            root: &self.root,
            unique_name: &self.unique_name,
            created: SystemTime::now(),
            expires: Some(SystemTime::now() + 30 * DAY),
        }
    }

    /// What a right voucher says, after a change of its fields.
    pub(super) fn content(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let right = self.statement().write().unwrap();
        let mut json: Value = serde_json::from_slice(&right).unwrap();
        change(&mut json["ietf-voucher:voucher"]);
        serde_json::to_vec(&json).unwrap()
    }

    /// A content as CMS, by the signer.
    pub(super) fn cms(&self, content: &[u8]) -> Vec<u8> {
        self.signer.cms(content)
    }

    /// Evidence with a voucher in CMS.
    pub(super) fn present(&self, voucher: Vec<u8>) -> Presented {
        self.present_as(VoucherForm::Cms, voucher)
    }

    pub(super) fn present_as(&self, form: VoucherForm, voucher: Vec<u8>) -> Presented {
        let chain = std::iter::once(&self.device.certificate).chain(&self.between);
        Presented {
            evidence: Evidence {
                chain: chain.map(|one| one.to_vec().into()).collect(),
                form,
                voucher,
                signature: self.device.key.sign(SIGNED).unwrap(),
            },
            signed: SIGNED.to_vec(),
        }
    }

    /// What the host says to it now.
    pub(super) fn judge(
        &self,
        presented: &Presented,
    ) -> Result<maker::SerialNumber, EvidenceError> {
        self.judge_at(presented, SystemTime::now())
    }

    pub(super) fn judge_at(
        &self,
        presented: &Presented,
        now: SystemTime,
    ) -> Result<maker::SerialNumber, EvidenceError> {
        self.judge_of(presented, &self.root, &[], now)
    }

    /// What it says when the device has this root now, and had others before.
    pub(super) fn judge_of(
        &self,
        presented: &Presented,
        root: &[u8],
        former: &[KeyFingerprint],
        now: SystemTime,
    ) -> Result<maker::SerialNumber, EvidenceError> {
        let anchor = MakerAnchor::from_der(&self.authority.certificate).unwrap();
        let proved = Proved {
            root,
            former,
            unique_name: &self.unique_name,
        };
        verify(&anchor, presented, proved, unix(now))
    }

    /// What it says to a right voucher.
    pub(super) fn judged(&self) -> Result<maker::SerialNumber, EvidenceError> {
        self.judge(&self.present(self.cms(&self.content(|_| {}))))
    }
}

impl Holder {
    pub(super) fn authority(
        name: &str,
        algorithm: &'static rcgen::SignatureAlgorithm,
        change: Change,
    ) -> Self {
        let mut params = common(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        change(&mut params);
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            key,
            certificate,
            params,
        }
    }

    /// An authority below this one.
    pub(super) fn below(&self, name: &str, change: Change) -> Self {
        let mut params = common(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        self.issue(params, &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    pub(super) fn device(
        &self,
        algorithm: &'static rcgen::SignatureAlgorithm,
        change: Change,
    ) -> Self {
        let mut params = end_entity("device");
        params
            .distinguished_name
            .push(serial_number(), printable(SERIAL));
        change(&mut params);
        self.issue(params, algorithm)
    }

    pub(super) fn signer(
        &self,
        algorithm: &'static rcgen::SignatureAlgorithm,
        change: Change,
    ) -> Self {
        let mut params = end_entity("vouchers");
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())];
        change(&mut params);
        self.issue(params, algorithm)
    }

    fn issue(
        &self,
        params: CertificateParams,
        algorithm: &'static rcgen::SignatureAlgorithm,
    ) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
        Self {
            key,
            certificate,
            params,
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        of_certificate(&self.certificate).unwrap()
    }

    /// A content as CMS, by this key.
    pub(super) fn cms(&self, content: &[u8]) -> Vec<u8> {
        let attributes = cms::attributes_for(content, self.algorithm()).unwrap();
        let signature = self.key.sign(&cms::to_sign(&attributes).unwrap()).unwrap();
        let chain = [self.certificate.clone()];
        let data = cms::assemble(content, self.algorithm(), attributes, &signature, &chain);
        cms::write(&data.unwrap()).unwrap()
    }

    /// A content as JWS, by this key, after a change of its header.
    pub(super) fn jws(&self, content: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
        use data_encoding::BASE64URL_NOPAD;
        let protected = jws::protected_for(std::slice::from_ref(&self.certificate)).unwrap();
        let header = BASE64URL_NOPAD.decode(protected.as_bytes()).unwrap();
        let mut header: Value = serde_json::from_slice(&header).unwrap();
        change(&mut header);
        let protected = BASE64URL_NOPAD.encode(&serde_json::to_vec(&header).unwrap());
        let payload = BASE64URL_NOPAD.encode(content);
        let signed = jws::to_sign(&protected, &payload);
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        let signature = to_jose(&signature).map_or(signature, Vec::from);
        jws::write(payload, protected, &signature).unwrap()
    }
}

pub(super) fn serial_number() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 5])
}

pub(super) fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(text.try_into().unwrap())
}

pub(super) fn unix(time: SystemTime) -> UnixTime {
    UnixTime::since_unix_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

/// The names that a certificate has, for messages of tests.
pub(super) fn subject(certificate: &[u8]) -> String {
    rules::read(certificate).unwrap().subject().to_string()
}

fn end_entity(name: &str) -> CertificateParams {
    let mut params = common(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn common(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    let now = SystemTime::now();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (now - DAY).into();
    params.not_after = (now + 365 * DAY).into();
    params.serial_number = Some(SerialNumber::from_slice(&[0x5a; 16]));
    params
}
