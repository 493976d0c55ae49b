//! `settle-device audit`: the whole log out of a device, checked as anybody could who trusts its root.

use std::io::{self, Write};

use anyhow::Context;
use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use serde::Deserialize;
use serde_json::{Value, json};
use settle_device::{AuditEntry, Owner, SignedHead, verify_audit};

use super::{Which, line};

/// Entries a question.
const PAGE: usize = 200;

#[derive(Deserialize)]
struct Page {
    head: SignedHead,
    entries: Vec<AuditEntry>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Anchor {
    root: String,
}

/// Shows the audit log, the oldest entry first, when it is whole.
pub(crate) async fn audit(which: Which) -> anyhow::Result<()> {
    let mut owner = which.reach(0).await?;
    let anchor: Anchor = owner.get("anchor").await?;
    let root = BASE64.decode(anchor.root.as_bytes());
    let root = CertificateDer::from(root.context("the root is not readable")?);
    let (head, entries) = read(&mut owner).await?;
    verify_audit(&root, &head, &entries).context("the audit log is not whole")?;
    let mut output = io::stdout().lock();
    if which.json {
        return line(&mut output, &json!({"head": head, "entries": entries}));
    }
    for entry in &entries {
        writeln!(output, "{}", told(entry)?)?;
    }
    Ok(writeln!(
        output,
        "{} entries, all in their places.",
        entries.len()
    )?)
}

/// The entries up to the head that was signed first, whatever is added meanwhile.
async fn read(owner: &mut Owner) -> anyhow::Result<(SignedHead, Vec<AuditEntry>)> {
    let Page {
        head,
        mut entries,
        mut next,
    } = owner.get(&format!("audit?limit={PAGE}")).await?;
    while let Some(before) = next {
        let page: Page = owner
            .get(&format!("audit?limit={PAGE}&before={before}"))
            .await?;
        entries.extend(page.entries);
        next = page.next;
    }
    entries.reverse();
    Ok((head, entries))
}

/// One line: number, time, who, what, and the rest as it is.
fn told(entry: &AuditEntry) -> anyhow::Result<String> {
    let mut rest = serde_json::to_value(&entry.event)?;
    let members = rest.as_object_mut().context("an event has members")?;
    let event = members.remove("event").unwrap_or_default();
    let event = event.as_str().unwrap_or_default().to_owned();
    let rest = match members.is_empty() {
        true => String::new(),
        false => format!("  {}", Value::Object(members.clone())),
    };
    let AuditEntry { number, at, by, .. } = entry;
    Ok(format!("{number:>6}  {at}  {by}  {event}{rest}"))
}
