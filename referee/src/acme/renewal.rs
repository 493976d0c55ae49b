//! When a certificate is to be renewed (RFC 9773): at two thirds of its life; at once where it is revoked, or where its root
//! is no longer the one that hosts follow.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::header::{HeaderValue, RETRY_AFTER};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use settle_transport::certificate::fingerprint;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::problem::Problem;
use super::{Acme, Answered, as_json, date, now};
use crate::store::{Account, Certificate, Grant};

/// How often it is worth asking, in seconds.
const AGAIN: &str = "21600";
const HOUR: u64 = 60 * 60;

impl Acme {
    pub(super) async fn renewal_info(&self, id: &str) -> Answered {
        let found = self.by_renewal_id(id).await?;
        let (start, end) = self.window(&found, now());
        let window = json!({"suggestedWindow": {"start": date(start), "end": date(end)}});
        let mut answer = as_json(&window)?;
        let again = HeaderValue::from_static(AGAIN);
        answer.headers_mut().insert(RETRY_AFTER, again);
        Ok(answer)
    }

    fn window(&self, found: &Certificate, now: u64) -> (u64, u64) {
        let issued = &found.issued;
        let root = fingerprint(self.issuer.root()).map(|root| root.to_hex());
        if found.revoked.is_some() || root.as_ref() != Some(&issued.root) {
            return (now.saturating_sub(HOUR), now);
        }
        let life = issued.not_after.saturating_sub(issued.not_before);
        let start = issued.not_before + life / 3 * 2;
        (start, start + life / 24)
    }

    /// The serial number of a certificate of the account that shares a name with the order, and that nothing has
    /// replaced (RFC 9773 §5).
    pub(super) async fn replaced(
        &self,
        account: &Account,
        id: &str,
        grants: &[Grant],
    ) -> Result<String, Problem> {
        let found = self.by_renewal_id(id).await?;
        let shares = |name: &String| grants.iter().any(|grant| grant.name.as_str() == name);
        if found.account != account.id || !found.names.iter().any(shares) {
            let what = "what is to be replaced is another's, or for other names".to_owned();
            return Err(Problem::Malformed(what));
        }
        match found.replaced_by.is_empty() {
            true => Ok(found.issued.serial),
            false => Err(Problem::AlreadyReplaced),
        }
    }

    /// As a client names the certificate of a serial number, if that is one.
    pub(super) async fn renewal_id_of(&self, serial: &str) -> Result<Option<String>, Problem> {
        if serial.is_empty() {
            return Ok(None);
        }
        let found = self.store.certificate(serial).await?;
        Ok(found.and_then(|found| renewal_id(&found.issued.chain)))
    }

    async fn by_renewal_id(&self, id: &str) -> Result<Certificate, Problem> {
        let (_, serial) = id.split_once('.').ok_or(Problem::NotFound)?;
        let serial = BASE64URL_NOPAD.decode(serial.as_bytes());
        let serial = HEXLOWER.encode(&serial.map_err(|_| Problem::NotFound)?);
        let found = self.store.certificate(&serial).await?;
        let found = found.filter(|found| renewal_id(&found.issued.chain).as_deref() == Some(id));
        found.ok_or(Problem::NotFound)
    }
}

/// RFC 9773 §4.1: the key identifier of the issuer, and the serial number.
pub(super) fn renewal_id(chain: &str) -> Option<String> {
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).ok()?;
    let (_, read) = X509Certificate::from_der(&der).ok()?;
    let mut extensions = read.extensions().iter();
    let issuer = extensions.find_map(|extension| {
        let ParsedExtension::AuthorityKeyIdentifier(issuer) = extension.parsed_extension() else {
            return None;
        };
        issuer.key_identifier.as_ref()
    })?;
    let [issuer, serial] = [issuer.0, read.raw_serial()].map(|part| BASE64URL_NOPAD.encode(part));
    Some(format!("{issuer}.{serial}"))
}
