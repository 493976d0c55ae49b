//! The `settle-device` program: arguments, environment, logging, signals and the exit code.

mod commands;
#[path = "main/maker.rs"]
mod maker;
#[path = "main/mounted.rs"]
mod mounted;

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use settle_device::ui::{self, Format};
use settle_device::{
    Announcing, Button, Device, Event, Policy, Settings, UpstreamUrl, Upstreams, UpstreamsError,
    listen_address,
};
use settle_protocol::name::Label;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use mounted::Mounted;

const LOG_VARIABLE: &str = "SETTLE_LOG";
/// Events that may wait for the terminal.
const EVENTS: usize = 64;
/// How long the last events may take to be shown.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Makes any box with a web interface a SETTLE device.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a device without serving it yet, and show the code that its first start will show.
    Init(commands::Init),
    /// Serve a web interface to paired browsers, and show a code to pair with.
    Serve(Serve),
    /// Make the code of a sticker, in the place of an earlier one.
    Sticker(commands::Sticker),
    /// Make a code for one more client, with a role.
    Code(commands::Code),
    /// List the clients that are paired.
    Clients(commands::Which),
    /// Take a client off the list, and cut its connections.
    Revoke(commands::Revoke),
    /// Show the audit log, once it is checked.
    Audit(commands::Which),
    /// Say who the device is, and whether it runs.
    Status(commands::Which),
    /// Destroy everything that binds the device to its owners, and make it anew.
    Reset(commands::Reset),
    /// Give the device a new root key; paired computers follow by themselves.
    Rollover(commands::Which),
    /// Play the maker: issue certificates to devices, and state which root key is whose.
    #[command(subcommand)]
    Maker(maker::Command),
}

#[derive(Args)]
struct Serve {
    /// A web interface: http://HOST:PORT, with a path if it has one; behind PATH= for what is below
    /// that path alone. May be given several times.
    #[arg(long, value_name = "[PATH=]URL", required_unless_present = "folder")]
    upstream: Vec<Mounted<UpstreamUrl>>,
    /// A folder whose files are served, likewise.
    #[arg(long, value_name = "[PATH=]DIR")]
    folder: Vec<Mounted<PathBuf>>,
    /// The device's name: `printer` becomes printer.local.
    #[arg(long, value_name = "LABEL", value_parser = Label::parse)]
    name: Label,
    /// The directory for identity and clients [default: settle-device/LABEL in the user's state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where to listen; a link-local address names its interface: [fe80::7%eth0]:443.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "[::]:8443", value_parser = listen_address)]
    listen: SocketAddr,
    /// Keep a picture of the current code here (PNG).
    #[arg(long, value_name = "FILE")]
    qr_file: Option<PathBuf>,
    /// Write one JSON object a line to the standard output.
    #[arg(long)]
    json: bool,
    /// Who may make which requests (TOML, docs/device-api.md) [default: every paired client, all].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Do not announce the device on the local network.
    #[arg(long, conflicts_with = "portable")]
    no_announce: bool,
    /// The device is carried around: only its clients can tell that it is the same one again.
    #[arg(long)]
    portable: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    keep_memory();
    let ended = match arguments.command {
        Command::Serve(serve) => run(serve),
        Command::Init(init) => ask(commands::init(init)),
        Command::Sticker(sticker) => ask(commands::sticker(sticker)),
        Command::Code(code) => ask(commands::code(code)),
        Command::Clients(which) => ask(commands::clients(which)),
        Command::Revoke(revoke) => ask(commands::revoke(revoke)),
        Command::Audit(which) => ask(commands::audit(which)),
        Command::Status(which) => ask(commands::status(which)),
        Command::Reset(reset) => commands::reset(reset),
        Command::Rollover(which) => ask(commands::rollover(which)),
        Command::Maker(command) => maker::run(command),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code is left to tell.
            drop(writeln!(io::stderr(), "settle-device: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// There are keys in it: no crash writes it to a file, and no other program of the user reads it.
fn keep_memory() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "a crash of this program may leave keys in a core file");
    }
}

/// `SETTLE_LOG` sets the level of Settle's own lines. Those of other crates stay at warnings: at
/// their lower levels they write the headers of requests, which hold secrets.
fn start_log() {
    let asked = env::var(LOG_VARIABLE).ok();
    let level = asked
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::new(format!(
        "warn,settle_device={level},settle_protocol={level},settle_transport={level}"
    ));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}

#[tokio::main]
async fn run(serve: Serve) -> anyhow::Result<()> {
    let format = format(serve.json);
    let settings = settings(serve)?;
    let stop = stop_signal()?;
    let (events, received) = mpsc::channel(EVENTS);
    let (all_shown, showing) = oneshot::channel();
    // A thread of its own, so that an output which nobody reads cannot hold up the end.
    std::thread::spawn(move || show(received, format, all_shown));
    let served = async {
        let device = Device::open(settings, events).await?;
        let pressed = press_at_signal(device.button())?;
        let served = device.serve(stop).await;
        pressed.abort();
        anyhow::Ok(served?)
    }
    .await;
    if timeout(LAST_WORDS, showing).await.is_err() {
        tracing::warn!("the last events were not taken from the output");
    }
    served
}

/// Runs one of the owner's commands, which need no more than one thread.
fn ask(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build()?.block_on(command)
}

fn format(json: bool) -> Format {
    match json {
        true => Format::Json,
        false if io::stdout().is_terminal() => Format::Terminal,
        false => Format::Plain,
    }
}

fn settings(serve: Serve) -> anyhow::Result<Settings> {
    let announcing = announcing(&serve);
    Ok(Settings {
        upstreams: upstreams(&serve)?,
        state: state_of(serve.state, Some(&serve.name))?,
        label: serve.name,
        listen: serve.listen,
        qr_file: serve.qr_file,
        announcing,
        beside: Vec::new(),
        policy: policy(serve.policy.as_deref())?,
        authority: None,
    })
}

fn upstreams(serve: &Serve) -> Result<Upstreams, UpstreamsError> {
    let (web, folders) = (serve.upstream.iter(), serve.folder.iter());
    let upstreams = web
        .cloned()
        .try_fold(Upstreams::default(), |all, one| one.mount(all))?;
    folders
        .cloned()
        .try_fold(upstreams, |all, one| one.mount(all))
}

const fn announcing(serve: &Serve) -> Announcing {
    match (serve.portable, serve.no_announce) {
        (true, _) => Announcing::Masks,
        (false, true) => Announcing::Off,
        (false, false) => Announcing::Names,
    }
}

fn policy(file: Option<&Path>) -> anyhow::Result<Policy> {
    let Some(file) = file else {
        return Ok(Policy::default());
    };
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the policy {}", file.display()))?;
    text.parse()
        .with_context(|| format!("the policy {} cannot be used", file.display()))
}

fn state_of(given: Option<PathBuf>, name: Option<&Label>) -> anyhow::Result<PathBuf> {
    match (given, name) {
        (Some(state), _) => Ok(state),
        (None, None) => bail!("give the device's --name or its --state"),
        (None, Some(name)) => Ok(default_state()
            .context("neither XDG_STATE_HOME nor HOME is set: give --state")?
            .join(name.as_str())),
    }
}

/// XDG Base Directory Specification: a relative path in the variable is to be ignored.
fn default_state() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("settle-device"))
}

fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// SIGUSR1 presses the device's button: what a maker connects the real one to.
fn press_at_signal(button: Button) -> anyhow::Result<JoinHandle<()>> {
    let mut pressed = signal(SignalKind::user_defined1())?;
    Ok(tokio::spawn(async move {
        while pressed.recv().await.is_some() {
            button.press();
        }
    }))
}

/// A device serves on when nobody reads what it says.
fn show(mut events: mpsc::Receiver<Event>, format: Format, done: oneshot::Sender<()>) {
    while let Some(event) = events.blocking_recv() {
        if let Err(error) = ui::write(&mut io::stdout().lock(), format, &event) {
            tracing::warn!(%error, "an event cannot be shown");
        }
    }
    // Nobody waits any more when it took too long.
    done.send(()).unwrap_or_default();
}
