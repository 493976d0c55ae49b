//! `settle-device rollover`: a new root key for a device that stays the same. Nothing is lost by it, so it does
//! not ask.

use std::io::{self, Write};

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::{Which, line};

/// The next root, as the device tells it.
#[derive(serde::Deserialize)]
struct Anchor {
    fingerprint: String,
    unique_name: String,
    rollover: Vec<Value>,
}

/// Rolls a device over, whether it runs or not.
pub(crate) async fn rollover(which: Which) -> anyhow::Result<()> {
    let mut owner = which.reach(0).await?;
    let before: Anchor = owner.get("anchor").await?;
    let body = json!({"replaces": before.fingerprint});
    let rolled = owner.ask::<Value>(Method::POST, "rollover", &body).await;
    let rolled = rolled.context("the device has the key that it had")?;
    let mut output = io::stdout().lock();
    if which.json {
        return line(&mut output, &rolled);
    }
    let after: Anchor = serde_json::from_value(rolled)?;
    writeln!(output, "The device has a new key.")?;
    writeln!(output, "  its own name: {}", after.unique_name)?;
    writeln!(output, "  its key:      {}", after.fingerprint)?;
    writeln!(output, "  until now:    {}", before.fingerprint)?;
    Ok(writeln!(
        output,
        "Paired computers follow by themselves when they come next. That was rollover {} of the {} \
         that they follow.",
        after.rollover.len(),
        settle_device::MAX_ROLLOVERS
    )?)
}
