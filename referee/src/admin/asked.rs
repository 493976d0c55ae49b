//! What the page and the API are asked for, read strictly. What changes something comes from the referee's own page, which
//! says so, or as JSON from no page at all; of a bounded size, with nothing in it that is not understood.

use std::time::Duration;

use http::Request;
use http::header::{CONTENT_TYPE, HeaderMap, ORIGIN};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use serde::de::DeserializeOwned;
use settle_protocol::handover::Thumbprint;
use settle_protocol::name::LocalName;
use settle_transport::origin::is_foreign;
use tokio::time::timeout;

use super::problem::Problem;
use crate::administration::Wanted;
use crate::store::ChallengeKind;

/// The largest body, in octets: twenty of the longest names.
const MAX_BODY: usize = 8192;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fields of a form, each once.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

/// Reads what is to change as JSON; an empty body is that of `{}`.
pub(super) async fn json<T, B>(request: Request<B>) -> Result<T, Problem>
where
    T: DeserializeOwned,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    if is_foreign(&head.headers, &head.uri) {
        return Err(Problem::Foreign);
    }
    if !is_of(&head.headers, "application/json") {
        return Err(Problem::NotJson);
    }
    let body = whole(body).await?;
    let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
    serde_json::from_slice(text).map_err(|error| Problem::Malformed(error.to_string()))
}

/// Reads what is to change as a form, which no page but the referee's own can have sent.
pub(super) async fn form<B>(request: Request<B>) -> Result<Form, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    // Any page can send a form, so silence is not enough.
    if !head.headers.contains_key(ORIGIN) || is_foreign(&head.headers, &head.uri) {
        return Err(Problem::Foreign);
    }
    if !is_of(&head.headers, "application/x-www-form-urlencoded") {
        return Err(Problem::NotForm);
    }
    let body = whole(body).await?;
    let fields = form_urlencoded::parse(&body).into_owned();
    Ok(Form(fields.collect()))
}

impl Form {
    /// Takes a field; one that is empty is as one that is missing.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(field, _)| field == name)?;
        let (_, value) = self.0.swap_remove(at);
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// What a field holds, as it was typed.
    pub(super) fn peek(&self, name: &str) -> &str {
        let mut fields = self.0.iter();
        let field = fields.find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value.as_str())
    }

    /// Takes a field that has to be there.
    pub(super) fn need(&mut self, name: &str) -> Result<String, Problem> {
        let missing = || Problem::Malformed(format!("the field {name} is missing"));
        self.take(name).ok_or_else(missing)
    }

    /// Takes the one name.
    pub(super) fn name(&mut self) -> Result<LocalName, Problem> {
        let name = LocalName::parse(&self.need("name")?);
        name.map_err(|error| Problem::Malformed(error.to_string()))
    }

    /// Takes the number of a reason.
    pub(super) fn reason(&mut self) -> Result<u8, Problem> {
        let reason = self.need("reason")?.parse();
        reason.map_err(|_| Problem::Malformed("the reason is no number".to_owned()))
    }

    /// Insists that nothing is left.
    pub(super) fn end(self) -> Result<(), Problem> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Problem::Malformed(
                "the form has a field twice, or one that is not known".to_owned(),
            )),
        }
    }

    /// Who is to have which names.
    pub(super) fn wanted(mut self) -> Result<Wanted, Problem> {
        let malformed = |error: &dyn std::fmt::Display| Problem::Malformed(error.to_string());
        let names = self.take("names").unwrap_or_default();
        let names = names.split([' ', ',']).filter(|name| !name.is_empty());
        let names: Result<Vec<_>, _> = names.map(LocalName::parse).collect();
        let key = self.take("key").map(|key| Thumbprint::parse(&key));
        let challenge = match self.take("challenge") {
            Some(word) => Some(
                ChallengeKind::parse(&word)
                    .ok_or_else(|| malformed(&"there is no such challenge"))?,
            ),
            None => None,
        };
        let address = self.take("address").map(|address| address.parse());
        let wanted = Wanted {
            names: names.map_err(|error| malformed(&error))?,
            account: self.take("account"),
            key: key.transpose().map_err(|error| malformed(&error))?,
            est: self.take("est").is_some(),
            challenge,
            address: address
                .transpose()
                .map_err(|_| malformed(&"give the address as numbers: 192.168.1.20"))?,
        };
        self.end()?;
        Ok(wanted)
    }
}

async fn whole<B>(body: B) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = timeout(PATIENCE, Limited::new(body, MAX_BODY).collect());
    let body = body.await.map_err(|_| Problem::Slow)?;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => Problem::TooLarge,
        false => Problem::Malformed("the body broke off".to_owned()),
    })?;
    Ok(body.to_bytes())
}

fn is_of(headers: &HeaderMap, wanted: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let first = types.next().and_then(|value| value.to_str().ok());
    let essence = first.and_then(|value| value.split(';').next());
    types.next().is_none()
        && essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}
