//! The texts of policy files: what they say for Settle, and how that is added to what others say.

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use serde_json::{Map, Value, json};
use settle_protocol::name::LOCAL_NAMESPACES;

use super::{CHROMIUM_POLICY, FIREFOX_PATHS};
use crate::install::authorities::Authorities;

/// The whole policy file for browsers of Chromium's kind. A certificate says the same of itself;
/// here it can be read.
pub(super) fn chromium(authorities: &Authorities) -> String {
    let mut names = LOCAL_NAMESPACES.to_vec();
    names.push("localhost");
    let entry = |der: &CertificateDer<'_>| {
        json!({
            "certificate": BASE64.encode(der),
            "constraints": { "permitted_dns_names": names },
        })
    };
    let entries: Vec<Value> = authorities.certificates().iter().map(entry).collect();
    let policy = json!({ CHROMIUM_POLICY: entries });
    format!("{policy:#}\n")
}

/// Firefox's policies with our certificates' files among those to install, and no other one of ours; `None` when what is there
/// is no policy file.
pub(super) fn firefox(before: Option<&str>, ours: &[&str]) -> Option<String> {
    let mut whole: Value = match before {
        Some(text) => serde_json::from_str(text).ok()?,
        None => json!({}),
    };
    let policies = object(whole.as_object_mut()?, "policies")?;
    let certificates = object(policies, "Certificates")?;
    let install = certificates
        .entry("Install")
        .or_insert_with(|| Value::Array(Vec::new()))
        .as_array_mut()?;
    install.retain(|path| !is_ours(path) || ours.iter().any(|ours| path == ours));
    for ours in ours {
        if !install.iter().any(|path| path == ours) {
            install.push((*ours).into());
        }
    }
    Some(format!("{whole:#}\n"))
}

fn object<'a>(parent: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let child = parent
        .entry(key)
        .or_insert_with(|| Value::Object(Map::new()));
    child.as_object_mut()
}

/// Whether Firefox's policies install these files of ours and no other one.
pub(super) fn firefox_installs(text: &str, ours: &[&str]) -> bool {
    let whole: Value = serde_json::from_str(text).unwrap_or_default();
    let install = whole.pointer("/policies/Certificates/Install");
    let paths = install.and_then(Value::as_array).into_iter().flatten();
    let found: Vec<&Value> = paths.filter(|path| is_ours(path)).collect();
    found.len() == ours.len()
        && ours
            .iter()
            .all(|ours| found.iter().any(|path| *path == ours))
}

/// Firefox's policies without any file of ours; `None` when nothing else is in them. What is
/// no policy file stays as it is.
pub(super) fn firefox_without(text: &str) -> Option<String> {
    let Ok(mut whole) = serde_json::from_str::<Value>(text) else {
        return Some(text.to_owned());
    };
    if let Some(Value::Array(install)) = whole.pointer_mut("/policies/Certificates/Install") {
        install.retain(|path| !is_ours(path));
    }
    for (parent, key) in [
        ("/policies/Certificates", "Install"),
        ("/policies", "Certificates"),
        ("", "policies"),
    ] {
        if let Some(Value::Object(parent)) = whole.pointer_mut(parent)
            && parent.get(key).is_some_and(is_empty)
        {
            parent.remove(key);
        }
    }
    (!is_empty(&whole)).then(|| format!("{whole:#}\n"))
}

fn is_ours(path: &Value) -> bool {
    FIREFOX_PATHS.iter().any(|ours| path == ours)
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}
