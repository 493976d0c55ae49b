//! `cargo xtask test`: every check there is, part after part, or one part by its name. A part that fails does not keep the
//! next one from running.

mod count;

use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::ValueEnum;

use self::count::Count;
use crate::{bundle, model, package, process, record, requirements, sandbox, setup};

/// Which checks to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One part only
    #[arg(long)]
    only: Option<Part>,
}

/// The parts, in the order in which they run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Part {
    /// Format, clippy, spelling, scripts
    Lints,
    /// What needs no other process, natively and in wasm
    Unit,
    /// The real binaries over pipes and sockets
    Pipes,
    /// The real binaries on a network with an attacker in it
    Lab,
    /// The extension in a real browser
    Browsers,
    /// Whether every requirement has its tests, and these ran
    Requirements,
    /// What the other parts have of pairing: its own crate natively and in wasm, both ends in memory,
    /// the corpora of the fuzzer, and the real binaries
    Protocol,
    /// What the other parts have of the host: trust store, verifier, daemon, command line, installation
    Host,
    /// What the other parts have of devices: their own crate, the real binaries, and a real browser
    Device,
    /// What the other parts have of the referee: its own crate, and the real binaries
    Referee,
    /// What the other parts have of the verifying proxy: its own tests, the real binaries, and pages of
    /// devices and of other sites in a real browser
    Proxy,
}

impl Part {
    /// Those that a whole run has, in their order.
    const WHOLE: [Self; 6] = [
        Self::Lints,
        Self::Unit,
        Self::Pipes,
        Self::Lab,
        Self::Browsers,
        Self::Requirements,
    ];
}

/// The result of one part.
struct Report {
    part: Part,
    count: Count,
    took: Duration,
}

/// Runs the parts and says what came out.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut reports = Vec::new();
    if options.only.is_none() {
        record::begin()?;
    }
    let parts = options
        .only
        .map_or_else(|| Part::WHOLE.to_vec(), |only| vec![only]);
    for part in parts {
        let start = Instant::now();
        let mut count = Count::default();
        if let Err(error) = run_part(part, &mut count) {
            eprintln!("{error:#}");
            count.failed = count.failed.max(1);
        }
        reports.push(Report {
            part,
            count,
            took: start.elapsed(),
        });
    }
    summarize(&reports)
}

fn run_part(part: Part, count: &mut Count) -> anyhow::Result<()> {
    match part {
        Part::Lints => lints(count),
        Part::Unit => unit(count),
        Part::Pipes => pipes(count),
        Part::Lab => lab(count),
        Part::Browsers => browsers(count, &[]),
        Part::Requirements => {
            held(count);
            Ok(())
        }
        Part::Protocol => protocol(count),
        Part::Host => host(count),
        Part::Device => device(count),
        Part::Referee => referee(count),
        Part::Proxy => proxy(count),
    }
}

fn summarize(reports: &[Report]) -> anyhow::Result<()> {
    let mut total = Count::default();
    println!();
    for Report { part, count, took } in reports {
        let name = format!("{part:?}").to_lowercase();
        let Count { passed, failed } = count;
        println!(
            "{name:<12} {passed} passed, {failed} failed in {} s",
            took.as_secs()
        );
        total.passed += passed;
        total.failed += failed;
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 {
        bail!("not everything is as it should be");
    }
    Ok(())
}

const WASM: &str = "wasm32-unknown-unknown";
const WASM_PACKAGES: [&str; 6] = [
    "-p",
    "settle-protocol",
    "-p",
    "settle-wasm",
    "-p",
    "settle-picture",
];

fn lints(count: &mut Count) -> anyhow::Result<()> {
    setup::wasm_target()?;
    setup::other_systems()?;
    setup::node_modules()?;
    let spelling = process::command(setup::typos()?);
    let mut interface = process::command(setup::openapi()?);
    interface.arg(process::root().join("docs/device-api.openapi.json"));
    // The types of the scripts' wasm come out of the bundle.
    let extensions = bundle::both()?;
    let strict = ["--", "-D", "warnings"];
    let mut clippy = process::cargo(&["clippy", "--locked", "--workspace", "--all-targets"]);
    clippy.args(strict);
    let mut clippy_wasm = process::cargo(&["clippy", "--locked", "--target", WASM]);
    clippy_wasm.args(WASM_PACKAGES).args(strict);
    let keyring_for = |target: &'static str| {
        let mut clippy = process::cargo(&["clippy", "--locked", "-p", "settle-keyring"]);
        clippy.args(["--target", target]).args(strict);
        (target, clippy)
    };
    let tool = |name: &str, arguments: &[&str]| {
        let folder = process::root().join("playwright/node_modules/.bin");
        let mut command = process::command(folder.join(name));
        command.args(arguments);
        command
    };
    let checks = [
        ("format", process::cargo(&["fmt", "--all", "--check"])),
        ("scripts", tool("biome", &["ci", "--error-on-warnings"])),
        (
            "types of the extension",
            tool("tsc", &["-p", "tsconfig.json"]),
        ),
        (
            "types of the browser tests",
            tool("tsc", &["-p", "playwright/tsconfig.json"]),
        ),
        ("spelling", spelling),
        ("description of the device's API", interface),
        ("clippy", clippy),
        ("clippy for wasm", clippy_wasm),
    ];
    eprintln!("== what browsers load");
    count.check(bundle::is_small());
    eprintln!("== what Firefox's store checks");
    count.check(package::lint(&extensions.firefox));
    let other_systems = setup::OTHER_SYSTEMS.map(keyring_for);
    for (name, mut command) in checks.into_iter().chain(other_systems) {
        eprintln!("== {name}");
        count.check(process::run(&mut command));
    }
    Ok(())
}

fn unit(count: &mut Count) -> anyhow::Result<()> {
    eprintln!("== unit tests");
    setup::host()?;
    build_everything()?;
    count.tests(&mut nextest("not package(settle-tests)", &[]))?;
    count.tests(&mut process::cargo(&[
        "test",
        "--locked",
        "--package",
        "xtask",
    ]))?;
    eprintln!("== examples in the documentation");
    let mut examples = process::cargo(&["test", "--locked", "--doc"]);
    count.tests(examples.args(EVERYTHING))?;
    in_wasm(count, &WASM_PACKAGES)?;
    modelled(count)
}

fn held(count: &mut Count) {
    if process::find("cargo-nextest").is_none() {
        eprintln!("cargo-nextest is not installed, so nobody has written down what ran");
        return;
    }
    eprintln!("== every requirement has its tests");
    count.check(requirements::run());
}

fn modelled(count: &mut Count) -> anyhow::Result<()> {
    eprintln!("== the model of pairing, and weaker ones");
    let judged = model::run(1);
    record::check(model::NAME, judged.is_ok())?;
    count.check(judged);
    Ok(())
}

fn in_wasm(count: &mut Count, packages: &[&str]) -> anyhow::Result<()> {
    eprintln!("== unit tests in wasm");
    setup::wasm_target()?;
    let mut runner = process::cargo(&["build", "--locked", "--package", "xtask"]);
    process::run(runner.args(["--features", "wasm-runner", "--bin", "wasm-runner"]))?;
    count.tests(
        process::cargo(&["test", "--locked", "--lib", "--target", WASM])
            .args(packages)
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                process::built("debug", "wasm-runner"),
            ),
    )
}

fn pipes(count: &mut Count) -> anyhow::Result<()> {
    eprintln!("== the real binaries over pipes");
    setup::pipes()?;
    build_everything()?;
    count.tests(&mut sandbox::command(&words(&nextest(
        "package(settle-tests) - binary(lab)",
        &["--offline"],
    )))?)
}

fn lab(count: &mut Count) -> anyhow::Result<()> {
    eprintln!("== the hostile house");
    setup::pipes()?;
    setup::browser()?;
    setup::wasm_target()?;
    build_everything()?;
    let extensions = bundle::both()?;
    let tests = nextest("package(settle-tests) & binary(lab)", &["--offline"]);
    let mut tests = sandbox::command(&words(&tests))?;
    tests
        .env("SETTLE_CHROMIUM", setup::chromium()?)
        .env("SETTLE_EXTENSION", extensions.chromium);
    count.tests(&mut tests)
}

fn protocol(count: &mut Count) -> anyhow::Result<()> {
    setup::sandbox()?;
    build_everything()?;
    eprintln!("== the protocol, both ends of it, and what the fuzzer has kept");
    let crates = "package(settle-protocol) + package(settle-transport) + package(settle-fuzz) \
                  + (package(settle-device) & (binary(serve) + test(ceremony) + test(register) + test(code)))";
    count.tests(&mut nextest(crates, &[]))?;
    in_wasm(count, &["-p", "settle-protocol"])?;
    modelled(count)?;
    eprintln!("== pairings of the real binaries");
    let pairing =
        "package(settle-tests) & test(/^(codes|crash|discovery|journey|lost|second|twin|typed)::/)";
    count.tests(&mut sandbox::command(&words(&nextest(
        pairing,
        &["--offline"],
    )))?)
}

fn host(count: &mut Count) -> anyhow::Result<()> {
    setup::host()?;
    build_everything()?;
    eprintln!("== the host and its verifier");
    count.tests(&mut nextest(
        "package(settle) + package(settle-transport)",
        &[],
    ))?;
    pipes(count)
}

fn device(count: &mut Count) -> anyhow::Result<()> {
    setup::pipes()?;
    build_everything()?;
    eprintln!("== the device's own tests, and the examples in its documentation");
    count.tests(&mut nextest("package(settle-device)", &[]))?;
    let examples = ["test", "--locked", "--doc", "--package", "settle-device"];
    count.tests(&mut process::cargo(&examples))?;
    eprintln!("== devices among real binaries");
    let real = "package(settle-tests) & test(/^(clocks|codes|crash|device_api|discovery|embedded|handshakes|journey|links|\
                lost|maker|portable|reset|revoked|rollover|twin|typed|unit)::/)";
    count.tests(&mut sandbox::command(&words(&nextest(
        real,
        &["--offline"],
    )))?)?;
    browsers(
        count,
        &["blocked", "carried", "decision", "paired", "typed"],
    )
}

fn referee(count: &mut Count) -> anyhow::Result<()> {
    setup::pipes()?;
    build_everything()?;
    eprintln!("== the referee's own tests");
    count.tests(&mut nextest("package(settle-referee)", &[]))?;
    eprintln!("== referees, their clients and a house that trusts them");
    let real = "package(settle-tests) & test(/^referee::/)";
    count.tests(&mut sandbox::command(&words(&nextest(
        real,
        &["--offline"],
    )))?)
}

fn proxy(count: &mut Count) -> anyhow::Result<()> {
    setup::pipes()?;
    build_everything()?;
    eprintln!("== the proxy's own tests");
    let own = "(package(settle) & test(/^proxy::/)) + (package(settle-transport) & test(/cut|pool|relay|tls/))";
    count.tests(&mut nextest(own, &[]))?;
    eprintln!("== the proxy between real binaries");
    let real = "package(settle-tests) & test(/^(carried|hostile|limits|load|refusals|smuggled)::/)";
    count.tests(&mut sandbox::command(&words(&nextest(
        real,
        &["--offline"],
    )))?)?;
    browsers(
        count,
        &[
            "access",
            "blocked",
            "carried",
            "firefox",
            "firefox-access",
            "imported",
        ],
    )
}

/// Runs these files' tests for their pictures; how many failed.
pub(crate) fn look_at_pages(files: &[&str]) -> anyhow::Result<usize> {
    let mut count = Count::default();
    count.tests(browser_tests(files)?.env("SETTLE_ALL_VIEWS", "1"))?;
    Ok(count.failed)
}

/// The tests of these files, or all.
fn browsers(count: &mut Count, files: &[&str]) -> anyhow::Result<()> {
    count.tests(&mut browser_tests(files)?)
}

fn browser_tests(files: &[&str]) -> anyhow::Result<Command> {
    setup::sandbox()?;
    setup::browser()?;
    setup::around_the_browser()?;
    setup::wasm_target()?;
    build_everything()?;
    let extensions = bundle::both()?;
    let [firefox, geckodriver] = setup::firefox()?;
    eprintln!("== the extension in Chromium and in Firefox");
    let playwright = process::root().join("playwright");
    let mut words: Vec<OsString> = vec![
        "node".into(),
        playwright
            .join("node_modules/@playwright/test/cli.js")
            .into(),
        "test".into(),
        "--reporter=list,json".into(),
        "--config".into(),
        playwright.join("playwright.config.js").into(),
    ];
    words.extend(files.iter().map(|file| format!("/{file}.spec.js").into()));
    let mut test = sandbox::command(&words)?;
    test.env("PLAYWRIGHT_JSON_OUTPUT_FILE", record::playwright_report())
        .env("SETTLE_BIN_DIR", process::target().join("debug"))
        .env("SETTLE_EXTENSION", extensions.chromium)
        .env("SETTLE_FIREFOX_EXTENSION", extensions.firefox)
        .env("SETTLE_FIREFOX", firefox)
        .env("SETTLE_GECKODRIVER", geckodriver)
        .env("SETTLE_CHROMIUM", setup::chromium()?)
        .env("SETTLE_SHOTS", process::target().join("shots"));
    Ok(test)
}

/// All packages but this one, which is built with features of its own when it is started.
const EVERYTHING: [&str; 3] = ["--workspace", "--exclude", "xtask"];

/// One build for all parts: the same packages and features, so nothing is compiled twice.
pub(crate) fn build_everything() -> anyhow::Result<()> {
    // The test runner asks for every crate that any feature needs, where nothing can be downloaded.
    process::run(&mut process::cargo(&["fetch", "--locked"]))?;
    let mut build = process::cargo(&["build", "--locked", "--all-targets"]);
    process::run(build.args(EVERYTHING))
}

/// The faster test runner where it is installed, else cargo's own.
fn nextest(filter: &str, arguments: &[&str]) -> Command {
    let mut command = if process::find("cargo-nextest").is_some() {
        let mut command = process::cargo(&["nextest", "run", "--locked", "--no-fail-fast"]);
        command.args(EVERYTHING);
        command.args(["--status-level=fail", "-E", filter]);
        command
    } else {
        eprintln!("cargo-nextest is not installed: cargo test does, in more time");
        let mut command = process::cargo(&["test", "--locked", "--no-fail-fast"]);
        // It cannot select as finely, so it runs more than was asked for.
        if filter.starts_with("package(settle-tests)") {
            command.args(["-p", "settle-tests"]);
        } else {
            command.args(EVERYTHING).args(["--exclude", "settle-tests"]);
        }
        command.args(["--lib", "--bins", "--tests"]);
        command
    };
    command.args(arguments);
    command
}

fn words(command: &Command) -> Vec<OsString> {
    let program = std::iter::once(command.get_program());
    program.chain(command.get_args()).map(Into::into).collect()
}
