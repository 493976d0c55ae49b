//! Authorizations and challenges (RFC 8555 §7.5). Where the administrator's word suffices there is no challenge.

use http::StatusCode;
use http::header::{HeaderValue, LINK};
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::own;
use super::orders::Identifier;
use super::problem::Problem;
use super::{Acme, Answered, add, as_json, asked, date, located, now};
use crate::store::{Account, Authorization, Challenge, Status};

#[derive(Deserialize)]
struct NewAuthorization {
    identifier: Wanted,
}

#[derive(Deserialize)]
struct Wanted {
    r#type: String,
    value: String,
}

#[derive(Deserialize)]
struct Changes {
    status: Option<String>,
}

impl Acme {
    /// RFC 8555 §7.4.1.
    pub(super) async fn new_authorization(&self, account: &Account, payload: &[u8]) -> Answered {
        let NewAuthorization { identifier } = asked::parse(payload)?;
        self.limits.order(&account.id)?;
        let wanted = [Identifier::new(identifier.r#type, identifier.value)];
        let grants = self.granted(account, &wanted).await?;
        let grant = grants.first().ok_or(Problem::Failed)?;
        let made = self.store.authorize(account, grant, now()).await?;
        let at = self.at(&format!("authz/{}", made.id));
        located(as_json(&self.tell(&made)), StatusCode::CREATED, at)
    }

    /// RFC 8555 §7.5, §7.5.2.
    pub(super) async fn authorization(
        &self,
        account: &Account,
        id: &str,
        payload: &[u8],
    ) -> Answered {
        let found = self.store.authorization(id, now()).await?;
        let mut found = found.ok_or(Problem::NotFound)?;
        own(account, &found.account)?;
        if !payload.is_empty() {
            let changes: Changes = asked::parse(payload)?;
            if changes.status.as_deref() != Some("deactivated") {
                let what = "an authorization can only be deactivated".to_owned();
                return Err(Problem::Malformed(what));
            }
            self.store.end_authorization(id).await?;
            found.status = Status::Deactivated;
        }
        as_json(&self.tell(&found))
    }

    /// RFC 8555 §7.5.1: an empty object says that it can be looked at, which is done at once.
    pub(super) async fn challenge(&self, account: &Account, id: &str, payload: &[u8]) -> Answered {
        let found = self.store.authorization_of(id, now()).await?;
        let found = found.ok_or(Problem::NotFound)?;
        own(account, &found.account)?;
        let challenge = found.challenge.as_ref().ok_or(Problem::NotFound)?;
        if payload.is_empty() || found.status != Status::Pending {
            return self.challenged(&found, challenge);
        }
        asked::parse::<serde_json::Map<String, Value>>(payload)?;
        self.limits.order(&account.id)?;
        let proof = format!("{}.{}", challenge.token, account.thumbprint);
        let came = self.validator.look(&found.name, challenge, &proof).await;
        let came = came.map_err(|error| error.to_string());
        self.store.challenged(&found, came, now()).await?;
        let found = self.store.authorization(&found.id, now()).await?;
        let found = found.ok_or(Problem::NotFound)?;
        let challenge = found.challenge.as_ref().ok_or(Problem::NotFound)?;
        self.challenged(&found, challenge)
    }

    fn challenged(&self, authorization: &Authorization, challenge: &Challenge) -> Answered {
        let mut answer = as_json(&self.tell_challenge(challenge, authorization.status))?;
        let up = format!(
            "<{}>;rel=\"up\"",
            self.at(&format!("authz/{}", authorization.id))
        );
        if let Ok(up) = HeaderValue::try_from(up) {
            answer.headers_mut().append(LINK, up);
        }
        Ok(answer)
    }

    fn tell(&self, authorization: &Authorization) -> Value {
        let challenges = authorization.challenge.iter();
        let challenges = challenges.map(|one| self.tell_challenge(one, authorization.status));
        json!({
            "status": authorization.status.as_str(),
            "expires": date(authorization.expires),
            "identifier": {"type": "dns", "value": authorization.name.as_str()},
            "challenges": challenges.collect::<Vec<_>>(),
        })
    }

    fn tell_challenge(&self, challenge: &Challenge, status: Status) -> Value {
        let status = match (challenge.validated, challenge.failure.as_str()) {
            (0, "") if status == Status::Pending => "pending",
            (0, _) => "invalid",
            _ => "valid",
        };
        let mut told = json!({
            "type": challenge.kind.as_str(),
            "url": self.at(&format!("challenge/{}", challenge.id)),
            "status": status,
            "token": challenge.token,
        });
        if challenge.validated > 0 {
            add(&mut told, "validated", json!(date(challenge.validated)));
        }
        if !challenge.failure.is_empty() {
            let error = json!({
                "type": "urn:ietf:params:acme:error:incorrectResponse",
                "detail": challenge.failure,
            });
            add(&mut told, "error", error);
        }
        told
    }
}
