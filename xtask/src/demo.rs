//! `cargo xtask demo`: the whole way from a device's code to its page, with everything real: a
//! keyring, the host, a device in front of a web interface, and Chromium with the extension.
//!
//! This orchestrates and reports. The browser is driven by `playwright/demo.js`.

mod report;
mod stage;
mod upstream;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use self::report::Report;
use self::stage::{Browser, Device, Home};
use self::upstream::Upstream;
use crate::{bundle, process, sandbox, setup, test};

/// How to show it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Without a window, and ending by itself, as where there is no display
    #[arg(long)]
    headless: bool,
    /// One JSON object at the end, with everything that was observed
    #[arg(long)]
    json: bool,
    /// Copies the home with the trust store and the logs to this folder at the end
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Already in the private network
    #[arg(long, hide = true)]
    inside: bool,
}

/// Builds everything and shows it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.inside {
        return show(options);
    }
    let headless = options.headless || !stage::has_display();
    if headless && !options.headless {
        eprintln!("there is no display: the browser has no window, and target/demo its pictures");
    }
    setup::sandbox()?;
    setup::browser()?;
    setup::wasm_target()?;
    if !setup::cups() {
        eprintln!("CUPS is not installed: a bundled page stands in for a printer's");
    }
    test::build_everything()?;
    bundle::both()?;
    let mut task: Vec<OsString> = vec!["demo".into(), "--inside".into()];
    for (name, given) in [("--headless", headless), ("--json", options.json)] {
        task.extend(given.then(|| name.into()));
    }
    if let Some(folder) = &options.keep {
        task.extend(["--keep".into(), std::path::absolute(folder)?.into()]);
    }
    sandbox::run_task(&task)
}

/// Shows it, inside the private network.
fn show(options: &Options) -> anyhow::Result<()> {
    let inside = sandbox::enter()?;
    let mut report = Report::start();
    let work = sandbox::Folder::new()?;
    let shots = process::target().join("demo");
    fs::create_dir_all(&shots)?;

    let home = Home::start()?;
    report.step("a home of its own, with a session bus and an unlocked keyring");
    let upstream = Upstream::start(&work.0)?;
    report.step(&format!("the printer's web interface: {}", upstream.name()));
    let start_device = |state: &str| Device::start(&home, &work.0.join(state), upstream.url());
    let mut device = start_device("device")?;
    report.step(&format!(
        "the device at {}, showing its code",
        device.address()
    ));
    let profile = home.path().join("chromium");
    home.install(&profile)?;
    report.step("settle install: the host's manifest and the bridge certificate");

    let mut browser = Browser::start(&home, &profile, device.picture(), &shots, options.headless)?;
    while let Some(line) = browser.next_line()? {
        match line.get("ask").and_then(Value::as_str) {
            None => report.take(&line),
            Some(state) => {
                report.paired |= device.has_paired();
                drop(device);
                device = start_device(state)?;
                report.step(&format!("now at the same name and address: the {state}"));
                browser.go_on()?;
            }
        }
    }
    report.paired |= device.has_paired();
    report.dns_queries = Some(inside.capture.local_questions()?);
    if let Some(folder) = &options.keep {
        copy_files(home.path(), folder).context("keeping the home")?;
    }
    report.finish(options.json)
}

/// Copies folders and files; sockets stay behind.
fn copy_files(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_files(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
