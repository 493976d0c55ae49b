//! Handing a name over to a server: a referee is asked, over the verified connection, to grant it (docs/referee.md §12). It
//! says whether this computer may; what it answers is taken in pieces, and never as lines for a shell.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use settle_protocol::handover::Handover;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::handover::{HandOver, HandedOver, HandedTo};
use settle_transport::certificate::pem;
use tokio::time::timeout;

use super::Core;
use super::invitations::{Problem, kind_of, whole};

/// For the referee to be found and verified, and to answer.
const LIMIT: Duration = Duration::from_secs(10);

impl Core {
    /// Asks a referee to grant a name.
    ///
    /// # Errors
    /// The kind that the user is told.
    pub async fn hand_over(&self, asked: &HandOver) -> Result<HandedOver, ErrorKind> {
        let device = self
            .vault
            .read(|contents| contents.devices.get(&asked.referee).cloned())
            .ok_or(ErrorKind::UnknownDevice)?;
        let authority = device.authority().ok_or(ErrorKind::NotAReferee)?;
        let granted = timeout(LIMIT, self.ask_grant(asked)).await;
        let handover = granted.unwrap_or(Err(ErrorKind::DeviceNotFound))?;
        if !is_what_was_asked(&handover, asked) {
            tracing::warn!(id = device.id, "a referee granted something else");
            return Err(ErrorKind::DeviceMisbehaved);
        }
        Ok(HandedOver {
            handover,
            root: pem(&authority.root),
        })
    }

    async fn ask_grant(&self, asked: &HandOver) -> Result<Handover, ErrorKind> {
        let id = &asked.referee;
        let upstream = self.upstreams.of_id(id).ok_or(ErrorKind::Internal)?;
        let mut wanted = json!({"names": [asked.name]});
        let more = match &asked.to {
            HandedTo::Acme => None,
            HandedTo::Est => Some(("est", json!(true))),
            HandedTo::Key { thumbprint } => Some(("key", json!(thumbprint))),
        };
        if let (Some((member, value)), Some(members)) = (more, wanted.as_object_mut()) {
            members.insert(member.to_owned(), value);
        }
        let answer = upstream.ask_grant(wanted.to_string()).await;
        let answer = answer.map_err(|error| {
            tracing::info!(%error, id, "a referee was not asked for a name");
            let kind = kind_of(&error);
            let is_role = kind == ErrorKind::AdminsOnly;
            if is_role {
                ErrorKind::NamesForAdmins
            } else {
                kind
            }
        })?;
        let status = answer.status();
        let body = whole(answer, id).await?;
        if status != StatusCode::CREATED {
            let word = Problem::word(&body);
            tracing::info!(id, %status, word, "a referee grants no name");
            return Err(refused(&word));
        }
        serde_json::from_slice(&body).map_err(|_| ErrorKind::DeviceMisbehaved)
    }
}

/// Whether it is for this name alone, and has what its server needs and nothing else.
fn is_what_was_asked(handover: &Handover, asked: &HandOver) -> bool {
    let secrets = [
        handover.eab_kid.is_some(),
        handover.eab_hmac_key.is_some(),
        handover.est_user.is_some(),
        handover.est_secret.is_some(),
    ];
    let expected = match asked.to {
        HandedTo::Acme => [true, true, false, false],
        HandedTo::Est => [false, false, true, true],
        HandedTo::Key { .. } => [false; 4],
    };
    handover.names == [asked.name.clone()] && secrets == expected
}

fn refused(word: &str) -> ErrorKind {
    match word.strip_prefix("urn:settle:problem:") {
        Some("admins-only") => ErrorKind::NamesForAdmins,
        // From before it had an API.
        Some("not-found" | "method-not-allowed") => ErrorKind::NotAReferee,
        _ => ErrorKind::DeviceMisbehaved,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use settle_protocol::name::LocalName;

    use super::*;

    fn handover(members: &Value) -> Handover {
        let mut told = json!({
            "names": ["nas.local"],
            "directory": "https://referee.local:14000/acme/directory",
        });
        let all = told.as_object_mut().unwrap();
        all.extend(members.as_object().unwrap().clone());
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn a_referee_that_grants_something_else_is_not_believed() {
        let asked = |to| HandOver {
            referee: "1".to_owned(),
            name: LocalName::parse("nas.local").unwrap(),
            to,
        };
        let external = json!({"eab_kid": "a", "eab_hmac_key": "b"});
        let est = json!({"est_user": "a", "est_secret": "b"});
        let is = |members: &Value, to| is_what_was_asked(&handover(members), &asked(to));
        assert!(is(&external, HandedTo::Acme));
        assert!(is(&est, HandedTo::Est));
        for (members, to) in [
            (&est, HandedTo::Acme),
            (&external, HandedTo::Est),
            (&json!({}), HandedTo::Acme),
            (&json!({"eab_kid": "a"}), HandedTo::Acme),
            (
                &json!({"names": ["tv.local"], "eab_kid": "a", "eab_hmac_key": "b"}),
                HandedTo::Acme,
            ),
            (
                &json!({"names": [], "eab_kid": "a", "eab_hmac_key": "b"}),
                HandedTo::Acme,
            ),
        ] {
            assert!(!is(members, to), "{members}");
        }
    }

    #[test]
    fn each_refusal_of_a_referee_has_its_own_next_step() {
        for (word, want) in [
            ("urn:settle:problem:admins-only", ErrorKind::NamesForAdmins),
            ("urn:settle:problem:not-found", ErrorKind::NotAReferee),
            ("urn:settle:problem:failed", ErrorKind::DeviceMisbehaved),
            ("admins-only", ErrorKind::DeviceMisbehaved),
        ] {
            assert_eq!(refused(word), want, "{word}");
        }
    }
}
