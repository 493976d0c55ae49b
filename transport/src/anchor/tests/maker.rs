//! Certificates that keep every rule, until a test changes one thing.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
    SerialNumber, SigningKey,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::name::LocalName;
use settle_protocol::scope::ExactScope;

use crate::anchor::{Anchor, AnchorError, Authority, BrokenRule};

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(super) const NAME: &str = "nas.local";
pub(super) const PORT: u16 = 443;
/// Found again in the DER by [`resigned`].
pub(super) const SERIAL: [u8; 16] = [0x5a; 16];

/// An authority that issues.
pub(super) struct Ca {
    pub(super) der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A root, after `change`.
pub(super) fn root(change: impl FnOnce(&mut CertificateParams)) -> Ca {
    let (mut params, key) = authority("root");
    change(&mut params);
    let der = params.self_signed(&key).unwrap().der().clone();
    Ca {
        der,
        issuer: Issuer::new(params, key),
    }
}

impl Ca {
    /// An authority below this one, after `change`.
    pub(super) fn below(&self, title: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, key) = authority(title);
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Self {
            der,
            issuer: Issuer::new(params, key),
        }
    }

    /// The certificate of the server [`NAME`], after `change`.
    pub(super) fn server(
        &self,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let mut params = server_params();
        change(&mut params);
        params.signed_by(&key, &self.issuer).unwrap().der().clone()
    }

    /// The certificate of the server [`NAME`] for a key made elsewhere.
    pub(super) fn server_with(&self, key: &impl PublicKeyData) -> CertificateDer<'static> {
        let certificate = server_params().signed_by(key, &self.issuer);
        certificate.unwrap().der().clone()
    }

    /// The certificate with some octets of its signed part exchanged, signed anew.
    pub(super) fn resigned(
        &self,
        certificate: &CertificateDer<'_>,
        from: &[u8],
        to: &[u8],
    ) -> CertificateDer<'static> {
        assert_eq!(from.len(), to.len());
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate).unwrap();
        let mut tbs = parsed.tbs_certificate.as_ref().to_vec();
        let at = tbs.windows(from.len()).position(|found| found == from);
        tbs[at.unwrap()..][..from.len()].copy_from_slice(to);
        let signature = self.issuer.key().sign(&tbs).unwrap();
        let signature = element(0x03, &[&[0], signature.as_slice()].concat());
        element(0x30, &[&tbs, ECDSA_SHA256, &signature].concat()).into()
    }

    /// The same key as an authority of another name.
    pub(super) fn renamed(&self, title: &str) -> Self {
        let (params, _) = authority(title);
        let key = KeyPair::try_from(self.issuer.key().serialize_der()).unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Self {
            der,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for this authority's key under `title`, by another authority.
    pub(super) fn crossed(&self, title: &str, by: &Self) -> CertificateDer<'static> {
        let (mut params, _) = authority(title);
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(self.issuer.key(), &by.issuer);
        certificate.unwrap().der().clone()
    }
}

/// RFC 5758 §3.2.
pub(super) const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";

/// What a server's certificate says, signed by its own key.
pub(super) fn self_signed(
    change: impl FnOnce(&mut CertificateParams),
) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = server_params();
    change(&mut params);
    (params.self_signed(&key).unwrap().der().clone(), key)
}

pub(super) fn scope() -> ExactScope {
    ExactScope::new([LocalName::parse(NAME).unwrap()], [PORT])
}

/// Judges by an imported root.
pub(super) fn verify(
    root: &Ca,
    leaf: &CertificateDer<'_>,
    others: &[&Ca],
) -> Result<(), AnchorError> {
    let anchor = Anchor::imported(Authority::from_der(&root.der)?, scope());
    let others: Vec<_> = others.iter().map(|ca| ca.der.clone()).collect();
    ask(&anchor, leaf, &others, SystemTime::now())
}

pub(super) fn ask(
    anchor: &Anchor,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    at: SystemTime,
) -> Result<(), AnchorError> {
    let name = LocalName::parse(NAME).unwrap();
    anchor.verify(leaf, others, &name, PORT, unix(at))
}

pub(super) fn unix(time: SystemTime) -> UnixTime {
    UnixTime::since_unix_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

/// The rule of ours that a leaf breaks which `root` itself issued.
pub(super) fn broken(root: &Ca, leaf: &CertificateDer<'_>) -> BrokenRule {
    match verify(root, leaf, &[]) {
        Err(AnchorError::Unacceptable(rule)) => rule,
        other => panic!("{other:?}"),
    }
}

/// Puts DNS names in the place of [`NAME`].
pub(super) fn named(names: &[&str]) -> impl FnOnce(&mut CertificateParams) {
    let names = names.iter().map(|name| (*name).try_into().unwrap());
    let names = names.map(SanType::DnsName).collect();
    |params| params.subject_alt_names = names
}

/// An extension of nobody.
pub(super) fn unknown_extension(critical: bool) -> CustomExtension {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(critical);
    extension
}

/// An extension below 2.5.29, RFC 5280 §4.2.1.
pub(super) fn standard(arc: u64, critical: bool, content: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, arc], content.to_vec());
    extension.set_criticality(critical);
    extension
}

pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let octets = u16::try_from(length).unwrap().to_be_bytes();
    let head = match octets {
        [0, low] if low < 0x80 => vec![tag, low],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}

fn authority(title: &str) -> (CertificateParams, KeyPair) {
    let mut params = common(&[]);
    params.distinguished_name.push(DnType::CommonName, title);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (params, KeyPair::generate().unwrap())
}

fn server_params() -> CertificateParams {
    let mut params = common(&[NAME]);
    params.distinguished_name.push(DnType::CommonName, "server");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

fn common(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let now = SystemTime::now();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = (now - DAY).into();
    params.not_after = (now + 30 * DAY).into();
    params.serial_number = Some(SerialNumber::from_slice(&SERIAL));
    params
}
