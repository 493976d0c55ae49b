//! The record of what ran: every test of a run of `cargo xtask test` by its full name, and whether it passed. It is made out
//! of the reports of nextest and Playwright; of two results of a test the later one counts.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use crate::process;

/// Tests by name, and whether they passed.
pub(crate) type Outcomes = BTreeMap<String, bool>;

const PASSED: &str = "passed ";
const FAILED: &str = "failed ";

/// Forgets what ran before.
pub(crate) fn begin() -> anyhow::Result<()> {
    forget(&file())?;
    forget(&nextest_report())?;
    forget(&playwright_report())
}

/// Takes up what the last program of tests has reported, if it reports.
pub(crate) fn collect() -> anyhow::Result<()> {
    let report = nextest_report();
    if let Some(text) = taken(&report)? {
        add(of_nextest(&text))?;
    }
    let report = playwright_report();
    if let Some(text) = taken(&report)? {
        let report = serde_json::from_str(&text).context("the report of Playwright")?;
        add(of_playwright(&report))?;
    }
    Ok(())
}

/// Writes down one check that is no test of these programs.
pub(crate) fn check(name: &str, passed: bool) -> anyhow::Result<()> {
    add([(name.to_owned(), passed)].into())
}

/// All that is written down.
pub(crate) fn read() -> anyhow::Result<Outcomes> {
    let text = match fs::read_to_string(file()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcomes::new()),
        read => read?,
    };
    let outcome = |line: &str| {
        let passed = line
            .strip_prefix(PASSED)
            .map(|name| (name.to_owned(), true));
        passed.or_else(|| Some((line.strip_prefix(FAILED)?.to_owned(), false)))
    };
    Ok(text.lines().filter_map(outcome).collect())
}

/// Where Playwright is told to report to.
pub(crate) fn playwright_report() -> PathBuf {
    process::target().join("playwright-report.json")
}

/// `.config/nextest.toml` says that there is one.
fn nextest_report() -> PathBuf {
    process::target().join("nextest/default/junit.xml")
}

fn file() -> PathBuf {
    process::target().join("tests-that-ran.txt")
}

fn add(outcomes: Outcomes) -> anyhow::Result<()> {
    let mut text = String::new();
    for (name, passed) in outcomes {
        text.push_str(if passed { PASSED } else { FAILED });
        text.push_str(&name);
        text.push('\n');
    }
    let mut file = OpenOptions::new().create(true).append(true).open(file())?;
    Ok(file.write_all(text.as_bytes())?)
}

fn taken(report: &PathBuf) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(report) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => {
            let text = read?;
            fs::remove_file(report)?;
            Ok(Some(text))
        }
    }
}

fn forget(file: &PathBuf) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A test case is an element with the binary in `classname`; what went wrong is an element inside. Texts in it are
/// escaped, so no output of a test can be taken for one.
fn of_nextest(junit: &str) -> Outcomes {
    let attribute = |element: &str, name: &str| {
        let (_, value) = element.split_once(&format!(" {name}=\""))?;
        Some(value.split_once('"')?.0.to_owned())
    };
    let outcome = |element: &str| {
        let (head, rest) = element.split_once('>')?;
        let head = format!(" {head}");
        let name = attribute(&head, "name")?;
        let binary = attribute(&head, "classname")?;
        let body = if head.ends_with('/') { "" } else { rest };
        let body = body.split("</testcase>").next().unwrap_or_default();
        let is_bad = ["<failure", "<error", "<skipped"];
        let passed = !is_bad.iter().any(|mark| body.contains(mark));
        Some((format!("{binary}::{name}"), passed))
    };
    junit
        .split("<testcase ")
        .skip(1)
        .filter_map(outcome)
        .collect()
}

/// What Playwright says of each test, or of each that there is: then none has passed.
pub(crate) fn of_playwright(report: &Value) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for suite in members(report, "suites") {
        let file = text(suite, "file");
        add_suite(&mut outcomes, suite, &format!("playwright/tests/{file}"));
    }
    outcomes
}

fn add_suite(outcomes: &mut Outcomes, suite: &Value, place: &str) {
    for spec in members(suite, "specs") {
        let mut tests = members(spec, "tests").iter();
        let passed = tests.all(|test| text(test, "status") == "expected");
        outcomes.insert(format!("{place} › {}", text(spec, "title")), passed);
    }
    for inner in members(suite, "suites") {
        let place = match text(inner, "title") {
            "" => place.to_owned(),
            title => format!("{place} › {title}"),
        };
        add_suite(outcomes, inner, &place);
    }
}

fn members<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let members = value.get(name).and_then(Value::as_array);
    members.map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_nextest_reports() {
        let junit = r#"<testsuites name="nextest-run"><testsuite name="settle-tests::pipes">
            <testcase name="twin::a" classname="settle-tests::pipes" time="0.1">
            </testcase>
            <testcase name="twin::b" classname="settle-tests::pipes"><failure type="x">&lt;testcase name="c"</failure>
            </testcase>
            <testcase name="d::e" classname="settle-device"/>
            </testsuite></testsuites>"#;
        let expected = [
            ("settle-device::d::e", true),
            ("settle-tests::pipes::twin::a", true),
            ("settle-tests::pipes::twin::b", false),
        ];
        let expected = expected.map(|(name, passed)| (name.to_owned(), passed));
        assert_eq!(of_nextest(junit), Outcomes::from(expected));
    }

    #[test]
    fn reads_what_playwright_reports() {
        let spec = |title: &str, status: &str| serde_json::json!({"title": title, "tests": [{"status": status}]});
        let report = serde_json::json!({"suites": [{
            "file": "a.spec.js", "title": "a.spec.js",
            "specs": [spec("one", "expected"), spec("two", "unexpected"), spec("three", "skipped")],
            "suites": [{"title": "", "file": "../harness/x.js", "specs": [spec("four", "expected")]},
                       {"title": "box", "specs": [spec("five", "expected")]}],
        }]});
        let passed: Vec<_> = of_playwright(&report)
            .into_iter()
            .filter_map(|(name, passed)| passed.then_some(name))
            .collect();
        let expected = ["box › five", "four", "one"];
        let expected = expected.map(|title| format!("playwright/tests/a.spec.js › {title}"));
        assert_eq!(passed, expected);
    }
}
