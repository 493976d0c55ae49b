//! `cargo xtask model`: has Verifpal look for attacks on the model of pairing, and on weaker variants that are made out
//! of its text, so that they cannot drift from it. A promise that breaks is an error, and so is a variant that holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{process, setup};

/// What it is called in the record of what ran.
pub(crate) const NAME: &str = "cargo xtask model";

/// How much to look through.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Exchanges that each side runs at once; two take minutes, for the whole protocol alone
    #[arg(long, default_value_t = 1)]
    pub(crate) sessions: u8,
}

/// The model, or what is left of it without something.
struct Variant {
    name: &'static str,
    /// Each text is there exactly once, and gives way to the other.
    changes: &'static [(&'static str, &'static str)],
    /// The beginnings of the queries that an attack is known for.
    breaks: &'static [&'static str],
}

const WHOLE: Variant = Variant {
    name: "whole",
    changes: &[],
    breaks: &[],
};

const WEAKER: [Variant; 4] = [
    Variant {
        name: "without-exporter",
        changes: &[
            ("(label_pair, exporter_h, ", "(label_pair, "),
            ("(label_pair, exporter_d, ", "(label_pair, "),
        ],
        breaks: &[
            "confidentiality? discovery",
            "authentication? Host -> Device: hello",
            "authentication? Device -> Host: answer",
            "authentication? Device -> Host: grant",
            "authentication? Host -> Device: commit",
            "authentication? Device -> Host: done",
        ],
    },
    Variant {
        name: "without-host",
        changes: &[
            ("tt_h = HASH(id_h, ", "tt_h = HASH("),
            ("tt_d = HASH(id_h, ", "tt_d = HASH("),
        ],
        breaks: &["authentication? Host -> Device: id_h"],
    },
    // The grant names the device's key once more, so both have to go.
    Variant {
        name: "without-device-in-transcript",
        changes: &WITHOUT_DEVICE,
        breaks: &[],
    },
    Variant {
        name: "without-device",
        changes: &[
            WITHOUT_DEVICE[0],
            WITHOUT_DEVICE[1],
            ("_ = ASSERT(granted, id_d)?\n", "\n"),
        ],
        breaks: &["authentication? Device -> Host: id_d"],
    },
];

const WITHOUT_DEVICE: [(&str, &str); 2] = [
    ("tt_h = HASH(id_h, id_d, ", "tt_h = HASH(id_h, "),
    ("tt_d = HASH(id_h, id_d, ", "tt_d = HASH(id_h, "),
];

/// Looks for attacks on all of them.
pub(crate) fn run(sessions: u8) -> anyhow::Result<()> {
    let program = setup::verifpal()?;
    judge(&program, &WHOLE, sessions)?;
    if sessions > 1 {
        return Ok(());
    }
    WEAKER
        .iter()
        .try_for_each(|variant| judge(&program, variant, sessions))
}

fn judge(program: &Path, variant: &Variant, sessions: u8) -> anyhow::Result<()> {
    let name = variant.name;
    let model = fs::read_to_string(process::root().join("model/pairing.vp"))?;
    let folder = process::target().join("model");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.vp"));
    fs::write(&file, changed(model, variant.changes).context(name)?)?;
    let mut verify = process::command(program);
    verify.args(["verify", "--format", "json"]);
    verify.args(["--sessions", &sessions.to_string()]).arg(file);
    let report: Value = serde_json::from_str(&process::output(&mut verify)?)?;
    let analysis = report.pointer("/models/0/analysis/queries");
    let queries = analysis.and_then(Value::as_array);
    let queries = queries.context("Verifpal has not judged the model")?;
    let broken = queries.iter().filter_map(broken);
    let broken: BTreeSet<&str> = broken.collect::<anyhow::Result<_>>()?;
    println!("{name}: {} of {} broken", broken.len(), queries.len());
    let unforeseen = broken
        .iter()
        .filter(|query| !variant.breaks.iter().any(|known| is_about(query, known)));
    let unforeseen: Vec<_> = unforeseen.collect();
    if !unforeseen.is_empty() {
        bail!("{name}: there is an attack on {unforeseen:?}");
    }
    for known in variant.breaks {
        if !broken.iter().any(|query| is_about(query, known)) {
            bail!("{name}: no attack is found any more on {known}");
        }
    }
    Ok(())
}

fn changed(mut model: String, changes: &[(&str, &str)]) -> anyhow::Result<String> {
    for (before, after) in changes {
        let places = model.matches(before).count();
        if places != 1 {
            bail!("the model has {before:?} {places} times, not once");
        }
        model = model.replace(before, after);
    }
    Ok(model)
}

/// A query's text, if an attack is found, or if not everything was looked through.
fn broken(query: &Value) -> Option<anyhow::Result<&str>> {
    let judged = || {
        let text = query.get("query").and_then(Value::as_str)?;
        let is_broken = query.get("resolved").and_then(Value::as_bool)?;
        let is_whole = query.pointer("/envelope/exhausted")?.as_bool()?;
        Some((text, is_broken || !is_whole))
    };
    match judged() {
        None => Some(Err(anyhow::anyhow!("an answer of another form: {query}"))),
        Some((text, true)) => Some(Ok(text)),
        Some((_, false)) => None,
    }
}

/// Whether it is this one, whatever its precondition.
fn is_about(query: &str, known: &str) -> bool {
    query.split('[').next() == Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_that_would_change_nothing_is_an_error() {
        assert!(changed("a b".into(), &[("c", "d")]).is_err());
        assert!(changed("a a".into(), &[("a", "b")]).is_err());
        assert_eq!(changed("a b".into(), &[("a", "c")]).unwrap(), "c b");
    }

    #[test]
    fn what_was_not_looked_through_counts_as_broken() {
        let query = |is_broken, is_whole| serde_json::json!({"query": "q", "resolved": is_broken, "envelope": {"exhausted": is_whole}});
        assert!(broken(&query(false, true)).is_none());
        assert!(broken(&query(true, true)).is_some());
        assert!(broken(&query(false, false)).is_some());
        assert!(broken(&serde_json::json!({})).is_some_and(|answer| answer.is_err()));
    }
}
