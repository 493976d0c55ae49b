//! `cargo xtask soak`: a house with many devices and attackers, as it is shipped, for minutes.

use crate::{bench, process, sandbox, setup};

/// How long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Of visits and attacks
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// Builds everything, and lets it work.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    setup::sandbox()?;
    bench::build()?;
    let minutes = options.minutes.to_string();
    let program = process::built("release", "settle-bench");
    let mut command = vec![program.into_os_string(), "soak".into()];
    command.extend(["--minutes".into(), minutes.into()]);
    if options.json {
        command.push("--json".into());
    }
    sandbox::finish(sandbox::command(&command)?)
}
