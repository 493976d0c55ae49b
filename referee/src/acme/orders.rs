//! Orders (RFC 8555 §7.4): for names that the account may have, finalized with a request of which the key alone is taken.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use http::StatusCode;
use http::header::{HeaderValue, LINK};
use serde::Deserialize;
use serde_json::{Value, json};
use settle_protocol::name::LocalName;
use settle_transport::certificate::CertificateRequest;

use super::accounts::own;
use super::problem::{Problem, Sub};
use super::{Acme, Answered, add, as_json, asked, date, located, now};
use crate::signing::sign;
use crate::store::{Account, AuditEvent, AuditLine, By, Finalized, Grant, Order, Status};

/// Names of one certificate.
const MAX_NAMES: usize = 20;
/// Orders on one page of a list.
const PAGE: u32 = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    identifiers: Vec<Identifier>,
    not_before: Option<String>,
    not_after: Option<String>,
    replaces: Option<String>,
}

/// RFC 8555 §9.7.7.
#[derive(Deserialize)]
pub(super) struct Identifier {
    r#type: String,
    value: String,
}

#[derive(Deserialize)]
struct Finalizing {
    csr: String,
}

impl Acme {
    /// RFC 8555 §7.4.
    pub(super) async fn new_order(&self, account: &Account, payload: &[u8]) -> Answered {
        let wanted: NewOrder = asked::parse(payload)?;
        self.limits.order(&account.id)?;
        if wanted.not_before.is_some() || wanted.not_after.is_some() {
            let what = "when a certificate begins and ends is the referee's to say".to_owned();
            return Err(Problem::Malformed(what));
        }
        let count = wanted.identifiers.len();
        if count == 0 || count > MAX_NAMES {
            let what = format!("an order has between one and {MAX_NAMES} names");
            return Err(Problem::Malformed(what));
        }
        let grants = self.granted(account, &wanted.identifiers).await?;
        let replaces = match &wanted.replaces {
            Some(id) => self.replaced(account, id, &grants).await?,
            None => String::new(),
        };
        let order = self.store.order(account, &grants, &replaces, now()).await?;
        let told = as_json(&self.tell_order(&order).await?);
        located(told, StatusCode::CREATED, self.order_at(&order))
    }

    /// What the account may have of these; all of them, or what is wrong with each.
    pub(super) async fn granted(
        &self,
        account: &Account,
        identifiers: &[Identifier],
    ) -> Result<Vec<Grant>, Problem> {
        let (mut grants, mut subs) = (Vec::<Grant>::new(), Vec::new());
        for identifier in identifiers {
            match self.grant(account, identifier).await? {
                Ok(grant) if grants.iter().any(|known| known.name == grant.name) => {}
                Ok(grant) => grants.push(grant),
                Err(sub) => subs.push(sub),
            }
        }
        if subs.is_empty() {
            grants.sort_by(|one, other| one.name.cmp(&other.name));
            return Ok(grants);
        }
        let asked: Vec<&str> = identifiers.iter().map(|one| one.value.as_str()).collect();
        let line = AuditLine {
            at: now(),
            event: AuditEvent::Refused,
            account: account.id.clone(),
            by: By::Server,
            subject: asked.join(" ").chars().take(300).collect(),
            detail: "not granted".to_owned(),
        };
        self.store.note(&line).await?;
        Err(Problem::Names(subs))
    }

    async fn grant(
        &self,
        account: &Account,
        identifier: &Identifier,
    ) -> Result<Result<Grant, Sub>, Problem> {
        let sub = |kind, detail: String| Sub {
            kind,
            identifier: json!({"type": identifier.r#type, "value": identifier.value}),
            detail,
        };
        if identifier.r#type != "dns" {
            let detail = "only names are certified, no addresses".to_owned();
            return Ok(Err(sub("unsupportedIdentifier", detail)));
        }
        let name = match LocalName::parse(&identifier.value) {
            Ok(name) => name,
            Err(error) => return Ok(Err(sub("rejectedIdentifier", error.to_string()))),
        };
        let granted = self.store.grant_of(&name, account).await?;
        let detail = "an administrator has to grant this name to this account".to_owned();
        Ok(granted.ok_or_else(|| sub("rejectedIdentifier", detail)))
    }

    /// RFC 8555 §7.1.2.1.
    pub(super) async fn orders(
        &self,
        account: &Account,
        id: &str,
        payload: &[u8],
        query: &str,
    ) -> Answered {
        own(account, id)?;
        asked::fetches(payload)?;
        let skip: u32 = match query.strip_prefix("from=") {
            Some(from) => from.parse().map_err(|_| Problem::NotFound)?,
            None => 0,
        };
        let page = self.store.orders_of(&account.id, skip, PAGE).await?;
        let orders = page.ids.iter().map(|id| self.at(&format!("order/{id}")));
        let mut answer = as_json(&json!({"orders": orders.collect::<Vec<_>>()}))?;
        if page.more {
            let next = skip.saturating_add(PAGE);
            let next = format!(
                "<{}/orders?from={next}>;rel=\"next\"",
                self.account_at(account)
            );
            if let Ok(next) = HeaderValue::try_from(next) {
                answer.headers_mut().append(LINK, next);
            }
        }
        Ok(answer)
    }

    pub(super) async fn order(&self, account: &Account, id: &str, payload: &[u8]) -> Answered {
        asked::fetches(payload)?;
        let order = self.own_order(account, id).await?;
        as_json(&self.tell_order(&order).await?)
    }

    /// RFC 8555 §7.4: signed first and handed out then, by whoever changes the order's row.
    pub(super) async fn finalize(&self, account: &Account, id: &str, payload: &[u8]) -> Answered {
        let finalizing: Finalizing = asked::parse(payload)?;
        let mut order = self.own_order(account, id).await?;
        if order.status != Status::Ready {
            return Err(Problem::NotReady(order.status.as_str()));
        }
        let request = request(&finalizing.csr, &order.names)?;
        let names: Vec<LocalName> = order.names.iter().cloned().collect();
        let certificate = sign(&self.issuer, &names, &request).map_err(|error| {
            tracing::error!(%error, "nothing can be issued");
            Problem::Failed
        })?;
        match self
            .store
            .finalize(&order, account, &certificate, now())
            .await?
        {
            Finalized::Done => {}
            Finalized::NotReady => return Err(Problem::NotReady("another request's already")),
            Finalized::NotGranted(name) => {
                let what = format!("{name} was withdrawn from this account");
                return Err(Problem::Unauthorized(what));
            }
        }
        (order.status, order.certificate) = (Status::Valid, certificate.serial);
        let at = self.order_at(&order);
        located(as_json(&self.tell_order(&order).await?), StatusCode::OK, at)
    }

    async fn own_order(&self, account: &Account, id: &str) -> Result<Order, Problem> {
        let order = self.store.order_by_id(id, now()).await?;
        let order = order.ok_or(Problem::NotFound)?;
        own(account, &order.account)?;
        Ok(order)
    }

    async fn tell_order(&self, order: &Order) -> Result<Value, Problem> {
        let names = order.names.iter();
        let names = names.map(|name| json!({"type": "dns", "value": name.as_str()}));
        let authorizations = order.authorizations.iter();
        let authorizations = authorizations.map(|id| self.at(&format!("authz/{id}")));
        let mut told = json!({
            "status": order.status.as_str(),
            "expires": date(order.expires),
            "identifiers": names.collect::<Vec<_>>(),
            "authorizations": authorizations.collect::<Vec<_>>(),
            "finalize": format!("{}/finalize", self.order_at(order)),
        });
        if !order.certificate.is_empty() {
            let certificate = self.at(&format!("certificate/{}", order.certificate));
            add(&mut told, "certificate", json!(certificate));
        }
        // RFC 9773 §5: whoever has said it sees that it was understood.
        if let Some(replaced) = self.renewal_id_of(&order.replaces).await? {
            add(&mut told, "replaces", json!(replaced));
        }
        Ok(told)
    }

    fn order_at(&self, order: &Order) -> String {
        self.at(&format!("order/{}", order.id))
    }
}

impl Identifier {
    pub(super) const fn new(r#type: String, value: String) -> Self {
        Self { r#type, value }
    }
}

/// A request for exactly these names.
fn request(csr: &str, names: &BTreeSet<LocalName>) -> Result<CertificateRequest, Problem> {
    let der = BASE64URL_NOPAD.decode(csr.as_bytes());
    let der = der.map_err(|_| Problem::Malformed("csr is not in base64url".to_owned()))?;
    let request = CertificateRequest::from_der(&der);
    let request = request.map_err(|error| Problem::BadRequest(error.to_string()))?;
    match request.names() == names {
        true => Ok(request),
        false => Err(Problem::BadRequest(
            "the request is for other names than the order".to_owned(),
        )),
    }
}
