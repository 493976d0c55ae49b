//! `cargo xtask bench`: builds everything as it is shipped and lets `settle-bench` measure it in a
//! private network.

use crate::{bundle, process, sandbox, setup};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The benchmark: device, messaging, pairing, privacy, proxy, qr, referee or store
    name: String,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// Builds what is measured as it is shipped, and what measures it.
pub(crate) fn build() -> anyhow::Result<()> {
    let mut build = process::cargo(&["build", "--locked", "--release"]);
    let packages = [
        "settle",
        "settle-device",
        "settle-referee",
        "settle-tests",
        "settle-bench",
    ];
    for package in packages {
        build.args(["--package", package]);
    }
    process::run(&mut build)
}

/// Builds, measures, and prints what was measured.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    setup::sandbox()?;
    if options.name == "proxy" {
        setup::peers()?;
    }
    if options.name == "referee" {
        setup::authorities()?;
    }
    build()?;
    let mut command = vec![
        process::built("release", "settle-bench").into_os_string(),
        (&options.name).into(),
    ];
    if options.json {
        command.push("--json".into());
    }
    let mut measuring = sandbox::command(&command)?;
    if options.name == "qr" {
        setup::browser()?;
        setup::wasm_target()?;
        measuring.env("SETTLE_EXTENSION", bundle::both()?.chromium);
        measuring.env("SETTLE_CHROMIUM", setup::chromium()?);
    }
    sandbox::finish(measuring)
}
