//! Reads arguments and the environment, sets up logging, and gives the exit code.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use settle::commands::{self, Arguments, Command, CommandError, Outcome, Terminal};
use settle::connector::{self, Caller};
use settle::daemon;
use settle::log_file::LogFile;
use settle::paths::Paths;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Two threads serve all browsers of one user; more would only cost memory.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    match run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Unwell) => ExitCode::FAILURE,
        Ok(Outcome::Declined) => ExitCode::from(3),
        Err(error) => {
            tell(&error);
            let command = error.downcast_ref::<CommandError>();
            ExitCode::from(command.map_or(1, CommandError::exit_code))
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the one place that tells a person why the program failed"
)]
fn tell(error: &anyhow::Error) {
    eprintln!("settle: {error:#}");
}

fn run() -> anyhow::Result<Outcome> {
    // There are keys in it, and passphrases: no crash writes it to a file, no other program of the user reads it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .context("cannot keep this program's memory to itself")?;
    let paths = Paths::from_environment(|name| std::env::var_os(name))?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(caller) = Caller::from_arguments(&arguments) {
        log_to(io::stderr, LevelFilter::WARN);
        connector::run(&paths, &caller)?;
        return Ok(Outcome::Done);
    }
    let command = Arguments::parse().command;
    if let Command::Daemon { idle_seconds } = command {
        paths.create().context("cannot make Settle's directories")?;
        log_to(Mutex::new(LogFile::open(paths.log())), LevelFilter::INFO);
        serve(paths, Duration::from_secs(idle_seconds))?;
        return Ok(Outcome::Done);
    }
    log_to(io::stderr, LevelFilter::WARN);
    let program = std::env::current_exe().context("cannot find this program's file")?;
    let mut terminal = Terminal {
        output: &mut io::stdout().lock(),
        is_person: io::stdin().is_terminal(),
        input: &mut io::stdin().lock(),
    };
    Ok(commands::run(command, &paths, &program, &mut terminal)?)
}

fn serve(paths: Paths, idle: Duration) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(shutdown.clone()));
        daemon::run(paths, idle, shutdown).await
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    if let Err(error) = &result {
        tracing::error!(%error, "the daemon ends");
    }
    Ok(result?)
}

async fn cancel_on_signal(shutdown: CancellationToken) {
    match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            shutdown.cancel();
        }
        _ => tracing::warn!("signals cannot be heard: the daemon ends by being killed"),
    }
}

/// `SETTLE_LOG` sets the level of Settle's own lines. Those of other crates stay at warnings: at
/// their lower levels they write headers and host names, which are secrets here.
fn log_to<W>(writer: W, default: LevelFilter)
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let asked = std::env::var("SETTLE_LOG").ok();
    let level = asked
        .and_then(|level| level.parse().ok())
        .unwrap_or(default);
    let filter = EnvFilter::new(format!(
        "warn,settle={level},settle_protocol={level},settle_transport={level}"
    ));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .init();
}
