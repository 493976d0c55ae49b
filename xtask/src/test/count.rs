//! Counting: what passed and what failed, read from what the test programs print at their ends.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, bail};

use crate::record;

/// Checks and tests by their result.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

impl Count {
    /// Counts one check.
    pub(super) fn check(&mut self, result: anyhow::Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => {
                eprintln!("{error:#}");
                self.failed += 1;
            }
        }
    }

    /// Runs a program of tests, shows what it prints and adds what it counts.
    pub(super) fn tests(&mut self, command: &mut Command) -> anyhow::Result<()> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}", command.get_program().display()))?;
        let errors = child.stderr.take().context("a pipe")?;
        let errors = thread::spawn(move || Self::read(errors));
        let output = child.stdout.take().context("a pipe")?;
        let seen = Self::read(output);
        let seen = seen.plus(errors.join().unwrap_or_default());
        let _pipe = child.stdin.take();
        let status = child.wait()?;
        *self = self.plus(seen);
        record::collect()?;
        if !status.success() {
            self.failed = self.failed.max(1);
            bail!("{} failed", command.get_program().display());
        }
        Ok(())
    }

    fn read(output: impl Read) -> Self {
        let mut count = Self::default();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            eprintln!("{line}");
            count = count.plus(Self::of_line(&line));
        }
        count
    }

    /// Reads a summary: of cargo (`test result: ok. 3 passed; 0 failed; …`), of nextest
    /// (`Summary [ 0.1s] 3 tests run: 3 passed, 0 skipped`), of Playwright (`  3 passed (2.0s)`).
    fn of_line(line: &str) -> Self {
        let line = line.trim_start();
        let is_playwright =
            line.starts_with(|c: char| c.is_ascii_digit()) && line.split(' ').count() <= 3;
        if !(is_playwright || line.starts_with("test result:") || line.starts_with("Summary [")) {
            return Self::default();
        }
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).collect();
        let before = |word: &str| {
            let pairs = words.windows(2).filter(|pair| pair.last() == Some(&word));
            let numbers = pairs.filter_map(|pair| pair.first()?.parse::<usize>().ok());
            numbers.sum()
        };
        Self {
            passed: before("passed"),
            failed: before("failed"),
        }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_summaries_of_the_test_programs() {
        for (line, passed, failed) in [
            (
                "test result: ok. 57 passed; 0 failed; 0 ignored; 0 measured",
                57,
                0,
            ),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored", 3, 2),
            (
                "     Summary [   0.412s] 12 tests run: 11 passed, 1 failed, 0 skipped",
                11,
                1,
            ),
            ("  12 passed (30.1s)", 12, 0),
            ("  1 failed", 0, 1),
            ("test a_test_that_passed ... ok", 0, 0),
            ("        PASS [   0.004s] crate 3_passed", 0, 0),
        ] {
            assert_eq!(Count::of_line(line), Count { passed, failed }, "{line}");
        }
    }
}
