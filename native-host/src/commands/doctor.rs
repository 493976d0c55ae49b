//! `doctor`: a line for each link, and the one next step.

use super::{CommandError, Outcome, Terminal};
use crate::doctor::{self, State};
use crate::paths::Paths;

pub(super) fn doctor(
    paths: &Paths,
    as_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let report = doctor::examine(paths);
    if as_json {
        terminal.json(&report)?;
    } else {
        for check in &report.checks {
            terminal.say(line(check))?;
        }
        match &report.next {
            Some(next) => terminal.say(format_args!("\nNext: {next}"))?,
            None => terminal.say("\nAll is well.")?,
        }
    }
    Ok(if report.well {
        Outcome::Done
    } else {
        Outcome::Unwell
    })
}

fn line(check: &doctor::Check) -> String {
    let state = match check.state {
        State::Good => "good ",
        State::Wrong => "WRONG",
        State::Unchecked => "?    ",
    };
    match &check.problem {
        Some(problem) => format!("{state}  {}: {problem}", check.what),
        None => format!("{state}  {}", check.what),
    }
}
