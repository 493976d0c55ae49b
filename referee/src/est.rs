//! EST (RFC 7030, with RFC 8951): certificates for devices that speak no ACME. The first by a secret that is good once, the
//! next ones by the one before. Pure but for the store; it knows no sockets.
//!
//! Who may have a name is what an administrator has said, as everywhere; of a request nothing is taken but the key.

mod refusal;
mod secret;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::{BASE64, BASE64_MIME, HEXLOWER};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use settle_protocol::name::LocalName;
use settle_transport::certificate::{CertificateRequest, certs_only, pem};
use tokio::time::timeout;
use x509_parser::prelude::{FromDer, X509Certificate};

use self::refusal::Refusal;
use self::secret::Credentials;
use crate::authority::Issuer;
use crate::clock::unix_now as now;
use crate::limits::Limits;
use crate::signing::sign;
use crate::store::{AuditEvent, AuditLine, By, Enrolled, Enrollment, KnownBy, Store};

/// Where all of it is (RFC 7030 §3.2.2).
pub const PATH: &str = settle_protocol::handover::EST;
/// RFC 7030 §4.2.1.
const REQUEST: &str = "application/pkcs10";
/// RFC 7030 §4.1.3, §4.2.3.
const CERTIFICATES: &str = "application/pkcs7-mime; smime-type=certs-only";
const ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");
/// Of a request in base64; one with the largest key that is taken has a quarter of this.
const MAX_BODY: usize = 16 * 1024;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

type Answer = Response<Full<Bytes>>;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Peer {
    /// From where.
    pub address: IpAddr,
    /// The certificate whose key it has proved to have in the handshake of TLS; whose that is has yet to be seen.
    pub certificate: Option<CertificateDer<'static>>,
}

/// An EST server.
#[derive(Debug)]
pub struct Est {
    store: Store,
    issuer: Arc<Issuer>,
    limits: Arc<Limits>,
}

/// What can be asked for (RFC 7030 §3.2.2); the rest is optional, and is not there.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Authorities,
    Enroll,
    Renew,
    Attributes,
}

impl Est {
    /// Serves what is below [`PATH`].
    #[must_use]
    pub const fn new(store: Store, issuer: Arc<Issuer>, limits: Arc<Limits>) -> Self {
        Self {
            store,
            issuer,
            limits,
        }
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>, peer: &Peer) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut answer = match self.respond(request, peer).await {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(),
        };
        let no_store = HeaderValue::from_static("no-store");
        answer.headers_mut().insert(CACHE_CONTROL, no_store);
        answer
    }

    async fn respond<B>(&self, request: Request<B>, peer: &Peer) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.limits.request(peer.address)?;
        let operation = Operation::of(request.uri().path()).ok_or(Refusal::NotFound)?;
        if *request.method() != operation.method() {
            return Err(Refusal::Method(operation.method()));
        }
        match operation {
            Operation::Authorities => self.authorities(),
            Operation::Attributes => Ok(nothing()),
            Operation::Enroll => {
                let device = self.by_secret(request.headers(), peer).await?;
                Box::pin(self.issue(request, &device, KnownBy::Secret)).await
            }
            Operation::Renew => {
                let (device, serial) = self.by_certificate(peer).await?;
                Box::pin(self.issue(request, &device, KnownBy::Certificate(&serial))).await
            }
        }
    }

    /// RFC 7030 §4.1: the root, and what leads to it from a certificate that is issued here.
    fn authorities(&self) -> Result<Answer, Refusal> {
        certificates(&[
            self.issuer.root().clone(),
            self.issuer.certificate().clone(),
        ])
    }

    /// RFC 7030 §3.2.3.
    async fn by_secret(&self, headers: &HeaderMap, peer: &Peer) -> Result<Enrollment, Refusal> {
        let shown = Credentials::of(headers).ok_or(Refusal::NoSecret)?;
        self.limits.newcomer(peer.address)?;
        let found = self.store.enrollment(&shown.id, &shown.secret).await?;
        // Strangers fill no log.
        let device = found.ok_or(Refusal::WrongSecret)?;
        match self.store.is_unused(&device.id, now()).await? {
            true => Ok(device),
            false => Err(self.refused(&device, Refusal::Spent).await),
        }
    }

    /// RFC 7030 §3.3.2: a certificate that was issued here, to the last octet, and is good.
    async fn by_certificate(&self, peer: &Peer) -> Result<(Enrollment, String), Refusal> {
        let shown = peer.certificate.as_ref().ok_or(Refusal::NoCertificate)?;
        let (_, read) = X509Certificate::from_der(shown).map_err(|_| Refusal::NotOurs)?;
        let serial = HEXLOWER.encode(read.raw_serial());
        let found = self.store.certificate(&serial).await?;
        let found = found.filter(|found| found.issued.chain.starts_with(&pem(shown)));
        let found = found.ok_or(Refusal::NotOurs)?;
        let names = found.names.iter().map(|name| LocalName::parse(name));
        let device = Enrollment {
            names: names
                .collect::<Result<_, _>>()
                .map_err(|_| Refusal::Failed)?,
            id: found.account,
        };
        self.limits.order(&device.id)?;
        if found.revoked.is_some() || found.issued.not_after < now() {
            return Err(self.refused(&device, Refusal::Ended).await);
        }
        Ok((device, serial))
    }

    /// RFC 7030 §4.2: signed first and handed out then, by whoever changes the deciding row.
    async fn issue<B>(
        &self,
        request: Request<B>,
        device: &Enrollment,
        by: KnownBy<'_>,
    ) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let request = match read(request).await {
            Ok(request) => request,
            Err(refusal) => return Err(self.refused(device, refusal).await),
        };
        if device.names.is_empty() || *request.names() != device.names {
            let refusal = Refusal::Names(device.names.clone());
            return Err(self.refused(device, refusal).await);
        }
        let names: Vec<LocalName> = device.names.iter().cloned().collect();
        let certificate = sign(&self.issuer, &names, &request).map_err(|error| {
            tracing::error!(%error, "nothing can be issued");
            Refusal::Failed
        })?;
        let refusal = match self.store.enroll(device, by, &certificate, now()).await? {
            Enrolled::Done => {
                let issued = CertificateDer::from_pem_slice(certificate.chain.as_bytes());
                // RFC 7030 §4.2.3: that one alone.
                return certificates(&[issued.map_err(|_| Refusal::Failed)?]);
            }
            Enrolled::Spent => Refusal::Spent,
            Enrolled::Ended => Refusal::Ended,
            Enrolled::NotGranted(name) => Refusal::NotGranted(name),
        };
        Err(self.refused(device, refusal).await)
    }

    /// Notes why a device that is known gets nothing.
    async fn refused(&self, device: &Enrollment, refusal: Refusal) -> Refusal {
        let names: Vec<&str> = device.names.iter().map(LocalName::as_str).collect();
        let line = AuditLine {
            at: now(),
            event: AuditEvent::Refused,
            account: device.id.clone(),
            by: By::Server,
            subject: names.join(" "),
            detail: refusal.to_string().chars().take(300).collect(),
        };
        match self.store.note(&line).await {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }
}

impl Operation {
    fn of(path: &str) -> Option<Self> {
        match path.strip_prefix(PATH)? {
            "/cacerts" => Some(Self::Authorities),
            "/simpleenroll" => Some(Self::Enroll),
            "/simplereenroll" => Some(Self::Renew),
            "/csrattrs" => Some(Self::Attributes),
            _ => None,
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Authorities | Self::Attributes => Method::GET,
            Self::Enroll | Self::Renew => Method::POST,
        }
    }
}

/// Reads a request for a certificate (RFC 7030 §4.2.1).
async fn read<B>(request: Request<B>) -> Result<CertificateRequest, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(REQUEST) {
        return Err(Refusal::Type);
    }
    let body = Limited::new(request.into_body(), MAX_BODY);
    let collected = timeout(PATIENCE, body.collect()).await;
    let body = collected.map_err(|_| Refusal::Slow)?;
    let body = body.map_err(|_| Refusal::TooLarge)?.to_bytes();
    // RFC 8951 §3.1: white space anywhere is to be tolerated.
    let text: Vec<u8> = body
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let der = BASE64.decode(&text).map_err(|_| Refusal::Encoding)?;
    Ok(CertificateRequest::from_der(&der)?)
}

fn certificates(certificates: &[CertificateDer<'_>]) -> Result<Answer, Refusal> {
    let bag = certs_only(certificates).map_err(|error| {
        tracing::error!(%error, "certificates cannot be put together");
        Refusal::Failed
    })?;
    let mut answer = Response::new(Full::new(Bytes::from(BASE64_MIME.encode(&bag))));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(CERTIFICATES));
    headers.insert(ENCODING, HeaderValue::from_static("base64"));
    Ok(answer)
}

/// RFC 7030 §4.5.2: there is nothing that a request has to say.
fn nothing() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

#[cfg(test)]
mod tests;
