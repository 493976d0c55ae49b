//! The audit log as far as it was read, from its newest line on; older ones are read when asked for,
//! and all of them for a file.

use serde::Deserialize;
use serde_json::Value;
use settle_protocol::rpc::Device;
use settle_protocol::rpc::audit::{Audit, AuditEntry, AuditEvent};

use super::sentence;
use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{List, Part, Row, Slot, Text, View};

/// Lines at a time.
const LINES: u32 = 100;
/// The name of the file that the log is written to.
const FILE: &str = "settle-audit.jsonl";

/// What is known of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The newest first.
    entries: Vec<AuditEntry>,
    /// The same as the daemon wrote them.
    written: Vec<Value>,
    verified: Option<u64>,
    damage: Option<String>,
    /// Everything was read.
    whole: bool,
    /// All of it is being read, for a file.
    exporting: bool,
}

impl Log {
    pub(super) fn read_newest(&mut self) -> Effect {
        self.exporting = false;
        read(None)
    }

    pub(super) fn read_older(&self) -> Option<Effect> {
        let oldest = self.entries.last().filter(|_| !self.whole)?;
        Some(read(Some(oldest.number)))
    }

    pub(super) fn export(&mut self) -> Vec<Effect> {
        match self.read_older() {
            Some(older) => {
                self.exporting = true;
                vec![older]
            }
            None => vec![self.file()],
        }
    }

    /// Takes the lines before one; from the newest on, if that is none. `None`: it is no part of a log.
    pub(super) fn heard(&mut self, audit: &Value, before: Option<u64>) -> Option<Vec<Effect>> {
        let part = Audit::deserialize(audit).ok()?;
        if before.is_none() {
            self.entries.clear();
            self.written.clear();
        } else if before != self.entries.last().map(|oldest| oldest.number) {
            // The answer to a question that was asked twice.
            return Some(Vec::new());
        }
        self.whole = part.entries.last().is_none_or(|oldest| oldest.number <= 1);
        self.entries.extend(part.entries);
        self.written
            .extend(audit.get("entries")?.as_array()?.iter().cloned());
        self.verified = part.verified;
        self.damage = part.damage;
        if !self.exporting {
            return Some(Vec::new());
        }
        self.exporting = !self.whole;
        Some(self.export())
    }

    pub(super) const fn failed(&mut self) {
        self.exporting = false;
    }

    /// One JSON object a line, the oldest first, as `settle audit --json` has them.
    fn file(&self) -> Effect {
        let lines = self.written.iter().rev();
        Effect::Save {
            name: FILE.to_owned(),
            text: lines.map(|line| format!("{line}\n")).collect(),
        }
    }

    pub(super) fn view(&self, view: View) -> View {
        let verified = self.verified.filter(|_| self.damage.is_none());
        view.titled(Slot::LogTitle, Text::say(Phrase::ManageLog))
            .maybe(
                Slot::LogVerified,
                verified.map(|lines| Text::say_of(Phrase::LogVerified, &[&lines])),
            )
            .part(Part::LogDamaged, self.damage.is_some())
            .maybe(Slot::LogDamage, self.damage.as_ref().map(Text::literal))
            .part(Part::CanExport, !self.exporting && !self.entries.is_empty())
            .part(Part::CanOlder, !self.exporting && !self.whole)
            .list(List::Log, self.entries.iter().map(row).collect())
    }

    /// What happened with one device.
    pub(super) fn rows_of(&self, device: &Device) -> Vec<Row> {
        let mut names = device.names.clone();
        names.push(device.unique_name.clone());
        let mut rows = Vec::new();
        for entry in &self.entries {
            if sentence::names(&entry.event)
                .iter()
                .any(|name| names.contains(name))
            {
                rows.push(row(entry));
                // Before that line it went by another name.
                if let AuditEvent::Renamed { from, .. } = &entry.event {
                    names.push(from.clone());
                }
            }
        }
        rows
    }
}

fn read(before: Option<u64>) -> Effect {
    let message = FromPage::ReadAudit {
        before,
        limit: LINES,
    };
    Effect::Say { message }
}

fn row(entry: &AuditEntry) -> Row {
    let mut row = Row {
        value: entry.number.to_string(),
        texts: [
            (Slot::At, Text::Time(entry.at)),
            (Slot::Happened, sentence::of(&entry.event)),
        ]
        .into(),
        ..Row::default()
    };
    if let Some(times) = sentence::times(&entry.event) {
        row.texts.insert(Slot::Times, times);
    }
    row
}
