//! What the demo tells: each step with its time as it happens, and at the end what was observed.

use std::time::Instant;

use anyhow::bail;
use serde_json::{Map, Value, json};

/// The story so far.
#[derive(Debug)]
pub(super) struct Report {
    start: Instant,
    /// The device said that it was paired.
    pub(super) paired: bool,
    /// How often the network was asked for a local name.
    pub(super) dns_queries: Option<usize>,
    /// What the browser's script observed.
    browser: Map<String, Value>,
}

impl Report {
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            paired: false,
            dns_queries: None,
            browser: Map::new(),
        }
    }

    /// Tells one step.
    pub(super) fn step(&self, text: &str) {
        eprintln!("{:7.2} s  {text}", self.start.elapsed().as_secs_f64());
    }

    /// Takes a line of the browser's script: a step, or its observations.
    pub(super) fn take(&mut self, line: &Value) {
        if let Some(step) = line.get("step").and_then(Value::as_str) {
            self.step(step);
        }
        if let Some(observed) = line.get("observed").and_then(Value::as_object) {
            self.browser.extend(observed.clone());
        }
    }

    /// Tells what was observed, and fails when that is not what Settle is for.
    pub(super) fn finish(self, json: bool) -> anyhow::Result<()> {
        let seen = |field: &str| self.browser.get(field).cloned().unwrap_or(Value::Null);
        let observed = json!({
            "paired": self.paired,
            "url": seen("url"),
            "status": seen("status"),
            "secure_context": seen("secure_context"),
            "warning": seen("warning"),
            "dns_queries": self.dns_queries,
            "pairing_ms": seen("pairing_ms"),
            "scan_to_page_ms": seen("scan_to_page_ms"),
            "screenshots": seen("screenshots"),
        });
        let good = self.paired
            && self.dns_queries == Some(0)
            && seen("url") == "https://printer.local/"
            && seen("status") == 200
            && seen("secure_context") == true
            && seen("warning") == false;
        self.step("done");
        if json {
            println!("{observed}");
        } else {
            println!("{observed:#}");
        }
        if !good {
            bail!("this is not how it should be");
        }
        Ok(())
    }
}
