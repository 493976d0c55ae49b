//! The way of a message: the browser's pipe, connector, socket, daemon, and back.

use std::time::Instant;

use settle_tests::census::memory;
use settle_tests::{Connector, Home, Keyring};

use crate::milliseconds;
use crate::row::{Row, quantile};

const RUNS: usize = 20;
const CALLS: usize = 200;

/// Measures on one connection, the start of further ones, and of further daemons.
pub(crate) fn measure() -> Vec<Row> {
    let home = Home::new(Keyring::Unlocked);
    let begin = Instant::now();
    let mut connector = Connector::start(&home);
    let cold = milliseconds(begin.elapsed());
    let (mut medians, mut tails) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut calls: Vec<f64> = (0..CALLS).map(|_| one_call(&mut connector)).collect();
        calls.sort_by(f64::total_cmp);
        medians.push(quantile(&calls, 50));
        tails.push(quantile(&calls, 99));
    }
    let warm = (0..RUNS).map(|_| {
        let begin = Instant::now();
        let further = Connector::start(&home);
        let took = milliseconds(begin.elapsed());
        further.close();
        took
    });
    let warm = warm.collect();
    connector.close();
    let (starts, idle) = (0..RUNS).map(|_| start(&home)).unzip();
    let row = |metric, runs| Row::alone("messaging", metric, "ms", runs);
    vec![
        row("round_trip_ms_p50", medians),
        row("round_trip_ms_p99", tails),
        row("first_answer_ms_cold", vec![cold]),
        row("first_answer_ms_warm", warm),
        row("start_to_first_answer_ms", starts),
        Row::alone("messaging", "idle_mb", "MB", idle),
    ]
}

/// Lets a browser start the connector and that a daemon, which opens the store that is there: the
/// milliseconds to the answer, and the megabytes that the daemon then has in memory, its program's
/// pages among them.
fn start(home: &Home) -> (f64, f64) {
    home.end_daemon();
    let begin = Instant::now();
    let connector = Connector::start(home);
    let took = milliseconds(begin.elapsed());
    let daemon = home.daemon_id().unwrap_or_default();
    let kibibytes = u32::try_from(memory(daemon, "VmRSS")).unwrap_or(u32::MAX);
    connector.close();
    (took, f64::from(kibibytes) * 1024.0 / 1e6)
}

fn one_call(connector: &mut Connector) -> f64 {
    let begin = Instant::now();
    let devices = connector.devices();
    let took = milliseconds(begin.elapsed());
    assert!(devices.is_empty(), "nothing is paired here");
    took
}
