//! Many devices, visited for minutes, with attackers among them: what the processes use meanwhile, and whether all of it is
//! given back.

use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;
use settle_tests::soak::{Length, Plan, Report, Sample, run};

/// As in a large house.
const DEVICES: usize = 20;
const BROWSERS: usize = 6;
/// What a process may have more in memory in the last third than in the second, in percent and KiB.
const GROWTH: (u64, u64) = (10, 4 * 1024);

/// Whose memory, of a sample.
type Memory = fn(&Sample) -> u64;

/// A line of the report.
#[derive(Debug, Serialize)]
struct Line {
    soak: &'static str,
    seconds: u64,
    daemon_kib: u64,
    daemon_descriptors: usize,
    device_kib: u64,
    device_descriptors: usize,
}

/// The end of the report.
#[derive(Debug, Serialize)]
struct Sum {
    soak: &'static str,
    devices: usize,
    browsers: usize,
    answered: u64,
    failures: usize,
    attacks: Vec<(&'static str, u64)>,
    heard_by_the_twin: usize,
}

/// Lets it happen, and tells what came of it.
///
/// # Errors
/// When anything is lost, left open, or grows without end.
pub(crate) fn measure(minutes: u64, json: bool) -> anyhow::Result<()> {
    let report = run(Plan {
        devices: DEVICES,
        browsers: BROWSERS,
        length: Length::Time(Duration::from_secs(60 * minutes)),
    });
    let every = (report.during.len() / 20).max(1);
    let mut lines = vec![line("before", report.before)];
    let shown = report.during.iter().step_by(every);
    lines.extend(shown.map(|sample| line("during", *sample)));
    lines.push(line("after", report.after));
    for line in &lines {
        if json {
            println!("{}", serde_json::to_string(line)?);
        } else {
            println!("{line:?}");
        }
    }
    let sum = Sum {
        soak: "sum",
        devices: DEVICES,
        browsers: BROWSERS,
        answered: report.answered,
        failures: report.failures.len(),
        attacks: report.attacks.clone(),
        heard_by_the_twin: report.twin_heard.len(),
    };
    if json {
        println!("{}", serde_json::to_string(&sum)?);
    } else {
        println!("{sum:?}");
    }
    judge(&report)
}

fn judge(report: &Report) -> anyhow::Result<()> {
    ensure!(report.failures.is_empty(), "{:#?}", report.failures);
    ensure!(report.twin_heard.is_empty(), "{:#?}", report.twin_heard);
    let (before, after) = (report.before, report.after);
    ensure!(
        after.daemon_descriptors <= before.daemon_descriptors
            && after.device_descriptors <= before.device_descriptors,
        "descriptors are left open: {before:?} {after:?}"
    );
    let third = report.during.len() / 3;
    let most = |samples: &[Sample], of: Memory| samples.iter().map(of).max().unwrap_or_default();
    let daemon: Memory = |sample| sample.daemon_memory;
    let device: Memory = |sample| sample.device_memory;
    for (whose, of) in [("the daemon", daemon), ("a device", device)] {
        let second = most(report.during.get(third..2 * third).unwrap_or_default(), of);
        let last = most(report.during.get(2 * third..).unwrap_or_default(), of);
        let (percent, room) = GROWTH;
        let bound = second + second * percent / 100 + room;
        ensure!(
            last <= bound,
            "{whose} grows: {second} KiB, then {last} KiB"
        );
    }
    Ok(())
}

const fn line(soak: &'static str, sample: Sample) -> Line {
    Line {
        soak,
        seconds: sample.at.as_secs(),
        daemon_kib: sample.daemon_memory,
        daemon_descriptors: sample.daemon_descriptors,
        device_kib: sample.device_memory,
        device_descriptors: sample.device_descriptors,
    }
}
