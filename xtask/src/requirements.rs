//! `cargo xtask requirements`: holds `docs/requirements.md` against the record of what ran. A row needs tests that exist,
//! ran and passed, or says what is open; what is open is counted and told, and fails nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::record::{self, Outcomes};
use crate::{model, process, setup};

/// The requirements of the draft and what its considerations ask for, and the attacks of our threat model. Each has a row.
const ROWS: [&str; 55] = [
    "NAME-01",
    "NAME-02",
    "NAME-03",
    "NAME-04",
    "NAME-05",
    "TRUST-01",
    "TRUST-02",
    "TRUST-03",
    "TRUST-04",
    "TRUST-05",
    "TRANS-01",
    "TRANS-02",
    "TRANS-03",
    "TRANS-04",
    "TRANS-05",
    "ARCH-01",
    "ARCH-02",
    "ARCH-03",
    "ARCH-04a",
    "ARCH-04b",
    "ARCH-05",
    "SEC-twin",
    "SEC-referee",
    "SEC-ceremony",
    "SEC-csrf",
    "SEC-reset",
    "SEC-maker",
    "SEC-dhcp",
    "SEC-floods",
    "PRIV-tracking",
    "PRIV-accounts",
    "PRIV-contacts",
    "T1",
    "T2",
    "T3",
    "T4",
    "T5",
    "T6",
    "T7",
    "T8",
    "T9",
    "T10",
    "T11",
    "T12",
    "T13",
    "T14",
    "T15",
    "T16",
    "T17",
    "T18",
    "T19",
    "T20",
    "T21",
    "T22",
    "Faults",
];

/// One requirement or attack.
#[derive(Debug, Default, Eq, PartialEq)]
struct Row {
    tests: Vec<String>,
    open: Option<String>,
}

/// Looks at every row, and says what is wrong with them all.
pub(crate) fn run() -> anyhow::Result<()> {
    let text = fs::read_to_string(process::root().join("docs/requirements.md"))?;
    let rows = rows(&text)?;
    let ran = record::read()?;
    let is_known = |test: &String| ran.contains_key(test);
    let all_known = rows.values().flat_map(|row| &row.tests).all(is_known);
    // To list what there is takes a build, and tells nothing new of tests that ran.
    let there_are = if all_known {
        BTreeSet::new()
    } else {
        listed()?
    };
    let faults = faults(&rows, &ran, &there_are);
    let tests: BTreeSet<_> = rows.values().flat_map(|row| &row.tests).collect();
    let open = |(id, row): (&String, &Row)| Some(format!("{id}: {}", row.open.as_ref()?));
    let open: Vec<String> = rows.iter().filter_map(open).collect();
    println!(
        "{} rows with {} tests, {} of them open in part",
        rows.len(),
        tests.len(),
        open.len()
    );
    for open in open {
        println!("  open: {open}");
    }
    if !faults.is_empty() {
        bail!("docs/requirements.md:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// A row begins with `### ID`, its tests are the items that begin with a name in backquotes, and what is open is a
/// paragraph that begins with `Open:`.
fn rows(text: &str) -> anyhow::Result<BTreeMap<String, Row>> {
    let mut rows = BTreeMap::new();
    let mut parts = text.split("\n### ");
    parts.next();
    for part in parts {
        let part = part.split("\n## ").next().unwrap_or_default();
        let id = part.split_whitespace().next().context("a row without id")?;
        let test = |line: &str| Some(line.strip_prefix("- `")?.split_once('`')?.0.to_owned());
        let open = part
            .split("\n\n")
            .find_map(|paragraph| paragraph.trim().strip_prefix("Open:"));
        let row = Row {
            tests: part.lines().filter_map(test).collect(),
            open: open.map(|open| open.split_whitespace().collect::<Vec<_>>().join(" ")),
        };
        if rows.insert(id.to_owned(), row).is_some() {
            bail!("docs/requirements.md has {id} twice");
        }
    }
    Ok(rows)
}

fn faults(
    rows: &BTreeMap<String, Row>,
    ran: &Outcomes,
    there_are: &BTreeSet<String>,
) -> Vec<String> {
    let demanded: BTreeSet<&str> = ROWS.into_iter().collect();
    let mut faults: Vec<String> = demanded
        .iter()
        .filter(|id| !rows.contains_key(**id))
        .map(|id| format!("{id} has no row"))
        .collect();
    for (id, row) in rows {
        if !demanded.contains(id.as_str()) {
            faults.push(format!("{id} is no requirement that is known"));
        }
        if row.tests.is_empty() && row.open.is_none() {
            faults.push(format!(
                "{id} has no test, and does not say that it is open"
            ));
        }
        for test in &row.tests {
            let fault = match (ran.get(test), there_are.contains(test)) {
                (Some(true), _) => continue,
                (Some(false), _) => "has failed",
                (None, true) => "did not run",
                (None, false) => "does not exist",
            };
            faults.push(format!("{id}: {test} {fault}"));
        }
    }
    faults
}

/// Every test that there is.
fn listed() -> anyhow::Result<BTreeSet<String>> {
    let mut list = process::cargo(&["nextest", "list", "--locked", "--workspace"]);
    list.args(["--exclude", "xtask", "--message-format", "json"]);
    let list: Value = serde_json::from_str(&process::output(&mut list)?)?;
    let suites = list.get("rust-suites").and_then(Value::as_object);
    let mut names = BTreeSet::from([model::NAME.to_owned()]);
    for (binary, suite) in suites.context("nextest lists no suites")? {
        let cases = suite.get("testcases").and_then(Value::as_object);
        let cases = cases.into_iter().flat_map(|cases| cases.keys());
        names.extend(cases.map(|name| format!("{binary}::{name}")));
    }
    setup::node_modules()?;
    let playwright = process::root().join("playwright");
    let mut list = process::command("node");
    list.arg(playwright.join("node_modules/@playwright/test/cli.js"));
    list.args(["test", "--list", "--reporter=json", "--config"]);
    list.arg(playwright.join("playwright.config.js"));
    let list = serde_json::from_str(&process::output(&mut list)?)?;
    names.extend(record::of_playwright(&list).into_keys());
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_tests_and_what_is_open() {
        let text = "# Head\n\n### A-1 — words (MUST)\n\nText with `a::b`.\n\n- `a::b`\n- `c › d`\n\n## Next\n\n\
                    - `not::ours`\n\n### B-2\n\nOpen: nothing\nof it.\n";
        let rows = rows(text).unwrap();
        let row = |tests: &[&str], open: Option<&str>| Row {
            tests: tests.iter().map(|test| (*test).to_owned()).collect(),
            open: open.map(str::to_owned),
        };
        let expected = [
            ("A-1".to_owned(), row(&["a::b", "c › d"], None)),
            ("B-2".to_owned(), row(&[], Some("nothing of it."))),
        ];
        assert_eq!(rows, expected.into());
    }

    #[test]
    fn each_fault_is_named() {
        let text = "\n### NAME-01\n- `ran`\n- `failed`\n- `idle`\n- `dreamt`\n\n### NAME-02\n\n### NEW-01\n\nOpen: all.\n";
        let ran = [("ran".to_owned(), true), ("failed".to_owned(), false)].into();
        let there_are = ["ran", "failed", "idle"].map(str::to_owned).into();
        let faults = faults(&rows(text).unwrap(), &ran, &there_are);
        for fault in [
            "NAME-03 has no row",
            "NAME-02 has no test, and does not say that it is open",
            "NEW-01 is no requirement that is known",
            "NAME-01: failed has failed",
            "NAME-01: idle did not run",
            "NAME-01: dreamt does not exist",
        ] {
            assert!(faults.iter().any(|found| found == fault), "{fault}");
        }
        assert!(!faults.iter().any(|fault| fault.contains(": ran ")));
    }
}
