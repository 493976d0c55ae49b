//! The certificates that Settle issues, each kind by one function, and reading keys out of any.
//!
//! All are P-256, with random serials of 16 octets and times that are always given; none begins before or
//! outlives the authority that signs it. What a peer asks for never enters a certificate: only its public key does.

mod collection;
mod maker;
mod referee;
mod request;
mod rollover;

use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints,
    SerialNumber,
};
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{LOCAL_NAMESPACES, LocalName};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

pub use self::collection::certs_only;
pub use self::maker::{idevid, maker_authority, name_of, voucher_signer};
pub use self::referee::{
    INTERMEDIATE_LIFE, REVOCATION_LIST_LIFE, ROOT_LIST_LIFE, Revoked, referee_intermediate,
    referee_leaf, referee_rollover, referee_root, revocation_list,
};
pub use self::request::{CertificateRequest, RequestError};
pub use self::rollover::{Rollover, rollover};
use crate::random;

/// How long a device's leaf lives (docs/pairing.md §6).
pub const DEVICE_LEAF_LIFE: Duration = Duration::from_secs(30 * DAY);
/// How long the bridge authority's leaf for one host lives.
pub const BRIDGE_LEAF_LIFE: Duration = Duration::from_secs(7 * DAY);
const BRIDGE_LIFE: Duration = Duration::from_secs(2 * 365 * DAY);
const DAY: u64 = 24 * 60 * 60;
/// Certificates begin this long ago: clocks in a house differ.
const BACKDATE: Duration = Duration::from_secs(DAY);
/// Where clocks begin that nobody has set, and the earliest time that the TLS library reads.
const BEGINNING: SystemTime = SystemTime::UNIX_EPOCH;
/// 9999-12-31T23:59:59Z, which says that there is no end (IEEE 802.1AR §8.7, RFC 5280 §4.1.2.5), in
/// seconds since the Unix epoch.
const NO_END: u64 = 253_402_300_799;
/// 2026-01-01T00:00:00Z, in seconds since the Unix epoch: before Settle there was no device.
const FIRST_DAY: u64 = 1_767_225_600;

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The generator or the signer failed.
    #[error("cannot make the certificate: {0}")]
    Rcgen(#[from] rcgen::Error),
    /// No randomness.
    #[error("the system's random generator fails: {0}")]
    Random(#[from] getrandom::Error),
    /// A maker's authority whose certificate does not say whose it is.
    #[error("the authority's certificate names no maker")]
    Nameless,
    /// Something that is no certificate among those to be handed out.
    #[error("these are no certificates: {0}")]
    Collection(cms::cert::x509::der::Error),
    /// The key is none that TLS can use.
    #[error("unusable private key: {0}")]
    Key(#[from] rustls::Error),
}

/// A P-256 private key. Wiped when dropped; its only readable form is PKCS #8, for storing.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: rcgen::KeyPair,
}

impl PrivateKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`IssueError`] when the generator fails.
    pub fn make() -> Result<Self, IssueError> {
        let pair = rcgen::KeyPair::generate()?;
        Ok(Self {
            pkcs8: Zeroizing::new(pair.serialize_der()),
            pair,
        })
    }

    /// Reads a stored key.
    ///
    /// # Errors
    /// [`IssueError`] when the bytes are no PKCS #8 of a P-256 key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, IssueError> {
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(bytes),
            &rcgen::PKCS_ECDSA_P256_SHA256,
        )?;
        Ok(Self {
            pkcs8: Zeroizing::new(bytes.to_vec()),
            pair,
        })
    }

    /// The key in PKCS #8, DER; to be stored sealed or with mode 0600, nowhere else.
    #[must_use]
    pub fn expose_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The fingerprint of the public half.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        use rcgen::PublicKeyData as _;
        KeyFingerprint::of_spki(&self.pair.subject_public_key_info())
    }

    /// Signs a message: ECDSA with P-256 and SHA-256, in DER (RFC 3279 §2.2.3).
    ///
    /// # Errors
    /// [`IssueError`] when the signer fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IssueError> {
        use rcgen::SigningKey as _;
        Ok(self.pair.sign(message)?)
    }

    /// The key with its chain, the end entity first, as TLS takes it.
    ///
    /// # Errors
    /// [`IssueError::Key`] when TLS cannot use it.
    pub fn certified(
        &self,
        chain: Vec<CertificateDer<'static>>,
    ) -> Result<CertifiedKey, IssueError> {
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.pkcs8.to_vec()));
        Ok(CertifiedKey::new(chain, any_ecdsa_type(&der)?))
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.fingerprint())
    }
}

/// Whether a clock can be right that shows this time.
#[must_use]
pub fn is_plausible(now: SystemTime) -> bool {
    now >= BEGINNING + Duration::from_secs(FIRST_DAY)
}

/// A device's root: a self-signed authority for its own names and nothing else, at all times
/// (docs/pairing.md §6; no extended key usage in an authority, by the IoT TLS profile). It depends on
/// no clock, since nobody may have set that of a new device.
///
/// # Errors
/// [`IssueError`].
pub fn device_root(
    key: &PrivateKey,
    names: &[LocalName],
) -> Result<CertificateDer<'static>, IssueError> {
    let params = device_authority(names, always())?;
    Ok(params.self_signed(&key.pair)?.der().clone())
}

/// A device's leaf: subject alternative names only, for server authentication. It begins with its
/// root, so that a host whose clock is behind the device's takes it too, and ends by the device's clock;
/// while that cannot be right, with the root.
///
/// # Errors
/// [`IssueError`].
pub fn device_leaf(
    root_key: &PrivateKey,
    root: &CertificateDer<'_>,
    key: &PrivateKey,
    names: &[LocalName],
    now: SystemTime,
) -> Result<CertificateDer<'static>, IssueError> {
    let until = match is_plausible(now) {
        true => now + DEVICE_LEAF_LIFE,
        false => no_end(),
    };
    leaf(root_key, root, key, names, (BEGINNING, until))
}

/// The bridge authority: lets this user's browsers accept the verifying proxy for local names,
/// and for no public name and no address.
///
/// # Errors
/// [`IssueError`].
pub fn bridge_authority(
    key: &PrivateKey,
    now: SystemTime,
) -> Result<CertificateDer<'static>, IssueError> {
    let mut permitted: Vec<String> = LOCAL_NAMESPACES.map(str::to_owned).to_vec();
    permitted.push("localhost".to_owned());
    let params = authority(
        "Settle bridge (this computer only)",
        permitted,
        span(now, BRIDGE_LIFE),
    )?;
    Ok(params.self_signed(&key.pair)?.der().clone())
}

/// The bridge authority's leaf for one name.
///
/// # Errors
/// [`IssueError`].
pub fn bridge_leaf(
    authority_key: &PrivateKey,
    authority: &CertificateDer<'_>,
    key: &PrivateKey,
    name: &str,
    now: SystemTime,
) -> Result<CertificateDer<'static>, IssueError> {
    let mut params = end_entity(vec![name.to_owned()], span(now, BRIDGE_LEAF_LIFE))?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(params, authority_key, authority, key)
}

/// A client's certificate for one device: a bare key, telling nothing of user, machine or time.
///
/// # Errors
/// [`IssueError`].
pub fn client(key: &PrivateKey) -> Result<CertificateDer<'static>, IssueError> {
    let mut params = end_entity(Vec::new(), always())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Settle client");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params.self_signed(&key.pair)?.der().clone())
}

/// The fingerprint of a certificate's key, or `None` when the bytes are no certificate.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> Option<KeyFingerprint> {
    read(certificate).map(|certificate| KeyFingerprint::of_spki(certificate.public_key().raw))
}

/// Whether the key of a P-256 certificate has signed a message as [`PrivateKey::sign`] does.
#[must_use]
pub fn has_signed(certificate: &CertificateDer<'_>, message: &[u8], signature: &[u8]) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
        let algorithm = webpki::aws_lc_rs::ECDSA_P256_SHA256;
        certificate
            .verify_signature(algorithm, message, signature)
            .is_ok()
    })
}

/// Whether the P-256 key of one certificate has signed another, whatever else they say.
#[must_use]
pub fn has_issued(issuer: &CertificateDer<'_>, certificate: &[u8]) -> bool {
    read(certificate).is_some_and(|issued| {
        let signed = issued.tbs_certificate.as_ref();
        has_signed(issuer, signed, &issued.signature_value.data)
    })
}

/// A certificate as PEM (RFC 7468 §2).
#[must_use]
pub fn pem(certificate: &[u8]) -> String {
    let text = BASE64.encode(certificate);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let body: String = lines
        .flat_map(|line| [line.into_owned(), "\n".to_owned()])
        .collect();
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}

/// One certificate and nothing behind it.
fn read(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(certificate)
}

/// When a certificate begins, since the Unix epoch, or `None` when the bytes are no certificate.
#[must_use]
pub fn not_before(certificate: &[u8]) -> Option<Duration> {
    let certificate = read(certificate)?;
    let seconds = u64::try_from(certificate.validity().not_before.timestamp()).ok()?;
    Some(Duration::from_secs(seconds))
}

/// When a certificate ends, or `None` when the bytes are no certificate.
#[must_use]
pub fn not_after(certificate: &[u8]) -> Option<SystemTime> {
    let certificate = read(certificate)?;
    let seconds = u64::try_from(certificate.validity().not_after.timestamp()).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

pub(crate) fn device_authority(
    names: &[LocalName],
    span: Span,
) -> Result<CertificateParams, IssueError> {
    let title = format!(
        "Settle device {}",
        names.first().map_or("", LocalName::as_str)
    );
    let permitted = names.iter().map(|name| name.as_str().to_owned()).collect();
    authority(&title, permitted, span)
}

fn authority(
    title: &str,
    permitted: Vec<String>,
    span: Span,
) -> Result<CertificateParams, IssueError> {
    let mut params = common(Vec::new(), span)?;
    params.distinguished_name.push(DnType::CommonName, title);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted.into_iter().map(GeneralSubtree::DnsName).collect(),
        // Permitted DNS names leave addresses unconstrained (RFC 5280 §4.2.1.10): exclude them all.
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ],
    });
    Ok(params)
}

fn leaf(
    authority_key: &PrivateKey,
    authority: &CertificateDer<'_>,
    key: &PrivateKey,
    names: &[LocalName],
    span: Span,
) -> Result<CertificateDer<'static>, IssueError> {
    let names = names.iter().map(|name| name.as_str().to_owned()).collect();
    let mut params = end_entity(names, span)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(params, authority_key, authority, key)
}

fn sign(
    params: CertificateParams,
    authority_key: &PrivateKey,
    authority: &CertificateDer<'_>,
    key: &PrivateKey,
) -> Result<CertificateDer<'static>, IssueError> {
    sign_for(params, authority_key, authority, &key.pair)
}

/// The same for a public key whose private half is elsewhere.
fn sign_for(
    mut params: CertificateParams,
    authority_key: &PrivateKey,
    authority: &CertificateDer<'_>,
    key: &impl rcgen::PublicKeyData,
) -> Result<CertificateDer<'static>, IssueError> {
    if let Some(begin) = not_before(authority) {
        params.not_before = params.not_before.max((BEGINNING + begin).into());
    }
    if let Some(end) = not_after(authority) {
        params.not_after = params.not_after.min(end.into());
    }
    let issuer = Issuer::from_ca_cert_der(authority, &authority_key.pair)?;
    Ok(params.signed_by(key, &issuer)?.der().clone())
}

fn end_entity(names: Vec<String>, span: Span) -> Result<CertificateParams, IssueError> {
    let mut params = common(names, span)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// From when to when.
pub(crate) type Span = (SystemTime, SystemTime);

fn always() -> Span {
    (BEGINNING, no_end())
}

fn no_end() -> SystemTime {
    BEGINNING + Duration::from_secs(NO_END)
}

/// A life from now on. No certificate can begin before [`BEGINNING`].
pub(crate) fn span(now: SystemTime, life: Duration) -> Span {
    ((now - BACKDATE).max(BEGINNING), now + life)
}

fn common(names: Vec<String>, (from, until): Span) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.not_before = from.into();
    params.not_after = until.into();
    let mut serial = random::make_bytes::<16>()?;
    // RFC 5280 §4.1.2.2: positive, and no leading zero octet.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

#[cfg(test)]
mod tests;
