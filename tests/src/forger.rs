//! A forged rollover: everything as a device shows it after one, to the last octet, but for the one
//! signature that only the trusted root key can make.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SubjectPublicKeyInfo,
};
use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What the forger shows, and the key to it.
#[derive(Debug)]
pub struct Forged {
    /// A leaf, the forger's root, and a link that claims the trusted root for its former one.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
}

/// Forges the successor of the root of the device `printer`.
///
/// # Panics
/// When the root is no certificate.
#[must_use]
pub fn forge(trusted: &CertificateDer<'_>, unique_name: &str) -> Forged {
    let like_it = || like(unique_name);
    let (own, leaf_key) = (key(), key());
    let root = like_it().self_signed(&own).expect("a root");
    let issuer = Issuer::new(like_it(), &own);
    let parsed = ParsedCertificate::try_from(trusted).expect("a certificate");
    let former = parsed.subject_public_key_info();
    let former = SubjectPublicKeyInfo::from_der(&former).expect("a key");
    let new_with_old = like_it().signed_by(&own, &issuer).expect("a link");
    let old_with_new = like_it().signed_by(&former, &issuer).expect("a link");
    let mut leaf = CertificateParams::new(vec![unique_name.to_owned()]).expect("a name");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&leaf_key, &issuer).expect("a leaf");
    let chain = [&leaf, &root, &new_with_old, &old_with_new];
    Forged {
        chain: chain.map(|certificate| certificate.der().clone()).to_vec(),
        key: PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
    }
}

/// Makes an identity of the forger's own that claims to be the device `printer` of a unique name.
///
/// # Panics
/// When no key can be made.
#[must_use]
pub fn impersonate(unique_name: &str) -> Forged {
    let (own, leaf_key) = (key(), key());
    let root = like(unique_name).self_signed(&own).expect("a root");
    let mut leaf = CertificateParams::new(vec![unique_name.to_owned()]).expect("a name");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let issuer = Issuer::new(like(unique_name), &own);
    let leaf = leaf.signed_by(&leaf_key, &issuer).expect("a leaf");
    Forged {
        chain: vec![leaf.der().clone(), root.der().clone()],
        key: PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
    }
}

/// What the roots and links of such a device say.
fn like(unique_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let name = "Settle device printer.local";
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let permitted = ["printer.local", unique_name];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted
            .map(|name| GeneralSubtree::DnsName(name.to_owned()))
            .to_vec(),
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ],
    });
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
